"""Which objects a text speaks of: every digest in it counts, whatever it stands for.

Nobody has to keep a list of fields that hold digests, and none can be forgotten: a digest keeps its object
wherever it is written, also in events and fields of a later version.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import BinaryIO

from runlore.untrusted import open_regular

LENGTH = 64
"""Digits of a digest."""

_CHUNK = 1 << 20
_DIGITS = bytes(0x78 if char in b"0123456789abcdef" else 0x20 for char in range(256))
"""Translates a text so that digits become ``x`` and all else a space: one search then finds 64 in a row."""

_ROW = b"x" * LENGTH


def mentioned(content: bytes, among: Container[bytes]) -> set[bytes]:
    """Those of the digests ``among`` that stand in the content, also within longer rows of digits."""
    found: set[bytes] = set()
    plain = content.translate(_DIGITS)
    at = plain.find(_ROW)
    while at >= 0:
        end = plain.find(b" ", at + LENGTH)
        end = len(plain) if end < 0 else end
        windows = (content[start : start + LENGTH] for start in range(at, end - LENGTH + 1))
        found.update(digest for digest in windows if digest in among)
        at = plain.find(_ROW, end)
    return found


def mentioned_in(path: Path, among: Container[bytes], *, is_object: bool = False) -> set[bytes]:
    """The same for a file of any size; of an object that does not begin as JSON does, for its first MiB.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    found: set[bytes] = set()
    tail = b""
    with open_regular(path) as file:
        for chunk in _chunks(file):
            content = tail + chunk
            found |= mentioned(content, among)
            if is_object and chunk.lstrip()[:1] not in (b"{", b"["):
                return found
            is_object = False
            tail = content[-LENGTH + 1 :]
    return found


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    """The content but for holes, which can be larger than any disk and hold nothing."""
    while True:
        if hasattr(os, "SEEK_DATA"):
            try:
                file.seek(file.seek(0, os.SEEK_CUR), os.SEEK_DATA)
            except OSError:
                return  # nothing but a hole follows
        chunk = file.read(_CHUNK)
        if not chunk:
            return
        yield chunk
