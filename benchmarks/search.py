"""What a search costs among thousands of runs, beside MLflow's on the same runs; both must find the same ones."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import MEDIAN, Row, in_fresh_process
from benchmarks.plan import Plan

_OURS = """
import json, os, statistics, subprocess, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
COUNT = int(sys.argv[2])
from benchmarks.homes import write_home
from runlore.home import Home
from runlore_server.filter.order import parse_order
from runlore_server.filter.parser import parse
from runlore_server.store.runs import RunStore
from runlore_server.store.search import Query

FILTER, ORDER = "metrics.loss < 0.5 and params.optimizer = 'adam'", "metrics.val_loss ASC"
found = {}

def search(where, order):
    return RUNS.search(Query(where=parse(where), order=parse_order(order), limit=100)).runs

START = '''
import time
from pathlib import Path
start = time.perf_counter()
from runlore.home import Home
from runlore_server.store.runs import RunStore
from runlore_server.store.search import Query
store = RunStore(Home.default())
store.refresh()
assert len(store.search(Query(limit=100)).runs) == 100
took = time.perf_counter() - start
pages = int(Path("/proc/self/statm").read_text().split()[1]) if Path("/proc/self/statm").exists() else 0
print(took, pages)
'''

def start():
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True)
    took, pages = done.stdout.split()
    return float(took), int(pages) * os.sysconf("SC_PAGESIZE")

HOME = Home.default()
write_home(HOME, COUNT)
found["first start"], _ = start()
starts = [start() for _ in range(3)]
found["start"] = statistics.median(took for took, _ in starts)
found["memory"] = statistics.median(memory for _, memory in starts)
RUNS = RunStore(HOME)
RUNS.refresh()
begin = time.perf_counter()
RUNS.sum_up()
found["curves"] = time.perf_counter() - begin
found["filter"], filtered = median(lambda: search(FILTER, ORDER))
found["order"], ordered = median(lambda: search("", ORDER))
found["text"], named = median(lambda: search("resnet-12", ""))
assert len(filtered) == len(ordered) == 100 and all("resnet-12" in run.name for run in named)
"""

_PEER = """
from benchmarks.homes import run_metrics, run_name, run_params
import mlflow, sqlalchemy
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlParam, SqlRun

mlflow.set_tracking_uri("sqlite:///mlflow.db")
client = mlflow.MlflowClient()
experiment = client.create_experiment("bench")
rows = {SqlRun: [], SqlParam: [], SqlLatestMetric: []}
for number in range(COUNT):
    key = f"{number:032x}"
    rows[SqlRun].append(dict(
        run_uuid=key, name=run_name(number), experiment_id=int(experiment), status="FINISHED",
        start_time=1750000000000 + number * 60000, lifecycle_stage="active", artifact_uri="a", user_id="",
        source_name="", entry_point_name="", source_version="", source_type="LOCAL",
    ))
    params = run_params(number)
    rows[SqlParam] += [dict(run_uuid=key, key=name, value=str(value)) for name, value in params.items()]
    rows[SqlLatestMetric] += [
        dict(run_uuid=key, key=name, value=value, timestamp=0, step=19, is_nan=False)
        for name, value in run_metrics(number).items()
    ]
engine = sqlalchemy.create_engine("sqlite:///mlflow.db")  # its API takes 200 ms a run
with engine.begin() as connection:
    for model, found_rows in rows.items():
        connection.execute(model.__table__.insert(), found_rows)

def peer(where, order):
    return client.search_runs([experiment], where, order_by=[order], max_results=100)

found["peer filter"], theirs = median(lambda: peer(FILTER, ORDER), rounds=5)
assert [int(run.info.run_id, 16) for run in theirs] == [int(run.run_id, 16) for run in filtered]
found["peer order"], theirs = median(lambda: peer("", ORDER), rounds=5)
assert [int(run.info.run_id, 16) for run in theirs] == [int(run.run_id, 16) for run in ordered]
"""

_TELL = "print(json.dumps(found))"


def rows(plan: Plan) -> list[Row]:
    root, few_runs, many_runs = str(Path(__file__).parent.parent), *plan.sized((5_000, 50_000), (1_000, 2_000))
    few = in_fresh_process(MEDIAN + _OURS + _PEER + _TELL, root, str(few_runs), rounds=1)
    many = in_fresh_process(MEDIAN + _OURS + _TELL, root, str(many_runs), rounds=1)
    return [
        Row(f"filter and order, 100 of {few_runs:,} runs", "runlore", few["filter"]),
        Row(f"filter and order, 100 of {few_runs:,} runs", "mlflow, SQLite", few["peer filter"]),
        Row(f"order by a metric, 100 of {few_runs:,} runs", "runlore", few["order"]),
        Row(f"order by a metric, 100 of {few_runs:,} runs", "mlflow, SQLite", few["peer order"]),
        Row(f"search {many_runs:,} runs", "runlore, filter and order", many["filter"]),
        Row(f"search {many_runs:,} runs", "runlore, order by a metric", many["order"]),
        Row(f"search {many_runs:,} runs", "runlore, words", many["text"]),
        *_starts(few_runs, few),
        *_starts(many_runs, many),
    ]


def _starts(count: int, found: dict[str, float]) -> list[Row]:
    return [
        Row(f"new process, list 100 of {count:,} runs", "with the index", found["start"]),
        Row(f"new process, list 100 of {count:,} runs", "without, building it", found["first start"]),
        Row(f"new process, list 100 of {count:,} runs", "summing up all curves, once", found["curves"]),
        Row(f"memory of that process, {count:,} runs", "with the index", found["memory"], "B"),
    ]
