"""TensorBoard's event files, written by tensorboardX."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.tensorboard import Tensorboard


class TensorboardX(Tensorboard):
    """The same files without torch."""

    label = "TensorBoard, tensorboardX"
    module = "tensorboardX"
    reads = False

    def __init__(self) -> None:
        self._read: dict[str, Any] = {}
        from tensorboardX import SummaryWriter

        self._writer_class: Any = SummaryWriter
