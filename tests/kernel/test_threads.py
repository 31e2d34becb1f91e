"""Threads of one kernel that log at the same time."""

from __future__ import annotations

from collections.abc import Callable

from runlore.curve import points, read_records
from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import sessions


def only_run(home: Home) -> RunRecord:
    (session,) = sessions(home)
    (run,) = session.runs.values()
    return run


def test_no_point_and_no_step_is_lost_or_given_twice(run_script: Callable[..., str], home: Home) -> None:
    run_script(
        "import sys, threading, runlore\nsys.setswitchinterval(1e-6)\n"
        "run = runlore.start_run('threads')\n"
        "def work(k):\n"
        "    for i in range(4000):\n"
        "        run.log(shared=k * 4000 + i); run.log({'dict': i, f'own{k}': i})\n"
        "threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "run.finish()\n"
    )
    run = only_run(home)
    shared = points(read_records(run.metrics["shared"]))
    assert sorted(step for step, *_ in shared) == list(range(24_000))
    assert sorted(value for *_, value in shared) == list(range(24_000))
    assert sorted(step for step, *_ in points(read_records(run.metrics["dict"]))) == list(range(24_000))
    for k in range(6):
        own = points(read_records(run.metrics[f"own{k}"]))
        assert [(step, value) for step, _, value in own] == [(i, i) for i in range(4000)]


def test_a_run_that_ends_under_its_threads_keeps_what_they_logged(
    run_script: Callable[..., str], home: Home
) -> None:
    for round_ in range(3):
        printed = run_script(
            "import sys, threading, time, runlore\nsys.setswitchinterval(1e-6)\n"
            f"run = runlore.start_run('{round_}')\n"
            "logged, raised = [0] * 4, [None] * 4\n"
            "def work(k):\n"
            "    try:\n"
            "        while True: run.log({f'm{k}': logged[k]}); logged[k] += 1\n"
            "    except BaseException as error: raised[k] = type(error).__name__\n"
            "threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]\n"
            "for thread in threads: thread.start()\n"
            f"time.sleep(0.1 + 0.05 * {round_})\nrun.finish()\n"
            "for thread in threads: thread.join()\n"
            "print(*logged, *raised)\n"
        ).split()
        assert printed[4:] == ["RunStateError"] * 4
        runs = {run.name: run for session in sessions(home) for run in session.runs.values()}
        for k in range(4):
            found = [value for *_, value in points(read_records(runs[str(round_)].metrics[f"m{k}"]))]
            assert found == list(range(int(printed[k])))
