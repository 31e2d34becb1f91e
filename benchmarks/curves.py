"""What it costs to look at many curves: beside MLflow's sampled history and beside reading bare files."""

from __future__ import annotations

from benchmarks.measure import MEDIAN, Row, in_fresh_process

_SHARED = """
import json
import numpy as np
RUNS, STEPS, SHOWN = 50, 20_000, 1000
WALKS = np.random.default_rng(0).normal(size=(RUNS, STEPS)).cumsum(axis=1)
SPIKES = [3 * number * STEPS // 200 + 17 for number in range(RUNS)]
WALKS[np.arange(RUNS), SPIKES] = 1e6

def spikes(curves):
    return sum(1 for values in curves if max(values) == 1e6)
"""

_OURS = """
from pathlib import Path
from runlore.curve import HEADER
from runlore.decimate import decimate
from runlore_server.store.curves import POINT
from runlore_server.store.views import CurveViews, Window

def files(steps, walks):
    paths = [Path(f"{steps}-{number}.curve") for number in range(RUNS)]
    for path, walk in zip(paths, walks):
        points = np.zeros(steps, POINT)
        points["step"], points["time"], points["value"] = np.arange(steps), np.arange(steps) / 10, walk
        path.write_bytes(HEADER + points.tobytes())
    return paths

PATHS = files(STEPS, WALKS)

def floor():
    shown = []
    for path in PATHS:
        values = np.fromfile(path, "<f8", offset=len(HEADER))[2::3].copy()
        rows = values.reshape(SHOWN // 2, -1)
        shown.append(np.concatenate((rows.min(axis=1), rows.max(axis=1))))
    return shown

def ours(views, paths, window=None):
    return [views.view(path, SHOWN, window).points["value"] for path in paths]

found = {}
found["floor"], bare = median(floor)
found["cold"], cold = median(lambda: ours(CurveViews(), PATHS))
views = CurveViews()
ours(views, PATHS)
found["warm"], warm = median(lambda: ours(views, PATHS))
assert spikes(bare) == spikes(cold) == spikes(warm) == RUNS

LONG = files(100_000, np.random.default_rng(1).normal(size=(RUNS, 100_000)).cumsum(axis=1))
found["long"], _ = median(lambda: ours(CurveViews(), LONG))
views = CurveViews()
ours(views, LONG)
windows = iter(Window("step", 1000.0 * number, 1000.0 * number + 5000) for number in range(99))
found["zoom"], zoomed = median(lambda: ours(views, LONG, next(windows)))
assert all(SHOWN * 0.9 < len(values) <= SHOWN for values in zoomed)
"""

_PEER = """
import mlflow, sqlalchemy
from mlflow.server.handlers import _get_tracking_store
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlRun

mlflow.set_tracking_uri("sqlite:///mlflow.db")
experiment = mlflow.MlflowClient().create_experiment("bench")
engine = sqlalchemy.create_engine("sqlite:///mlflow.db")  # its API takes minutes
keys = [f"{number:032x}" for number in range(RUNS)]
with engine.begin() as connection:
    connection.execute(SqlRun.__table__.insert(), [dict(
        run_uuid=key, name=key, experiment_id=int(experiment), status="FINISHED", start_time=0,
        lifecycle_stage="active", artifact_uri="a", user_id="", source_name="", entry_point_name="",
        source_version="", source_type="LOCAL",
    ) for key in keys])
    for key, walk in zip(keys, WALKS.tolist()):
        points = [dict(run_uuid=key, key="loss", value=value, timestamp=step * 100, step=step, is_nan=False)
                  for step, value in enumerate(walk)]
        connection.execute(SqlMetric.__table__.insert(), points)
        connection.execute(SqlLatestMetric.__table__.insert(), points[-1:])
store = _get_tracking_store("sqlite:///mlflow.db", "artifacts")

def peer():
    points = store.get_metric_history_bulk_interval(
        run_ids=keys, metric_key="loss", max_results=SHOWN, start_step=None, end_step=None
    )
    curves = {}
    for point in points:
        curves.setdefault(point.run_id, []).append(point.value)
    return list(curves.values())

found["peer"], theirs = median(peer, rounds=1)
assert len(theirs) == RUNS
found["peer spikes"] = spikes(theirs)
"""

_TELL = "print(json.dumps(found))"


def rows() -> list[Row]:
    found = in_fresh_process(MEDIAN + _SHARED + _OURS + _PEER + _TELL, rounds=1)
    kept = round(found["peer spikes"])
    short, long = "1,000 points each of 50 curves of 20,000", "50 curves of 100,000 points"
    return [
        Row(short, "bare files, least and greatest (floor)", found["floor"]),
        Row(short, "runlore, first time, 50 of 50 spikes", found["cold"]),
        Row(short, "runlore, again", found["warm"]),
        Row(short, f"mlflow, sampled history, SQLite, {kept} of 50 spikes", found["peer"]),
        Row(long, "runlore, first time", found["long"]),
        Row(long, "runlore, a window of 5,000 steps", found["zoom"]),
    ]
