"""Bringing the mirrored sessions of a home up to what MLflow has."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING

from runlore_server.filter.tree import Field
from runlore_server.mirror.counts import Counts
from runlore_server.mirror.folders import Folders
from runlore_server.mirror.source import Source
from runlore_server.mirror.translation import runlore_id, translated
from runlore_server.store.mirrored import is_live
from runlore_server.store.runs import RunStore

if TYPE_CHECKING:
    from mlflow.entities import Run

_OVERLAP = 3_600_000
"""Milliseconds by which clocks of those who log to one store may differ before the next look at everything."""


class Sync:
    """Follows one tracking store. Not for several threads at once.

    Raises, from ``look``:
        TrackingStoreAway, ExportRefused: see ``Source``.
        OSError, sqlite3.Error: the home cannot be read or written.

    Args:
        source: the tracking store.
        store: the runs of the home's own kernels.
        folders: where the mirrored ones go.

    Attributes:
        seconds: how long the last look took, but for the first question, which may have to connect.
    """

    def __init__(self, source: Source, store: RunStore, folders: Folders) -> None:
        self._source = source
        self._store = store
        self._folders = folders
        self._sessions: dict[str, str] | None = None
        self._experiments: dict[str, str] = {}
        self._claims: dict[str, str] = {}  # which run of MLflow is shown under which id, and the other way round
        self._names: dict[str, str] = {}
        self._logged: set[str] = set()
        self._last_end = 0
        self._came = self._changed = self._gone = 0
        self.seconds = 0.0

    @property
    def has_live(self) -> bool:
        """Whether a run is shown that still runs."""
        return any(map(is_live, self._sessions or {}))

    def look(self, *, whole: bool) -> tuple[Counts, bool]:
        """Bring everything up to date, or what is likely to have changed: runs that still run or ended lately.

        Returns:
            What it brought, and whether it was a look at everything: it is one, too, where experiments changed.
        """
        self._came = self._changed = self._gone = 0
        experiments = self._source.experiments()
        began = time.monotonic()
        whole = whole or self._sessions is None or experiments != self._experiments
        self._experiments, self._logged = experiments, self._logged_in_runs()
        if whole:
            self._look_at_all()
        else:
            self._look_at_news()
        self.seconds = time.monotonic() - began
        return Counts(len(self._shown), self._came, self._changed, self._gone), whole

    @property
    def _shown(self) -> dict[str, str]:
        """The session of each run of MLflow that is shown."""
        if self._sessions is None:
            self._sessions = self._folders.known()
        return self._sessions

    def _logged_in_runs(self) -> set[str]:
        """Runs of MLflow that were open within runs of ours, whose journals have all of them already."""
        found: set[str] = set()
        for number in count(1):
            name = "mlflow/run_id" if number == 1 else f"mlflow-{number}/run_id"
            values = self._store.values(Field("tag", name))
            found |= values
            if not values:
                return found
        return found

    def _look_at_all(self) -> None:
        self._sessions = self._folders.known()
        before = set(self._sessions)
        for page in self._source.runs(list(self._experiments)):
            before.difference_update(str(run.info.run_id) for run in page)
            self._take_all(page)
        self._ask_for(before)

    def _look_at_news(self) -> None:
        live = {run for run, session in self._shown.items() if is_live(session)}
        for page in self._source.runs(list(self._experiments), "attributes.status = 'RUNNING'"):
            live.difference_update(str(run.info.run_id) for run in page)
            self._take_all(page)
        query = f"attributes.end_time >= {max(self._last_end - _OVERLAP, 0)}"
        for page in self._source.runs(list(self._experiments), query, "attributes.end_time DESC"):
            live.difference_update(str(run.info.run_id) for run in page)
            if not self._take_all(page):
                break
        self._ask_for(live)

    def _ask_for(self, mlflow_run_ids: Iterable[str]) -> None:
        """Runs that were not found: they are gone, or were passed over because another one went meanwhile."""
        for mlflow_run_id in mlflow_run_ids:
            run = self._source.run(mlflow_run_id)
            if run is None or run.info.experiment_id not in self._experiments:
                self._drop(mlflow_run_id)
            else:
                self._take_all([run])

    def _take_all(self, page: list[Run]) -> bool:
        """Show these runs as they are; whether that was news of any of them."""
        if any((own := runlore_id(run)) is not None and own not in self._store for run in page):
            # A run of ours that began since the last look: its journal was there before MLflow was told of it.
            self._store.refresh()
        news = [self._take(run) for run in page]
        return any(news)

    def _take(self, run: Run) -> bool:
        mlflow_run_id = str(run.info.run_id)
        self._last_end = max(self._last_end, run.info.end_time or 0)
        if self._is_ours(run):
            return self._drop(mlflow_run_id)
        run_id = runlore_id(run) or mlflow_run_id
        if self._claims.setdefault(run_id, mlflow_run_id) != mlflow_run_id:
            run_id = mlflow_run_id
        self._names[mlflow_run_id] = run_id
        foreign = translated(run, run_id, self._experiments.get(run.info.experiment_id, run.info.experiment_id))
        before = self._shown.get(mlflow_run_id)
        session = self._folders.put(foreign, before)
        if session is None or session == before:
            return False
        self._shown[mlflow_run_id] = session
        self._came += before is None
        self._changed += before is not None
        return True

    def _is_ours(self, run: Run) -> bool:
        """Whether a journal of the home has the run."""
        own = runlore_id(run)
        return run.info.run_id in self._logged or (own is not None and own in self._store)

    def _drop(self, mlflow_run_id: str) -> bool:
        session = self._shown.pop(mlflow_run_id, None)
        self._claims.pop(self._names.pop(mlflow_run_id, ""), None)
        if session is None:
            return False
        self._folders.remove(session)
        self._gone += 1
        return True
