"""What is remembered of the models that are registered, so that nobody waits for MLflow to see them.

Losing it loses nothing: MLflow tells it again when it is asked.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from runlore.home import Home
from runlore_server.store.exports_file import ExportsFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS model_version (
    store TEXT NOT NULL,
    run_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    path TEXT,
    created REAL NOT NULL,
    PRIMARY KEY (store, name, version)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS model_version_run ON model_version (store, run_id);
"""


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a registered model.

    Attributes:
        name, version: as MLflow names it; ``models:/<name>/<version>`` is its address there.
        path: the artifact of the run that it is; ``None`` where it was registered by somebody else's hand.
        created: Unix seconds.
    """

    name: str
    version: str
    path: str | None
    created: float


class KnownVersions:
    """The versions of the models of a home's runs in one tracking store; safe to use from several threads.

    Every method raises what ``ExportsFile.opened`` raises where the file cannot be used.
    """

    def __init__(self, home: Home, tracking_uri: str) -> None:
        self._file = ExportsFile(home, tracking_uri, _SCHEMA)

    def of(self, run_id: str) -> list[ModelVersion]:
        """Those of one run, the latest first."""
        if not self._file.exists():
            return []
        with self._file.opened() as connection:
            rows = connection.execute(
                "SELECT name, version, path, created FROM model_version WHERE store = ? AND run_id = ?"
                " ORDER BY created DESC, name, length(version) DESC, version DESC",
                (self._file.store, run_id),
            )
            return [
                ModelVersion(name=name, version=version, path=path, created=created)
                for name, version, path, created in rows
            ]

    def put(self, run_id: str, versions: Iterable[ModelVersion]) -> None:
        """Remember that these are all that a run has."""
        store = self._file.store
        rows = [(store, run_id, one.name, one.version, one.path, one.created) for one in versions]
        with self._file.opened() as connection:
            connection.execute("DELETE FROM model_version WHERE store = ? AND run_id = ?", (store, run_id))
            connection.executemany("INSERT OR REPLACE INTO model_version VALUES (?, ?, ?, ?, ?, ?)", rows)

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        self._file.close()
