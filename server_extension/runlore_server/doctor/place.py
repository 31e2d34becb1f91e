"""The folder of a home: who may read it, how much room is left, and what should not be there."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from runlore.capture.records import FOLDER as INSTALLED
from runlore_server.doctor.checkup import Checkup
from runlore_server.doctor.findings import Kind
from runlore_server.doctor.objects import LEFTOVER, OLD, STRANGE

OPEN = Kind(
    "readable-by-others",
    "warning",
    "folders and files that other users can read or write",
    "They can see code, data and results that were recorded, or change them.",
    "chmod go= on the home, unless it is shared on purpose.",
)
KEY = Kind(
    "key-unusable",
    "warning",
    "a key that is not private, or is none",
    "Variables that interrupts left are not put back in a rerun, because anybody could have made them.",
    "Remove the key, and a new one is made; what the old one signed is not trusted again.",
)
FULL = Kind(
    "little-space",
    "warning",
    "little free space on the disk",
    "Recording stops, with a warning, when it is full.",
    "Free some: 'runlore gc' removes what nothing needs.",
)
SET_ASIDE = Kind(
    "set-aside",
    "note",
    "damaged databases that were set aside",
    "A new one took the place of each.",
    "'runlore gc' removes them when they are old.",
)
READ_ONLY = Kind(
    "read-only",
    "note",
    "a home that you cannot write",
    "Runs can be looked at, but nothing can be recorded, repaired or remembered here.",
    "Set RUNLORE_HOME to a folder of your own to record.",
)

_FOLDERS = (
    *("sessions", "objects", "reruns", "pins", "environments", INSTALLED),
    *("mlflow", "mirror", "sweeps"),
)
_DATABASES = (
    *("index.sqlite", "jobs.sqlite", "filters.sqlite", "annotations.sqlite"),
    *("retention.sqlite", "automation.sqlite", "sweeps.sqlite", "data-cache.sqlite"),
)
KNOWN = frozenset((*_FOLDERS, *_DATABASES, "key"))
"""What a home contains, but for locks, what SQLite keeps beside its files, and what is being written."""

_LEAST = 1 << 30
_KEY_SIZE = 32


def check(checkup: Checkup) -> None:
    """Check the folder itself."""
    home = checkup.home.path
    for path, mode in _open_ones(home):
        checkup.add(OPEN, path, f"mode {mode:o}")
    if not os.access(home, os.W_OK):
        checkup.add(READ_ONLY, str(home))
    _check_key(checkup)
    free = shutil.disk_usage(home).free
    if free < _LEAST:
        checkup.add(FULL, str(home), f"{free >> 20} MiB are left")
    for path in sorted(home.iterdir()):
        if path.name.endswith(".damaged"):
            checkup.add(SET_ASIDE, path)
        elif path.name not in KNOWN and not _is_ours(path.name):
            checkup.add(STRANGE, path)
    for path in leftovers(home):
        checkup.add(LEFTOVER, path)


def leftovers(home: Path) -> Iterator[Path]:
    """What was left half-written beside the objects: old enough to be nobody's."""
    folders = (home / name for name in ("reruns", "pins", INSTALLED, "mlflow"))
    for folder in (home, *folders, *_below(home / "reruns")):
        try:
            names = sorted(path for path in folder.iterdir() if _is_staged(path.name))
        except OSError:
            continue
        for path in names:
            try:
                facts = os.lstat(path)
            except OSError:
                continue
            if stat.S_ISREG(facts.st_mode) and time.time() - facts.st_mtime > OLD:
                yield path


def _below(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []


def _is_staged(name: str) -> bool:
    return name.startswith(".key-") or (name.startswith(".") and name.endswith(".staged")) or name == ".staged.db"


def _is_ours(name: str) -> bool:
    known = name.removesuffix("-wal").removesuffix("-shm").removesuffix("-journal")
    return known in KNOWN or name.endswith(".lock") or _is_staged(name)


def _open_ones(home: Path) -> Iterator[tuple[Path, int]]:
    """What others can read or enter; nothing, where they cannot enter the home itself."""
    if os.name != "posix" or not stat.S_IMODE(os.stat(home).st_mode) & 0o011:
        return
    files = (home / name for name in _DATABASES if name != "data-cache.sqlite")
    folders = (home / name for name in ("objects", "mlflow", "pins"))
    for path in (*files, *folders, *_below(home / "sessions"), *_below(home / "reruns"), *_below(home / "mirror")):
        try:
            mode = stat.S_IMODE(os.lstat(path).st_mode)
        except OSError:
            continue
        if mode & 0o077:
            yield path, mode


def _check_key(checkup: Checkup) -> None:
    path = checkup.home.key
    try:
        facts = os.lstat(path)
    except OSError:
        return
    if not stat.S_ISREG(facts.st_mode):
        checkup.add(KEY, path, "it is no regular file")
    elif facts.st_size != _KEY_SIZE:
        checkup.add(KEY, path, f"it has {facts.st_size} bytes instead of {_KEY_SIZE}")
    elif os.name == "posix" and stat.S_IMODE(facts.st_mode) & 0o077:
        checkup.add(KEY, path, f"mode {stat.S_IMODE(facts.st_mode):o}")
    elif os.name == "posix" and facts.st_uid != os.geteuid():
        checkup.add(KEY, path, "it belongs to another user")
