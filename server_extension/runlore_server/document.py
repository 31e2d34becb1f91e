"""JSON files of the home that are replaced as a whole; each says in which format it was written."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from runlore.errors import JournalFormatError
from runlore.untrusted import from_json, read_regular
from runlore_server.whole import write_whole

T = TypeVar("T")

FORMAT = 1
"""Of all of them, and of those that say nothing; raised when the meaning of something already written changes."""


_log = logging.getLogger(__name__)
_told: set[str] = set()


class _Envelope(msgspec.Struct):
    format: int = FORMAT


def read_document(path: Path, kind: type[T]) -> T:
    """What a file says.

    Raises:
        JournalFormatError: a later version wrote it, or it is damaged.
        OSError: it cannot be read.
    """
    content = read_regular(path)
    try:
        found = _format(content)
        if found > FORMAT:
            raise JournalFormatError(
                f"{_named(path)} has format {found}, this Runlore reads up to {FORMAT}; upgrade Runlore to read it"
            )
        return from_json(content, kind)
    except msgspec.MsgspecError as error:
        raise JournalFormatError(f"{_named(path)} is damaged: {error}") from error


def read_if_there(path: Path, kind: type[T]) -> T | None:
    """What a file says; ``None`` without one, and where it cannot be used, which is logged once."""
    try:
        return read_document(path, kind)
    except JournalFormatError as error:
        if str(error) not in _told:
            _told.add(str(error))
            _log.warning("%s", error)
    except OSError:
        pass
    return None


def write_document(path: Path, value: msgspec.Struct, *, for_people: bool = False) -> None:
    """Write a file; a reader sees what was there or all of this.

    Args:
        for_people: on several lines.

    Raises:
        OSError: it cannot be written.
    """
    fields: dict[str, Any] = msgspec.to_builtins(value)
    content = msgspec.json.encode({"format": FORMAT, **fields})
    write_whole(path, msgspec.json.format(content) if for_people else content)


def _format(content: bytes) -> int:
    # A list is how the checks of data were once written.
    envelope: Any = from_json(content, _Envelope | list[msgspec.Raw])  # type: ignore[arg-type]
    return envelope.format if isinstance(envelope, _Envelope) else FORMAT


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
