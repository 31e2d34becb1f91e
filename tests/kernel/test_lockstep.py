"""Names that are logged together, alone, and in other company: each metric counts its own points."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from runlore.curve import points, read_records
from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import sessions

Call = tuple[list[str], "int | None", bool]
"""The names of one call, its step, and whether the last number is an integer."""

Points = list[tuple[int, float]]

LOGS_LINES = """
import json, sys, runlore
for line in sys.stdin:
    with runlore.start_run() as run:
        for value, (names, step, whole) in enumerate(json.loads(line)):
            numbers = {name: float(value) for name in names}
            if whole:
                numbers[names[-1]] = value
            runlore.log(step=step, **numbers)
        files = {name: str(path) for name, path in run.curves.files().items()}
    print(json.dumps(files), flush=True)
"""

calls = st.tuples(
    st.lists(st.sampled_from("abcd"), min_size=1, unique=True),
    st.none() | st.integers(-2, 12) | st.just(2**40),
    st.booleans(),
)


def test_each_metric_counts_its_own_points_in_whatever_company(tmp_path: Path) -> None:
    kernel = subprocess.Popen(
        [sys.executable, "-c", LOGS_LINES],
        env={**os.environ, "RUNLORE_HOME": str(tmp_path / "home")},
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    stdin, stdout = kernel.stdin, kernel.stdout
    assert stdin is not None
    assert stdout is not None

    @settings(max_examples=60, deadline=None)
    @given(st.lists(calls, min_size=1, max_size=12))
    def holds(several: list[Call]) -> None:
        print(json.dumps(several), file=stdin, flush=True)
        files = json.loads(stdout.readline())
        assert {name: logged(Path(file)) for name, file in files.items()} == counted(several)

    try:
        holds()
    finally:
        kernel.kill()
        kernel.communicate()


def test_threads_that_log_rows_and_single_names_share_their_curves(
    run_script: Callable[..., str], home: Home
) -> None:
    run_script(
        "import sys, threading, runlore\nsys.setswitchinterval(1e-6)\n"
        "run = runlore.start_run()\n"
        "runlore.log(a=-1.0, b=-1.0, c=-1.0)\n"
        "def work(k):\n"
        "    for i in range(k * 3000, k * 3000 + 3000):\n"
        "        if i == 7000: runlore.log(b=float(i))\n"
        "        else: runlore.log(a=float(i), b=float(i), c=float(i))\n"
        "threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "run.finish()\n"
    )
    found = {name: logged(path) for name, path in only_run(home).metrics.items()}
    assert sorted(value for _, value in found["b"]) == list(range(-1, 12_000))
    assert sorted(value for _, value in found["a"]) == [i for i in range(-1, 12_000) if i != 7000]
    assert sorted(value for _, value in found["c"]) == sorted(value for _, value in found["a"])
    for name, points_of_it in found.items():
        assert sorted(step for step, _ in points_of_it) == list(range(len(points_of_it))), name


def test_a_full_disk_parts_them_and_costs_what_it_had_no_room_for(
    run_script: Callable[..., str], home: Home
) -> None:
    run_script(
        "import resource, time, runlore\n"
        "run = runlore.start_run()\n"
        "runlore.log(alone=-1.0)\n"
        "for i in range(100): runlore.log(a=float(i), b=float(i), c=float(i))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4200, resource.RLIM_INFINITY))\n"
        "for i in range(100, 3000): runlore.log(a=float(i), b=float(i), c=float(i))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "time.sleep(1.1)\n"
        "for i in range(3000, 3100): runlore.log(a=float(i), b=float(i), c=float(i))\n"
        "run.finish()\n"
    )
    run = only_run(home)
    for name in "abc":
        found = logged(run.metrics[name])
        assert found == [(i, float(i)) for i in (*range(len(found) - 100), *range(3000, 3100))]
        assert len(found) > 200
        lost = f"{3100 - len(found)} point(s) of metric {name!r}"
        assert [note.what for note in run.not_captured].count(lost) == 1


def test_interrupts_at_any_moment_lose_no_point_and_no_name(run_script: Callable[..., str], home: Home) -> None:
    ended = run_script(
        "import json, os, random, signal, threading, time, runlore\n"
        "run = runlore.start_run()\n"
        "logged, interrupts, working = {}, 0, True\n"
        "def interrupt():\n"
        "    while working:\n"
        "        time.sleep(random.uniform(0, 0.002))\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "def log(value, *names):\n"
        "    runlore.log({name: value for name in names})\n"
        "    for name in names: logged.setdefault(name, []).append(value)\n"
        "threading.Thread(target=interrupt).start()\n"
        "for k in range(400):\n"
        "    row = f'a{k}', f'b{k}', f'c{k}'\n"
        "    for value in range(6):\n"
        "        try: log(float(value), *(row[1:2] if value == 3 else row))\n"
        "        except KeyboardInterrupt: interrupts += 1\n"
        "while True:\n"
        "    try: working = False; time.sleep(0.1); break\n"
        "    except KeyboardInterrupt: pass\n"
        "run.finish()\n"
        "print(json.dumps([interrupts, logged]))\n"
    )
    interrupts, told = json.loads(ended.splitlines()[0])
    assert interrupts > 20
    metrics = only_run(home).metrics
    assert metrics.keys() >= told.keys()
    assert not [name for name in metrics if "/" in name]
    for name, values in told.items():
        found = [value for _, value in logged(metrics[name])]
        # One that was interrupted after its point was stored, before it was told, may be there too.
        assert [value for value in found if value in values] == values
        assert found == sorted(set(found))


def only_run(home: Home) -> RunRecord:
    (session,) = sessions(home)
    (run,) = session.runs.values()
    return run


def logged(path: Path) -> Points:
    return [(step, value) for step, _, value in points(read_records(path))]


def counted(several: list[Call]) -> dict[str, Points]:
    """What each metric is to have: a step that is given, or the one after its last."""
    found: dict[str, Points] = {}
    for value, (names, step, _) in enumerate(several):
        for name in names:
            before = found.setdefault(name, [])
            before.append(((before[-1][0] + 1 if before else 0) if step is None else step, float(value)))
    return found
