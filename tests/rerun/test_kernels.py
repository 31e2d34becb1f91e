"""Which kernels can replay: what is refused at submit, with what to do, and what is listed."""

from __future__ import annotations

import json
import os
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from runlore import events as ev
from runlore.home import Home
from runlore.process import ProcessIdentity
from runlore_server.errors import KernelRefused, OptionsRefused
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.rerun.kernels import choose
from runlore_server.rerun.offered import look
from runlore_server.rerun.probe import probe
from runlore_server.store.runs import RunStore
from tests.journals import FakeKernel

LAUNCH = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
SESSION = ev.SessionStarted(
    time=0.0,
    format=1,
    session_id="s",
    process=ProcessIdentity(pid=1, started=0.0, host="h", boot="b"),
    runlore="0",
    python="3.11",
    executable=sys.executable,
    cwd="/",
    kernel_name="python3",
)
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a kernelspec on the user's JUPYTER_PATH, for this test alone."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    def add(name: str, argv: list[str], language: str = "python", **fields: object) -> None:
        folder = tmp_path / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        told = {"argv": argv, "display_name": name.title(), "language": language, **fields}
        (folder / "kernel.json").write_text(json.dumps(told))

    return add


def environment(place: Path, *packages: str) -> Path:
    """The interpreter of a new virtual environment, in which these modules can be imported."""
    venv.create(place, with_pip=False, symlinks=True)
    (site,) = place.glob("lib/python*/site-packages")
    for name in packages:
        (site / name).mkdir()
        (site / name / "__init__.py").touch()
    return place / "bin" / "python"


def test_what_a_kernel_lacks_is_told_with_the_command_that_installs_it(install: Install, tmp_path: Path) -> None:
    python = environment(tmp_path / "bare")
    install("bare", [str(python), *LAUNCH])
    with pytest.raises(KernelRefused, match=f"{python} -m pip install ipykernel runlore"):
        choose(SESSION, "bare")
    # What is installed is seen at once.
    (site,) = (tmp_path / "bare").glob("lib/python*/site-packages")
    for name in ("ipykernel", "runlore"):
        (site / name).mkdir()
        (site / name / "__init__.py").touch()
    assert choose(SESSION, "bare").argv[0] == str(python)
    (site / "ipykernel" / "__init__.py").unlink()
    (site / "ipykernel").rmdir()
    with pytest.raises(KernelRefused, match=f"has no ipykernel; run: {python} -m pip install ipykernel"):
        choose(SESSION, "bare")


def test_what_a_kernelspec_sets_counts(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = environment(tmp_path / "bare", "ipykernel")
    elsewhere = tmp_path / "packages"
    (elsewhere / "runlore").mkdir(parents=True)
    (elsewhere / "runlore" / "__init__.py").touch()
    monkeypatch.setenv("PLACE", str(elsewhere))
    install("without", [str(python), *LAUNCH])
    install("with", [str(python), *LAUNCH], env={"PYTHONPATH": "${PLACE}"})
    with pytest.raises(KernelRefused, match="no runlore"):
        choose(SESSION, "without")
    assert choose(SESSION, "with").environ == {"PYTHONPATH": "${PLACE}"}


def test_an_interpreter_that_is_gone_or_broken_is_refused(install: Install, tmp_path: Path) -> None:
    install("gone", [str(tmp_path / "env" / "bin" / "python"), *LAUNCH])
    with pytest.raises(KernelRefused, match="which is not there"):
        choose(SESSION, "gone")
    broken = tmp_path / "bin" / "python"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'libpython: cannot open shared object file' >&2\nexit 127\n")
    broken.chmod(0o755)
    install("broken", [str(broken), *LAUNCH])
    with pytest.raises(KernelRefused, match="libpython: cannot open shared object file"):
        choose(SESSION, "broken")


def test_an_interpreter_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runlore_server.rerun.probe._TIMEOUT", 0.2)
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    assert "does not answer" in (probe(str(slow)).error or "")


def test_wrappers_are_taken_as_they_are(install: Install) -> None:
    install("wrapped", ["env", "X=1", "python3", *LAUNCH])
    assert choose(SESSION, "wrapped").argv[:2] == ["env", "X=1"]
    (offer,) = [offer for offer in look().kernels if offer.name == "wrapped"]
    assert (offer.usable, offer.interpreter) == (True, None)
    assert "cannot be looked at" in (offer.note or "")


def test_a_provisioner_that_is_not_installed_is_refused(install: Install) -> None:
    provisioner = {"kernel_provisioner": {"provisioner_name": "moon-provisioner"}}
    install("moon", [sys.executable, *LAUNCH], metadata=provisioner)
    with pytest.raises(KernelRefused, match="moon-provisioner, is not installed"):
        choose(SESSION, "moon")


def test_everything_is_listed_with_what_speaks_against_it(install: Install, tmp_path: Path) -> None:
    install("good", [sys.executable, *LAUNCH])
    install("ir", ["R", "--slave"], language="R")
    install("gone", [str(tmp_path / "python"), *LAUNCH])
    install("torn", [])
    (tmp_path / "jupyter" / "kernels" / "torn" / "kernel.json").write_text('{"argv": [')
    with pytest.raises(KernelRefused, match=r"kernel\.json cannot be read"):
        choose(SESSION, "torn")
    found = {offer.name: offer for offer in look().kernels}
    assert found["good"].usable
    assert found["good"].packages.keys() == {"ipykernel", "runlore"}
    assert {name for name in ("ir", "gone", "torn") if found[name].usable} == set()
    assert "runs R" in (found["ir"].problem or "")
    assert "kernel.json cannot be read" in (found["torn"].problem or "")


def test_the_queue_takes_no_job_for_a_kernel_that_cannot_do_it(install: Install, tmp_path: Path) -> None:
    install("bare", [str(environment(tmp_path / "bare")), *LAUNCH])
    home = Home(tmp_path / "home")
    kernel = FakeKernel(home, cwd=str(tmp_path), executable=sys.executable)
    kernel.write(ev.CellStarted(time=1.0, ordinal=0, source="%%track"))
    kernel.write(ev.CellFinished(time=2.0, ordinal=0, outcome="ok", duration=1.0))
    run_id = kernel.run(cell=0, kind="cell")
    store = RunStore(home)
    store.refresh()
    queue = JobQueue(home, store, lambda _: None)
    try:
        with pytest.raises(KernelRefused, match="pip install"):
            queue.submit(Request(run_id=run_id, kernel="bare"))
        with pytest.raises(KernelRefused, match="pip install"):
            queue.submit_many([Request(run_id=run_id), Request(run_id=run_id, kernel="bare")])
        with pytest.raises(OptionsRefused, match="of no use to a gateway's kernel"):
            queue.submit(Request(run_id=run_id, kernel="gateway:python3", gpus=1))
        assert list(queue.jobs()) == []
    finally:
        queue.shutdown()


@pytest.mark.skipif(os.name == "nt", reason="measured where processes are cheap")
def test_looking_again_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = environment(tmp_path / "bare", "ipykernel")
    first = probe(str(python))
    monkeypatch.setattr("subprocess.run", None)
    assert probe(str(python)) is first
    assert first.missing == ["runlore"]
