"""The notebook that repeats a recorded session, cell by cell in executed order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from runlore.record import CellRecord
from runlore_server.rerun.kernels import Kernel
from runlore_server.whole import write_whole

_VALID_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LONGEST_ID = 64

MAY_FAIL = "raises-exception"
"""The tag by which nbclient goes on after a cell that fails."""


def build(cells: Sequence[CellRecord], kernel: Kernel, runlore: dict[str, Any]) -> NotebookNode:
    """The notebook, in format 4.5.

    Args:
        cells: the executions to repeat, in their order. The source is kept as it ran; a cell whose original was
            not seen to succeed is allowed to fail.
        kernel: what the notebook names as its kernel.
        runlore: the notebook's own ``metadata.runlore``; each cell's is ``{"cell": ordinal}``.
    """
    taken: set[str] = set()
    notebook: NotebookNode = new_notebook(  # type: ignore[no-untyped-call]
        cells=[_cell(cell, _unique_id(cell, taken)) for cell in cells],
        metadata={
            "kernelspec": {
                "name": kernel.name or "python3",
                "display_name": kernel.display_name,
                "language": "python",
            },
            "language_info": {"name": "python"},
            "runlore": runlore,
        },
    )
    notebook.nbformat_minor = 5
    return notebook


def read(path: Path) -> NotebookNode:
    """The notebook in a file, in format 4."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook, as a whole or not at all."""
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    write_whole(path, text.encode(errors="backslashreplace"))


def _cell(cell: CellRecord, cell_id: str) -> NotebookNode:
    metadata: dict[str, Any] = {"runlore": {"cell": cell.ordinal}}
    if not cell.store_history:
        metadata["runlore"]["store_history"] = False
    if cell.outcome != "ok":
        metadata["tags"] = [MAY_FAIL]
    made: NotebookNode = new_code_cell(  # type: ignore[no-untyped-call]
        cell.source, id=cell_id, metadata=metadata
    )
    return made


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
