"""``/runlore/curves``: learning curves as plotly takes them."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from blake3 import blake3
from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore.errors import JournalFormatError
from runlore.home import is_mirrored
from runlore_server.api.base import RunloreHandler
from runlore_server.errors import InvalidRequest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from runlore.record import RunRecord
    from runlore_server.services import Services
    from runlore_server.store.epochs import Epochs
    from runlore_server.store.views import View, Window

_MOST_RUNS = 100
AXES = ("step", "epoch", "time", "relative")


class CurvesHandler(RunloreHandler):
    """Curves of one or several runs, decimated so that every minimum and maximum stays."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(self._curves)

    def _curves(self, services: Services) -> dict[str, Any] | None:
        points = self.number_query("points", default=1000, least=4, most=100_000)
        asked = _Asked(points, self._window(), self._since())
        found = []
        for run in self._runs(services):
            services.curve_cache.note_use(run)
            if is_mirrored(run.session_id):
                services.mirror.curves.want(run, self._metrics(run))
            epochs = _epochs(services, run)
            found += [
                _Found(run.run_id, name, *asked.look(services, run, name, epochs), epochs)
                for name in self._metrics(run)
            ]
        if self.unchanged(_tag(self.request.query, found)):
            return None
        return {"curves": [one.body() for one in found]}

    def _runs(self, services: Services) -> list[RunRecord]:
        wanted = self.get_query_arguments("run")
        if not 0 < len(wanted) <= _MOST_RUNS:
            raise InvalidRequest(f"give 'run' at least once and at most {_MOST_RUNS} times")
        return list({run.run_id: run for run in map(services.store.find, wanted)}.values())

    def _metrics(self, run: RunRecord) -> list[str]:
        wanted = set(self.get_query_arguments("metric"))
        return [metric for metric in (run.curves if wanted else run.metrics) if not wanted or metric in wanted]

    def _window(self) -> tuple[str, float, float] | None:
        """The axis and the ends of the part that is asked for, on that axis."""
        axis, low, high = self.one_query("x") or "step", self.float_query("from"), self.float_query("to")
        if axis not in AXES:
            raise InvalidRequest(f"'x' is one of {', '.join(AXES)}, not {axis!r:.40}")
        if low is None and high is None:
            return None
        low, high = -math.inf if low is None else low, math.inf if high is None else high
        if low > high:
            raise InvalidRequest(f"'from' ({low:g}) lies behind 'to' ({high:g})")
        return axis, low, high

    def _since(self) -> dict[tuple[str, str], int]:
        found = {}
        for text in self.get_query_arguments("since", strip=False):
            count, run_id, metric = [*text.split(":", 2), "", ""][:3]
            if not (count.isascii() and count.isdigit() and len(count) < 16 and run_id and metric):
                raise InvalidRequest(f"'since' is COUNT:RUN:METRIC, with the 'next' of a curve, not {text!r:.60}")
            found[run_id, metric] = int(count)
        return found


@dataclass(frozen=True)
class _Asked:
    """What is wanted of each curve: so many points, in a window on an axis, or after those that are known."""

    points: int
    window: tuple[str, float, float] | None
    since: dict[tuple[str, str], int]

    def look(
        self, services: Services, run: RunRecord, metric: str, epochs: Epochs | None
    ) -> tuple[View, str | None]:
        """What there is of a curve, and why there is nothing where there should be."""
        source = services.mirror.curves if is_mirrored(run.session_id) else services.retrieval
        try:
            view = self._view(services, run, metric, epochs)
        except JournalFormatError:
            # An archive may be damaged that MLflow has whole.
            if (why := source.missing(run, metric)) is None:
                raise
            return _nothing(), why
        return view, None if view.count else source.missing(run, metric)

    def _view(self, services: Services, run: RunRecord, metric: str, epochs: Epochs | None) -> View:
        path, known = run.curves[metric], self.since.get((run.run_id, metric), 0)
        if self.window is not None:
            window = _on_file(self.window, run.started, epochs)
            return services.views.view(path, self.points, window) if window else _nothing()
        return services.views.since(path, known, self.points) if known else services.views.view(path, self.points)


def _on_file(asked: tuple[str, float, float], started: float, epochs: Epochs | None) -> Window | None:
    """A part of a curve in terms of its file; ``None`` for epochs of a run that tells of none."""
    from runlore_server.store.views import Window

    axis, low, high = asked
    if axis == "epoch":
        return None if epochs is None else epochs.window(low, high)
    if axis == "relative":
        low, high = low + started, high + started
    return Window("step" if axis == "step" else "time", low, high)


def _epochs(services: Services, run: RunRecord) -> Epochs | None:
    from runlore_server.store.epochs import epochs_of

    try:
        return epochs_of(run, services.views)
    except JournalFormatError:
        return None  # what is wrong with that curve is told with it


@dataclass(frozen=True)
class _Found:
    """A curve as it is sent; ``missing`` says why there is nothing of it where there should be."""

    run_id: str
    metric: str
    view: View
    missing: str | None
    epochs: Epochs | None

    def body(self) -> dict[str, Any]:
        view = self.view
        return {
            "run_id": self.run_id,
            "metric": self.metric,
            "count": view.count,
            "since": view.since,
            "next": None if view.has_hole else view.count,
            **{name: typed(view.points[name]) for name in ("step", "time", "value")},
            "epoch": None if self.epochs is None else typed(self.epochs.at(view.points["step"])),
            "missing": self.missing,
        }


def _nothing() -> View:
    import numpy as np

    from runlore_server.store.curves import POINT
    from runlore_server.store.views import View

    return View(0, np.empty(0, POINT))


def _tag(query: str, found: list[_Found]) -> str:
    """Names the answer: a curve only ever gets more points."""
    counts = [(one.run_id, one.metric, one.view.count, one.view.has_hole, one.missing) for one in found]
    return blake3(msgspec.json.encode((query, counts))).hexdigest()[:32]


def typed(column: npt.NDArray[np.generic]) -> dict[str, str]:
    return {"dtype": "f8", "bdata": base64.b64encode(column.astype("<f8").tobytes()).decode()}
