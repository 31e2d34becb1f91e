"""The environment of a run, built again from its lock: ``<home>/environments/<lock>/``.

A virtual environment cannot be moved, so it is built in its place: ``complete.json`` is written last, and what
lacks it is no environment. Whoever builds or looks holds the lock file beside it, so that two reruns share one.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from blake3 import blake3

from runlore.capture import lock as locks
from runlore.capture import taking, wheels
from runlore.capture.environment import installed
from runlore.errors import ObjectMissing
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore_server.errors import EnvironmentNotRebuildable, RerunRefused
from runlore_server.ownership import Ownership
from runlore_server.rerun import requirements
from runlore_server.rerun.interpreter import interpreter
from runlore_server.rerun.uv import Uv, UvFailed, shortened
from runlore_server.whole import write_whole

_POLL = 0.1

Tell = Callable[[str], None]


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
    """One environment on disk, by the digest of its lock."""

    def __init__(self, home: Home, digest: str) -> None:
        self._objects = ObjectStore(home.objects)
        self._objects.path(digest)  # refuses what is no digest, and so no name of a folder
        self.digest = digest
        self.path = home.path / "environments" / digest
        self._marker = self.path / "complete.json"
        self._pins = self.path.with_suffix(".requirements")

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.path / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    @property
    def complete(self) -> Complete | None:
        """How it was built; ``None`` when it is not there, or only in part."""
        try:
            return msgspec.json.decode(self._marker.read_bytes(), type=Complete)
        except (OSError, msgspec.MsgspecError):
            return None

    @property
    def used(self) -> float:
        """When it was last asked for, in Unix seconds."""
        return self._marker.stat().st_mtime

    @contextmanager
    def held(self) -> Iterator[None]:
        """While nobody else builds, looks at or removes it."""
        ownership = Ownership(self.path.with_suffix(".lock"))
        while not ownership.acquire():
            time.sleep(_POLL)
        try:
            yield
        finally:
            ownership.release()

    def build(self, tell: Tell) -> Complete:
        """The environment, built now unless it is there as it was built.

        Raises:
            EnvironmentNotRebuildable: it cannot be had again: which packages, and why.
            RerunRefused: the lock or uv is missing.
            OSError: the home cannot be written.
        """
        with self.held():
            runlore = _own_wheel()
            found = self.complete
            # A replayed cell may have installed into it.
            if found is not None and found.runlore == runlore[0] and found.installed == self._installed():
                os.utime(self._marker)
                return found
            shutil.rmtree(self.path, ignore_errors=True)
            self.path.mkdir(parents=True, mode=0o700)
            try:
                return self._build(runlore, tell)
            except UvFailed as error:
                raise EnvironmentNotRebuildable({"uv": shortened(str(error))}) from error
            finally:
                if self.complete is None:
                    shutil.rmtree(self.path, ignore_errors=True)

    def remove(self) -> None:
        """Remove it from disk."""
        with self.held():
            self._marker.unlink(missing_ok=True)
            shutil.rmtree(self.path, ignore_errors=True)

    def _build(self, runlore: tuple[str, str, bytes], tell: Tell) -> Complete:
        started = time.monotonic()
        lock = self._lock()
        tell(f"building the environment of {len(lock.packages)} packages for Python {lock.python}")
        uv = Uv(self.path)
        uv.ask("venv", "--no-project", "--python", interpreter(lock, uv), str(self.path / "venv"))
        needed = requirements.of(lock, self._objects, self.path)
        install = ("pip", "install", "--python", str(self.python))
        if needed.pinned:
            self._install_pinned(uv, install, needed.pinned)
        if needed.direct:
            uv.ask(*install, "--no-deps", *needed.direct)
        notes = list(needed.notes)
        self._add_runlore(uv, install, lock, runlore, notes)
        site = self._site()
        if needed.linked:
            (site / "runlore-linked.pth").write_text(
                "".join(f"{path}\n" for path in needed.linked), encoding="utf-8"
            )
        _lay_over(site, needed.edited, self._objects)
        notes += self._compared(lock, site)
        found = Complete(
            lock=self.digest,
            python=lock.python,
            packages=len(lock.packages),
            runlore=runlore[0],
            installed=self._installed(),
            built=time.time(),
            seconds=round(time.monotonic() - started, 3),
            notes=notes,
        )
        write_whole(self._marker, msgspec.json.encode(found))
        return found

    def _lock(self) -> locks.Lock:
        try:
            return locks.decode(self._objects.get(self.digest))
        except (ObjectMissing, msgspec.MsgspecError) as error:
            raise RerunRefused(f"the lock of the run's environment cannot be read: {error}") from error

    def _install_pinned(self, uv: Uv, install: tuple[str, ...], pinned: list[str]) -> None:
        """Install what comes from the index, with the hashes of the first time: later ones get the same files."""
        # Not every index tells hashes; those that it told are verified.
        wanted = (*install, "--no-deps", "--verify-hashes", "-r", str(self._pins))
        if self._pins.is_file():
            try:
                uv.ask(*wanted, "--offline")
                return
            except UvFailed:
                pass  # uv's cache was cleaned meanwhile
        else:
            write_whole(self._pins, uv.pin(pinned, str(self.python)).encode())
        uv.ask(*wanted)

    def _add_runlore(
        self, uv: Uv, install: tuple[str, ...], lock: locks.Lock, runlore: tuple[str, str, bytes], notes: list[str]
    ) -> None:
        """The Runlore that asks, and what a kernel needs, without moving a locked package."""
        _, name, content = runlore
        wheel = self.path / "wheels" / name
        wheel.parent.mkdir(exist_ok=True)
        wheel.write_bytes(content)
        extra = [] if any(package.name == "ipykernel" for package in lock.packages) else ["ipykernel>=6.29"]
        if extra:
            notes.append("ipykernel was added: the original ran without it")
        fixed = self.path / "constraints.txt"
        fixed.write_text(
            "".join(f"{p.name}=={p.version}\n" for p in lock.packages if p.name != "runlore" and p.source is None),
            encoding="utf-8",
        )
        uv.ask(*install, "--constraint", str(fixed), *extra, f"runlore @ {wheel.as_uri()}")

    def _compared(self, lock: locks.Lock, site: Path) -> list[str]:
        """What was rebuilt, compared file by file with what was recorded."""
        order = taking.Order(
            directories=[str(site)],
            objects=str(self._objects.path(self.digest).parent),
            prefix=str(self.path),
            base="",
        )
        rebuilt = locks.decode(self._objects.get(taking.take(order).lock))
        recorded = {package.name: package for package in lock.packages}
        stale = {}
        for package in rebuilt.packages:
            before = recorded.get(package.name)
            if before is not None and (files := sorted(package.edited.keys() - before.edited.keys())):
                stale[package.name] = (
                    f"uv's cache holds it with {', '.join(files)} edited by hand; "
                    f"run: uv cache clean {package.name}"
                )
        if stale:
            raise EnvironmentNotRebuildable(stale)
        from_index = msgspec.structs.replace(
            lock, packages=[package for package in lock.packages if package.source is None]
        )
        return [difference.text for difference in locks.differences(from_index, rebuilt)]

    def _site(self) -> Path:
        if sys.platform == "win32":
            return self.path / "venv" / "Lib" / "site-packages"
        (site,) = (self.path / "venv" / "lib").glob("*/site-packages")
        return site

    def _installed(self) -> str:
        """What changes with every installation into it; empty when it is not there."""
        try:
            records = sorted(self._site().glob("*.dist-info/RECORD"))
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
        facts = msgspec.json.decode(ObjectStore(home.objects).get(run.environment or ""), type=dict[str, object])
        return LockedEnvironment(home, str(facts["lock"]))
    except (ObjectMissing, msgspec.MsgspecError, KeyError) as error:
        why = next((note.why for note in run.not_captured if note.what == "environment lock"), str(error))
        raise RerunRefused(
            f"run {run.run_id} has no lock of its environment ({why}); rerun it in its own environment"
        ) from error


def all_of(home: Home) -> list[LockedEnvironment]:
    """The environments that have been built, the one used last first."""
    folder = home.path / "environments"
    names = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    found = [LockedEnvironment(home, name) for name in names if len(name) == 64]
    return sorted((one for one in found if one.complete is not None), key=lambda one: -one.used)


def _own_wheel() -> tuple[str, str, bytes]:
    """This Runlore as a wheel: digest, file name, content."""
    for name, version, info in installed(sys.path):
        if name == "runlore" and (entries := wheels.read_record(info)):
            content = wheels.pack(info, entries)
            return str(blake3(content).hexdigest()), f"runlore-{version}-py3-none-any.whl", content
    raise RerunRefused("this Runlore is not installed, so it cannot be put into another environment")


def _lay_over(site: Path, edited: dict[str, str | None], objects: ObjectStore) -> None:
    """Files edited by hand, put as they were over those that were installed."""
    for name, digest in edited.items():
        target = site / requirements.safe(name)
        # Never written into: it may be a link into uv's cache.
        target.unlink(missing_ok=True)
        if digest is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(objects.get(digest))
