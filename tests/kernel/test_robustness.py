"""Recording must never stand in the way: broken homes, kills, forks, and two kernels at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runlore.curve import points, read_records
from runlore.errors import ObjectMissing
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.session_record import sessions
from tests.conftest import Notebook


def test_an_unwritable_home_costs_one_warning(open_notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    notebook = open_notebook(home=tmp_path / "file" / "home")
    loaded = notebook.run("%load_ext runlore")
    assert "set RUNLORE_HOME to a writable directory" in loaded.text
    tracked = notebook.run("%%track\nimport runlore\nfor i in range(3): runlore.log(loss=i)\n'computed'")
    assert "'computed'" in tracked.text
    assert "RUNLORE_HOME" not in tracked.text
    assert notebook.run("%track").ok


def test_a_disk_that_fills_costs_one_warning(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    notebook.run("import resource, runlore")
    notebook.run("%track on filling")
    notebook.run("runlore.log(loss=1.0)")
    notebook.run("resource.setrlimit(resource.RLIMIT_FSIZE, (4200, resource.RLIM_INFINITY))")
    result = notebook.run("for i in range(5000): runlore.log(loss=2.0)\n'computed'")
    assert "'computed'" in result.text
    assert result.text.count("cannot record") <= 1
    assert "'more'" in notebook.run("'more'").text
    notebook.run("resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)")
    assert notebook.run("%track off").ok
    run = notebook.last_run()
    recorded = points(read_records(run.metrics["loss"]))
    assert recorded[0][2] == 1.0
    assert run.status == "finished"


def test_a_killed_kernel_keeps_every_point_and_is_seen_as_killed(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    notebook.start(
        "%%track\nimport runlore\nn = 0\nwhile True:\n    runlore.log(loss=n)\n    n += 1\n"
        "    if n == 5000: print('logged 5000', flush=True)"
    )
    notebook.wait_for_output("logged 5000")
    assert notebook.last_run().status == "running"
    notebook.kill()
    run = notebook.last_run()
    recorded = points(read_records(run.metrics["loss"]))
    assert run.status == "killed"
    assert len(recorded) >= 5000
    assert [value for *_, value in recorded] == [float(step) for step in range(len(recorded))]


def test_two_kernels_share_a_home(open_notebook: Callable[..., Notebook]) -> None:
    first, second = open_notebook().load(), open_notebook().load()
    first.run("%%track one\nimport runlore\nrunlore.log(loss=1)")
    second.run("%%track two\nimport runlore\nrunlore.log(loss=2)")
    first.run("%%track three\nrunlore.log(loss=3)")
    found = {run.name: session.session_id for session in sessions(first.home) for run in session.runs.values()}
    assert set(found) == {"one", "two", "three"}
    assert found["one"] == found["three"] != found["two"]


def test_scripts(run_script: Callable[..., str], home: Home) -> None:
    run_script(
        "import runlore\nwith runlore.start_run('fine', params={'lr': 0.1, 'big': 2**80}, seed=3) as run:\n"
        "    import random\n    runlore.log({'loss': 0.5, 'train/acc': 1})\n    runlore.note('went well')\n"
        "    assert random.random() == random.Random(3).random()\n"
    )
    run_script(
        "import runlore\nrunlore.start_run('open at the end')\nraise SystemError('boom')",
        check=False,
    )
    run_script(
        "import runlore\nwith runlore.start_run('raises'):\n    raise ValueError('inside')",
        check=False,
    )
    found = {run.name: run for session in sessions(home) for run in session.runs.values()}
    assert found["fine"].status == "finished"
    assert found["fine"].params == {"lr": 0.1, "big": repr(2**80)}
    assert found["fine"].notes == ["went well"]
    assert set(found["fine"].metrics) == {"loss", "train/acc"}
    assert found["open at the end"].status == "failed"
    assert found["raises"].status == "failed"
    assert found["raises"].error is not None
    assert found["raises"].error.message == "inside"
    assert {run.kind for run in found.values()} == {"script"}


def test_artifacts_and_figures(run_script: Callable[..., str], home: Home, tmp_path: Path) -> None:
    (tmp_path / "out" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "deep" / "a.csv").write_text("x\n1\n")
    (tmp_path / "model.bin").write_bytes(b"\0" * 5000)
    run_script(
        "import matplotlib; matplotlib.use('agg')\nimport matplotlib.pyplot as plt\n"
        "import plotly.graph_objects as go, runlore\n"
        "with runlore.start_run():\n"
        "    runlore.log_artifact('out'); runlore.log_artifact('model.bin', 'weights/best.bin')\n"
        "    fig, ax = plt.subplots(); ax.plot([1, 2])\n"
        "    runlore.log_figure(fig); runlore.log_figure(ax, 'axes.png')\n"
        "    runlore.log_figure(go.Figure())\n"
        "    for bad in (lambda: runlore.log_artifact('absent'), lambda: runlore.log_artifact('out', '../up'),\n"
        "                lambda: runlore.log_figure(3)):\n"
        "        try: bad()\n        except (OSError, ValueError, TypeError): pass\n"
        "        else: raise SystemExit('accepted')\n"
    )
    (run,) = next(iter(sessions(home))).runs.values()
    assert set(run.artifacts) == {
        "out/deep/a.csv", "weights/best.bin", "figure.png", "axes.png", "figure-2.json",
    }  # fmt: skip
    store = ObjectStore(home.objects)
    assert store.get(run.artifacts["out/deep/a.csv"].digest) == b"x\n1\n"
    assert run.artifacts["weights/best.bin"].size == 5000
    assert store.get(run.artifacts["figure.png"].digest).startswith(b"\x89PNG")
    assert "data" in json.loads(store.get(run.artifacts["figure-2.json"].digest))


def test_objects_are_never_trusted(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path / "objects")
    digest = store.put(b"content")
    assert store.get(digest) == b"content"
    store.path(digest).write_bytes(b"changed")
    with pytest.raises(ObjectMissing, match="changed on disk"):
        store.get(digest)
    store.path(digest).unlink()
    with pytest.raises(ObjectMissing):
        store.get(digest)
    with pytest.raises(ObjectMissing, match="no BLAKE3"):
        store.get("../../etc/passwd")


def test_objects_are_kept_whatever_the_clock_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1.0)  # as a test of the user's may stop it
    store = ObjectStore(tmp_path / "objects")
    assert store.get(store.put(b"content")) == b"content"


def test_importing_runlore_loads_nothing_heavy(run_script: Callable[..., str]) -> None:
    heavy = "pandas numpy torch mlflow IPython papermill psutil asyncio"
    assert (
        run_script(f"import sys, runlore\nprint([m for m in '{heavy}'.split() if m in sys.modules])").strip()
        == "[]"
    )


def test_frames(run_script: Callable[..., str]) -> None:
    printed = run_script(
        "import runlore\n"
        "assert list(runlore.runs().columns[:3]) == ['name', 'experiment', 'status']\n"
        "assert len(runlore.runs()) == 0\n"
        "assert list(runlore.curves([]).columns) == ['run_id', 'metric', 'step', 'time', 'value']\n"
        "runs = []\n"
        "for lr in (0.1, 0.2):\n"
        "    with runlore.start_run('r', params={'lr': lr}, tags={'t': 'x'}) as run:\n"
        "        for i in range(3): runlore.log({'loss': i * lr, 'acc': i})\n"
        "        runs.append(run)\n"
        "frame = runlore.runs()\n"
        "assert frame.index.name == 'run_id' and list(frame['params.lr']) == [0.2, 0.1]\n"
        "assert list(frame['metrics.acc']) == [2.0, 2.0] and list(frame['tags.t']) == ['x', 'x']\n"
        "c = runlore.curves(frame, 'loss')\n"
        "assert list(c.columns) == ['run_id', 'metric', 'step', 'time', 'value'] and len(c) == 6\n"
        "assert list(runlore.curves(runs[0].run_id[:6], metrics=['acc']).value) == [0, 1, 2]\n"
        "assert len(runlore.curves(runs)) == 12 and c.step.dtype == 'int64'\n"
        "with runlore.start_run('long') as run:\n"
        "    for i in range(9999): runlore.log(loss=float(i == 5000))\n"
        "few = runlore.curves(run, points=100)\n"
        "assert len(few) <= 100 and few.value.max() == 1 and few.step.iloc[-1] == 9998\n"
        "try: runlore.curves('zzzz')\nexcept LookupError as e: print(e)\n"
    )
    assert "no run 'zzzz'" in printed
