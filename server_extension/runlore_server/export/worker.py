"""What the process does that brings runs to MLflow: its work holds up neither the server nor its panel."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from runlore_server.companion.process import Companion
from runlore_server.companion.work import Check, serve
from runlore_server.config import Config
from runlore_server.export.connection import SETTINGS
from runlore_server.ownership import Ownership

_GRACE = 3.0
"""Seconds that a step may go on when the process is to end; to be cut short then does no harm."""


class Task(msgspec.Struct, frozen=True):
    """A run to bring."""

    session_id: str
    run_id: str


def export_process(config: Config, ownership: Ownership) -> Companion:
    """The process for a home; takes a ``Task`` and tells nothing."""
    # MLflow may leave a folder where it is; the address of a store that was chosen may be relative to that.
    place = config.mlflow_directory if config.own_database is not None else None
    return Companion(__name__, config, variables=SETTINGS, ownership=ownership, grace=_GRACE, place=place)


def main() -> None:
    """Bring runs until the input ends."""
    serve(Task, _open, "export")


def _open(config: Config, check: Check) -> Callable[[Task], None]:
    from runlore_server.export.transfer import Transfer

    transfer = Transfer(config, check)
    return lambda task: transfer.bring(task.session_id, task.run_id)
