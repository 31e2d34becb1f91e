"""Making anew what is a projection; journals, objects, curves and archives are never touched."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from runlore_server.config import Config
from runlore_server.database import alone, remove_beside
from runlore_server.doctor import exports, index, mirror
from runlore_server.doctor.checkup import Checkup
from runlore_server.doctor.databases import DAMAGED_PROJECTION, INDEX
from runlore_server.doctor.documents import PINS
from runlore_server.doctor.exports import Mending
from runlore_server.doctor.findings import Finding
from runlore_server.doctor.objects import LEFTOVER
from runlore_server.ownership import Ownership
from runlore_server.store.exports_file import exports_path
from runlore_server.store.index import RunIndex
from runlore_server.store.runs import RunStore


def repair(checkup: Checkup, config: Config, mending: Mending) -> list[str]:
    """Repair what can be, and say what was done; doing it again does nothing more."""
    did: list[str] = []
    for finding in checkup.findings:
        work = _WORKS.get(finding.kind.name)
        if work is None:
            continue
        try:
            finding.repaired = work(config, finding, mending)
        except (OSError, sqlite3.Error) as error:
            did.append(f"{finding.kind.title}: could not be repaired: {error}")
        if finding.repaired is not None:
            did.append(finding.repaired)
    return did


def _damaged(config: Config, finding: Finding, _: Mending) -> str | None:
    home, done = config.home, []
    for where, _detail in finding.places:
        path = home.path / where
        if path.name == INDEX:
            _build_index(config)
        elif path == exports_path(home):
            with _exporting(config) as ours:
                if not ours:
                    continue
                _remove(path)
        else:
            _remove(path)
        done.append(where)
    if len(done) < finding.count:
        return None
    return f"made anew or removed: {', '.join(done)}"


def _index(config: Config, finding: Finding, _: Mending) -> str:
    _build_index(config)
    return f"the index was built again; {finding.count} entries had differed"


def _build_index(config: Config) -> None:
    """From the journals. A server that has the old file open goes on with that until it starts again."""
    RunIndex(config.home).remove()
    store = RunStore(config.home)
    try:
        store.refresh()
        store.sum_up()
    finally:
        store.close()


def _exports(config: Config, finding: Finding, mending: Mending) -> str | None:
    with _exporting(config) as ours:
        if not ours:
            return None  # the exporter of a running server knows better what it is doing
        exports.mend(config, mending)
    return f"noted what MLflow has of {finding.count} runs; 'runlore ingest' or a server brings the rest"


def _pins(config: Config, finding: Finding, _: Mending) -> str:
    for where, _detail in finding.places:
        (config.home.path / where).unlink(missing_ok=True)
    return f"removed {finding.count} damaged notes of package indexes"


def _leftovers(config: Config, finding: Finding, _: Mending) -> str:
    for where, _detail in finding.places:
        (config.home.path / where).unlink(missing_ok=True)
    return f"removed {finding.count} files that were left half-written"


def _mirror(config: Config, finding: Finding, _: Mending) -> str:
    for where, _detail in finding.places:
        shutil.rmtree((config.home.path / where).parent, ignore_errors=True)
    return f"removed {finding.count} mirrored runs that could not be read; MLflow is asked for them again"


_WORKS: dict[str, Callable[[Config, Finding, Mending], str | None]] = {
    DAMAGED_PROJECTION.name: _damaged,
    index.WRONG.name: _index,
    exports.GONE.name: _exports,
    exports.STATUS.name: _exports,
    PINS.name: _pins,
    LEFTOVER.name: _leftovers,
    mirror.DAMAGED.name: _mirror,
}


@contextlib.contextmanager
def _exporting(config: Config) -> Iterator[bool]:
    """While no exporter is at work on the home; false where one is."""
    ownership = Ownership(config.home.path / "ingest.lock")
    ours = ownership.acquire()
    try:
        yield ours
    finally:
        ownership.release()


def _remove(path: Path) -> None:
    with alone(path):
        remove_beside(path)
        path.unlink(missing_ok=True)
