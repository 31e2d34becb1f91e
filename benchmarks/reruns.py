"""What a rerun costs beside plain papermill on the same notebook."""

from __future__ import annotations

from benchmarks.measure import Row, in_fresh_process

_RERUN = """
import json, os, subprocess, sys, time
from pathlib import Path
import nbformat
tools = Path(sys.executable).parent
notebook = nbformat.v4.new_notebook()
notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
cells = ["%load_ext runlore", "import random, time",
         f"%%track\\nimport runlore\\nfor _ in range(10):\\n    time.sleep({sys.argv[1]})\\n"
         "    runlore.log(loss=random.random())"]
notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
nbformat.write(notebook, "work.ipynb")
quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
subprocess.run([tools / "papermill", "work.ipynb", "warm.ipynb", "--no-progress-bar"], check=True, **quiet)
start = time.perf_counter()
subprocess.run([tools / "papermill", "work.ipynb", "out.ipynb", "--no-progress-bar"], check=True, **quiet)
plain = time.perf_counter() - start
start = time.perf_counter()
code = ("import papermill; papermill.execute_notebook('work.ipynb', 'out.ipynb', progress_bar=False)")
subprocess.run([sys.executable, "-c", code], check=True, **quiet)
child = time.perf_counter() - start
runs = json.loads(subprocess.run([tools / "runlore", "runs", "--json"], check=True, **quiet).stdout)
run_id = runs["runs"][0]["run_id"]
start = time.perf_counter()
done = subprocess.run([tools / "runlore", "rerun", run_id, "--json"], check=True, **quiet)
ours = time.perf_counter() - start
assert json.loads(done.stdout)["verdict"] == "BIT-EXACT", done.stdout
print(json.dumps({"plain": plain, "child": child, "ours": ours}))
"""


def rows() -> list[Row]:
    return [*_of("0.5 s", in_fresh_process(_RERUN, "0.05")), *_of("20 s", in_fresh_process(_RERUN, "2", rounds=1))]


def _of(length: str, found: dict[str, float]) -> list[Row]:
    work = f"repeat a notebook of {length}"
    return [
        Row(work, "papermill, its command", found["plain"]),
        Row(work, "papermill, in a child process", found["child"]),
        Row(work, "runlore rerun, with verdict", found["ours"]),
    ]
