"""Cells whose accesses to files have been written down."""

from __future__ import annotations

import time
from pathlib import Path

from runlore.record import CellRecord
from tests.conftest import Notebook


def run(notebook: Notebook, source: str) -> CellRecord:
    """Execute a cell, and wait until what it opened is written down: what the next cell opens comes after it."""
    assert notebook.run(source).ok
    assert notebook.run("open('marker').close()").ok
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        cells = notebook.session().cells
        *_, cell, after = (cells[ordinal] for ordinal in sorted(cells))
        if any(Path(read.path).name == "marker" for read in after.facts.reads):
            return cell
        time.sleep(0.02)
    raise AssertionError("what the cell opened was never written down")
