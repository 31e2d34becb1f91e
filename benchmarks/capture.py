"""What recording costs around a cell of a real kernel, for a file that is opened, and in bytes."""

from __future__ import annotations

from benchmarks import stopwatch
from benchmarks.measure import Row, in_fresh_process
from benchmarks.plan import Plan

_CELLS = """
import json, statistics, sys, time
from pathlib import Path
from jupyter_client import run_kernel

with run_kernel() as kernel:
    def run(source):
        reply = kernel.execute_interactive(source, output_hook=lambda message: None, timeout=120)["content"]
        assert reply["status"] == "ok", reply

    def value(expression):
        reply = kernel.execute("", silent=True, user_expressions={"it": expression}, reply=True, timeout=60)
        return eval(reply["content"]["user_expressions"]["it"]["data"]["text/plain"])

    def spent():
        taken = value(sys.argv[2])
        return [(b[1] + a[1], b[2] + a[2]) for b, a in zip(taken[::2], taken[1::2], strict=True)]

    def hooks(name, source, rounds=60):
        # The medians, over the rounds, of what was spent before and after the cell.
        run(source); run(source); spent()
        for _ in range(rounds):
            run(source)
            time.sleep(0.01)  # as between a person's cells
        found[name], found[name + "_cpu"] = map(statistics.median, zip(*spent()))

    def longest(*sources):
        # The longest that any of these cells is held up, by the processor's time: the machine may be busy.
        spent()
        for source in sources:
            run(source)
        return max(used for _, used in spent())

    def opening(files, rounds=9):
        took = []
        spent()
        for _ in range(rounds):
            run("opened()")
            took.append(value("took") + spent()[0][1])
        return statistics.median(took) / files

    for number in range(1000):
        Path(f"file{number}.txt").write_text(str(number) * 1000)
    run("import random, numpy as np, pandas as pd, torch")
    run("for i in range(200): globals()[f'v{i}'] = [i] * 10")
    run("weights = torch.zeros(1_000_000)\\nframe = pd.DataFrame(np.zeros((10_000, 5)), columns=list('abcde'))")
    run('''
def opened():
    global took
    start = __import__("time").thread_time()
    for number in range(1000):
        with open(f"file{number}.txt", "rb") as file:
            file.read()
    took = __import__("time").thread_time() - start
''')
    kernel.execute(sys.argv[1], silent=True, reply=True, timeout=60)
    found = {}
    hooks("bare", "x = 1")
    found["bare_file"] = opening(1000)
    run("%load_ext runlore")
    hooks("idle", "x = 1")
    hooks("drawing", "y = random.random(), np.random.rand(), torch.rand(1)")
    hooks("showing", "print('loss', 0.5)\\nframe.head()")
    hooks("training", "weights += 1")
    hooks("table", "frame['a'] = frame.b + 1")
    found["file"] = opening(1000)
    hooks("large", '''if 'large' not in globals():
    large, floats = {i: [i] for i in range(10**6)}, [float(i) for i in range(10**6)]
    zeros = np.zeros(2 * 10**9 // 8)
total = len(large), len(floats), zeros.shape''')
    many = "for i in range(2000): globals()[f'w{i}'] = [[j] for j in range(20)]"
    found["many_first"] = longest(many, *["x = 1"] * 10)
    hooks("many", "x = 1")
    run("for i in range(2000): del globals()[f'w{i}']")
    code = "for i in range(2500): exec(f'class C{i}: pass\\\\ndef f{i}(a=[1]): return a', globals())"
    found["code_first"] = longest(code, *["x = 1"] * 10)
    hooks("code", "x = 1")
    print(json.dumps(found))
"""

_FIRST = """
import json, sys
from jupyter_client import run_kernel

with run_kernel() as kernel:
    kernel.execute(sys.argv[1], silent=True, reply=True, timeout=60)
    found = 0.0
    for source in ("%load_ext runlore", "x = 1", "import numpy", "numpy.random.rand()", "import torch",
                   "torch.rand(1)", "import pandas", "%%track\\nimport runlore\\nrunlore.log(loss=1)"):
        kernel.execute_interactive(source, output_hook=lambda message: None, timeout=120)
        reply = kernel.execute("", silent=True, user_expressions={"it": sys.argv[2]}, reply=True, timeout=60)
        spent = eval(reply["content"]["user_expressions"]["it"]["data"]["text/plain"])
        found = max(found, *(used for _, _, used in spent))
    print(json.dumps({"longest": found}))
"""

_BYTES = """
import json, os, time
from pathlib import Path
from jupyter_client import run_kernel

home = Path(os.environ["RUNLORE_HOME"])

def size(part):
    return sum(file.stat().st_size for file in (home / part).rglob("*") if file.is_file())

with run_kernel() as kernel:
    def run(source):
        reply = kernel.execute_interactive(source, output_hook=lambda message: None, timeout=120)["content"]
        assert reply["status"] == "ok", reply
    run("%load_ext runlore")
    run("import random, runlore, torch, numpy as np")
    run("weights = torch.randn(1000)")
    found = {}
    for number in range(11):
        if number == 1:  # the first also writes what is written once: environment, sources
            before = size("sessions"), size("objects")
        run("%%track train\\nfor step in range(100):\\n    weights = weights + torch.randn(1000)\\n"
            "    runlore.log(loss=weights.norm(), noise=random.random())\\nprint('done')")
        if number == 0:
            found["first"] = size("sessions") + size("objects")
    found["journal"] = (size("sessions") - before[0]) / 10
    found["contents"] = (size("objects") - before[1]) / 10
    for files in (500, 5000):
        Path(str(files)).mkdir()
        for number in range(files):
            Path(str(files), f"{number}.txt").write_text(str(number))
        before = size("sessions") + size("objects")
        run(f"for number in range({files}): open(f'{files}/{{number}}.txt').close()")
        time.sleep(3)  # until they are hashed and written down
        found[f"files{files}"] = (size("sessions") + size("objects") - before) / files
print(json.dumps(found))
"""


def rows(plan: Plan) -> list[Row]:
    rounds = plan.rounds(3)
    cells = in_fresh_process(_CELLS, stopwatch.START, stopwatch.TAKE, rounds=rounds)
    size = in_fresh_process(_BYTES, rounds=rounds)
    first = in_fresh_process(_FIRST, stopwatch.START, stopwatch.TAKE, rounds=rounds)
    return [
        *_hooks("hooks around a cell, with torch and 200 variables", cells, ""),
        *_hooks("the same, time of the processor", cells, "_cpu"),
        *(
            Row("longest hook, time of the processor", who, amount)
            for who, amount in (
                ("the first cells of a session", first["longest"]),
                ("2,000 new lists of lists", cells["many_first"]),
                ("2,500 new classes and as many functions", cells["code_first"]),
            )
        ),
        Row("open and read a file of 3 KB, time of the processor", "without runlore", cells["bare_file"]),
        Row("open and read a file of 3 KB, time of the processor", "runlore, to be hashed", cells["file"]),
        Row("store a run of 200 points", "runlore, journal and curves", size["journal"], "B"),
        Row("store a run of 200 points", "runlore, contents (random states)", size["contents"], "B"),
        Row("store a run of 200 points", "runlore, everything of the session's first", size["first"], "B"),
        Row("store that a file was read", "runlore, one of 500", size["files500"], "B"),
        Row("store that a file was read", "runlore, one of 5,000", size["files5000"], "B"),
    ]


def _hooks(work: str, cells: dict[str, float], which: str) -> list[Row]:
    return [
        Row(work, who, cells[name + which])
        for name, who in (
            ("bare", "without runlore"),
            ("idle", "runlore: x = 1"),
            ("drawing", "runlore: three generators drawn from"),
            ("showing", "runlore: a line and a table shown"),
            ("training", "runlore: a tensor of 4 MB changed in place"),
            ("table", "runlore: a column of a table replaced"),
            ("large", "runlore: a dictionary and a list of a million, an array of 2 GB"),
            ("many", "runlore: x = 1, with 2,200 variables"),
            ("code", "runlore: x = 1, with 5,000 functions and classes"),
        )
    ]
