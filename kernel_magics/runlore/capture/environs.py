"""The environment variables that cells read, as digests under the home's key: values may be secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from blake3 import blake3

from runlore.key import HomeKey

if TYPE_CHECKING:
    from runlore.session import Session

_DIGITS = 16
_WHAT = "environment variable"


class Environs:
    """Digests of environment variables, for the details of ``UncontrolledUsed``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._key = HomeKey(session.home.key)
        self._subkey: bytes | None = None

    def one(self, name: str) -> str | None:
        """``name`` and the digest of its value, or ``unset``; ``None`` where that cannot be told."""
        value = os.environ.get(name)
        if value is None:
            return f"{name} unset"
        try:
            return f"{name} {self._key.sign(_WHAT, name, value)[:_DIGITS]}"
        except (OSError, UnicodeEncodeError) as error:
            self._session.not_captured(f"{_WHAT} {name}", f"its value cannot be hashed: {error}")
            return None

    def all(self, variables: Mapping[Any, Any], reader: str) -> str | None:
        """The digest of an object with every variable's digest by its name, and who reads them all."""
        try:
            pairs = sorted((os.fsencode(name), os.fsencode(value)) for name, value in variables.items())
            found = {name.decode(errors="replace"): self._digest(name, value) for name, value in pairs}
            content = msgspec.json.encode(found)
        except (OSError, TypeError, ValueError) as error:
            self._session.not_captured(f"{_WHAT}s", f"their values cannot be hashed: {error}")
            return None
        digest = self._session.store(lambda: self._session.objects.put(content))
        return None if digest is None else f"{digest} {reader}"

    def _digest(self, name: bytes, value: bytes) -> str:
        if self._subkey is None:  # the key is a file: it is read once, not for each of a hundred variables
            self._subkey = bytes.fromhex(self._key.sign(f"{_WHAT}s"))
        return str(blake3(name + b"\0" + value, key=self._subkey).hexdigest(_DIGITS // 2))
