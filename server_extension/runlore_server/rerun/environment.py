"""The environment of a run, built again from its lock: ``<home>/environments/<lock>/``.

A virtual environment cannot be moved, so it is built in its place: ``complete.json`` is written last, and what
lacks it is no environment. Whoever builds or looks holds the lock file beside it, so that two reruns share one.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from blake3 import blake3

from runlore.errors import ObjectMissing
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore_server.document import read_if_there, write_document
from runlore_server.errors import RerunRefused
from runlore_server.ownership import Ownership
from runlore_server.rerun import recorded
from runlore_server.rerun.building import Building, Tell, python_of, site_of
from runlore_server.rerun.own import OwnRunlore
from runlore_server.rerun.recorded import Recorded
from runlore_server.rerun.uv import Beat

_POLL = 0.1


class Complete(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in ``complete.json``.

    ``runlore`` is a digest of the Runlore inside, ``installed`` of all that is installed,
    ``seconds`` how long building took, ``notes`` what is not as it was in the original.
    """

    lock: str
    python: str
    packages: int
    runlore: str
    installed: str
    built: float
    seconds: float
    notes: list[str] = []


class LockedEnvironment:
    """One environment on disk, for what a run's environment object says."""

    def __init__(self, home: Home, told: Recorded) -> None:
        ObjectStore(home.objects).path(told.lock)  # refuses what is no digest, and so no name of a folder
        self.digest = told.lock
        self.path = home.path / "environments" / told.lock
        self._home, self._told = home, told
        self._marker = self.path / "complete.json"

    @property
    def python(self) -> Path:
        """The interpreter."""
        return python_of(self.path)

    @property
    def complete(self) -> Complete | None:
        """How it was built; ``None`` when it is not there, or only in part."""
        return read_if_there(self._marker, Complete)

    @property
    def used(self) -> float:
        """When it was last asked for, in Unix seconds."""
        return self._marker.stat().st_mtime

    @contextmanager
    def held(self, beat: Beat = lambda: None) -> Iterator[None]:
        """While nobody else builds, looks at or removes it."""
        ownership = Ownership(self.path.with_suffix(".lock"))
        while not ownership.acquire():
            beat()
            time.sleep(_POLL)
        try:
            yield
        finally:
            ownership.release()

    def build(self, tell: Tell, beat: Beat = lambda: None) -> Complete:
        """The environment, built now unless it is there as it was built.

        Args:
            tell: told what is being done.
            beat: called some times a second; what it raises ends the building, of which nothing is left then.

        Raises:
            EnvironmentNotRebuildable: it cannot be had again: which packages, and why.
            RerunRefused: the lock or uv is missing.
            OSError: the home cannot be written.
        """
        with self.held(beat):
            own = OwnRunlore()
            found = self.complete
            # A replayed cell may have installed into it.
            if found is not None and found.runlore == own.digest and found.installed == self._installed():
                os.utime(self._marker)
                return found
            shutil.rmtree(self.path, ignore_errors=True)
            self.path.mkdir(parents=True, mode=0o700)
            try:
                return self._build(own, tell, beat)
            finally:
                if self.complete is None:
                    shutil.rmtree(self.path, ignore_errors=True)

    def remove(self) -> None:
        """Remove it from disk."""
        with self.held():
            self._marker.unlink(missing_ok=True)
            shutil.rmtree(self.path, ignore_errors=True)

    def _build(self, own: OwnRunlore, tell: Tell, beat: Beat) -> Complete:
        started = time.monotonic()
        lock = recorded.lock_of(self._home, self._told)
        notes = Building(self._home, self._told, lock, self.path, beat).build(own, tell)
        found = Complete(
            lock=self.digest,
            python=lock.python,
            packages=len(lock.packages),
            runlore=own.digest,
            installed=self._installed(),
            built=time.time(),
            seconds=round(time.monotonic() - started, 3),
            notes=notes,
        )
        write_document(self._marker, found)
        return found

    def _installed(self) -> str:
        """What changes with every installation into it; empty when it is not there."""
        try:
            records = sorted(site_of(self.path).glob("*.dist-info/RECORD"))
            told = "".join(f"{record.parent.name} {record.stat().st_mtime_ns}\n" for record in records)
        except (OSError, ValueError):
            return ""
        return str(blake3(told.encode()).hexdigest())


def of_run(home: Home, run: RunRecord) -> LockedEnvironment:
    """The environment that a run was recorded in.

    Raises:
        RerunRefused: no lock of it was recorded.
    """
    try:
        return LockedEnvironment(home, recorded.of_run(home, run))
    except (ObjectMissing, msgspec.MsgspecError) as error:
        why = next((note.why for note in run.not_captured if note.what == "environment lock"), str(error))
        raise RerunRefused(
            f"run {run.run_id} has no lock of its environment ({why}); rerun it in its own environment"
        ) from error


def all_of(home: Home) -> list[LockedEnvironment]:
    """The environments that have been built, the one used last first."""
    folder = home.path / "environments"
    names = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    found = [LockedEnvironment(home, Recorded(lock=name)) for name in names if len(name) == 64]
    return sorted((one for one in found if one.complete is not None), key=lambda one: -one.used)
