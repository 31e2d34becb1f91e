"""What recording costs in the kernel: loading, a cell, a tracked cell."""

from __future__ import annotations

from benchmarks.measure import Row, in_fresh_process
from benchmarks.plan import Plan

_LOADING = """
import json, time
start = time.perf_counter(); import runlore; ours = time.perf_counter() - start
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
start = time.perf_counter(); shell.run_cell("%load_ext runlore"); loaded = time.perf_counter() - start
start = time.perf_counter(); import mlflow; peer = time.perf_counter() - start
print(json.dumps({"import": ours, "load": loaded, "mlflow": peer}))
"""

_CELLS = """
import json, statistics, time
import contextlib, io
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("import torch, numpy, random")
shell.run_cell("\\n".join(f"v{i} = {i}" for i in range(200)))
def cell(source, rounds):
    times = []
    for _ in range(rounds):
        time.sleep(0.005)  # as between a person's cells: IPython's own thread writes the last one to its history
        start = time.perf_counter()
        shell.run_cell(source, store_history=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)
with contextlib.redirect_stdout(io.StringIO()):
    bare = cell("x = 1", 300)
    shell.run_cell("%load_ext runlore")
    recorded = cell("x = 1", 300)
    drawing = cell("x = torch.rand(1), numpy.random.rand(), random.random()", 300)
    first = cell("%%track", 1)
    tracked = cell("%%track", 30)
    import mlflow
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    def run():
        with mlflow.start_run():
            pass
    run()
    start = time.perf_counter()
    for _ in range(10):
        run()
    peer = (time.perf_counter() - start) / 10
print(json.dumps({"bare": bare, "recorded": recorded, "drawing": drawing, "first": first, "tracked": tracked,
                  "mlflow": peer}))
"""


def rows(plan: Plan) -> list[Row]:
    loading = in_fresh_process(_LOADING, rounds=plan.rounds(3))
    cells = in_fresh_process(_CELLS, rounds=plan.rounds(3))
    return [
        Row("import", "runlore", loading["import"]),
        Row("import", "mlflow", loading["mlflow"]),
        Row("%load_ext", "runlore", loading["load"]),
        Row("empty cell", "IPython alone", cells["bare"]),
        Row("empty cell", "runlore, recorded", cells["recorded"]),
        Row("empty cell", "runlore, random states changed", cells["drawing"]),
        Row("start and end a run", "runlore, empty %%track cell, first", cells["first"]),
        Row("start and end a run", "runlore, empty %%track cell", cells["tracked"]),
        Row("start and end a run", "mlflow, SQLite", cells["mlflow"]),
    ]
