"""A case on a real kernel: recorded with Runlore loaded and nothing else, then verified from the command line."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import stopwatch
from runlore.home import Home
from runlore.session_record import SessionRecord, session_ids
from tests.conftest import Notebook
from tests.corpus.case import Case, Cell

_LIMIT = 300.0
_WARM = 1
_GO_ON = 0.1


class Played(msgspec.Struct, kw_only=True):
    """What became of a case. Times are seconds, sizes bytes; ``None`` is what could not be measured.

    ``verdict`` is one of Runlore's words, ``REFUSED`` when it would not begin, ``CRASHED`` when it broke, and
    ``SKIPPED``. ``capture`` is the median that Runlore's hooks took around a cell, the first one left aside,
    ``capture_most`` the longest. ``journal`` is what the session wrote for itself, ``objects`` what it wrote to
    the store of contents. ``plain`` is papermill alone on the same cells in the same order.
    """

    case: str
    verdict: str
    said: str
    met: bool
    cells: int = 0
    capture: float | None = None
    capture_most: float | None = None
    journal: int | None = None
    objects: int | None = None
    rerun: float | None = None
    plain: float | None = None
    trouble: str = ""


def play(case: Case, *, plain: bool = True) -> Played:
    """Record a case, verify its run, and time papermill alone on the same cells."""
    if lacking := case.lacking:
        return Played(case=case.name, verdict="SKIPPED", said=f"without {', '.join(lacking)}", met=True)
    with tempfile.TemporaryDirectory(prefix="corpus-", ignore_cleanup_errors=True) as directory:
        cwd = Path(directory) / "work"
        cwd.mkdir()
        home = Home(Path(directory) / "home")
        try:
            with _serving(case, cwd):
                spent = _record(case, home, cwd)
                _outside(case.after, cwd)
                played = _verify(case, home)
        except Exception as error:  # noqa: BLE001 - one broken case does not end the others
            said = _without_paths(_told(error), cwd)
            return Played(case=case.name, verdict="CRASHED", said=said[-2000:], met=False, cells=len(case.cells))
        played.said = _without_paths(played.said, cwd)
        usual = spent[_WARM:] or spent
        played.capture = statistics.median(usual) if usual else None
        played.capture_most = max(spent, default=None)
        if plain and not any(cell.stop_at for cell in case.cells):
            played.plain = _papermill(case)
        return played


def _told(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):  # its text is the command line
        return f"the command did not end within {error.timeout:.0f} s"
    return f"{type(error).__name__}: {error}"


def _without_paths(text: str, cwd: Path) -> str:
    """What is told of a case is the same on every machine."""
    for folder in (cwd, cwd.parent, sys.prefix):
        text = text.replace(f"{folder}/", "")
    return text


def _record(case: Case, home: Home, cwd: Path) -> list[float]:
    """Execute the case's steps; return the seconds that the hooks around each cell took."""
    _outside(case.before, cwd)
    notebook = Notebook(home.path, cwd, case.env)
    try:
        _ask(notebook, stopwatch.START)
        loaded = notebook.run("%load_ext runlore")
        if not loaded.ok:
            raise RuntimeError(f"%load_ext runlore failed: {loaded.text}")
        for step in case.steps:
            if step.role == "outside":
                _outside(step.source, cwd)
            elif step.stop_at is not None:
                _interrupted(notebook, step)
            else:
                notebook.run(step.source)
        spent = _ask(notebook, "", stopwatch.TAKE)
    finally:
        notebook.close()
    # The cell that loads Runlore has no hooks of Runlore's before it.
    pairs = [times for event, times, _ in spent if event == "pre_run_cell"][1:]
    ends = [times for event, times, _ in spent if event == "post_run_cell"][-len(pairs) :] if pairs else []
    return [before + after for before, after in zip(pairs, ends, strict=False)]


def _interrupted(notebook: Notebook, step: Cell) -> None:
    notebook.start(step.source)
    notebook.wait_for_output(step.stop_at or "")
    time.sleep(_GO_ON)
    # Some libraries lose an interrupt that comes while they are imported; a person presses once more.
    presses = threading.Thread(target=_press, args=(notebook, done := threading.Event()))
    presses.start()
    try:
        _ask(notebook, "")  # it is answered when the cell has come to its end
    finally:
        done.set()
        presses.join()


def _press(notebook: Notebook, done: threading.Event) -> None:
    notebook.interrupt()
    while not done.wait(5.0):
        notebook.interrupt()


def _ask(notebook: Notebook, code: str, expression: str = "0") -> Any:
    """Have the kernel do something that leaves no trace in its history; the value of an expression after it."""
    client = notebook._client  # a front-end's silent request, which no notebook cell is
    asked = client.execute(code, silent=True, user_expressions={"it": expression}, stop_on_error=False)
    deadline = time.monotonic() + _LIMIT
    while time.monotonic() < deadline:
        reply = client.get_shell_msg(timeout=_LIMIT)
        if reply["parent_header"].get("msg_id") == asked:
            content = reply["content"]
            if content["status"] != "ok":
                raise RuntimeError(f"the kernel refused: {content}")
            found = content["user_expressions"]["it"]
            return eval(found["data"]["text/plain"])  # the repr of a text of ours
    raise TimeoutError("the kernel did not answer")


def _outside(source: str, cwd: Path) -> None:
    if source:
        subprocess.run([sys.executable, "-c", source], cwd=cwd, check=True, capture_output=True, text=True)


@contextlib.contextmanager
def _serving(case: Case, cwd: Path) -> Iterator[None]:
    """Keep the case's server running; it says so with a file ``port``."""
    if not case.serve:
        yield
        return
    server = subprocess.Popen([sys.executable, "-c", case.serve], cwd=cwd)
    try:
        while not (cwd / "port").exists():
            if server.poll() is not None:
                raise RuntimeError("the case's server did not start")
            time.sleep(0.02)
        yield
    finally:
        server.kill()
        server.wait()


def _verify(case: Case, home: Home) -> Played:
    session = SessionRecord(home, session_ids(home)[-1])
    session.refresh()
    session.refresh()
    runs = [run for run in session.runs.values() if case.verify in (None, run.name)]
    if not runs:
        raise RuntimeError("no run was recorded")
    journal = _size(home.session(session.session_id))
    objects = _size(home.objects)
    kernels = home.path.with_name("jupyter")
    start = time.perf_counter()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "runlore_server.cli",
            "verify",
            runs[-1].run_id,
            "--json",
            "--home",
            str(home.path),
            *(["--kernel", _other_kernel(case, kernels)] if case.kernel else []),
            *case.rerun,
        ],
        env={**os.environ, "RUNLORE_HOME": str(home.path), "JUPYTER_PATH": str(kernels)},
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=False,
    )
    seconds = time.perf_counter() - start
    verdict, said = _heard(done.stdout)
    return Played(
        case=case.name,
        verdict=verdict,
        said=said,
        met=case.meets(verdict, said),
        cells=len(case.cells),
        journal=journal,
        objects=objects,
        rerun=seconds,
        trouble=done.stderr.strip()[-2000:] if verdict in ("CRASHED", "REFUSED") else "",
    )


def _other_kernel(case: Case, folder: Path) -> str:
    """Install a kernel that differs from the recorded one by the case's variables only; its name."""
    spec = folder / "kernels" / "other" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    told = {"argv": argv, "display_name": "other", "language": "python", "env": case.kernel}
    spec.write_text(json.dumps(told))
    return spec.parent.name


def _heard(stdout: str) -> tuple[str, str]:
    """The word and everything said with it, of what ``verify --json`` printed."""
    try:
        found: dict[str, Any] = json.loads(stdout)
    except ValueError:
        return "CRASHED", stdout[-2000:]
    if error := found.get("error"):
        unexpected = str(error["message"]).startswith("unexpected: ")
        return "CRASHED" if unexpected else "REFUSED", f"{error['reason']}: {error['message']}"
    causes = [cause if isinstance(cause, str) else json.dumps(cause) for cause in found.get("causes", [])]
    return str(found["verdict"]), " | ".join([str(found["reason"]), *causes])


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def _papermill(case: Case) -> float | None:
    """How long papermill alone takes for the cells; ``None`` where it does not come to their end."""
    sources = ["%load_ext runlore", *(cell.source for cell in case.cells)]
    notebook = {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "execution_count": None,
                "metadata": {"tags": ["raises-exception"]},
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(sources)
        ],
        "metadata": {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    with tempfile.TemporaryDirectory(prefix="corpus-", ignore_cleanup_errors=True) as directory:
        cwd = Path(directory)
        (cwd / "work.ipynb").write_text(json.dumps(notebook))
        with _serving(case, cwd):
            _outside(case.before, cwd)
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "papermill", "work.ipynb", "out.ipynb", "--no-progress-bar"],
                cwd=cwd,
                env={**os.environ, **case.env, "RUNLORE_HOME": str(cwd / "home")},
                capture_output=True,
                timeout=_LIMIT,
                check=False,
            )
            return time.perf_counter() - start if done.returncode == 0 else None
