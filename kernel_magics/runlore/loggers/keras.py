"""A Keras callback that writes to the open run: ``model.fit(..., callbacks=[RunloreCallback()])``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras.callbacks import Callback

from runlore.api import open_run
from runlore.loggers.trainers import numbers


class RunloreCallback(Callback):  # type: ignore[misc]
    """Logs the metrics of each epoch, and with ``batches=True`` those of each batch as ``batch/NAME``.

    The epochs of ``fit`` are heard without it.

    Raises:
        RunStateError: from the first log on, when no run is open.
    """

    def __init__(self, *, batches: bool = False) -> None:
        super().__init__()
        self._batches = batches

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Append one point to each metric; the step is the epoch, from 0."""
        open_run().curves.receive("keras", numbers(logs or {}), epoch)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        """Append one point to each metric; the steps count all batches."""
        if self._batches:
            points = {f"batch/{name}": value for name, value in numbers(logs or {}).items()}
            open_run().curves.receive("keras", points)
