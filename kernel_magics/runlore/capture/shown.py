"""What one cell shows, as its messages come in; the form of the result is told in ``runlore.capture.outputs``."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from typing import Any

import msgspec
from blake3 import blake3

TEXT_LIMIT = 256 * 1024
"""Characters that are kept of each of the two streams, and of a traceback, of one cell."""

INLINE_LIMIT = 16 * 1024
"""Bytes of a displayed value that stand in the outputs themselves; longer ones are blobs."""

BLOB_LIMIT = 4 * 1024 * 1024
CELL_BLOB_LIMIT = 16 * 1024 * 1024
"""Bytes of one blob, and of all of a cell, that are stored; of what is beyond, hash and size are kept."""

ENTRY_LIMIT = 2000
_HELD_LIMIT = 32 * 1024 * 1024
_BINARY = re.compile(r"(image/(?!svg)|audio/|video/|application/pdf)")

Entry = dict[str, Any]


class Blobs:
    """The large values of one cell. ``kept`` are those to be stored, by digest."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self._size = 0

    def form(self, mime: str, value: Any) -> Any:
        """A displayed value as the outputs hold it: its text, or ``{"blake3": .., "size": ..}``."""
        if isinstance(value, (list, tuple)) and all(isinstance(line, str) for line in value):
            value = "".join(value)
        if isinstance(value, str):
            content = _decoded(value) if _BINARY.match(mime) else None
            if content is None:
                content = value.encode(errors="surrogatepass")
                if len(content) <= INLINE_LIMIT:
                    return value
        else:
            content = msgspec.json.encode(value)
            if len(content) <= INLINE_LIMIT:
                return content.decode()
        digest = str(blake3(content).hexdigest())
        fits = len(content) <= BLOB_LIMIT and self._size + len(content) <= CELL_BLOB_LIMIT
        if digest not in self.kept and fits:
            self.kept[digest] = content
            self._size += len(content)
        return {"blake3": digest, "size": len(content)}


def _decoded(text: str) -> bytes | None:
    try:
        return binascii.a2b_base64(text)
    except ValueError:
        return None


class _Stream:
    """The text of one stream between two displays."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._kept: list[str] = []
        self._dropped = 0
        self._hash: Any = None
        self._rest: Any = None

    def add(self, text: str, room: int) -> int:
        """Append ``text``, of which at most ``room`` characters are kept; how many were."""
        if self._hash is None and len(text) > room:
            self._hash = blake3("".join(self._kept).encode(errors="surrogatepass"))
            self._rest = blake3()
        kept = text[:room]
        if self._hash is not None:
            self._hash.update(text.encode(errors="surrogatepass"))
            self._rest.update(text[room:].encode(errors="surrogatepass"))
        if kept:
            self._kept.append(kept)
        self._dropped += len(text) - len(kept)
        return len(kept)

    @property
    def text(self) -> str:
        """What is kept of it."""
        return "".join(self._kept)

    def form(self) -> Entry:
        entry: Entry = {"type": "stream", "name": self.name, "text": self.text}
        if self._dropped:
            entry |= {
                "dropped": self._dropped,
                "blake3": str(self._hash.hexdigest()),
                "rest": str(self._rest.hexdigest()),
            }
        return entry


class _Shown:
    """One display, result or update. ``data`` is raw until it is settled."""

    def __init__(self, kind: str, data: Any, display_id: str | None, of: str | None = None) -> None:
        self.kind = kind
        self.display_id = display_id
        self.of = of
        self.data = data
        self.settled: dict[str, Any] | None = None

    def replace(self, data: Any) -> None:
        self.data, self.settled = data, None


class CellShown:
    """What the cell shows now, after all messages so far. Not thread-safe.

    Args:
        skipped_mime: displays that hold this type are left out.
        render: the form of a value of some types, asked when the cell has ended; ``None`` to take it as it is.

    Attributes:
        cleared: the ids of displays that were left out, and which the cell then cleared.
        clearings: how often the cell took back all that it had shown.
    """

    def __init__(self, skipped_mime: str, render: Callable[[str, Any], Any]) -> None:
        self._skipped_mime = skipped_mime
        self._render = render
        self._entries: list[_Stream | _Shown | Entry] = []
        self._room: dict[str, int] = {}
        self._held = 0
        self._more = 0
        self._more_hash = blake3()
        self._clear_at_next = False
        self._skipped: set[str] = set()
        self.cleared: set[str] = set()
        self.clearings = 0
        self.blobs = Blobs()

    def stream(self, name: str, text: str) -> None:
        self.about_to_show()
        stream = self._open_stream(name)
        if stream is None:
            stream = _Stream(name)
            if not self._admit(stream, name):
                self._more_hash.update(text.encode(errors="surrogatepass"))
                return
        room = self._room.get(name, TEXT_LIMIT)
        self._room[name] = room - stream.add(text, room)

    def _open_stream(self, name: str) -> _Stream | None:
        for entry in reversed(self._entries):
            if not isinstance(entry, _Stream):
                break
            if entry.name == name:
                return entry
        return None

    def display(self, kind: str, data: Any, display_id: str | None) -> None:
        if not isinstance(data, dict):
            return
        if self._skipped_mime in data:
            if display_id is not None:
                self._skipped.add(display_id)
            return
        self.about_to_show()
        if self._admit(_Shown(kind, data, display_id), data):
            self._hold(data)

    def update(self, data: Any, display_id: str | None, earlier: str | None) -> None:
        """A display was changed; ``earlier`` names it where a cell before this one had shown it."""
        if not isinstance(data, dict) or self._skipped_mime in data:
            return
        self._hold(data)
        for entry in self._entries:
            if isinstance(entry, _Shown) and entry.display_id == display_id:
                entry.replace(data)
                if entry.kind == "update":
                    return
        if earlier is not None:
            self._admit(_Shown("update", data, display_id, earlier), data)

    def error(self, name: Any, value: Any, traceback: Any) -> None:
        self.about_to_show()
        lines = [str(line) for line in traceback] if isinstance(traceback, list) else []
        whole = "\n".join(lines)
        entry: Entry = {"type": "error", "ename": str(name), "evalue": str(value)[:TEXT_LIMIT]}
        if len(whole) > TEXT_LIMIT:
            lines = [whole[:TEXT_LIMIT]]
            digest = blake3(whole.encode(errors="surrogatepass")).hexdigest()
            entry |= {"dropped": len(whole) - TEXT_LIMIT, "blake3": str(digest)}
        self._admit({**entry, "traceback": lines}, whole)

    def clear(self, wait: bool) -> None:
        if wait:
            self._clear_at_next = True
            return
        self._clear_at_next = False
        self.clearings += 1
        self.cleared |= self._skipped
        self._entries = [one for one in self._entries if isinstance(one, _Shown) and one.kind == "update"]
        self._room.clear()
        self._held = self._more = 0
        self._more_hash = blake3()

    def about_to_show(self) -> None:
        """Something comes: what was to go at that moment goes."""
        if self._clear_at_next:
            self.clear(wait=False)

    def _admit(self, entry: _Stream | _Shown | Entry, content: Any) -> bool:
        if len(self._entries) < ENTRY_LIMIT:
            self._entries.append(entry)
            return True
        self._more += 1
        self._more_hash.update(msgspec.json.encode(content))
        return False

    def _hold(self, data: dict[str, Any]) -> None:
        """Values are hashed when the cell has ended, if they are still shown then; many large ones before."""
        self._held += sum(len(value) for value in data.values() if isinstance(value, str))
        if self._held > _HELD_LIMIT:
            self._held = 0
            for entry in self._entries:
                if isinstance(entry, _Shown):
                    self._settle(entry)

    def _settle(self, entry: _Shown) -> dict[str, Any]:
        if entry.settled is None:
            entry.settled = {
                mime: self.blobs.form(mime, self._render(mime, value)) for mime, value in entry.data.items()
            }
            entry.data = None
        return entry.settled

    def texts(self) -> list[tuple[str, str]]:
        """What it printed so far, as far as it is kept, with the names of the streams."""
        return [(one.name, one.text) for one in self._entries if isinstance(one, _Stream)]

    def form(self) -> list[Entry]:
        """The finished outputs."""
        found: list[Entry] = []
        streams: list[_Stream] = []
        for entry in self._entries:
            if isinstance(entry, _Stream):
                streams.append(entry)
                continue
            found += [stream.form() for stream in sorted(streams, key=_out_first)]
            streams = []
            if isinstance(entry, _Shown):
                form: Entry = {"type": entry.kind, "data": self._settle(entry)}
                found.append(form if entry.of is None else {**form, "display": entry.of})
            else:
                found.append(entry)
        found += [stream.form() for stream in sorted(streams, key=_out_first)]
        if self._more:
            found.append({"type": "more", "dropped": self._more, "blake3": str(self._more_hash.hexdigest())})
        return found


def _out_first(stream: _Stream) -> bool:
    return stream.name != "stdout"
