"""What the process does that reads MLflow for the home: its work holds up neither the server nor its panel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from runlore_server.companion.process import Companion
from runlore_server.companion.work import Check, serve
from runlore_server.config import Config
from runlore_server.export.connection import SETTINGS
from runlore_server.mirror.counts import Counts
from runlore_server.ownership import Ownership


class Look(msgspec.Struct, frozen=True, tag=True):
    """Look at everything (``whole``), or at what is likely to have changed; answered by ``Looked``."""

    whole: bool


class Bring(msgspec.Struct, frozen=True, tag=True):
    """Bring a curve of a mirrored run."""

    session_id: str
    run_id: str
    metric: str


class Fetch(msgspec.Struct, frozen=True, tag=True):
    """Bring the curves that were exported with a run to a path; answered by whether MLflow has any."""

    mlflow_run_id: str
    target: str


Task = Look | Bring | Fetch


class Looked(msgspec.Struct, frozen=True):
    """What a look brought, whether it was at everything, whether a run still runs, and the seconds it took."""

    counts: Counts = Counts(0, 0, 0, 0)
    whole: bool = False
    live: bool = False
    seconds: float = 0.0


def mirror_process(config: Config, ownership: Ownership | None = None) -> Companion:
    """A process for a home, which takes any ``Task``; what it writes is whole or not there."""
    return Companion(__name__, config, variables=SETTINGS, ownership=ownership)


def main() -> None:
    """Work until the input ends."""
    serve(Task, _open, "mirror")


def _open(config: Config, check: Check) -> Callable[[Task], object]:  # noqa: ARG001 - it may end at any moment
    return _Worker(config).carry_out


class _Worker:
    def __init__(self, config: Config) -> None:
        # Here, not above: the process that asks needs none of it.
        from runlore_server.mirror.curves import Curves
        from runlore_server.mirror.folders import Folders
        from runlore_server.mirror.source import Source
        from runlore_server.mirror.sync import Sync
        from runlore_server.store.runs import RunStore

        self._store = RunStore(config.home, mirrored=False)
        self._source = Source(config)
        self._folders = Folders(config.home)
        self._room = config.curve_cache
        self._sync = Sync(self._source, self._store, self._folders)
        self._curves = Curves(config)

    def carry_out(self, task: Task) -> object:
        if isinstance(task, Look):
            return self._look(whole=task.whole)
        if isinstance(task, Fetch):
            return self._source.curves(task.mlflow_run_id, Path(task.target))
        self._curves.bring(task.session_id, task.run_id, task.metric)
        return None

    def _look(self, *, whole: bool) -> Looked:
        if not self._source.is_there:
            return Looked(whole=True)
        self._store.refresh()
        counts, was_whole = self._sync.look(whole=whole)
        if was_whole:
            self._folders.trim(self._room)
        return Looked(counts, was_whole, self._sync.has_live, self._sync.seconds)
