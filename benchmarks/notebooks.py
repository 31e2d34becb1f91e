"""The notebooks with which reruns, batches and sweeps are measured, and what their scripts do with them."""

from __future__ import annotations

NOTEBOOKS = '''
import json, os, subprocess, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
import nbformat

tools = Path(sys.executable).parent

def write(name, *cells, parameters=None):
    """A notebook with these cells; ``parameters`` is the place of the one that papermill's come after."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    if parameters is not None:
        made.cells[parameters].metadata["tags"] = ["parameters"]
    nbformat.write(made, f"{name}.ipynb")

def write_waiting(seconds):
    """``recorded`` waits so long and logs ten numbers, ``without`` is the same without Runlore."""
    work = f"import random, time\\nfor _ in range(10):\\n    time.sleep({seconds / 10})\\n    "
    write("recorded", "%load_ext runlore", f"%%track\\nimport runlore\\n{work}runlore.log(loss=random.random())")
    write("without", work + "random.random()")

def timed(*command):
    """Seconds that a command took, and what it wrote."""
    start = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return time.perf_counter() - start, done.stdout

def papermill(name, output="out"):
    """Seconds that papermill's command takes for a notebook."""
    return timed(tools / "papermill", f"{name}.ipynb", f"{output}.ipynb", "--no-progress-bar")[0]

def recorded_run():
    """The id of the one run that ``recorded`` makes."""
    papermill("recorded")
    return json.loads(timed(tools / "runlore", "runs", "--json")[1])["runs"][0]["run_id"]

Path("pooled.py").write_text("""
import papermill
def execute(name, number, given=None):
    papermill.execute_notebook(f"{name}.ipynb", f"out-{number}.ipynb", given, progress_bar=False)
""")
sys.path.insert(0, "")

def pooled(slots, calls):
    """Seconds that a pool of so many processes takes for papermill's function, called with these arguments."""
    from pooled import execute
    start = time.perf_counter()
    with ProcessPoolExecutor(slots, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(execute, *call) for call in calls]:
            done.result()
    return time.perf_counter() - start
'''
"""For scripts: ``write``, ``write_waiting``, ``timed``, ``papermill``, ``recorded_run`` and ``pooled``."""
