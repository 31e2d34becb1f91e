"""Content-addressed objects: RNG states, patches, environments, artifacts; each written once."""

from __future__ import annotations

import os
import re
import secrets
import time
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from runlore.errors import ObjectMissing
from runlore.untrusted import open_regular

_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
_LARGE, _LARGEST = 1 << 26, 1 << 29
"""Bytes of what is looked through before it is held in memory, and of what never is."""

_TRUSTED = 60.0
"""Seconds for which an object that was seen is taken to be there still."""


class ObjectStore:
    """A folder of files named by the BLAKE3 of their content.

    What is stored again gets the present as its time of change, so that nobody who clears the folder of old
    objects takes it for one: the journal names an object only after it was stored.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seen: dict[str, float] = {}
        """When an object was last stored here: some are stored with every cell, and a look at the disk costs."""

    def path(self, digest: str) -> Path:
        """Where the object lies, or would lie.

        Raises:
            ObjectMissing: ``digest`` is no digest, so it can name no object (and no file elsewhere).
        """
        if not _DIGEST.fullmatch(digest):
            raise ObjectMissing(f"{digest!r} is no BLAKE3 digest")
        return self._directory / digest

    def put(self, content: bytes) -> str:
        """Store ``content`` unless it is there already, and return its digest.

        Raises:
            OSError: the folder cannot be written.
        """
        digest, now = str(blake3(content).hexdigest()), time.time()
        stored = self._seen.get(digest)
        if stored is not None and abs(now - stored) < _TRUSTED:
            return digest
        target = self.path(digest)
        try:
            os.utime(target)
        except OSError:  # it is not there, or another user's
            staged = self._stage()
            try:
                staged.write_bytes(content)
                os.replace(staged, target)
            except BaseException:
                staged.unlink(missing_ok=True)
                raise
        self._seen[digest] = now
        return digest

    def put_file(self, source: Path) -> tuple[str, int]:
        """Copy a file in without holding it in memory; return its digest and its size in bytes.

        The digest is that of the bytes stored, also when the file changes while it is being read.

        Raises:
            OSError: ``source`` cannot be read, or the folder cannot be written.
        """
        hasher, size = blake3(), 0
        staged = self._stage()
        try:
            with staged.open("wb") as out, source.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    hasher.update(chunk)
                    out.write(chunk)
                    size += len(chunk)
            digest = str(hasher.hexdigest())
            os.replace(staged, self.path(digest))
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        return digest, size

    def _stage(self) -> Path:
        """A name in the folder that no other writer uses; the folder is made if need be."""
        if not self._directory.is_dir():
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._directory / f".staged-{os.getpid()}-{secrets.token_hex(4)}"

    def verified(self, digest: str, size: int) -> Path:
        """Where the object of this size lies, after its hash was verified; it may be larger than memory.

        Raises:
            ObjectMissing: it is not there, or what is there has another size or hash.
        """
        path = self.path(digest)
        try:
            with open_regular(path) as file:
                if os.fstat(file.fileno()).st_size != size:
                    raise ObjectMissing(f"object {digest} was changed on disk: its content has another size")
            _verify(str(blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest()), digest)
        except OSError as error:
            raise ObjectMissing(f"object {digest} cannot be read: {error.strerror}") from error
        return path

    def copy(self, digest: str, target: Path) -> None:
        """Copy an object, which may be larger than memory, to a file of its own.

        Raises:
            ObjectMissing: it is not there, or what is there has another hash; then there is no such file.
            OSError: the file cannot be written.
        """
        path, hasher = self.path(digest), blake3()
        try:
            source = open_regular(path)
        except OSError as error:
            raise ObjectMissing(f"object {digest} cannot be read: {error.strerror}") from error
        with source, target.open("wb") as out:
            while chunk := source.read(_CHUNK):
                hasher.update(chunk)
                out.write(chunk)
        try:
            _verify(str(hasher.hexdigest()), digest)
        except ObjectMissing:
            target.unlink()
            raise

    def get(self, digest: str) -> bytes:
        """The content, after its hash was verified.

        Raises:
            ObjectMissing: it is not there, what is there has another hash, or it has more than 512 MiB, which only
                artifacts have: those are never taken into memory.
        """
        path = self.path(digest)
        try:
            with open_regular(path) as file:
                size = os.fstat(file.fileno()).st_size
                if size > _LARGEST:
                    raise ObjectMissing(
                        f"object {digest} has {size:,} bytes, more than anything that is read whole"
                    )
                # What is large is held in memory only when it is known to be right.
                if size > _LARGE:
                    _verify(_hash(file), digest)
                    file.seek(0)
                content = file.read()
        except OSError as error:
            raise ObjectMissing(f"object {digest} cannot be read: {error.strerror}") from error
        _verify(str(blake3(content).hexdigest()), digest)
        return content


def _hash(file: BinaryIO) -> str:
    hasher = blake3()
    while chunk := file.read(_CHUNK):
        hasher.update(chunk)
    return str(hasher.hexdigest())


def _verify(found: str, digest: str) -> None:
    if found != digest:
        raise ObjectMissing(f"object {digest} was changed on disk: its content has another hash")
