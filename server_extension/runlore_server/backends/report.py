"""What an attempt tells of itself: a file that its machine appends to, and the queue's owner reads."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from runlore.untrusted import from_json, open_regular
from runlore_server.queue.backend import Began, Ended, Event, Lost, Progressed, Staged

_Line = Began | Staged | Progressed | Ended | Lost
_MOST = 1 << 20
"""Bytes that are read at a time, and that a line has at the most."""

_LONGEST = 20_000
"""Characters of an error or a stage: what a notebook raises may be of any length."""


class Report:
    """The writing side. A line is an event as JSON, with an empty handle; each is one ``write``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def tell(self, event: Event) -> None:
        """Append an event.

        Raises:
            OSError: it cannot be written.
        """
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, msgspec.json.encode(_short(event)) + b"\n")
            if isinstance(event, Ended | Lost):
                os.fsync(file)
        finally:
            os.close(file)


class ReportReader:
    """The reading side; it may begin anew at any time, also in another process.

    Args:
        path: the file, which need not be there yet.
        handle: what the events are to be called by.
    """

    def __init__(self, path: Path, handle: str) -> None:
        self._path = path
        self._handle = handle
        self._offset = 0

    def read(self) -> list[Event]:
        """What came since the last time; a line that is not whole yet is left for the next.

        Lines that are not known are passed over, since a later version may tell more, and so are endless ones.

        Raises:
            OSError: it cannot be read at the moment.
        """
        try:
            with open_regular(self._path) as file:  # opened each time: over NFS nothing new is seen otherwise
                file.seek(self._offset)
                content = file.read(_MOST)
        except FileNotFoundError:
            return []
        events, length = parse(content)
        self._offset += length if length or len(content) < _MOST else len(content)
        return [msgspec.structs.replace(event, handle=self._handle) for event in events]


def _short(event: Event) -> Event:
    """An event whose texts are cut to what anybody reads."""
    if isinstance(event, Ended) and event.error is not None:
        return msgspec.structs.replace(event, error=_cut(event.error))
    if isinstance(event, Lost):
        return msgspec.structs.replace(event, why=_cut(event.why))
    if isinstance(event, Staged) and event.text is not None:
        return msgspec.structs.replace(event, text=_cut(event.text))
    return event


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def parse(content: bytes) -> tuple[list[Event], int]:
    """The events of whole lines, and the number of bytes that these have."""
    whole = content[: content.rfind(b"\n") + 1]
    events: list[Event] = []
    for line in whole.splitlines():
        with contextlib.suppress(msgspec.MsgspecError):
            events.append(from_json(line, _Line))  # type: ignore[call-overload]  # a union is a type to msgspec
    return events, len(whole)
