"""The random states of one session, in one file: each appended once, and read back by its hash.

Layout: a header of 16 bytes (8 bytes magic, u32 version, 4 bytes zero; little-endian), then records of a u32
length, the 32 bytes of the content's BLAKE3 digest, and the content. A torn last record is left out on reading,
and so is everything behind a length of zero, or one that leads past the end of the file.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from blake3 import blake3

from runlore.errors import ObjectMissing
from runlore.untrusted import open_regular

MAGIC = b"RLSTATES"
VERSION = 1
HEADER = struct.pack("<8sI4x", MAGIC, VERSION)
_RECORD = struct.Struct("<I32s")


class StateWriter:
    """Appends states to a file, which begins with the first of them; none is written twice."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._written: set[bytes] = set()

    def put(self, content: bytes) -> str:
        """Append ``content`` unless that was done before; return its digest.

        Raises:
            OSError: the file cannot be written.
        """
        return self.put_all((content,))[0]

    def put_all(self, contents: Iterable[bytes]) -> list[str]:
        """As ``put``, for several in one write; all of them or none."""
        digests, records = [], {}
        for content in contents:
            digest = blake3(content).digest()
            digests.append(digest.hex())
            if digest not in self._written:
                records[digest] = _RECORD.pack(len(content), digest) + content
        if records:
            if self._file is None:
                self._open()
            self._append(b"".join(records.values()))
            self._written.update(records)
        return digests

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        self._file = os.open(self._path, flags, 0o600)
        if os.fstat(self._file).st_size == 0:
            self._append(HEADER)

    def _append(self, record: bytes) -> None:
        assert self._file is not None  # noqa: S101 - opened by its only caller
        written = os.write(self._file, record)
        if written < len(record):
            # What follows a torn record could not be read, so take it back.
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


class StateFile:
    """Reads the states of a session, also while they are being written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, tuple[int, int]] = {}
        """Digest to offset and length of its content."""
        self._scanned = len(HEADER)

    def get(self, digest: str) -> bytes:
        """The state with this digest, after its hash was verified.

        Raises:
            ObjectMissing: it is not there, what is there has another hash, or the file cannot be read.
        """
        try:
            with open_regular(self._path) as file:
                if digest not in self._places:
                    self._scan(file.fileno())
                if digest not in self._places:
                    raise ObjectMissing(f"random state {digest} is not in {self._path.name} of its session")
                offset, length = self._places[digest]
                file.seek(offset)
                content = file.read(length)
        except OSError as error:
            raise ObjectMissing(f"random state {digest} cannot be read: {error.strerror}") from error
        if blake3(content).hexdigest() != digest:
            raise ObjectMissing(f"random state {digest} was changed on disk: its content has another hash")
        return content

    def torn(self) -> int:
        """Bytes behind the last complete record.

        Raises:
            ObjectMissing: it is no file of states, or of a later version.
            OSError: it cannot be read.
        """
        with open_regular(self._path) as file:
            self._scan(file.fileno())
            return os.fstat(file.fileno()).st_size - self._scanned

    def _scan(self, file: int) -> None:
        with os.fdopen(os.dup(file), "rb") as reader:
            reader.seek(0)
            self._check(reader.read(len(HEADER)))
            end = os.fstat(file).st_size
            while self._scanned + _RECORD.size <= end:
                reader.seek(self._scanned)
                length, digest = _RECORD.unpack(reader.read(_RECORD.size))
                start = self._scanned + _RECORD.size
                if not length or start + length > end:
                    return
                self._places.setdefault(digest.hex(), (start, length))
                self._scanned = start + length

    def _check(self, header: bytes) -> None:
        if len(header) < len(HEADER) or header[: len(MAGIC)] != MAGIC:
            raise ObjectMissing(f"{self._path.name} is no file of random states")
        version = struct.unpack_from("<I", header, len(MAGIC))[0]
        if version > VERSION:
            raise ObjectMissing(f"{self._path.name} has version {version}; upgrade Runlore to read it")
