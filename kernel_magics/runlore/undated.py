"""What a file says apart from the moment at which it was made.

Some formats write the time of day into every file, or ids drawn anew: two files that say the same have other bytes
then. Their content without these has a digest of its own.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from blake3 import blake3

LARGEST = 16 * 2**20
"""Bytes; a larger file is compared by its bytes alone."""

_MOST_UNPACKED = 256 * 2**20
_MOST_MEMBERS = 10_000
_CHUNK = 2**20
_GZIP, _GZIP_TIME = b"\x1f\x8b", slice(4, 8)
_MATLAB_HEADER = 116

_PDF = re.compile(rb"/(?:CreationDate|ModDate)\s*\(D:[^)]{0,40}\)")
_SVG = re.compile(rb"<dc:date>[^<]{0,40}</dc:date>")
_SVG_ID = re.compile(rb"\b[A-Za-z]{1,8}[0-9a-f]{10}\b")
_SVG_IDS = re.compile(rb'\bid="(%s)"' % _SVG_ID.pattern)
_MATLAB = re.compile(rb"Created on: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}")
_UUID = re.compile(rb"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_IN_ARCHIVES = {
    "docProps/core.xml": re.compile(rb"<dcterms:(?:created|modified)\b[^<]{0,80}<"),  # Office
    "metadata.json": re.compile(rb'"date_saved": "[^"]{0,40}"'),  # Keras
}


def digest_undated(path: str | Path, content: bytes) -> str | None:
    """BLAKE3 of the content without dates and drawn ids, as the file's name tells its format.

    ``None`` where the format writes none, and where the content is not of that format or is too large.
    """
    rest = _FORMATS.get(Path(path).suffix.lower())
    if rest is None or len(content) > LARGEST:
        return None
    try:
        found = rest(content)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        return None  # damaged, encrypted, or packed in a way that Python does not know
    return None if found is None else str(blake3(found).hexdigest())


def has_dates(path: str | Path) -> bool:
    """Whether files of this name's format say when they were made."""
    return Path(path).suffix.lower() in _FORMATS


def _gzip(content: bytes) -> bytes | None:
    if not content.startswith(_GZIP):
        return None
    rest = bytearray(content)
    rest[_GZIP_TIME] = bytes(4)
    return bytes(rest)


def _zip(content: bytes) -> bytes | None:
    left, parts = _MOST_UNPACKED, []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > _MOST_UNPACKED:
            return None
        for member in members:
            hasher, dates = blake3(), _IN_ARCHIVES.get(member.filename)
            with archive.open(member) as file:
                while chunk := file.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        return None
                    hasher.update(dates.sub(b"", chunk) if dates is not None else chunk)
            parts.append(f"{member.filename}\0{member.external_attr}\0{hasher.hexdigest()}\0")
    return "".join(parts).encode(errors="surrogateescape")


def _pdf(content: bytes) -> bytes:
    return _PDF.sub(b"", content)


def _svg(content: bytes) -> bytes:
    return _numbered(_SVG.sub(b"", content), _SVG_ID, _SVG_IDS.findall(content))


def _html(content: bytes) -> bytes:
    return _numbered(content, _UUID, [one for one, count in Counter(_UUID.findall(content)).items() if count > 1])


def _matlab(content: bytes) -> bytes:
    return _MATLAB.sub(b"", content[:_MATLAB_HEADER]) + content[_MATLAB_HEADER:]


def _numbered(content: bytes, kind: re.Pattern[bytes], drawn: Iterable[bytes]) -> bytes:
    """The content with the ids that were drawn replaced by the order in which they first appear."""
    numbers = {one: b"%d" % number for number, one in enumerate(dict.fromkeys(drawn))}
    return kind.sub(lambda found: numbers.get(found[0], found[0]), content)


_FORMATS: dict[str, Callable[[bytes], bytes | None]] = {
    ".gz": _gzip,
    **dict.fromkeys((".zip", ".xlsx", ".docx", ".pptx", ".keras"), _zip),
    ".pdf": _pdf,
    ".svg": _svg,
    **dict.fromkeys((".html", ".htm"), _html),
    ".mat": _matlab,
}
