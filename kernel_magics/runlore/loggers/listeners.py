"""All listeners of a session, each put in place once its library is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from runlore.capture.imports import ImportWatcher
from runlore.loggers.method import MethodListener
from runlore.loggers.mlflow import MlflowListener
from runlore.loggers.tensorboard import TensorBoardListener
from runlore.loggers.trainers import KerasListener, LightningListener, TransformersListener

if TYPE_CHECKING:
    from runlore.session import Session


class Listener(Protocol):
    """Takes what one library is given, in methods named like those of the library's."""

    @property
    def methods(self) -> Sequence[str]:
        """Their names."""


class LoggerListeners:
    """Listens to other loggers as long as the session lasts; ``session.captures`` holds it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._installed: list[MethodListener] = []
        self._failed: set[str] = set()
        tensorboard, lightning = TensorBoardListener(session), LightningListener(session)
        self._classes: dict[str, tuple[str, Listener]] = {
            "mlflow.tracking.client": ("MlflowClient", MlflowListener(session)),
            "torch.utils.tensorboard.writer": ("SummaryWriter", tensorboard),
            "tensorboardX.writer": ("SummaryWriter", tensorboard),
            "lightning.fabric.loggers.csv_logs": ("CSVLogger", lightning),
            "lightning_fabric.loggers.csv_logs": ("CSVLogger", lightning),
            "transformers.trainer": ("Trainer", TransformersListener(session)),
            "keras.src.callbacks.callback_list": ("CallbackList", KerasListener(session)),
        }
        self._imports = ImportWatcher(list(self._classes), self._listen)
        for module in self._classes:
            if module in sys.modules:
                self._listen(module)
        self._imports.install()

    def cell_started(self, ordinal: int) -> None:
        """Nothing to do."""

    def cell_finished(self, ordinal: int) -> dict[str, Any]:  # noqa: ARG002 - as every capture
        """Nothing that belongs to a cell."""
        return {}

    def session_ended(self) -> None:
        """Leave every library as it was."""
        self._imports.remove()
        while self._installed:
            self._installed.pop().remove()

    def _listen(self, module: str) -> None:
        name, listener = self._classes[module]
        owner = getattr(sys.modules[module], name, None)
        for method in listener.methods:
            heard: Callable[..., None] = getattr(listener, method)
            try:
                self._installed.append(MethodListener(owner, method, heard, self._note))  # type: ignore[arg-type]
            except Exception as error:  # noqa: BLE001 - another version of the library, half imported, patched
                self._note(f"{module}.{name}.{method}", error)

    def _note(self, what: str, error: Exception) -> None:
        if what not in self._failed:
            self._failed.add(what)
            self._session.not_captured(f"calls of {what}", f"{type(error).__name__}: {error}")
