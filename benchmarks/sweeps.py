"""What a sweep costs beside Optuna that calls papermill by hand, on the same notebook with the same points.

Both try the same number of random points, two at a time, and keep their trials in SQLite. By hand means what
people write: an objective that executes the notebook and reads the metric from a file that the notebook writes.
It prunes nothing, because the notebook tells nobody anything before its end; Runlore is measured so too, and with
pruning.
"""

from __future__ import annotations

from benchmarks.measure import Row, in_fresh_process
from benchmarks.plan import Plan

_SWEEP = """
import json, os, subprocess, sys, time
from pathlib import Path
import nbformat
trials, pause = sys.argv[1], float(sys.argv[2])
tools = Path(sys.executable).parent
os.environ["RUNLORE_SLOTS"] = "2"
parameters = f"import math, time\\nlr = 0.1\\nepochs = 20\\npause = {pause}"
body = "for epoch in range(epochs):\\n    time.sleep(pause)\\n    loss = (math.log10(lr) + 2) ** 2\\n"

def notebook(name, cells):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    made.cells[-2].metadata["tags"] = ["parameters"]
    nbformat.write(made, name)

def timed(*command):
    start = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return time.perf_counter() - start, done.stdout

tracked = f"%%track fit\\nimport runlore\\n{body}    runlore.log(loss=loss, step=epoch)"
notebook("recorded.ipynb", ["%load_ext runlore", parameters, tracked])
written = f"{body}import json\\njson.dump(loss, open(result, 'w'))"
notebook("by_hand.ipynb", ["pass", parameters + "\\nresult = ''", written])
timed(tools / "papermill", "recorded.ipynb", "out.ipynb", "--no-progress-bar")
run_id = json.loads(timed(tools / "runlore", "runs", "--json")[1])["runs"][0]["run_id"]

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
half = int(trials) // 2
workers = [
    subprocess.Popen([sys.executable, "-c", by_hand, str(count)], stderr=subprocess.DEVNULL)
    for count in (half, int(trials) - half)
]
assert all(worker.wait() == 0 for worker in workers)
found = {"hand": time.perf_counter() - start}
sweep = (
    *(tools / "runlore", "sweep", run_id, "-p", "lr=log:1e-5..1", "--metric", "loss", "--json"),
    *("--trials", trials, "--jobs", "2", "--sampler", "random", "--sampler-seed", "1"),
)
found["ours"], told = timed(*sweep)
assert json.loads(told)["counts"] == {"complete": int(trials)}, told
found["pruned"], told = timed(*sweep, "--pruner", "hyperband")
assert json.loads(told)["state"] == "finished", told
print(json.dumps(found))
"""


def rows(plan: Plan) -> list[Row]:
    trials, pause = plan.sized(40, 2), plan.sized(0.1, 0.01)
    found = in_fresh_process(_SWEEP, str(trials), str(pause), rounds=1)
    work = f"{trials} trials of a notebook of {20 * pause:g} s, two at a time"
    return [
        Row(work, "Optuna that calls papermill, in two processes", found["hand"]),
        Row(work, "runlore sweep", found["ours"]),
        Row(work, "runlore sweep, with Hyperband", found["pruned"]),
    ]
