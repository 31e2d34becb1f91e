"""What a file's content is: a BLAKE3 digest, and a cache of digests that can be trusted."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import struct
import threading
import time
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

LARGEST = 32 * 2**30
"""Bytes; a larger file is not hashed: reading it once more would cost the machine minutes."""

CHANGED = "changed while it was read"
_CHUNK = 2**20
_SMALL = 2**16
"""Bytes; smaller files are hashed faster than they are looked up in a cache."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_RACY = 2_000_000_000
"""Nanoseconds; some file systems keep times to two seconds only, and a server's clock may be off."""


class Signature(NamedTuple):
    """What the system says of a file; as long as it stays, the content most likely does; times in nanoseconds."""

    dev: int
    ino: int
    size: int
    mtime: int
    ctime: int


_KIND = stat.S_IFMT(0xFFFF)
_new = tuple.__new__


class Identity(NamedTuple):
    """A file's content; ``digest`` is ``None`` where it cannot be known, ``why`` then says why."""

    digest: str | None
    size: int | None
    why: str | None = None


def sign(path: str) -> Signature | None:
    """The signature of a regular file; ``None`` of anything else, and where nothing can be seen."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return signature_of(found) if found.st_mode & _KIND == stat.S_IFREG else None


def signature_of(found: os.stat_result) -> Signature:
    # As Signature(...), without the detour through its own __new__: this is done for every file that is opened.
    return _new(Signature, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))


def identify(
    path: str,
    expected: Signature | None = None,
    cache: StatCache | None = None,
    hurry: threading.Event | None = None,
) -> Identity:
    """Hash a file's content, reading it once; never blocks on what is no regular file, never maps it.

    Args:
        path: any path.
        expected: the signature when it was opened; when the file has another one now, the content that was
            read is gone and there is no digest.
        cache: asked first, and told.
        hurry: once it is set, no file is hashed (any further).
    """
    before = expected if expected is not None else sign(path)
    if before is None:
        return Identity(None, None, "no file that can be read")
    if cache is not None and (known := cache.get(before)) is not None:
        return Identity(known, before.size)
    if before.size > LARGEST:
        return Identity(None, before.size, f"larger than {LARGEST >> 30} GiB: not hashed")
    started = time.time_ns()
    try:
        digest = _hash(path, before, hurry)
    except FileNotFoundError:
        return Identity(None, before.size, "gone before it could be hashed")
    except OSError as error:
        return Identity(None, before.size, f"cannot be read: {error.strerror or error}")
    if hurry is not None and hurry.is_set():
        return Identity(None, before.size, "the session ended before it was hashed")
    if digest is None:
        return Identity(None, before.size, CHANGED)
    if cache is not None:
        cache.put(before, digest, started)
    return Identity(digest, before.size)


def _hash(path: str, before: Signature, hurry: threading.Event | None) -> str | None:
    """The digest, or ``None`` when this is not the file any more or it changes; meaningless after ``hurry``."""
    # A file could have become a pipe since: without O_NONBLOCK that would wait for ever.
    file = os.open(path, _FLAGS)
    try:
        if signature_of(os.fstat(file)) != before:
            return None
        hasher = blake3()
        if before.size < _SMALL:
            hasher.update(os.read(file, _SMALL))
        else:
            chunk = memoryview(bytearray(_CHUNK))
            with open(file, "rb", buffering=0, closefd=False) as reader:
                while (count := reader.readinto(chunk)) and not (hurry is not None and hurry.is_set()):
                    hasher.update(chunk[:count])
        return str(hasher.hexdigest()) if signature_of(os.fstat(file)) == before else None
    finally:
        os.close(file)


_FORMAT = 1


class StatCache:
    """Digests by signature, in a file that all kernels of a home share; a home without it loses only time.

    Git's rule against races holds: a file that changed not well before it was hashed could change again without
    another signature, so its digest is not kept. Small files are none of its business.
    """

    def __init__(self, path: Path) -> None:
        self._fresh: dict[bytes, tuple[bytes, bytes]] = {}
        self._database: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        with contextlib.suppress(sqlite3.Error, OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            database = sqlite3.connect(path, timeout=0.5, isolation_level=None, check_same_thread=False)
            if database.execute("PRAGMA user_version").fetchone()[0] > _FORMAT:
                database.close()  # a later version's: it costs only time to do without
                return
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=OFF")  # it can be deleted at any time, so it may as well be lost
            database.execute(
                "CREATE TABLE IF NOT EXISTS digests (file BLOB PRIMARY KEY, state BLOB, digest BLOB) WITHOUT ROWID"
            )
            database.execute(f"PRAGMA user_version = {_FORMAT}")
            self._database = database

    def get(self, signature: Signature) -> str | None:
        """The digest of a file that looks like this."""
        if signature.size < _SMALL:
            return None
        file, state = _keys(signature)
        found = self._fresh.get(file)
        if found is None and self._database is not None:
            with contextlib.suppress(sqlite3.Error), self._lock:
                query = "SELECT state, digest FROM digests WHERE file = ?"
                found = self._database.execute(query, (file,)).fetchone()
        return found[1].hex() if found is not None and found[0] == state and len(found[1]) == 32 else None

    def put(self, signature: Signature, digest: str, hashed: int) -> None:
        """Keep a digest that was taken from ``hashed`` on (Unix time in ns), if it can be trusted later."""
        if signature.size < _SMALL or max(signature.mtime, signature.ctime) >= hashed - _RACY:
            return
        file, state = _keys(signature)
        self._fresh[file] = (state, bytes.fromhex(digest))
        if len(self._fresh) >= 1000:
            self.flush()

    def flush(self) -> None:
        """Write what is new."""
        fresh, self._fresh = self._fresh, {}
        if self._database is None or not fresh:
            return
        with contextlib.suppress(sqlite3.Error), self._lock:
            self._database.execute("BEGIN")
            rows = [(file, *known) for file, known in fresh.items()]
            self._database.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?, ?)", rows)
            self._database.execute("COMMIT")

    def close(self) -> None:
        self.flush()
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):
                self._database.close()
            self._database = None


def _keys(signature: Signature) -> tuple[bytes, bytes]:
    word = 2**64 - 1
    return (
        struct.pack("<QQ", signature.dev & word, signature.ino & word),
        struct.pack("<Qqq", signature.size, signature.mtime, signature.ctime),
    )
