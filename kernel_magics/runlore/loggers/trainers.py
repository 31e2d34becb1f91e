"""Training loops that log by themselves: Lightning's, the Hugging Face Trainer's, Keras'.

They are heard only where no other way leads here already, so that no point comes twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runlore.session import Session


class LightningListener:
    """Hears ``CSVLogger``, Lightning's own choice where TensorBoard is not installed."""

    methods = ("log_metrics",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def log_metrics(self, _: Any, logger: Any, metrics: Mapping[str, Any], step: int | None = None) -> None:
        run = self._session.active_run
        if run is not None:
            run.curves.receive(run.curves.sources.label("csv", str(logger.log_dir)), metrics, step)


class TransformersListener:
    """Hears ``Trainer.log`` of Hugging Face; the steps are the trainer's global steps."""

    methods = ("log",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def log(self, _: Any, trainer: Any, logs: Mapping[str, Any], *_rest: Any, **__: Any) -> None:
        run = self._session.active_run
        callbacks = trainer.callback_handler.callbacks
        if run is None or not trainer.state.is_world_process_zero:
            return
        if not _reported_by(callbacks, {"RunloreCallback", "MLflowCallback", "TensorBoardCallback"}):
            run.curves.receive("trainer", numbers(logs), trainer.state.global_step)


class KerasListener:
    """Hears the end of each epoch of ``fit``; the steps are the epochs, from 0."""

    methods = ("on_epoch_end",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def on_epoch_end(self, _: Any, callbacks: Any, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        run = self._session.active_run
        if run is None or _reported_by(callbacks.callbacks, {"RunloreCallback", "MlflowCallback"}):
            return
        run.curves.receive("keras", numbers(logs or {}), epoch)


def numbers(logs: Mapping[str, Any]) -> dict[str, Any]:
    """What of a trainer's log is no text."""
    return {name: value for name, value in logs.items() if not isinstance(value, str)}


def _reported_by(callbacks: Iterable[object], names: set[str]) -> bool:
    return any(base.__name__ in names for callback in callbacks for base in type(callback).__mro__)
