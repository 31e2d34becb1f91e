"""What DVC says of a file: its MD5 in the nearest ``.dvc`` file, ``dvc.lock`` or cached directory listing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from runlore.capture.data.identity import sign

_LARGEST_FILE = 8 * 2**20
_ITEM = re.compile(r"^- .*(?:\n {2}.*)*", re.MULTILINE)
"""One entry of a list."""

_TEXT = bytes(range(32, 127)) + b"\n\r\t\f\b"


Content = Callable[[str], Iterable[bytes]]
"""Gives a file's content, piece by piece of a mebibyte; raises OSError."""


class Entry(NamedTuple):
    """``md5`` of a file as DVC counts it; ``file`` is where that stands, in the repository.

    Before version 3 DVC turned the line ends of text into ``\\n`` first; ``plain`` says that it did not.
    """

    md5: str
    file: str
    plain: bool


class _Out(NamedTuple):
    path: str
    md5: str
    plain: bool


def entry(path: str, root: str, content: Content) -> Entry | None:
    """What tracks this file (absolute), looking no further up than ``root``; ``content`` reads files."""
    tracked = path
    while tracked.startswith(root + os.sep):
        directory = os.path.dirname(tracked)
        for name in (f"{tracked}.dvc", os.path.join(directory, "dvc.lock")):
            for out in _outs(name, content):
                place = os.path.normpath(os.path.join(directory, out.path))
                if place == path and not out.md5.endswith(".dir"):
                    return Entry(out.md5, _relative(name, root), out.plain)
                if path.startswith(place + os.sep) and out.md5.endswith(".dir"):
                    inner = path[len(place) + 1 :].replace(os.sep, "/")
                    md5 = _listed(root, out, inner, content)
                    return Entry(md5, _relative(name, root), out.plain) if md5 is not None else None
        tracked = directory
    return None


def _relative(path: str, root: str) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")


def _outs(path: str, content: Content) -> Iterator[_Out]:
    """The outputs in a file of DVC's: the few lines of YAML that DVC itself writes, no YAML at large."""
    signature = sign(path)
    if signature is None or signature.size > _LARGEST_FILE:
        return
    try:
        text = b"".join(content(path)).decode(errors="replace")
    except OSError:
        return
    found: list[str] = _ITEM.findall("\n".join(_sections(text.splitlines())))
    for item in found:
        fields = {}
        for line in item.splitlines():
            name, _, value = line[2:].partition(":")
            if not name.startswith((" ", "-")):  # those are of lists inside it
                fields[name] = value.strip().strip("'\"")
        if {"path", "md5"} <= fields.keys():
            yield _Out(fields["path"], fields["md5"], fields.get("hash") == "md5")


def _sections(lines: Iterable[str]) -> Iterator[str]:
    """The lines of all lists named ``outs``, moved to the left."""
    section: int | None = None
    item = 0
    for line in lines:
        text = line.strip()
        indent, dash = len(line) - len(line.lstrip()), text.startswith("- ")
        if not text or text.startswith("#"):
            continue
        if section is not None and (indent > section or (dash and indent == section)):
            item = indent if item < 0 else item
            yield line[item:]
        else:
            section, item = (indent, -1) if text == "outs:" else (None, -1)


def _listed(root: str, out: _Out, inner: str, content: Content) -> str | None:
    """The MD5 of one file of a tracked directory, from the listing in DVC's local cache."""
    cache = os.path.join(root, ".dvc", "cache")
    for middle in (("files", "md5"), ()):
        name = os.path.join(cache, *middle, out.md5[:2], out.md5[2:])
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            listed = {one["relpath"]: one["md5"] for one in json.loads(b"".join(content(name)))}
            return str(listed[inner]) if inner in listed else None
    return None


def md5(known: Entry, chunks: Iterable[bytes]) -> str:
    """The MD5 of a file's content, counted as the entry is."""
    hasher = hashlib.md5(usedforsecurity=False)
    text: bool | None = False if known.plain else None
    for chunk in chunks:
        if text is None:
            text = _is_text(chunk[:512])
        hasher.update(chunk.replace(b"\r\n", b"\n") if text else chunk)
    return hasher.hexdigest()


def _is_text(start: bytes) -> bool:
    """DVC's own rule: no NUL, and not more than 30 % of characters that text does not have."""
    if b"\0" in start:
        return False
    return len(start.translate(None, _TEXT)) / len(start) <= 0.30
