"""Twelve notebooks on two slots: the queue beside papermill in a pool of processes, and as commands two at a time.

The cells of a notebook only wait, so that the ideal is known: so many rounds of their time. What is above it is
what starting, watching and ending the processes costs, and on a busy machine their wait for processors.
"""

from __future__ import annotations

from benchmarks.measure import Row, in_fresh_process
from benchmarks.notebooks import NOTEBOOKS
from benchmarks.plan import Plan

_SLOTS, _NOTEBOOKS = 2, 12

_BATCH = f"""{NOTEBOOKS}
from concurrent.futures import ThreadPoolExecutor
from runlore.home import Home
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.store.runs import RunStore

os.environ["RUNLORE_SLOTS"] = sys.argv[2]
seconds, slots, count = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

def commands():
    start = time.perf_counter()
    with ThreadPoolExecutor(slots) as pool:
        list(pool.map(lambda number: papermill("without", f"out-{{number}}"), range(count)))
    return time.perf_counter() - start

def queued(run_id):
    store = RunStore(Home.default())
    store.refresh()
    queue = JobQueue(Home.default(), store, lambda _: None)
    queue.start()
    taken = []
    for _ in range(2):
        start = time.perf_counter()
        jobs = queue.submit_many([Request(run_id=run_id)] * count)
        done = queue.wait([job.run_id for job in jobs], timeout=600)
        taken.append(time.perf_counter() - start)
        assert all(queue.get(job.run_id).verdict.verdict == "BIT-EXACT" for job in jobs), done
    queue.shutdown()
    return taken

write_waiting(seconds)
run_id = recorded_run()
found = {{"commands": commands(), "pool": pooled(slots, [("without", number) for number in range(count)])}}
found["queue"], found["again"] = queued(run_id)
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
        Row(work, "runlore's queue, with verdicts, in a server that has just started", found["queue"]),
        Row(work, "runlore's queue, with verdicts, once more in that server", found["again"]),
    ]
