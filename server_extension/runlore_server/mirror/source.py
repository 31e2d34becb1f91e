"""What is read of MLflow's tracking store, through its public client alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runlore.archive import FILE
from runlore_server.export.tracking import TrackingStore

if TYPE_CHECKING:
    from mlflow.entities import Metric, Run

_PAGE = 100
"""Runs that are read at a time: few, for MLflow's tables turn slowly into objects."""

_MOST_EXPERIMENTS = 200
"""Experiments that are named in one search."""

_EXPERIMENTS = 1000
_OWN = "runlore"
_ARCHIVE = f"{_OWN}/{FILE}"


class Source(TrackingStore):
    """A tracking store that is only read; used by one thread at a time. MLflow is imported with the first call.

    Every method raises ``TrackingStoreAway`` when the store cannot be reached or is out of order, and
    ``ExportRefused`` when it does not take the question.
    """

    def experiments(self) -> dict[str, str]:
        """The name of every experiment that is not deleted, by its id."""
        found: dict[str, str] = {}
        token: str | None = None
        while True:
            self.knock()
            with self._translated():
                page = self._connect().search_experiments(max_results=_EXPERIMENTS, page_token=token)
            found.update((str(one.experiment_id), str(one.name)) for one in page)
            token = page.token or None
            if token is None:
                return found

    def runs(self, experiments: Sequence[str], query: str = "", order: str | None = None) -> Iterator[list[Run]]:
        """Pages of the runs in these experiments that are not deleted; those of a page at a time are in memory.

        Args:
            experiments: their ids.
            query: a filter of MLflow's.
            order: by what; the newest first by default.
        """
        for start in range(0, len(experiments), _MOST_EXPERIMENTS):
            some, token = list(experiments[start : start + _MOST_EXPERIMENTS]), None
            while True:
                self.knock()
                with self._translated():
                    page = self._connect().search_runs(
                        some, query, max_results=_PAGE, order_by=[order] if order else None, page_token=token
                    )
                yield list(page)
                token = page.token or None
                if token is None:
                    break

    def run(self, mlflow_run_id: str) -> Run | None:
        """The run; ``None`` where it was deleted."""
        self.knock()
        with self._translated():
            found = self._get(mlflow_run_id)
        return None if found is None or found.info.lifecycle_stage == "deleted" else found

    def history(self, mlflow_run_id: str, key: str) -> list[Metric]:
        """Every point of a metric, in no particular order; all at once, for MLflow gives no parts."""
        self.knock()
        with self._translated():
            return list(self._connect().get_metric_history(mlflow_run_id, key))

    def curves(self, mlflow_run_id: str, target: Path) -> bool:
        """Bring the curves that a Runlore exported with its run to ``target``; false where there are none."""
        self.knock()
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.name}-") as directory:
            with self._translated():
                client = self._connect()
                if _ARCHIVE not in {file.path for file in client.list_artifacts(mlflow_run_id, _OWN)}:
                    return False
                fetched = client.download_artifacts(mlflow_run_id, _ARCHIVE, directory)
            os.replace(fetched, target)
        return True
