"""Writing and reading ``events.jsonl``: append-only, one typed event a line.

A line is handed to the operating system in one ``write`` before ``append`` returns, so it survives the death
of the process. The only damage a kill can do is a last line without its newline, which readers leave alone.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from runlore.errors import JournalFormatError
from runlore.events import FORMAT, AnyEvent, SessionStarted, decode, encode
from runlore.untrusted import open_regular

LONGEST = 1 << 26
"""Bytes of a line; longer ones are neither written nor read."""


class JournalWriter:
    """The one writer of a session's journal.

    Raises:
        OSError: the file cannot be created (it must not exist yet) or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._fd: int | None = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        _lock(self._fd, "LOCK_EX")  # until this process ends
        self._shared = False

    def share(self) -> None:
        """From now on, a forked process may append too.

        What a full disk left of another's line cannot be cut off then, so each line begins on a new one.
        """
        self._shared = True

    def forked(self) -> None:
        """This is the forked process: the lock may be held by a thread that is not here."""
        self._lock = threading.Lock()

    def append(self, event: AnyEvent) -> None:
        """Write one event; when this returns it survives a SIGKILL of this process.

        Raises:
            OSError: it cannot be written or is too long, or the journal was deleted.
        """
        line = memoryview(b"\n" + encode(event) if self._shared else encode(event))
        if len(line) > LONGEST:
            raise OSError(errno.EMSGSIZE, f"an event of {len(line)} bytes is too long", str(self._path))
        with self._lock:
            if self._fd is None:
                return
            if os.fstat(self._fd).st_nlink == 0 and not self._path.exists():
                raise FileNotFoundError(errno.ENOENT, "its file was deleted", str(self._path))
            done = 0
            try:
                while done < len(line):
                    done += os.write(self._fd, line[done:])
            except OSError:
                # A full disk must not leave half a line in front of the next event.
                if not self._shared:
                    os.ftruncate(self._fd, os.fstat(self._fd).st_size - done)
                raise

    def close(self) -> None:
        with self._lock:
            if self._fd is not None:
                os.close(self._fd)
                self._fd = None


def is_held(path: Path) -> bool | None:
    """Whether a process still has the journal open for writing; ``None`` where that cannot be told."""
    try:
        with open_regular(path) as file:
            return _lock(file.fileno(), "LOCK_SH") is False
    except OSError:
        return None


def _lock(file: int, kind: str) -> bool | None:
    """Lock a file if nobody else has; ``None`` where there are no such locks."""
    try:
        import fcntl

        fcntl.flock(file, getattr(fcntl, kind) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True


@dataclass(frozen=True)
class Reading:
    """What one look at a journal gave: the events, where to go on, and lines that were no events."""

    events: list[AnyEvent]
    offset: int
    damaged: int


class Line(NamedTuple):
    """A complete line of a journal, or a part of one that is too long: the bytes from ``start`` to ``end``.

    ``event`` is ``None`` where this version does not know its type, where the line is empty, and where it is no
    event at all: ``damage`` then says why. ``content`` is without a byte where the line is too long.
    """

    start: int
    end: int
    content: bytes
    event: AnyEvent | None = None
    damage: str | None = None


def read(path: Path, offset: int = 0) -> Reading:
    """The complete events from byte ``offset`` on; an absent file has none.

    A last line without newline is left for the next look. A damaged line in the middle (a disk error, an
    editor) is counted and skipped, and so is one that is too long; nothing after it is lost. Unknown event types
    are skipped.

    Raises:
        JournalFormatError: the journal was written in a later format.
        OSError: it cannot be read, or is no file.
    """
    events: list[AnyEvent] = []
    damaged = 0
    for line in lines(path, offset):
        offset = line.end
        damaged += line.damage is not None
        if line.event is not None:
            events.append(line.event)
    return Reading(events, offset, damaged)


def lines(path: Path, offset: int = 0) -> Iterator[Line]:
    """The complete lines from byte ``offset`` on; raises what ``read`` raises."""
    too_long = False
    try:
        file = open_regular(path)
    except FileNotFoundError:
        return
    with file:
        file.seek(offset)
        while content := file.readline(LONGEST):
            ends = content.endswith(b"\n")
            if not ends and len(content) < LONGEST:
                return
            start, offset = offset, offset + len(content)
            if too_long or not ends:
                damage = None if too_long else f"it is longer than {LONGEST} bytes"
                too_long = not ends
                offset = _behind_hole(file, offset) if too_long else offset
                yield Line(start, offset, b"", damage=damage)
            elif content == b"\n":  # between lines of several processes
                yield Line(start, offset, content)
            else:
                yield _line(path, start, offset, content)


def _line(path: Path, start: int, end: int, content: bytes) -> Line:
    try:
        event = decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Line(start, end, content, damage=str(error))
    if isinstance(event, SessionStarted) and event.format > FORMAT:
        raise JournalFormatError(
            f"journal {path.parent.name} has format {event.format}, this Runlore reads up to {FORMAT}; "
            "upgrade Runlore to read it"
        )
    return Line(start, end, content, event)


def _behind_hole(file: BinaryIO, offset: int) -> int:
    """Move to where the file has data again: a hole can be larger than any disk."""
    if hasattr(os, "SEEK_DATA"):
        try:
            offset = file.seek(offset, os.SEEK_DATA)
        except OSError:
            offset = file.seek(0, os.SEEK_END)
    return offset
