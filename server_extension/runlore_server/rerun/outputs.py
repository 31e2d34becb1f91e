"""How much of what cells show goes into the notebook of a rerun.

The journal has its own limits (``runlore.capture.outputs``), and verdicts compare what the journals have: what is
left out here changes no verdict. A cell goes on, whatever it shows; the notebook says that something is missing.
"""

from __future__ import annotations

import os
from typing import Any

from runlore.untrusted import LARGEST
from runlore_server.config import size_of

CELL_VARIABLE, NOTEBOOK_VARIABLE = "RUNLORE_CELL_OUTPUT", "RUNLORE_NOTEBOOK_OUTPUT"
_CELL, _NOTEBOOK = 8 << 20, 64 << 20
_ESCAPED = 6
"""Bytes that JSON takes for a control character."""
_LONGEST_ERROR = 64 << 10
"""Characters of each part of an error, which is shown in any case."""


class OutputLimit:
    """Decides about each message of a kernel that shows something.

    Args:
        cell: bytes that a cell may show, as text or as it is encoded in the notebook; by default
            ``$RUNLORE_CELL_OUTPUT``, else 8 MiB.
        notebook: the same for all cells together; by default ``$RUNLORE_NOTEBOOK_OUTPUT``, else 64 MiB.

    Attributes:
        dropped: bytes left out, by the index of the cell.

    Raises:
        SettingRefused: a variable holds no size.
    """

    def __init__(self, cell: int | None = None, notebook: int | None = None) -> None:
        self._cell = _of(CELL_VARIABLE, _CELL) if cell is None else cell
        self._notebook = _of(NOTEBOOK_VARIABLE, _NOTEBOOK) if notebook is None else notebook
        self._kept: dict[int, int] = {}
        self._displays: dict[str, int] = {}
        self.dropped: dict[int, int] = {}

    def cleared(self, index: int) -> None:
        """What the cell showed so far is gone."""
        self._kept[index] = 0

    def admit(self, message: dict[str, Any], index: int) -> bool:
        """Whether a message may be shown by a cell; one that is too long for it may be shortened.

        Args:
            message: of the kernel; one that shows nothing is always admitted.
            index: the cell's.
        """
        kind, content = message["msg_type"], message["content"]
        if kind == "error":
            content["evalue"] = content["evalue"][:_LONGEST_ERROR]
            content["traceback"] = [line[:_LONGEST_ERROR] for line in content["traceback"]]
        elif kind == "stream":
            return self._admit_text(content, index)
        elif kind in {"display_data", "execute_result", "update_display_data"}:
            display = (content.get("transient") or {}).get("display_id")
            return self._admit_display(_size(content["data"]), display, index)
        return True

    def note(self, index: int) -> str:
        """What the notebook says where output of a cell is left out."""
        kept = self._notebook if self._kept.get(index, 0) < self._cell else self._cell
        which = "the notebook" if kept == self._notebook else "this cell"
        variable = NOTEBOOK_VARIABLE if kept == self._notebook else CELL_VARIABLE
        return (
            f"[Runlore: {self.dropped[index]:,} more bytes of output are left out here, beyond the {kept:,} that "
            f"are kept of {which}; {variable} sets another limit]\n"
        )

    def _room(self, index: int) -> int:
        return min(self._cell - self._kept.get(index, 0), self._notebook - sum(self._kept.values()))

    def _admit_text(self, content: dict[str, Any], index: int) -> bool:
        text: str = content["text"]
        size = len(text) if text.isascii() else len(text.encode(errors="replace"))
        if (room := self._room(index)) < size:
            shortened = text.encode(errors="replace")[: max(0, room)].decode(errors="ignore")
            self._drop(size - max(0, room), index)
            self._keep(max(0, room), index)
            content["text"] = shortened
            return bool(shortened)
        self._keep(size, index)
        return True

    def _admit_display(self, size: int, display: str | None, index: int) -> bool:
        known = self._displays.get(display, 0) if display else 0
        if size - known > self._room(index):
            self._drop(size, index)
            return False
        self._keep(size - known, index)  # what is shown again and again, as progress is, takes its place but once
        if display:
            self._displays[display] = size
        return True

    def _keep(self, size: int, index: int) -> None:
        self._kept[index] = max(0, self._kept.get(index, 0) + size)

    def _drop(self, size: int, index: int) -> None:
        self.dropped[index] = self.dropped.get(index, 0) + size


def largest_notebook() -> int:
    """Bytes that the file of a notebook may have that shows all it may.

    Raises:
        SettingRefused: ``$RUNLORE_NOTEBOOK_OUTPUT`` holds no size.
    """
    return LARGEST + _ESCAPED * _of(NOTEBOOK_VARIABLE, _NOTEBOOK)


def _of(variable: str, default: int) -> int:
    text = os.environ.get(variable)
    return size_of(variable, text) if text else default


def _size(data: Any) -> int:
    """About as many bytes as JSON takes for a value, which is what a notebook holds."""
    if isinstance(data, str):
        return len(data)
    if isinstance(data, dict):
        return sum(_size(key) + _size(value) for key, value in data.items())
    if isinstance(data, list):
        return sum(map(_size, data))
    return 8
