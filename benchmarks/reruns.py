"""What a rerun costs beside plain papermill on the same notebook.

Each round does all of it in turn, so that a machine that is slower for a while is so for everybody.
"""

from __future__ import annotations

from benchmarks.measure import Row, in_fresh_process
from benchmarks.plan import Plan

_RERUN = """
import json, subprocess, sys, time
from pathlib import Path
import nbformat
tools = Path(sys.executable).parent
work = f"import random, time\\nfor _ in range(10):\\n    time.sleep({sys.argv[1]})\\n    "
notebooks = {
    "recorded": ["%load_ext runlore", f"%%track\\nimport runlore\\n{work}runlore.log(loss=random.random())"],
    "without": [work + "random.random()"],
}
for name, cells in notebooks.items():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(notebook, f"{name}.ipynb")

def timed(*command):
    start = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return time.perf_counter() - start, done.stdout

def papermill(name):
    return timed(tools / "papermill", f"{name}.ipynb", "out.ipynb", "--no-progress-bar")[0]

child = "import papermill; papermill.execute_notebook('recorded.ipynb', 'out.ipynb', progress_bar=False)"
papermill("recorded")
run_id = json.loads(timed(tools / "runlore", "runs", "--json")[1])["runs"][0]["run_id"]
found = {"plain": papermill("recorded"), "without": papermill("without")}
found["ours"], told = timed(tools / "runlore", "rerun", run_id, "--json")
assert json.loads(told)["verdict"] == "BIT-EXACT", told
found["child"] = timed(sys.executable, "-c", child)[0]
print(json.dumps(found))
"""


def rows(plan: Plan) -> list[Row]:
    return [
        *_of("0.5 s", in_fresh_process(_RERUN, "0.05", rounds=plan.rounds(5))),
        *_of("20 s", in_fresh_process(_RERUN, plan.sized("2", "0.05"), rounds=1)),
    ]


def _of(length: str, found: dict[str, float]) -> list[Row]:
    work = f"repeat a notebook of {length}"
    return [
        Row(work, "papermill, its command", found["plain"]),
        Row(work, "papermill, its command, without Runlore in the notebook", found["without"]),
        Row(work, "papermill, in a child process", found["child"]),
        Row(work, "runlore rerun, with verdict", found["ours"]),
    ]
