"""Interrupts that come when a cell is about to begin or has just ended, repeated by a real rerun."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from runlore.session_record import SessionRecord, session_ids
from tests.conftest import Notebook
from tests.rerun.conftest import Recorded

_SLOW_TO_LOOK_AT = """\
import random
import numpy as np
rngs = [np.random.default_rng(n) for n in range(500)]
total, log = 0.0, []
"""
"""So many generators that Runlore works for milliseconds before each cell."""


def _wait_for_end(notebook: Notebook) -> None:
    """Wait until the kernel says that it is idle; of a cell that it lost it says no more than that."""
    while notebook._client.get_iopub_msg(timeout=60)["content"].get("execution_state") != "idle":
        continue


def test_an_interrupt_around_a_cell_s_ends_neither_loses_nor_half_records_it(tmp_path: Path) -> None:
    cwd = tmp_path / "work"
    cwd.mkdir()
    notebook = Notebook(tmp_path / "home", cwd).load()
    shown = []
    try:
        notebook.run(_SLOW_TO_LOOK_AT)
        notebook.run("%track on whole")
        for number in range(16):
            delay = 0.0005 * number
            press = threading.Timer(delay, os.kill, (notebook._pid, signal.SIGINT))
            press.start()
            notebook.start(f"total += random.random(); log.append({number})")
            press.join()
            _wait_for_end(notebook)
        shown = [notebook.run("print(log, total)").text]
    finally:
        notebook.close()
    home = notebook.home
    session = SessionRecord(home, session_ids(home)[-1])
    session.refresh()
    session.refresh()
    assert all(cell.outcome in ("ok", "interrupted") for cell in session.cells.values())
    done = {cell.source for cell in session.cells.values() if cell.outcome == "ok"}
    for number in range(16):  # what left its trace is recorded, and what ended well has left one
        source = f"total += random.random(); log.append({number})"
        left = f" {number}," in shown[0].replace("[", " ").replace("]", ",")
        assert left or source not in done
        assert not left or any(cell.source == source for cell in session.cells.values())
    recorded = Recorded(home, cwd, session, {run.name: run for run in session.runs.values()})
    verdict = recorded.verify("whole")
    assert verdict.json["verdict"] == "BIT-EXACT", verdict.json
