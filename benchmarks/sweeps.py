"""What a sweep costs beside Optuna that calls papermill by hand, on the same notebook with the same points.

Both try the same number of random points, two at a time, and keep their trials in SQLite. By hand means what
people write: an objective that executes the notebook and reads the metric from a file that the notebook writes.
It prunes nothing, because the notebook tells nobody anything before its end; Runlore is measured so too, and with
pruning. A pool of processes that calls papermill with given points is what all of it costs without Optuna.
"""

from __future__ import annotations

from benchmarks.measure import Row, in_fresh_process
from benchmarks.notebooks import NOTEBOOKS
from benchmarks.plan import Plan

_SWEEP = (
    NOTEBOOKS
    + """
trials, pause = int(sys.argv[1]), float(sys.argv[2])
os.environ["RUNLORE_SLOTS"] = "2"
parameters = f"import math, time\\nlr = 0.1\\nepochs = 20\\npause = {pause}"
body = "for epoch in range(epochs):\\n    time.sleep(pause)\\n    loss = (math.log10(lr) + 2) ** 2\\n"
tracked = f"%%track fit\\nimport runlore\\n{body}    runlore.log(loss=loss, step=epoch)"
write("recorded", "%load_ext runlore", parameters, tracked, parameters=1)
written = f"{body}import json\\njson.dump(loss, open(result, 'w'))"
write("by_hand", parameters + "\\nresult = ''", written, parameters=0)
run_id = recorded_run()

by_hand = '''
import json, sys
import optuna, papermill
def objective(trial):
    given = {"lr": trial.suggest_float("lr", 1e-5, 1.0, log=True), "result": f"{trial.number}.json"}
    papermill.execute_notebook("by_hand.ipynb", f"{trial.number}.ipynb", given, progress_bar=False)
    return json.load(open(given["result"]))
def worker(count):
    sampler = optuna.samplers.RandomSampler()
    study = optuna.create_study(
        storage="sqlite:///hand.sqlite", study_name="s", load_if_exists=True, sampler=sampler
    )
    study.optimize(objective, n_trials=count)
worker(int(sys.argv[1]))
'''
optuna_made = "import optuna; optuna.create_study(storage='sqlite:///hand.sqlite', study_name='s')"
subprocess.run([sys.executable, "-c", optuna_made], check=True, stderr=subprocess.DEVNULL)
start = time.perf_counter()
half = trials // 2
workers = [
    subprocess.Popen([sys.executable, "-c", by_hand, str(count)], stderr=subprocess.DEVNULL)
    for count in (half, trials - half)
]
assert all(worker.wait() == 0 for worker in workers)
found = {"hand": time.perf_counter() - start}
points = [{"lr": 10.0 ** -(5 * number / trials), "result": f"{number}.json"} for number in range(trials)]
found["pool"] = pooled(2, [("by_hand", number, point) for number, point in enumerate(points)])
sweep = (
    *(tools / "runlore", "sweep", run_id, "-p", "lr=log:1e-5..1", "--metric", "loss", "--json"),
    *("--trials", str(trials), "--jobs", "2", "--sampler", "random", "--sampler-seed", "1"),
)
found["ours"], told = timed(*sweep)
assert json.loads(told)["counts"] == {"complete": trials}, told
found["pruned"], told = timed(*sweep, "--pruner", "hyperband")
assert json.loads(told)["state"] == "finished", told
print(json.dumps(found))
"""
)


def rows(plan: Plan) -> list[Row]:
    trials, pause = plan.sized(40, 2), plan.sized(0.1, 0.01)
    found = in_fresh_process(_SWEEP, str(trials), str(pause), rounds=1)
    work = f"{trials} trials of a notebook of {20 * pause:g} s, two at a time"
    return [
        Row(work, "Optuna that calls papermill, in two processes", found["hand"]),
        Row(work, "papermill, in a pool of processes", found["pool"]),
        Row(work, "runlore sweep", found["ours"]),
        Row(work, "runlore sweep, with Hyperband", found["pruned"]),
    ]
