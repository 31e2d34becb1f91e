"""What a cell prints while it runs: beside the journal, which has all of it once the cell has ended.

A file of lines of JSON: which cell it is and how many characters before the rest are gone, then one text after the
other. In the session's folder it is the kernel's (see ``runlore.capture.printing``), in that of a rerun it is its
runner's; they remove it at the end. Whoever looks reads what there is.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

import msgspec

from runlore.decodable import decodable
from runlore.untrusted import open_regular

FILE = "live.jsonl"
"""Its name in the folder of the session, or of the rerun."""

MOST = 1 << 20
"""Characters of a cell that are kept at the most; when there are more, the last half of them stays."""

_LONGEST = 16 * MOST
"""Bytes of such a file that are read."""

Name = Literal["stdout", "stderr"]


class Text(msgspec.Struct, frozen=True):
    """Some of what a cell printed."""

    name: Name
    text: str


class _Head(msgspec.Struct, frozen=True):
    cell: int
    dropped: int = 0


class Live(msgspec.Struct, frozen=True):
    """What the cell printed so far that has the ordinal ``cell`` in its session; of a rerun, in the original's.

    ``dropped`` counts the characters before that are not kept.
    """

    cell: int
    dropped: int
    texts: list[Text]


class LiveWriter:
    """Writes the file; trouble with it is nobody's but its own, so every method raises nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._head = _Head(0)
        self._texts: list[Text] = []
        self._size = 0

    def begin(self, cell: int) -> None:
        """From now on it is about this cell."""
        self._head = _Head(cell)
        self.clear()

    def clear(self) -> None:
        """The cell took back what it had printed."""
        self._texts, self._size = [], 0
        self._rewrite()

    def add(self, name: str, text: str) -> None:
        """The cell printed this."""
        sound = text[-MOST:].encode(errors="backslashreplace").decode()  # JSON has no half of a surrogate pair
        added = Text("stderr" if name == "stderr" else "stdout", sound)
        self._texts.append(added)
        self._size += len(added.text)
        if self._size > MOST:
            self._halve()
            self._rewrite()
            return
        with contextlib.suppress(OSError), self._path.open("ab") as file:
            file.write(_line(added))

    def end(self) -> None:
        """There is nothing that runs."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _halve(self) -> None:
        kept: list[Text] = []
        room = MOST // 2
        for one in reversed(self._texts):
            if room <= 0:
                break
            kept.append(Text(one.name, one.text[-room:]))
            room -= len(one.text)
        self._texts = kept[::-1]
        size = sum(len(one.text) for one in kept)
        self._head = _Head(self._head.cell, self._head.dropped + self._size - size)
        self._size = size

    def _rewrite(self) -> None:
        with contextlib.suppress(OSError):
            self._path.write_bytes(b"".join(map(_line, (self._head, *self._texts))))


def read_live(path: Path) -> Live | None:
    """What the file says; ``None`` where there is none, or none that can be read."""
    try:
        with open_regular(path) as file:
            lines = file.read(_LONGEST).split(b"\n")[:-1]  # behind the last end of a line, one is being written
        head = msgspec.json.decode(lines[0], type=decodable(_Head))
        texts = [msgspec.json.decode(line, type=decodable(Text)) for line in lines[1:]]
    except (OSError, IndexError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Live(head.cell, head.dropped, texts)


def _line(entry: msgspec.Struct) -> bytes:
    return msgspec.json.encode(entry) + b"\n"
