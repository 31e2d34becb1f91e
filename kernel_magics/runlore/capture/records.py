"""What the installed packages list as their files, remembered from one look at an environment to the next.

The look itself is never spared: each file's size and age are asked of the system every time. What is remembered is
what was worked out of a ``RECORD``, and which files were read in vain, each with all that the system says of the
file by then. Whoever changes a file gives it another time of change, which no program can set; what was changed
just now is not remembered, since a clock has ticks.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from blake3 import blake3

from runlore.capture import wheels
from runlore.untrusted import from_json, read_regular

FORMAT = 1
FOLDER = "installed"
"""Of a home: a file for each environment."""

_TICK = 2_000_000_000
"""Nanoseconds within which two changes of a file may have one time; two seconds is the coarsest."""

Stamp = tuple[int, int, int, int]
"""Of a file: inode, size, and times of its last change and of its metadata's, in ns."""


class Listing(msgspec.Struct, array_like=True):
    """What one ``RECORD`` says.

    ``contents`` is a digest of the names and hashes of the wheel's files, ``sources`` are those that Python
    executes, with their sizes if told. ``unchanged`` are files whose age gave no answer, and whose hash was found
    to be the recorded one.
    """

    record: Stamp
    contents: str
    sources: list[tuple[str, int | None]]
    unchanged: dict[str, Stamp]


class _Remembered(msgspec.Struct):
    format: int
    listings: dict[str, Listing]


class Records:
    """The listings of one environment's packages.

    Args:
        file: where they are remembered; ``None`` to remember nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._known = self._read()
        self._used: dict[str, Listing] = {}
        self._before = {name: len(listing.unchanged) for name, listing in self._known.items()}

    def listing(self, info: Path) -> Listing | None:
        """What the package with this ``*-info`` lists; ``None`` when nobody wrote it down."""
        name = str(info)
        try:
            record = stamp(os.stat(f"{name}{os.sep}RECORD"))
        except OSError:
            return None
        known = self._known.get(name)
        if known is not None and known.record == record:
            self._used[name] = known
            return known
        entries = wheels.read_record(info)
        if not entries:
            return None
        sources = [(entry.path, entry.size) for entry in entries if _is_source(entry)]
        found = Listing(record, _contents(entries), sources, {})
        if is_settled(record):
            self._used[name] = found
        return found

    def save(self) -> None:
        """Remember what was learnt; where that is impossible, the next look takes longer."""
        learnt = any(
            self._known.get(name) is not listing or len(listing.unchanged) != self._before[name]
            for name, listing in self._used.items()
        )
        if self._file is None or not learnt:
            return
        # Processes of one environment may look at different folders beside it.
        others = {name: listing for name, listing in self._known.items() if Path(name).is_dir()}
        staged = self._file.with_name(f".{self._file.name}-{os.getpid()}.staged")
        with contextlib.suppress(OSError, UnicodeEncodeError):  # a name may be no text
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                staged.write_bytes(msgspec.json.encode(_Remembered(FORMAT, others | self._used)))
                os.replace(staged, self._file)
            finally:
                staged.unlink(missing_ok=True)

    def _read(self) -> dict[str, Listing]:
        if self._file is None:
            return {}
        try:
            found = from_json(read_regular(self._file), _Remembered)
        except (OSError, msgspec.MsgspecError):
            return {}
        return found.listings if found.format == FORMAT else {}


def file_of(home: Path, prefix: str) -> Path:
    """Where a home remembers the environment of an interpreter, which ``sys.prefix`` names."""
    return home / FOLDER / f"{blake3(os.fsencode(prefix)).hexdigest()}.json"


def stamp(stat: os.stat_result) -> Stamp:
    """What changes with the file."""
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def is_settled(found: Stamp) -> bool:
    """Whether a later change would show in the stamp."""
    return max(found[2:]) < time.time_ns() - _TICK


def _is_source(entry: wheels.Entry) -> bool:
    return entry.path.endswith((".py", ".pth")) and not entry.made_by_installer


def _contents(entries: Iterable[wheels.Entry]) -> str:
    lines = sorted(f"{entry.path},{entry.hash}" for entry in entries if not entry.made_by_installer)
    return str(blake3("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest())
