"""Objects written by a thread of their own, so that no cell waits for the disk."""

from __future__ import annotations

import threading
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from runlore.capture import audit

if TYPE_CHECKING:
    from runlore.session import Session

_PATIENCE = 30.0
"""Seconds that the end of a session waits for the disk at the most."""


class LaterWriter:
    """Puts objects into the store of a session a moment later than asked.

    A kernel that is killed in that moment leaves a digest whose object is missing, which every reader can tell.
    ``session.captures`` holds it behind those that use it: ``session_ended`` waits until all is written.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._put: set[str] = set()

    def put(self, content: bytes) -> str:
        """The digest under which ``content`` will be found."""
        digest = str(blake3(content).hexdigest())
        if digest not in self._put:
            self._put.add(digest)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="runlore-objects", daemon=True)
                self._thread.start()
            self._waiting.put(content)
        return digest

    def cell_started(self, ordinal: int) -> None:
        pass

    def cell_finished(self, ordinal: int) -> dict[str, Any]:  # noqa: ARG002 - it watches nothing
        return {}

    def session_ended(self) -> None:
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(_PATIENCE)

    def _work(self) -> None:
        audit.mute_thread()
        while (content := self._waiting.get()) is not None:
            self._session.store(partial(self._session.objects.put, content))
