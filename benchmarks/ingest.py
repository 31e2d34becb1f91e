"""How fast what kernels write gets to where the panel draws it, and from there to MLflow, behind it."""

from __future__ import annotations

from benchmarks.measure import Row, in_fresh_process
from benchmarks.plan import Plan

_SHOWN = 1_000

_WRITE = """
import json, random, sys, time
from pathlib import Path
from runlore import events as ev
from runlore.curve import file_name
from runlore.curve_writer import CurveWriter
from runlore.home import Home
from runlore.journal import JournalWriter
from runlore.process import current_process

def write_session(home, number, runs, curves, points):
    '''What a kernel leaves that logged so much, written by its writers.'''
    session = f"20260801T120000-{number:08x}"
    home.session(session).mkdir(parents=True)
    journal, started = JournalWriter(home.events(session)), time.time()
    journal.append(ev.SessionStarted(
        time=started, format=ev.FORMAT, session_id=session, process=current_process(), runlore="0.1.0",
        python="3.11.7", executable="python3", cwd="somewhere", notebook="train.ipynb",
    ))
    for run in range(runs):
        run_id = f"{number:08x}{run:08x}"
        home.curves(session, run_id).mkdir(parents=True)
        journal.append(ev.RunStarted(
            time=started, run_id=run_id, name=f"run-{run}", experiment="bench", kind="script"
        ))
        for curve in range(curves):
            metric, value = f"metric-{curve}", random.gauss(0, 1)
            journal.append(ev.MetricStarted(time=started, run_id=run_id, metric=metric, file=file_name(metric)))
            writer = CurveWriter(home.curves(session, run_id) / file_name(metric))
            for step in range(points):
                value += random.random() - 0.5
                writer.append(step, started + step / 1000, value)
            writer.close()
        journal.append(ev.RunFinished(time=started, run_id=run_id, status="finished", duration=1.0))
    journal.append(ev.SessionEnded(time=started))
    journal.close()

SESSIONS, RUNS, CURVES, POINTS, SHOWN = map(int, sys.argv[1:])
HOME, ELSEWHERE = Home.default(), Home("written")
for number in range(SESSIONS):
    write_session(ELSEWHERE, number, RUNS, CURVES, POINTS)
TOTAL = SESSIONS * RUNS * CURVES * POINTS
found = {}
"""

_DRAW = """
from runlore_server.store.runs import RunStore
from runlore_server.store.views import CurveViews

HOME.sessions.mkdir(parents=True)
store, views = RunStore(HOME), CurveViews()
store.refresh()
start = time.perf_counter()
for session in ELSEWHERE.sessions.iterdir():
    session.rename(HOME.sessions / session.name)
listed = store.refresh()
found["listed"] = TOTAL / (time.perf_counter() - start)
counts = [
    (view.count, len(view.points))
    for run in store.all() for view in (views.view(path, SHOWN) for path in run.metrics.values())
]
found["drawn"] = TOTAL / (time.perf_counter() - start)
assert len(listed) == SESSIONS * RUNS
assert sum(count for count, _ in counts) == TOTAL and all(shown <= SHOWN for _, shown in counts)
print(json.dumps(found))
"""

_EXPORT = """
from runlore_server.config import Config
from runlore_server.ingest import Exporter
from runlore_server.store.exports import Exports
from runlore_server.store.runs import RunStore

ELSEWHERE.path.rename(HOME.path)
config, store = Config.resolve(HOME.path), RunStore(HOME)
store.refresh()
exporter = Exporter(config, store, Exports(HOME, config.tracking_uri))
start = time.perf_counter()
exporter.start()
while exporter.status().pending:
    time.sleep(0.02)
found["exported"] = TOTAL / (time.perf_counter() - start)
exporter.shutdown()
from mlflow import MlflowClient
client = MlflowClient(config.tracking_uri)
runs = client.search_runs([client.get_experiment_by_name("bench").experiment_id])
assert len(runs) == SESSIONS * RUNS
assert all(len(client.get_metric_history(run.info.run_id, "metric-0")) == POINTS for run in runs)
print(json.dumps(found))
"""


def rows(plan: Plan) -> list[Row]:
    sessions, runs, curves, points = plan.sized((20, 10, 10, 5_000), (2, 2, 2, 500))
    sizes = [str(number) for number in (sessions, runs, curves, points, _SHOWN)]
    drawn = in_fresh_process(_WRITE + _DRAW, *sizes, rounds=plan.rounds(3))
    work = f"take up {sessions * runs * curves * points:,} points of {sessions * runs} runs, {sessions} kernels"
    sessions, runs, curves, points = plan.sized((5, 10, 5, 1_000), (1, 2, 2, 500))
    sizes = [str(number) for number in (sessions, runs, curves, points, _SHOWN)]
    exported = in_fresh_process(_WRITE + _EXPORT, *sizes, rounds=1)
    behind = f"bring {sessions * runs * curves * points:,} points of {sessions * runs} runs to MLflow, behind it"
    return [
        Row(work, f"runlore, every curve drawn with {_SHOWN:,} points", drawn["drawn"], "points/s"),
        Row(work, "runlore, its runs listed", drawn["listed"], "points/s"),
        Row(behind, "runlore, SQLite, from MLflow's import on", exported["exported"], "points/s"),
    ]
