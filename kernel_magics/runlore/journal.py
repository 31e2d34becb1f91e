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

import msgspec

from runlore.errors import JournalFormatError
from runlore.events import FORMAT, AnyEvent, SessionStarted, decode, encode


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
            OSError: it cannot be written, or the journal was deleted.
        """
        line = memoryview(encode(event))
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
    editor) is counted and skipped; nothing after it is lost. Unknown event types are skipped.

    Raises:
        JournalFormatError: the journal was written in a later format.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read()
    except FileNotFoundError:
        return Reading([], offset, 0)
    end = content.rfind(b"\n") + 1
    events: list[AnyEvent] = []
    damaged = 0
    for line in content[:end].splitlines():
        try:
            event = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            damaged += 1
            continue
        if event is None:
            continue
        if isinstance(event, SessionStarted) and event.format > FORMAT:
            raise JournalFormatError(
                f"journal {path.parent.name} has format {event.format}, this Runlore reads up to {FORMAT}; "
                "upgrade Runlore to read it"
            )
        events.append(event)
    return Reading(events, offset + end, damaged)
