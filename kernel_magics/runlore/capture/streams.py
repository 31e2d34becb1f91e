"""Text on stdout and stderr of an ipykernel, taken where it leaves its buffer.

ipykernel collects text and sends it from a thread of its own every 0.2 s and before each display. To have a
cell's text at the cell's end without waiting for that thread (about 0.5 ms), it is taken when the buffer is
exchanged, and what is in the buffer at the end is read in place.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any


class StreamText:
    """Calls ``on_text(stream's name, text, id of the request)`` for what both streams pass on.

    ``names`` are the streams that could be followed. Others, of another kernel or another version, are only
    flushed in ``settle``, and their text is to be taken from the messages.
    """

    def __init__(self, on_text: Callable[[str, str, str | None], None]) -> None:
        self._on_text = on_text
        self._followed: list[Any] = []
        self._read: dict[tuple[str, str | None], int] = {}
        """Characters that were read in the buffer already, by stream and request."""
        for stream in (sys.stdout, sys.stderr):
            if all(hasattr(stream, name) for name in ("_rotate_buffers", "_buffers", "_buffer_lock", "name")):
                self._followed.append(stream)
                stream._rotate_buffers = partial(self._exchange, stream, stream._rotate_buffers)  # type: ignore[union-attr]
        self.names = {stream.name for stream in self._followed}

    def settle(self, origin: str | None) -> None:
        """The cell of this request ends: take the text of it that is still in the buffers."""
        for stream in self._followed:
            with stream._buffer_lock:
                for key, buffer in stream._buffers.items():
                    if dict(key).get("msg_id") == origin:
                        self._pass_on(stream.name, buffer.getvalue(), origin)
                        self._read[stream.name, origin] = len(buffer.getvalue())
        for stream in (sys.stdout, sys.stderr):
            if getattr(stream, "name", None) not in self.names and hasattr(stream, "pub_thread"):
                stream.flush()

    def release(self) -> None:
        """Leave the streams as they were."""
        for stream in self._followed:
            stream.__dict__.pop("_rotate_buffers", None)

    def _exchange(self, stream: Any, exchange: Callable[[], Any]) -> Any:
        with stream._buffer_lock:
            buffers = exchange()
            for key, buffer in buffers.items():
                self._pass_on(stream.name, buffer.getvalue(), dict(key).get("msg_id"))
        return buffers

    def _pass_on(self, name: str, text: str, origin: str | None) -> None:
        text = text[self._read.pop((name, origin), 0) :]
        if text:
            with suppress(Exception):  # it must be shown, recorded or not
                self._on_text(name, text, origin)
