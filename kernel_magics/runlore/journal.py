"""Writing and reading ``events.jsonl``: append-only, one typed event a line.

A line is handed to the operating system in one ``write`` before ``append`` returns, so it survives the death
of the process. The only damage a kill can do is a last line without its newline, which readers leave alone.
"""

from __future__ import annotations

import errno
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

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

    def append(self, event: AnyEvent) -> None:
        """Write one event; when this returns it survives a SIGKILL of this process.

        Raises:
            OSError: it cannot be written or is too long, or the journal was deleted.
        """
        line = memoryview(encode(event))
        if len(line) > LONGEST:
            raise OSError(errno.EFBIG, f"an event of {len(line)} bytes is too long", str(self._path))
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
                os.ftruncate(self._fd, os.fstat(self._fd).st_size - done)
                raise

    def close(self) -> None:
        with self._lock:
            if self._fd is not None:
                os.close(self._fd)
                self._fd = None


@dataclass(frozen=True)
class Reading:
    """What one look at a journal gave: the events, where to go on, and lines that were no events."""

    events: list[AnyEvent]
    offset: int
    damaged: int


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
    too_long = False
    try:
        file = open_regular(path)
    except FileNotFoundError:
        return Reading(events, offset, damaged)
    with file:
        file.seek(offset)
        while line := file.readline(LONGEST):
            ends = line.endswith(b"\n")
            if not ends and len(line) < LONGEST:
                break
            offset += len(line)
            if too_long or not ends:
                damaged += not too_long
                too_long = not ends
                offset = _behind_hole(file, offset) if too_long else offset
                continue
            try:
                event = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                damaged += 1
                continue
            if isinstance(event, SessionStarted) and event.format > FORMAT:
                raise JournalFormatError(
                    f"journal {path.parent.name} has format {event.format}, this Runlore reads up to {FORMAT}; "
                    "upgrade Runlore to read it"
                )
            if event is not None:
                events.append(event)
    return Reading(events, offset, damaged)


def _behind_hole(file: BinaryIO, offset: int) -> int:
    """Move to where the file has data again: a hole can be larger than any disk."""
    if hasattr(os, "SEEK_DATA"):
        try:
            offset = file.seek(offset, os.SEEK_DATA)
        except OSError:
            offset = file.seek(0, os.SEEK_END)
    return offset
