"""What user code calls: logging into the open run, starting runs in scripts, reading runs back."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from time import time
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from runlore.decimate import FEWEST
from runlore.errors import PackageMissing, RunStateError
from runlore.home import Home
from runlore.metrics import Metrics
from runlore.run import Run
from runlore.session import RunRequest, Session
from runlore.values import DOUBLES, as_seed, as_text

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from runlore.comparison.widget import Comparison

T = TypeVar("T")


def start_run(
    name: str | None = None,
    *,
    experiment: str | None = None,
    seed: int | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    note: str | None = None,
) -> Run:
    """Open a run, in a script or inside a cell; best as ``with runlore.start_run("name"):``.

    Args:
        name: by default the notebook's name, or ``run``.
        experiment: by default the notebook's name, or ``default``.
        seed: seeds Python's, NumPy's and torch's global generators, now or when they are imported.
        params: parameters to record.
        tags: tags to set.
        note: what the run is to find out.

    Raises:
        TypeError, ValueError: a name is no text, or the seed no whole number from 0 to 2**63 - 1.
    """
    request = RunRequest(
        name=None if name is None else as_text("a run's name", name),
        experiment=None if experiment is None else as_text("an experiment's name", experiment),
        seed=None if seed is None else as_seed(seed),
        params=dict(params or {}),
        tags={str(key): str(value) for key, value in dict(tags or {}).items()},
        note=note,
    )
    return Session.begin().open_run(request, "script")


def log(metrics: Mapping[str, Any] | None = None, /, *, step: int | None = None, **values: Any) -> None:
    """Append one point to each metric of the open run; see ``Run.log``.

    Raises:
        RunStateError: no run is open.
        MetricError: a value is not one real number.
    """
    active = Metrics.active
    if active is not None and metrics is None:
        if len(values) == 1 and (step is None or (type(step) is int and -(2**63) <= step < 2**63)):
            # The call that stands in most training loops must cost no more than a bare write of the point: so all
            # that a double under a known name needs is here, and not one call away.
            for name, value in values.items():
                curve = active.logged.get(name)
                if type(value) in DOUBLES and curve is not None and (writer := curve.mapped) is not None:
                    now = time()
                    position, word = next(writer.points)
                    if step is not None and step != position:
                        position = step
                        curve.go_on(step + 1)
                    try:  # what ``CurveWriter.append`` does
                        if word >= writer.end:
                            writer.reserve(word)
                        writer.steps[word] = position
                        writer.times[word] = now
                        writer.values[word] = value
                    except (ValueError, OSError) as error:
                        active.failed(curve, position, now, value, error)
                    return
        active.log(values, step)
    elif active is not None and not values and type(metrics) is dict:
        active.log(metrics, step)
    else:
        open_run().log(metrics, step=step, **values)


def observe(name: str, value: T) -> T:
    """What ``--watch`` calls upon an assignment: log the value if an open run watches the name, and return it."""
    session = Session.current()
    run = session.active_run if session is not None else None
    if run is not None and name in run.info.watch:
        run.curves.observe(name, value)
    return value


def log_params(params: Mapping[str, Any] | None = None, /, **values: Any) -> None:
    """Record parameters of the open run; see ``Run.log_params``."""
    open_run().log_params(params, **values)


def set_tags(tags: Mapping[str, str] | None = None, /, **values: str) -> None:
    """Set tags of the open run; see ``Run.set_tags``."""
    open_run().set_tags(tags, **values)


def note(text: str) -> None:
    """Add a paragraph to the open run's note."""
    open_run().note(text)


def log_artifact(path: str | os.PathLike[str], name: str | None = None) -> None:
    """Keep a copy of a file or directory with the open run; see ``Run.log_artifact``."""
    open_run().log_artifact(path, name)


def checkpoint() -> Path:
    """The folder of the open run's checkpoint; see ``Run.checkpoint``."""
    return open_run().checkpoint()


def log_figure(figure: Any, name: str | None = None) -> None:
    """Keep a figure with the open run; see ``Run.log_figure``."""
    open_run().log_figure(figure, name)


def runs() -> pd.DataFrame:
    """All recorded runs, newest first; see ``runlore.frames.runs``."""
    from runlore import frames

    return frames.runs(_home())


def curves(
    runs: str | Run | Sequence[str | Run] | pd.DataFrame,
    metrics: str | Sequence[str] | None = None,
    *,
    points: int | None = None,
) -> pd.DataFrame:
    """The points of runs, all or so many of each curve; see ``runlore.frames.curves``."""
    from runlore import frames

    return frames.curves(runs, metrics, points, _home())


def compare(
    runs: str | Run | Sequence[str | Run] | pd.DataFrame | None = None,
    metrics: str | Sequence[str] | None = None,
    *,
    x: Literal["step", "time"] = "step",
    smoothing: float = 0.0,
    log_y: bool = False,
    points: int = 1000,
    columns: int | None = None,
) -> Comparison:
    """The curves of runs side by side: a widget with a chart a metric, live while they run.

    Args:
        runs: a run, its id (or an unambiguous start of it), several of these, or rows of ``runs()``; by default
            those of this session, and those that come.
        metrics: only these; all when ``None``.
        x: by step, or by the time since each run's start.
        smoothing: weight of the past in the moving average, from 0 (none) to 0.99.
        log_y: whether the values' axes are logarithmic.
        points: of each curve at the most, 4 at least, every spike among them.
        columns: of charts; by default 1 for a single metric, else 2.

    Raises:
        RunNotFound: a run is not recorded here, the start of an id fits several, or there is none to compare.
        PackageMissing: ipywidgets, plotly or anywidget is not installed.
        ValueError: ``x``, ``smoothing``, ``points`` or ``columns`` is none of those above.
    """
    from runlore.comparison.compared import Compared
    from runlore.comparison.lines import View

    if points < FEWEST or (columns is not None and columns < 1):
        raise ValueError(f"a comparison has at least {FEWEST} points a curve and one column")
    view = View(x, smoothing, log_y, points)
    session = Session.current()
    compared = Compared(
        _home() or Home.default(),
        runs,
        None if session is None else session.session_id,
        [metrics] if isinstance(metrics, str) else metrics,
    )
    try:
        from runlore.comparison.widget import Comparison
    except ImportError as error:
        package = (error.name or "ipywidgets").partition(".")[0]
        raise PackageMissing(package, "runlore.compare draws with") from error
    return Comparison(compared, view, columns)


def _home() -> Home | None:
    """Where this process records, also after it changed its directory or environment; ``None`` if it does not."""
    session = Session.current()
    return session.home if session is not None else None


def open_run() -> Run:
    """The innermost run that is open.

    Raises:
        RunStateError: there is none.
    """
    session = Session.current()
    run = session.active_run if session is not None else None
    if run is None:
        raise RunStateError(_NO_RUN_IN_WORKER if session is None and _is_worker() else _NO_RUN)
    return run


_NO_RUN = "no run is open: put %%track at the top of the cell, or use 'with runlore.start_run():'"
_NO_RUN_IN_WORKER = (
    "no run is open in this process, because it was started anew and knows nothing of the one that started it "
    "(spawn, forkserver, loky). Return the numbers and log them there, or use multiprocessing.get_context('fork')"
)


def _is_worker() -> bool:
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.current_process().name != "MainProcess"
