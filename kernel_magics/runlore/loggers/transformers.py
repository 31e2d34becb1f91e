"""A callback of Hugging Face's Trainer that writes to the open run: ``Trainer(callbacks=[RunloreCallback()])``."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from runlore.api import open_run
from runlore.loggers.trainers import numbers


class RunloreCallback(TrainerCallback):  # type: ignore[misc]
    """Logs what the trainer logs, with its global step.

    A trainer is heard without it. It is for one that reports to TensorBoard or MLflow and whose metrics shall have
    the trainer's own names.

    Raises:
        RunStateError: from the first log on, when no run is open.
    """

    def on_log(self, _args: Any, state: Any, _control: Any, logs: Any = None, **_: Any) -> None:
        """Append one point to each metric."""
        if state.is_world_process_zero:
            open_run().curves.receive("trainer", numbers(logs or {}), state.global_step)
