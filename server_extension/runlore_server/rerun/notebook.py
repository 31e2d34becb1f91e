"""The notebook that repeats a recorded session, cell by cell in executed order.

It is made and read as the JSON that its format is: nbformat takes as long to import as many a rerun takes to run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runlore.errors import JournalFormatError
from runlore.record import CellRecord
from runlore.untrusted import read_regular
from runlore_server.rerun.gateway import PREFIX
from runlore_server.rerun.kernels import Kernel
from runlore_server.rerun.outputs import largest_notebook
from runlore_server.whole import write_whole

Notebook = dict[str, Any]
"""A notebook in format 4.5."""

_VALID_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LONGEST_ID = 64

MAY_FAIL = "raises-exception"
"""The tag by which nbclient goes on after a cell that fails."""


def build(cells: Sequence[CellRecord], kernel: Kernel, runlore: dict[str, Any]) -> Notebook:
    """The notebook of these cells.

    Args:
        cells: the executions to repeat, in their order. The source is kept as it ran; a cell whose original was
            not seen to succeed is allowed to fail.
        kernel: what the notebook names as its kernel.
        runlore: the notebook's own ``metadata.runlore``; each cell's is ``{"cell": ordinal}``.
    """
    taken: set[str] = set()
    return {
        "cells": [_cell(cell, _unique_id(cell, taken)) for cell in cells],
        "metadata": {
            "kernelspec": {
                "name": (kernel.name or "python3").removeprefix(PREFIX),
                "display_name": kernel.display_name,
                "language": "python",
            },
            "language_info": {"name": "python"},
            "runlore": runlore,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def read(path: Path) -> Notebook:
    """A notebook that Runlore or papermill wrote.

    Raises:
        JournalFormatError: it is damaged; the cells of a rerun could write where it lies.
        OSError: it cannot be read, is no regular file, or is larger than a rerun may make one.
    """
    try:
        # Not by msgspec: what cells show may hold NaN, which nbformat writes as JSON has it not.
        notebook = json.loads(read_regular(path, largest_notebook()))
    except (ValueError, RecursionError) as error:
        raise JournalFormatError(f"{path.parent.name}/{path.name} is damaged: {error}") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise JournalFormatError(f"{path.parent.name}/{path.name} is damaged: it is no notebook")
    return notebook


def write(notebook: Notebook, path: Path) -> None:
    """Write a notebook, as a whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    write_whole(path, text.encode(errors="backslashreplace"))  # half a surrogate pair is escaped as JSON does it


def _cell(cell: CellRecord, cell_id: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"runlore": {"cell": cell.ordinal}}
    if not cell.store_history:
        metadata["runlore"]["store_history"] = False
    if cell.outcome != "ok":
        metadata["tags"] = [MAY_FAIL]
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": metadata,
        "outputs": [],
        "source": cell.source.splitlines(keepends=True),
    }


def _unique_id(cell: CellRecord, taken: set[str]) -> str:
    """The cell's own id at its first execution, one made from it at later ones."""
    wanted = cell.cell_id or f"cell-{cell.ordinal}"
    if not _VALID_ID.fullmatch(wanted) or wanted in taken:
        suffix = f"-{cell.ordinal}"
        wanted = re.sub(r"[^a-zA-Z0-9_-]", "-", wanted)[: _LONGEST_ID - len(suffix)] + suffix
    while wanted in taken:
        wanted = f"{wanted[: _LONGEST_ID - 2]}-x"
    taken.add(wanted)
    return wanted
