"""Processes that a kernel forks log to its runs, each to curves of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runlore.curve import points, read_records
from runlore.frames import curves
from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import SessionRecord, sessions
from tests.conftest import Notebook

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


def only_session(home: Home) -> SessionRecord:
    (session,) = sessions(home)
    return session


def only_run(home: Home) -> RunRecord:
    (run,) = only_session(home).runs.values()
    return run


def values(run: RunRecord, metric: str) -> list[tuple[int, float]]:
    return [(step, value) for step, _, value in points(read_records(run.metrics[metric]))]


def test_a_metric_that_one_process_logs_keeps_its_name(run_script: Callable[..., str], home: Home) -> None:
    printed = run_script(
        "import multiprocessing, runlore\n"
        "def fold(k):\n"
        "    for i in range(1000): runlore.log({f'fold{k}/loss': k + i})\n"
        "    runlore.log_params({f'fold{k}': k}); runlore.set_tags({f'tag{k}': 'x'})\n"
        "run = runlore.start_run('folds')\n"
        "with multiprocessing.get_context('fork').Pool(3) as pool: pool.map(fold, range(6))\n"
        "run.log(mean=1.0)\nrun.finish()\nprint(sorted(run.metrics))\n"
    )
    run = only_run(home)
    assert set(run.metrics) == {"mean", *(f"fold{k}/loss" for k in range(6))}
    assert printed == f"{sorted(run.metrics)}\n"
    for k in range(6):
        assert values(run, f"fold{k}/loss") == [(i, k + i) for i in range(1000)]
        assert run.params[f"fold{k}"] == k
        assert run.tags[f"tag{k}"] == "x"
    assert run.status == "finished"


def test_processes_that_share_a_name_get_curves_of_their_own(run_script: Callable[..., str], home: Home) -> None:
    printed = run_script(
        "import multiprocessing, os, runlore\n"
        "def work(k):\n    for i in range(500): runlore.log(loss=1000 * k + i)\n"
        "    if k == 2:\n        if os.fork() == 0: runlore.log(loss=-1.0); os._exit(0)\n        os.wait()\n"
        "run = runlore.start_run('shared')\nrun.log(loss=0.0); run.log(loss=0.5)\n"
        "workers = [multiprocessing.get_context('fork').Process(target=work, args=(k,)) for k in (1, 2, 3)]\n"
        "for worker in workers: worker.start()\n"
        "for worker in workers: worker.join()\n"
        "run.log(loss=0.75)\nrun.finish()\n"
    )
    assert printed == ""
    run = only_run(home)
    assert set(run.metrics) == {"loss", "worker-1/loss", "worker-2/loss", "worker-2.1/loss", "worker-3/loss"}
    assert values(run, "loss") == [(0, 0.0), (1, 0.5), (2, 0.75)]
    for k in (1, 2, 3):
        assert values(run, f"worker-{k}/loss") == [(i, 1000 * k + i) for i in range(500)]
    assert values(run, "worker-2.1/loss") == [(0, -1.0)]
    assert len(curves(run.run_id, home=home)) == 3 + 1500 + 1


def test_names_do_not_depend_on_who_is_faster(run_script: Callable[..., str], home: Home) -> None:
    run_script(
        "import multiprocessing, time, runlore\n"
        "def work(k):\n    time.sleep((0.4, 0.2, 0.0)[k]); runlore.log(loss=k)\n"
        "run = runlore.start_run('race')\n"
        "workers = [multiprocessing.get_context('fork').Process(target=work, args=(k,)) for k in range(3)]\n"
        "for worker in workers: worker.start()\n"
        "for worker in workers: worker.join()\nrun.finish()\n"
    )
    run = only_run(home)
    assert {metric: values(run, metric) for metric in run.metrics} == {
        f"worker-{k + 1}/loss": [(0, float(k))] for k in range(3)
    }


def test_a_metric_that_is_called_like_a_workers_stays_apart(run_script: Callable[..., str], home: Home) -> None:
    run_script(
        "import os, runlore\nrun = runlore.start_run('names')\nrun.log({'worker-1/loss': 1.0, 'loss': 2.0})\n"
        "if (pid := os.fork()) == 0: run.log(loss=3.0); os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
    )
    run = only_run(home)
    assert sorted(value for metric in run.metrics for _, value in values(run, metric)) == [1.0, 2.0, 3.0]


def test_children_of_a_thread_and_of_a_busy_parent_lose_nothing(
    run_script: Callable[..., str], home: Home
) -> None:
    run_script(
        "import os, threading, runlore\n"
        "run = runlore.start_run('busy')\nstop = threading.Event()\n"
        "def parent():\n    while not stop.is_set(): run.log(busy=1.0, other=2.0); run.note('x')\n"
        "def forks(number):\n"
        "    for _ in range(10):\n"
        "        if (pid := os.fork()) == 0:\n"
        "            for i in range(200): run.log(child=i)\n"
        "            os._exit(0)\n"
        "        os.waitpid(pid, 0)\n"
        "busy = threading.Thread(target=parent); busy.start()\n"
        "threads = [threading.Thread(target=forks, args=(n,)) for n in range(3)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "stop.set(); busy.join(); run.finish()\n"
    )
    run, session = only_run(home), only_session(home)
    assert session.damaged_lines == 0
    assert set(run.metrics) == {"busy", "other", *(f"worker-{n}/child" for n in range(1, 31))}
    for number in range(1, 31):
        assert values(run, f"worker-{number}/child") == [(i, float(i)) for i in range(200)]
    assert [step for step, _ in values(run, "busy")] == list(range(len(values(run, "busy"))))


def test_a_killed_worker_loses_nothing_that_it_logged(run_script: Callable[..., str], home: Home) -> None:
    run_script(
        "import os, signal, runlore\nrun = runlore.start_run('killed worker')\n"
        "for number in range(5):\n"
        "    if (pid := os.fork()) == 0:\n"
        "        for i in range(10_000): run.log({f'm{number}': i})\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    os.waitpid(pid, 0)\n"
        "run.log(done=1.0)\nrun.finish()\n"
    )
    run = only_run(home)
    for number in range(5):
        assert values(run, f"m{number}") == [(i, float(i)) for i in range(10_000)]
    assert run.status == "finished"


def test_a_worker_that_outlives_a_killed_kernel_logs_on(tmp_path: Path, home: Home) -> None:
    kernel = subprocess.Popen(
        [
            sys.executable, "-c",
            "import os, signal, sys, runlore\nrun = runlore.start_run('orphans')\nrun.log(loss=1.0)\n"
            "if os.fork() == 0:\n"
            "    run.log(early=1.0); print(os.getpid(), flush=True); sys.stdin.readline()\n"
            "    run.log(early=2.0); run.log(late=3.0); print('done', flush=True); os._exit(0)\n"
            "signal.pause()\n",
        ],
        env={**os.environ, "RUNLORE_HOME": str(home.path)}, cwd=tmp_path, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert kernel.stdout is not None
    assert kernel.stdin is not None
    kernel.stdout.readline()
    kernel.send_signal(signal.SIGKILL)
    kernel.wait()
    kernel.stdin.write("go\n")
    kernel.stdin.flush()
    assert kernel.stdout.readline() == "done\n"
    run = only_run(home)
    assert run.status == "killed"
    assert values(run, "early") == [(0, 1.0), (1, 2.0)]
    assert values(run, "late") == [(0, 3.0)]


def test_a_run_ends_for_all_its_processes(run_script: Callable[..., str], home: Home) -> None:
    printed = run_script(
        "import os, runlore\nrun = runlore.start_run('ends')\n(r, w), (back, said) = os.pipe(), os.pipe()\n"
        "if (pid := os.fork()) == 0:\n"
        "    run.log(loss=1.0); os.write(said, b'x'); os.read(r, 1)\n"
        "    for late in (lambda: run.log(loss=2.0), lambda: run.log(new=1.0), lambda: run.note('late')):\n"
        "        try: late()\n        except RuntimeError as error: print(error, flush=True)\n"
        "    os._exit(0)\n"
        "os.read(back, 1)\nrun.finish()\nos.write(w, b'x')\nos.waitpid(pid, 0)\n"
    )
    assert printed.count("run 'ends' has ended") == 3
    run = only_run(home)
    assert {metric: values(run, metric) for metric in run.metrics} == {"loss": [(0, 1.0)]}
    assert not run.notes


def test_a_run_of_a_forked_process_is_refused_aloud(run_script: Callable[..., str], home: Home) -> None:
    printed = run_script(
        "import os, runlore\nrunlore.start_run('outer')\n"
        "if (pid := os.fork()) == 0:\n"
        "    with runlore.start_run('inner', params={'lr': 1}): runlore.log(loss=1.0)\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
    )
    assert "a run that a forked process starts is not recorded" in printed
    assert only_run(home).metrics == {}


def test_a_new_interpreter_says_why_it_has_no_run(tmp_path: Path, run_script: Callable[..., str]) -> None:
    (tmp_path / "tasks.py").write_text("import runlore\ndef log(x): runlore.log(loss=x)\n")
    printed = run_script(
        "import multiprocessing, runlore, tasks\n"
        "if __name__ == '__main__':\n"
        "    with runlore.start_run('spawns'), multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        try: pool.map(tasks.log, [1.0])\n        except RuntimeError as error: print(error)\n"
    )
    assert "started anew" in printed
    assert "Return the numbers and log them there" in printed


def test_the_card_shows_what_workers_logged(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    shown = notebook.run(
        "%%track pool\nimport multiprocessing, runlore\n"
        "def work(k): runlore.log(score=k)\n"
        "workers = [multiprocessing.get_context('fork').Process(target=work, args=(k,)) for k in range(2)]\n"
        "for worker in workers: worker.start(); worker.join()\n"
    )
    assert "worker-1/score 0  worker-2/score 1" in shown.text
    assert "worker-2/score=1" in notebook.run("%track").text
