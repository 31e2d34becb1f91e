"""Weights & Biases without its server."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import Peer

_BLOCK, _START = 32_768, 7
_FRAME = struct.Struct("<IHB")
_WHOLE, _LAST = 1, 4


class Wandb(Peer):
    """``run.log`` offline. Its package has no reader of its files but the uploader of ``wandb sync``.

    They are logs of LevelDB's format that hold the package's own protobuf messages; both are read here.
    """

    label = "W&B, offline"
    module = "wandb"
    requirements = ("wandb>=0.19",)

    def __init__(self) -> None:
        os.environ.update(
            WANDB_MODE="offline", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false", WANDB_DIR=str(Path.cwd())
        )
        import wandb

        self._wandb = wandb

    def start(self, run: str) -> None:
        self._run = self._wandb.init(project="bench", name=run, id=run, mode="offline")

    def log(self, values: Sequence[float]) -> None:
        run = self._run
        for value in values:
            run.log({"loss": value})

    def log_ten(self, rows: Sequence[Mapping[str, float]]) -> None:
        run = self._run
        for row in rows:
            run.log(row)

    def finish(self) -> None:
        self._run.finish()

    def locate(self, runs: Sequence[str]) -> None:
        from wandb.proto.wandb_internal_pb2 import Record

        self._record = Record
        self._files = {run: next(Path("wandb").glob(f"offline-run-*-{run}/*.wandb")) for run in runs}

    def points(self, run: str, metric: str) -> Sequence[float]:
        return [
            float(json.loads(item.value_json))
            for record in self._records(self._files[run].read_bytes())
            if record.WhichOneof("record_type") == "history"
            for item in record.history.item
            if metric in (item.key, *item.nested_key)
        ]

    def _records(self, content: bytes) -> Iterator[Any]:
        at, message = _START, b""
        while at + _FRAME.size <= len(content):
            left = _BLOCK - at % _BLOCK
            if left < _FRAME.size:
                at += left
                continue
            _, length, kind = _FRAME.unpack_from(content, at)
            at += _FRAME.size + length
            if not kind or at > len(content):  # written no further than this
                return
            message += content[at - length : at]
            if kind in (_WHOLE, _LAST):
                yield self._record.FromString(message)
                message = b""
