"""What user code writes to TensorBoard lands in the open run too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runlore.session import Session


class TensorBoardListener:
    """Hears ``SummaryWriter`` of torch and of tensorboardX.

    Each log directory is a source: the first is ``tensorboard``; a further one is named like its directory, as
    ``val``, or ``tensorboard-2`` where that name holds digits and so may be another one in a rerun.
    """

    methods = ("add_scalar", "add_scalars", "add_hparams")

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_scalar(
        self,
        _: Any,
        writer: Any,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        *_rest: Any,
        **__: Any,
    ) -> None:
        self._points(writer, {tag: scalar_value}, global_step, walltime)

    def add_scalars(
        self,
        _: Any,
        writer: Any,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        points = {f"{main_tag}/{tag}": value for tag, value in tag_scalar_dict.items()}
        self._points(writer, points, global_step, walltime)

    def add_hparams(self, _: Any, _writer: Any, hparam_dict: Mapping[str, Any], *_rest: Any, **__: Any) -> None:
        run = self._session.active_run
        if run is not None:  # its metrics come as scalars of their own
            run.log_params({name: value for name, value in hparam_dict.items() if name not in run.params})

    def _points(self, writer: Any, points: Mapping[str, Any], step: Any, walltime: float | None) -> None:
        run = self._session.active_run
        if run is None:
            return
        directory = str(getattr(writer, "log_dir", None) or getattr(writer, "logdir", ""))
        name = PurePath(directory).name
        preferred = None if any(character.isdigit() for character in name) else name or None
        run.curves.receive(run.curves.sources.label("tensorboard", directory, preferred), points, step, walltime)
