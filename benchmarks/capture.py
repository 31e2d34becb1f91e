"""What recording costs around a cell of a real kernel, for a file that is opened, and in bytes."""

from __future__ import annotations

from benchmarks import stopwatch
from benchmarks.measure import Row, in_fresh_process

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
        return [seconds for event, seconds in value(sys.argv[2])]

    def hooks(source, rounds=60):
        # The median, over the rounds, of what was spent before and after the cell.
        run(source); spent()
        for _ in range(rounds):
            run(source)
            time.sleep(0.01)  # as between a person's cells
        times = spent()
        return statistics.median(before + after for before, after in zip(times[::2], times[1::2], strict=True))

    def opening(files, rounds=9):
        took = []
        spent()
        for _ in range(rounds):
            run("opened()")
            took.append(value("took") + sum(spent()))
        return statistics.median(took) / files

    for number in range(200):
        Path(f"file{number}.txt").write_text(str(number) * 1000)
    run("import random, numpy as np, pandas as pd, torch")
    run("for i in range(200): globals()[f'v{i}'] = [i] * 10")
    run("weights = torch.zeros(1_000_000)\\nframe = pd.DataFrame(np.zeros((10_000, 5)), columns=list('abcde'))")
    run('''
def opened():
    global took
    start = __import__("time").perf_counter()
    for number in range(200):
        with open(f"file{number}.txt", "rb") as file:
            file.read()
    took = __import__("time").perf_counter() - start
''')
    kernel.execute(sys.argv[1], silent=True, reply=True, timeout=60)
    bare, bare_file = hooks("x = 1"), opening(200)
    run("%load_ext runlore")
    found = {
        "bare": bare,
        "idle": hooks("x = 1"),
        "drawing": hooks("y = random.random(), np.random.rand(), torch.rand(1)"),
        "showing": hooks("print('loss', 0.5)\\nframe.head()"),
        "training": hooks("weights += 1"),
        "table": hooks("frame['a'] = frame.b + 1"),
        "bare_file": bare_file,
        "file": opening(200),
    }
    print(json.dumps(found))
"""

_BYTES = """
import json, os
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
print(json.dumps(found))
"""


def rows() -> list[Row]:
    cells, size = in_fresh_process(_CELLS, stopwatch.START, stopwatch.TAKE), in_fresh_process(_BYTES)
    around = "hooks around a cell, with torch and 200 variables"
    return [
        Row(around, "without runlore", cells["bare"]),
        Row(around, "runlore: x = 1", cells["idle"]),
        Row(around, "runlore: three generators drawn from", cells["drawing"]),
        Row(around, "runlore: a line and a table shown", cells["showing"]),
        Row(around, "runlore: a tensor of 4 MB changed in place", cells["training"]),
        Row(around, "runlore: a column of a table replaced", cells["table"]),
        Row("open and read a file of 3 KB", "without runlore", cells["bare_file"]),
        Row("open and read a file of 3 KB", "runlore, hashed", cells["file"]),
        Row("store a run of 200 points", "runlore, journal and curves", size["journal"], "B"),
        Row("store a run of 200 points", "runlore, contents (random states)", size["contents"], "B"),
        Row("store a run of 200 points", "runlore, everything of the session's first", size["first"], "B"),
    ]
