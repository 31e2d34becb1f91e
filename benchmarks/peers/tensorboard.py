"""TensorBoard's event files, written by torch."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.peers.peer import METRIC, Peer


class Tensorboard(Peer):
    """``SummaryWriter.add_scalar``, which has no call for ten values; read by TensorBoard's own accumulator."""

    label = "TensorBoard, torch"
    module = "torch"

    def __init__(self) -> None:
        self._read: dict[str, Any] = {}
        from torch.utils.tensorboard import SummaryWriter

        self._writer_class: Any = SummaryWriter

    def start(self, run: str) -> None:
        self._writer = self._writer_class(run)

    def log(self, values: Sequence[float]) -> None:
        writer = self._writer
        for step, value in enumerate(values):
            writer.add_scalar("loss", value, step)

    def log_ten(self, rows: Sequence[Mapping[str, float]]) -> None:
        writer = self._writer
        for step, row in enumerate(rows):
            for name, value in row.items():
                writer.add_scalar(name, value, step)

    def finish(self) -> None:
        self._writer.close()

    def locate(self, runs: Sequence[str]) -> None:  # noqa: ARG002 - they lie where their names say
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        self._accumulator: Any = EventAccumulator

    def points(self, run: str, metric: str) -> Sequence[float]:
        if run not in self._read:
            self._read = {run: self._accumulated(run, 0)}
        events = self._read[run]
        return [event.value for event in events.Scalars(metric)] if metric in events.Tags()["scalars"] else []

    def curves(self, runs: Sequence[str], points: int) -> list[Sequence[float]]:
        return [[event.value for event in self._accumulated(run, points).Scalars(METRIC)] for run in runs]

    def stored(self, value: float) -> float:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])

    def _accumulated(self, run: str, points: int) -> Any:
        """The run's events, so many of each metric at the most; 0 for all."""
        return self._accumulator(run, size_guidance={"scalars": points, "tensors": points}).Reload()
