"""Building an environment from its lock, with uv."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from runlore.capture import lock as locks
from runlore.capture import taking
from runlore.capture.lock import Lock
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore_server.errors import EnvironmentNotRebuildable
from runlore_server.rerun import conda, lockfiles, pins, requirements
from runlore_server.rerun.index import elsewhere
from runlore_server.rerun.interpreter import interpreter
from runlore_server.rerun.own import OwnRunlore
from runlore_server.rerun.recorded import Recorded
from runlore_server.rerun.requirements import Requirements
from runlore_server.rerun.uv import Beat, IndexAway, Uv, UvFailed, shortened

Tell = Callable[[str], None]


class Building:
    """One environment that is being built in the folder ``place``, which is there and empty."""

    def __init__(self, home: Home, recorded: Recorded, lock: Lock, place: Path, beat: Beat) -> None:
        self._home, self._recorded, self._lock, self._place = home, recorded, lock, place
        self._objects = ObjectStore(home.objects)
        self._uv = Uv(place, beat)
        self._away: IndexAway | None = None
        self._notes: list[str] = []

    def build(self, own: OwnRunlore, tell: Tell) -> list[str]:
        """Build it; return what is not as it was in the original.

        Raises:
            EnvironmentNotRebuildable: it cannot be had again: which packages, and why.
            RerunRefused: uv is missing.
            OSError: the home cannot be written.
        """
        lock = self._lock
        tell(f"building the environment of {len(lock.packages)} packages for Python {lock.python}")
        try:
            base = interpreter(lock, self._uv)
            needed = requirements.of(lock, self._objects, self._place)
            self._notes += [*needed.notes, *conda.notes(self._home, self._recorded.lock, lock)]
            self._uv.ask("venv", "--no-project", "--python", base, str(self._place / "venv"))
            self._install(needed, own)
        except EnvironmentNotRebuildable as error:
            raise self._advised(error.packages) from error
        except UvFailed as error:
            raise self._advised({"uv": shortened(str(error))}) from error
        site = site_of(self._place)
        if needed.linked:
            told = "".join(f"{path}\n" for path in needed.linked)
            (site / "runlore-linked.pth").write_text(told, encoding="utf-8")
        self._lay_over(site, needed.edited)
        self._compare(site)
        return self._notes

    def _install(self, needed: Requirements, own: OwnRunlore) -> None:
        """Install everything at once, from uv's cache if it is all there; what Runlore lacks comes after."""
        listed, asking, lacking = self._pinned(needed.pinned), own.write(self._place), own.lacking(self._lock)
        file = self._place / "requirements.txt"
        file.write_text("\n".join([*listed, *needed.direct, *([] if lacking else [asking]), ""]), encoding="utf-8")
        install = ("pip", "install", "--python", str(python_of(self._place)))
        # Not every index tells hashes; those that it told are verified.
        wanted = (*install, "--no-deps", "--verify-hashes", "-r", str(file))
        try:
            self._uv.ask(*wanted, "--offline")
        except UvFailed:
            if self._away is not None:
                raise self._away from None
            self._ask_index(wanted, needed.pinned)
        if lacking:
            self._notes.append(f"{', '.join(lacking)} was added: the original ran without it")
            fixed = self._place / "constraints.txt"
            held = [one for one in self._lock.packages if one.name != "runlore" and one.source is None]
            fixed.write_text("".join(f"{one.name}=={one.version}\n" for one in held), encoding="utf-8")
            self._uv.ask(*install, "--constraint", str(fixed), *lacking, asking)

    def _ask_index(self, install: tuple[str, ...], wanted: list[str]) -> None:
        try:
            self._uv.ask(*install)
        except IndexAway:
            raise
        except UvFailed as error:
            # Since its packages were looked up, the index may have lost some.
            now = self._uv.pin(wanted, "--python", str(python_of(self._place)))
            if now.lacking:
                raise EnvironmentNotRebuildable(now.lacking) from error
            raise

    def _pinned(self, wanted: list[str]) -> list[str]:
        """The packages of the index, with the hashes that are known of each."""
        known = pins.read(self._home, self._recorded.lock)
        if known is None or known.lacking:
            try:
                known = self._uv.pin(wanted, "--python", str(python_of(self._place)))
            except IndexAway as error:
                self._away, known = error, pins.Pins(told=0.0, packages=[])
                self._notes.append("the index does not answer; what uv had kept was compared with the record")
            else:
                pins.write(self._home, self._recorded.lock, known)
            if known.lacking:
                raise EnvironmentNotRebuildable(known.lacking)
        of_project = lockfiles.read(self._recorded.lockfiles, self._objects)
        found = pins.completed(known.packages, wanted, of_project)
        return [found[one].requirement if one in found else one for one in wanted]

    def _advised(self, packages: dict[str, str]) -> EnvironmentNotRebuildable:
        """The error, with what else the record tells about it."""
        found = dict(packages)
        if missing := elsewhere(self._recorded.indexes):
            found["indexes"] = f"{', '.join(missing)}, which the run's environment had, is not configured here"
        if advice := conda.advice(self._home, self._recorded.lock, self._lock):
            found["conda"] = advice
        return EnvironmentNotRebuildable(found)

    def _lay_over(self, site: Path, edited: dict[str, str | None]) -> None:
        """Files edited by hand, put as they were over those that were installed."""
        for name, digest in edited.items():
            target = site / requirements.safe(name)
            # Never written into: it may be a link into uv's cache.
            target.unlink(missing_ok=True)
            if digest is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self._objects.get(digest))

    def _compare(self, site: Path) -> None:
        """Compare what was rebuilt, file by file, with what was recorded."""
        order = taking.Order(
            directories=[str(site)], objects=str(self._home.objects), prefix=str(self._place), base=""
        )
        rebuilt = locks.decode(self._objects.get(taking.take(order).lock))
        recorded = {package.name: package for package in self._lock.packages}
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
        # Of conda's packages it is known that they hold other files, and said once for all.
        held = [one for one in self._lock.packages if one.source is None and one.installer != "conda"]
        from_index = msgspec.structs.replace(self._lock, packages=held)
        self._notes += [difference.text for difference in locks.differences(from_index, rebuilt)]


def python_of(place: Path) -> Path:
    """The interpreter of the environment built in a folder."""
    return place / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def site_of(place: Path) -> Path:
    """Where its packages are.

    Raises:
        ValueError: there is no environment.
    """
    if sys.platform == "win32":
        return place / "venv" / "Lib" / "site-packages"
    (site,) = (place / "venv" / "lib").glob("*/site-packages")
    return site
