"""The home's own key: what it signs was written here, by nobody else."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from pathlib import Path

from blake3 import blake3

_SIZE = 32


class HomeKey:
    """32 random bytes in a file that only its owner can read, made when first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def sign(self, *words: str) -> str:
        """BLAKE3 of the words under the key, in hexadecimal.

        Raises:
            OSError: the key can be neither read nor made.
            PermissionError: others can read it, so it proves nothing.
        """
        return self._mac(self._read(make=True), words)

    def verifies(self, signature: str, *words: str) -> bool:
        """Whether the signature of the words was made with this key; never makes one."""
        try:
            key = self._read(make=False)
        except OSError:
            return False
        return hmac.compare_digest(self._mac(key, words).encode(), signature.encode(errors="replace"))

    @staticmethod
    def _mac(key: bytes, words: tuple[str, ...]) -> str:
        message = b"".join(len(word).to_bytes(8, "little") + word for word in map(str.encode, words))
        return str(blake3(message, key=key).hexdigest())

    def _read(self, *, make: bool) -> bytes:
        if make and not self._path.exists():
            self._make()
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        file = os.open(self._path, flags)
        try:
            facts = os.fstat(file)
            if os.name == "posix" and (stat.S_IMODE(facts.st_mode) & 0o077 or facts.st_uid != os.geteuid()):
                raise PermissionError(
                    f"{self._path} is not private to this user; remove it, and what it signed is not trusted again"
                )
            key = os.read(file, _SIZE + 1)
        finally:
            os.close(file)
        if len(key) != _SIZE:
            raise PermissionError(f"{self._path} is no key of {_SIZE} bytes; remove it")
        return key

    def _make(self) -> None:
        staged = self._path.with_name(f".key-{os.getpid()}-{secrets.token_hex(4)}")
        file = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            os.write(file, secrets.token_bytes(_SIZE))
            os.close(file)
            try:
                os.link(staged, self._path)  # another kernel may make one at the same moment; the first stays
            except FileExistsError:
                pass
            except OSError:
                os.replace(staged, self._path)  # a file system without links
        finally:
            staged.unlink(missing_ok=True)
