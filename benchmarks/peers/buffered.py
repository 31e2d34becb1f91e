"""The floor of what may be lost: records packed into a buffered file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import time

from benchmarks.peers.flat import RECORD, FlatFiles
from benchmarks.peers.peer import METRIC, TEN


class Buffered(FlatFiles):
    """``struct`` and a file as ``open`` gives it; what lies in its buffer is lost at a SIGKILL."""

    label = "struct into a buffered file (floor)"

    def start(self, run: str) -> None:
        super().start(run)
        self._files = {name: self.file(name).open("wb") for name in (METRIC, *TEN)}

    def log(self, values: Sequence[float]) -> None:
        write, pack = self._files[METRIC].write, RECORD.pack
        for step, value in enumerate(values):
            write(pack(step, time(), value))

    def log_ten(self, rows: Sequence[Mapping[str, float]]) -> None:
        writes, pack = {name: self._files[name].write for name in TEN}, RECORD.pack
        for step, row in enumerate(rows):
            now = time()
            for name, value in row.items():
                writes[name](pack(step, now, value))

    def finish(self) -> None:
        for file in self._files.values():
            file.close()
