"""Twelve notebooks on two slots: the queue beside papermill in a pool of processes, and as commands two at a time.

The cells of a notebook only wait, so that the ideal is known: so many rounds of their time. What is above it is
what starting, watching and ending the processes costs, and on a busy machine their wait for processors.
"""

from __future__ import annotations

from benchmarks.measure import Row, in_fresh_process
from benchmarks.plan import Plan

_SLOTS, _NOTEBOOKS = 2, 12

_BATCH = """
import json, os, subprocess, sys, time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
import nbformat
from runlore.home import Home
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.store.runs import RunStore

os.environ["RUNLORE_SLOTS"] = sys.argv[2]
seconds, slots, count = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
tools = Path(sys.executable).parent
work = f"import random, time\\nfor _ in range(10):\\n    time.sleep({seconds / 10})\\n    "
notebooks = {
    "recorded": ["%load_ext runlore", f"%%track\\nimport runlore\\n{work}runlore.log(loss=random.random())"],
    "without": [work + "random.random()"],
}
for name, cells in notebooks.items():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(notebook, f"{name}.ipynb")

def command(number, name="without"):
    command = [tools / "papermill", f"{name}.ipynb", f"out-{number}.ipynb", "--no-progress-bar"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

PAPERMILL = '''
import papermill

def execute(number):
    papermill.execute_notebook("without.ipynb", f"out-{number}.ipynb", progress_bar=False)
'''
Path("pooled.py").write_text(PAPERMILL)
sys.path.insert(0, "")
from pooled import execute

def pooled(pool):
    start = time.perf_counter()
    with pool:
        list(pool.map(command if isinstance(pool, ThreadPoolExecutor) else execute, range(count)))
    return time.perf_counter() - start

def queued(run_id):
    store = RunStore(Home.default())
    store.refresh()
    queue = JobQueue(Home.default(), store, lambda _: None)
    queue.start()
    start = time.perf_counter()
    jobs = queue.submit_many([Request(run_id=run_id)] * count)
    done = queue.wait([job.run_id for job in jobs], timeout=600)
    taken = time.perf_counter() - start
    assert all(job.verdict.verdict == "BIT-EXACT" for job in map(queue.get, [job.run_id for job in jobs])), done
    queue.shutdown()
    return taken

command("first", "recorded")
told = subprocess.run([tools / "runlore", "runs", "--json"], check=True, stdout=subprocess.PIPE).stdout
run_id = json.loads(told)["runs"][0]["run_id"]
found = {"commands": pooled(ThreadPoolExecutor(slots))}
found["pool"] = pooled(ProcessPoolExecutor(slots, mp_context=get_context("spawn")))
found["queue"] = queued(run_id)
found["ideal"] = seconds * count / slots
print(json.dumps(found))
"""


def rows(plan: Plan) -> list[Row]:
    lengths = plan.sized(("1", "2"), ("0.2",))
    return [row for seconds in lengths for row in _of(seconds, plan.rounds(3))]


def _of(seconds: str, rounds: int) -> list[Row]:
    found = in_fresh_process(_BATCH, seconds, str(_SLOTS), str(_NOTEBOOKS), rounds=rounds)
    work = f"{_NOTEBOOKS} notebooks of {seconds} s, {_SLOTS} at a time"
    return [
        Row(work, "ideal", found["ideal"]),
        Row(work, "papermill, its command", found["commands"]),
        Row(work, "papermill, in a pool of processes", found["pool"]),
        Row(work, "runlore's queue, with verdicts", found["queue"]),
    ]
