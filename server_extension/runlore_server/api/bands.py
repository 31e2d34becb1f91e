"""``/runlore/bands``: the mean of several runs' curves, and how far they lie apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore.home import is_mirrored
from runlore_server.api.base import RunloreHandler
from runlore_server.api.curves import AXES, typed
from runlore_server.errors import InvalidRequest

if TYPE_CHECKING:
    from runlore.record import RunRecord
    from runlore_server.services import Services
    from runlore_server.store.bands import Curve

_MOST_RUNS = 100


class BandsHandler(RunloreHandler):
    """Groups of runs summed up, metric by metric, from every point that they logged."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(self._bands)

    def _bands(self, services: Services) -> dict[str, Any]:
        from runlore_server.store.bands import band

        points = self.number_query("points", default=500, least=2, most=10_000)
        axis, low, high = self.one_query("x") or "step", self.float_query("from"), self.float_query("to")
        if axis not in AXES:
            raise InvalidRequest(f"'x' is one of {', '.join(AXES)}, not {axis!r:.40}")
        ends = -math.inf if low is None else low, math.inf if high is None else high
        found = []
        for ids in self._groups():
            runs = [services.store.find(run_id) for run_id in ids]
            for metric in self.get_query_arguments("metric"):
                curves = [
                    _within(curve, ends)
                    for run in runs
                    if metric in run.curves and (curve := _curve(services, run, metric, axis)) is not None
                ]
                if curves:
                    summed = band(curves, points)
                    columns = {
                        name: typed(getattr(summed, name)) for name in ("x", "mean", "low", "high", "sd", "count")
                    }
                    found.append({"runs": ids, "metric": metric, **columns})
        return {"bands": found}

    def _groups(self) -> list[list[str]]:
        groups = [list(dict.fromkeys(text.split(","))) for text in self.get_query_arguments("group")]
        if not groups or sum(map(len, groups)) > _MOST_RUNS:
            raise InvalidRequest(f"give 'group' at least once, with ids of runs, {_MOST_RUNS} at most in all")
        return groups


def _curve(services: Services, run: RunRecord, metric: str, axis: str) -> Curve | None:
    """A curve by every point of it; ``None`` for epochs of a run that tells of none."""
    from runlore_server.store.curves import read_points
    from runlore_server.store.epochs import epochs_of

    services.curve_cache.note_use(run)
    if is_mirrored(run.session_id):
        services.mirror.curves.want(run, [metric])
    points = read_points(run.curves[metric])
    if axis == "epoch":
        epochs = epochs_of(run, services.views)
        return None if epochs is None else (epochs.at(points["step"]), points["value"])
    if axis == "step":
        return points["step"].astype(float), points["value"]
    return points["time"] - (run.started if axis == "relative" else 0), points["value"]


def _within(curve: Curve, ends: tuple[float, float]) -> Curve:
    x, value = curve
    inside = (x >= ends[0]) & (x <= ends[1])
    return x[inside], value[inside]
