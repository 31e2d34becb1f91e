"""The floor of a mapped file: records packed into memory that the kernel writes back."""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import time

from benchmarks.peers.flat import RECORD, FlatFiles
from benchmarks.peers.peer import METRIC, TEN

_CHUNK = 1 << 20


class _MappedFile:
    """A file that is mapped as a whole and grows by chunks."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self.size, self.end = 0, 0
        self.grow()

    def grow(self) -> mmap.mmap:
        self.size += _CHUNK
        self._file.truncate(self.size)
        self.mapping = mmap.mmap(self._file.fileno(), self.size)
        return self.mapping

    def close(self) -> None:
        self.mapping.close()
        self._file.truncate(self.end)
        self._file.close()


class Mapped(FlatFiles):
    """``struct`` into a mapping, with no check of the value and no lock."""

    label = "struct into a mapped file (floor)"

    def start(self, run: str) -> None:
        super().start(run)
        self._files = {name: _MappedFile(self.file(name)) for name in (METRIC, *TEN)}

    def log(self, values: Sequence[float]) -> None:
        file = self._files[METRIC]
        mapping, size, pack, at = file.mapping, file.size, RECORD.pack_into, 0
        for step, value in enumerate(values):
            if at + 24 > size:
                mapping, size = file.grow(), file.size
            pack(mapping, at, step, time(), value)
            at += 24
        file.end = at

    def log_ten(self, rows: Sequence[Mapping[str, float]]) -> None:
        files, pack, at = self._files, RECORD.pack_into, 0
        for step, row in enumerate(rows):
            now = time()
            for name, value in row.items():
                file = files[name]
                if at + 24 > file.size:
                    file.grow()
                pack(file.mapping, at, step, now, value)
            at += 24
        for name in TEN:
            files[name].end = at

    def finish(self) -> None:
        for file in self._files.values():
            file.close()
