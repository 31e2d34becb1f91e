"""Runs and curves as pandas DataFrames, read from the journals; no server is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from runlore.archive import is_lost
from runlore.curve import last_point, read_records
from runlore.decimate import decimate
from runlore.errors import JournalFormatError, PackageMissing
from runlore.home import Home
from runlore.lookup import ids_of, the_one
from runlore.record import RunRecord
from runlore.run import Run
from runlore.session_record import sessions

if TYPE_CHECKING:
    import numpy as np

_COLUMNS = (
    "name", "experiment", "status", "started", "duration", "notebook", "session_id", "rerun_of", "note",
)  # fmt: skip


def runs(home: Home | None = None) -> pd.DataFrame:
    """All runs recorded under ``$RUNLORE_HOME``, newest first.

    Returns:
        One row a run, ``run_id`` the index. Columns: ``name``, ``experiment``, ``status`` (running, finished,
        failed, interrupted, killed), ``started`` (UTC timestamp), ``duration`` (seconds; missing while it
        runs), ``notebook``, ``session_id``, ``rerun_of``, ``note``, then ``params.<name>``, ``metrics.<name>``
        (last value) and ``tags.<key>`` as there are.
    """
    rows: list[dict[str, Any]] = []
    for session in sessions(home or Home.default()):
        notebook = session.info.notebook if session.info else None
        rows.extend(_row(run, notebook) for run in session.runs.values() if not run.prefix)
    rows.sort(key=lambda row: row["started"], reverse=True)
    found = pd.DataFrame(rows, index=pd.Index([row.pop("run_id") for row in rows], name="run_id", dtype="str"))
    missing = [column for column in _COLUMNS if column not in found.columns]
    found[missing] = None
    found["started"] = _timestamps(found["started"])
    details = [column for column in found.columns if column not in _COLUMNS]
    details.sort(key=lambda column: ("params.", "metrics.", "tags.").index(column.split(".")[0] + "."))
    ordered: pd.DataFrame = found[[*_COLUMNS, *details]]
    return ordered


def _row(run: RunRecord, notebook: str | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "run_id": run.run_id,
        "name": run.name,
        "experiment": run.experiment,
        "status": run.status,
        "started": run.started,
        "duration": run.duration,
        "notebook": notebook,
        "session_id": run.session_id,
        "rerun_of": run.rerun_of,
        "note": "\n\n".join(run.notes) or None,
    }
    row.update({f"params.{name}": value for name, value in run.params.items()})
    for name, path in run.metrics.items():
        told = run.reported.get(name)
        try:
            point = last_point(path)
        except (JournalFormatError, PackageMissing, OSError):
            point = None  # ``curves`` says what is wrong with it
        if told is not None and told.is_after(point and point[1]):
            row[f"metrics.{name}"] = float(told.value)
        elif point is not None:
            row[f"metrics.{name}"] = point[2]
    row.update({f"tags.{key}": value for key, value in run.tags.items()})
    return row


def curves(
    runs: str | Run | Sequence[str | Run] | pd.DataFrame,
    metrics: str | Sequence[str] | None = None,
    points: int | None = None,
    home: Home | None = None,
) -> pd.DataFrame:
    """The points of the given runs.

    Args:
        runs: a run, its id (or an unambiguous start of it), several of these, or rows of ``runs()``.
        metrics: only these; all when ``None``.
        points: how many of each curve at the most, 4 at least, every spike among them (see ``decimate``); all when
            ``None``.
        home: where to look; ``$RUNLORE_HOME`` by default.

    Returns:
        A row a point, in the order logged: ``run_id``, ``metric``, ``step`` (int64), ``step``'s ``time``
        (UTC timestamp), ``value`` (float64).

    Raises:
        RunNotFound: a run is not recorded here, or the start of an id fits several.
        JournalFormatError, OSError: a curve is damaged, gone or cannot be read.
        PackageMissing: a curve is archived, and pyarrow is not installed.
    """
    wanted = [metrics] if isinstance(metrics, str) else metrics
    recorded = {run.run_id: run for session in sessions(home or Home.default()) for run in session.runs.values()}
    parts = []
    for run_id in ids_of(runs):
        run = the_one(run_id, recorded)
        for metric, path in run.metrics.items():
            if wanted is None or metric in wanted:
                if is_lost(run, metric):
                    raise JournalFormatError(
                        f"the points of metric {metric!r} of run {run.run_id} are not in the home; where MLflow "
                        "has them, they are fetched when somebody looks at the run in JupyterLab"
                    )
                parts.append(_points(run.run_id, metric, read_records(path), points))
    if not parts:
        parts = [_points("", "", b"", None)]
    joined: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return joined


def _points(run_id: str, metric: str, records: bytes, room: int | None) -> pd.DataFrame:
    import numpy as np

    dtype = np.dtype([("step", "<i8"), ("time", "<f8"), ("value", "<f8")])
    points: np.ndarray[Any, Any] = np.frombuffer(records, dtype=dtype)
    if room is not None:
        points = points[decimate(points["value"], room)]
    count = len(points)
    frame: pd.DataFrame = pd.DataFrame(
        {
            "run_id": pd.Series([run_id] * count, dtype="str"),
            "metric": pd.Series([metric] * count, dtype="str"),
            "step": points["step"],
            "time": _timestamps(points["time"]),
            "value": points["value"],
        }
    )
    return frame


def _timestamps(seconds: Any) -> Any:
    """UTC timestamps; missing where the number is no time that pandas knows."""
    return pd.to_datetime(seconds, unit="s", utc=True, errors="coerce")
