"""The objects: each is named by the hash of its content."""

from __future__ import annotations

import os
import re
import stat
import time
from datetime import date
from pathlib import Path

import msgspec

from runlore.capture.lock import Lock
from runlore.capture.lock import decode as decode_lock
from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore.untrusted import from_json
from runlore_server.doctor.checkup import UNREADABLE, Checkup
from runlore_server.doctor.findings import Kind
from runlore_server.doctor.journals import Told
from runlore_server.doctor.references import Reference

CHANGED = Kind(
    "object-changed",
    "error",
    "objects whose content is not what their name says",
    "Something changed them on disk; no reader takes them, so what they held is lost.",
    "Restore them from a backup; the same content, stored again by any kernel, takes their place once they are "
    "removed.",
)
ABSENT = Kind(
    "object-absent",
    "error",
    "objects that journals name and that are not there",
    "What they held is lost; the details name it. A run may no longer be repeatable from them.",
    "Restore them from a backup, if there is one.",
)
NEVER_WRITTEN = Kind(
    "object-never-written",
    "note",
    "objects that killed kernels had not written yet",
    "Outputs and fingerprints are written in the background; those of the last moments are not there.",
    "Nothing needs to be repaired.",
)
LEFTOVER = Kind(
    "leftover",
    "note",
    "files that were left half-written",
    "A process was stopped while it wrote them; nothing reads them.",
    "'runlore doctor --repair' removes those that are older than an hour.",
    mends=True,
)
STRANGE = Kind(
    "stranger",
    "note",
    "files that Runlore did not put there",
    "Nothing reads them.",
    "Remove them if you do not need them.",
)

_DIGEST = re.compile(r"[0-9a-f]{64}")
_CYCLE = 30
"""Days in which each object is read once by daily checkups that are not deep."""

_MOST_READ = 1 << 30
"""Bytes of objects that are read by a checkup that is not deep."""

OLD = 3600.0
"""Seconds after which what was left half-written is nobody's any more."""


class _Environment(msgspec.Struct):
    lock: str | None = None
    lockfiles: dict[str, str] = {}


class Objects:
    """The objects of a home. First it learns from every journal what must be there, then it looks."""

    def __init__(self, checkup: Checkup) -> None:
        self._checkup = checkup
        self._store = ObjectStore(checkup.home.objects)
        self._wanted: dict[str, tuple[Path, Reference, bool]] = {}

    def want(self, told: Told, retired: frozenset[tuple[str, str]] = frozenset()) -> None:
        """Take note of what a session's journal names; what a kernel still writes may yet come."""
        record = told.record
        if not record.closed:
            return
        path = self._checkup.home.events(record.session_id)
        for reference in told.references:
            named = reference.what.removeprefix("artifact ")
            if (reference.run_id or "", named) not in retired:
                self._wanted.setdefault(reference.digest, (path, reference, record.died))

    def check(self) -> None:
        """Look at the objects that are wanted, and at all others of the home."""
        sizes = self._list()
        for digest, (path, reference, died) in list(self._wanted.items()):
            self._check_wanted(digest, path, reference, died, sizes.get(digest))
        names = sizes if self._checkup.runs is None else [name for name in sizes if name in self._wanted]
        self._read(sorted(names), sizes)

    def _list(self) -> dict[str, int]:
        """The size of every object; what else lies there is told."""
        sizes: dict[str, int] = {}
        try:
            with os.scandir(self._checkup.home.objects) as entries:
                for entry in entries:
                    facts = entry.stat(follow_symlinks=False)
                    path = Path(entry.path)
                    if _DIGEST.fullmatch(entry.name):
                        if stat.S_ISREG(facts.st_mode):
                            sizes[entry.name] = facts.st_size
                        else:
                            self._checkup.add(UNREADABLE, path, "it is no regular file")
                    elif entry.name.startswith(".staged-"):
                        if time.time() - facts.st_mtime > OLD:
                            self._checkup.add(LEFTOVER, path)
                    else:
                        self._checkup.add(STRANGE, path)
        except FileNotFoundError:
            pass
        except OSError as error:
            self._checkup.add(UNREADABLE, self._checkup.home.objects, error.strerror or str(error))
        return sizes

    def _check_wanted(self, digest: str, path: Path, reference: Reference, died: bool, size: int | None) -> None:
        if size is None:
            late = died and reference.run_id is None
            self._checkup.add(NEVER_WRITTEN if late else ABSENT, path, f"{reference.what} ({digest[:12]})")
        elif reference.size is not None and reference.size != size:
            detail = f"{reference.what}: {size} bytes instead of {reference.size}"
            self._checkup.add(CHANGED, self._checkup.home.objects / digest, detail)
        elif reference.what == "environment":
            self._want_within(digest, path, reference)

    def _want_within(self, digest: str, path: Path, reference: Reference) -> None:
        """An environment names its lock, and that the wheels that no index has."""
        try:
            told = from_json(self._store.get(digest), _Environment)
            lock = decode_lock(self._store.get(told.lock)) if told.lock else None
        except (ObjectMissing, msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            self._checkup.add(ABSENT, path, f"{reference.what} ({digest[:12]}) or its lock: {error}")
            return
        inner = [(found, f"lock file {name}") for name, found in told.lockfiles.items()]
        for found, what in (*inner, *(_inside(lock) if lock is not None else ())):
            if not self._is_there(found):
                self._checkup.add(ABSENT, path, f"{what} ({found[:12]})")

    def _is_there(self, digest: str) -> bool:
        try:
            return self._store.path(digest).is_file()
        except (ObjectMissing, OSError):
            return False

    def _read(self, names: list[str], sizes: dict[str, int]) -> None:
        """Compare contents with names: of all objects, or of those whose turn it is today."""
        turn, budget = date.today().toordinal() % _CYCLE, _MOST_READ
        for digest in self._checkup.each("objects", names):
            size = sizes[digest]
            if not self._checkup.deep:
                if int(digest[:8], 16) % _CYCLE != turn or size > budget:
                    continue
                budget -= size
            try:
                self._store.verified(digest, size)
                self._checkup.seen["objects read"] += 1
            except ObjectMissing as error:
                self._checkup.add(CHANGED, self._checkup.home.objects / digest, str(error))


def _inside(lock: Lock) -> list[tuple[str, str]]:
    found = []
    for package in lock.packages:
        if package.wheel:
            found.append((package.wheel, f"wheel of {package.name} {package.version}"))
        if package.source is not None and package.source.tree:
            found.append((package.source.tree, f"sources of {package.name} {package.version}"))
        for path, digest in package.edited.items():
            if digest:
                found.append((digest, f"edited file {path} of {package.name}"))
    return found
