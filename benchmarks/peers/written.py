"""The floor of what survives a SIGKILL: one bare ``os.write`` a point."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.peers.flat import RECORD, FlatFiles
from benchmarks.peers.peer import METRIC, TEN


class Written(FlatFiles):
    """Records that were packed before the clock started, each written by a call of its own."""

    label = "os.write of 24 bytes (floor)"
    reads = True

    def prepared(self, values: Sequence[Any]) -> Sequence[Any]:
        if values and isinstance(values[0], Mapping):
            return [[RECORD.pack(step, 1.0, row[name]) for name in TEN] for step, row in enumerate(values)]
        return [RECORD.pack(step, 1.0, value) for step, value in enumerate(values)]

    def start(self, run: str) -> None:
        super().start(run)
        self._files = {name: os.open(self.file(name), os.O_WRONLY | os.O_CREAT, 0o600) for name in (METRIC, *TEN)}

    def log(self, values: Sequence[Any]) -> None:
        file = self._files[METRIC]
        for record in values:
            os.write(file, record)

    def log_ten(self, rows: Sequence[Any]) -> None:
        files = [self._files[name] for name in TEN]
        for records in rows:
            for file, record in zip(files, records):  # noqa: B905 - the cheapest loop: it is the floor
                os.write(file, record)

    def finish(self) -> None:
        for file in self._files.values():
            os.close(file)
