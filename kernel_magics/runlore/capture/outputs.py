"""What every cell showed, as a front-end received it.

The object named by ``CellFinished.outputs`` is JSON: a list of what the cell showed, in order, each of

- ``{"type": "stream", "name": "stdout" | "stderr", "text"}``: between two displays all of stdout, then all of
  stderr, because how the two interleave is timing. Of each stream 256 Ki characters a cell are kept; where more
  came, ``dropped`` is how many of this entry are missing, ``blake3`` the hash of its whole text in UTF-8 and
  ``rest`` that of what is missing.
- ``{"type": "display_data" | "execute_result", "data": {mime: value}}``: as it was last updated within the cell.
  A value is text (JSON types as JSON text), or ``{"blake3", "size"}`` of an object: images, sound, video and PDF
  decoded, and everything over 16 KiB. Objects over 4 MiB, and beyond 16 MiB a cell, are not in the store.
  The value of a widget view is ``{"model": name, "states": {name: state}}`` of the model and those it contains.
- ``{"type": "update", "display": name, "data"}``: the last update to a display of an earlier cell, which is
  named ``<cell>.<n>``: the n-th with a display id in that cell, from 0.
- ``{"type": "error", "ename", "evalue", "traceback": [text]}``, with terminal colours as shown; ``dropped`` and
  ``blake3`` as for streams where it is longer.
- ``{"type": "more", "dropped": n, "blake3"}`` at the end: what came after the 2000th entry, and its hash.

Cleared outputs are gone, cards of Runlore were never there. What a forked process prints goes past this and is
noted as not captured, and so is what comes after its cell's end.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from runlore.capture.printing import LivePrinting
from runlore.capture.shown import CellShown
from runlore.capture.streams import StreamText
from runlore.capture.widgets import WidgetModels
from runlore.card import MIME_TYPE

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from runlore.later import LaterWriter
    from runlore.session import Session


class OutputCapture:
    """Listens to what the kernel sends; ``session.captures`` holds it.

    ipykernel sends everything that a front-end shows through one object, ``kernel.session``, from whichever
    thread: its ``send`` is wrapped until the session ends. Text is taken a step before that (see
    ``runlore.capture.streams``). A shell without a kernel (plain IPython) has none of this; the journal then says
    so and nothing is recorded.
    """

    def __init__(self, session: Session, shell: InteractiveShell, writer: LaterWriter) -> None:
        self._session = session
        self._writer = writer
        self._publisher: Any = getattr(shell, "display_pub", None)
        self._sender: Any = getattr(getattr(shell, "kernel", None), "session", None)
        self._text = StreamText(self._text_seen)
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._child_printed = mmap.mmap(-1, 1)  # shared with forked processes
        self._models = WidgetModels()
        self._displays: dict[str, str] = {}
        self._named = 0
        self._shown = CellShown(MIME_TYPE, self._models.render)
        self._clearings = 0
        self._printing = LivePrinting(session)
        self._listening = False
        self._ordinal = 0
        self._parent: str | None = None
        self._earlier: dict[str, int] = {}
        self._failure: str | None = None
        self._late = False
        self._original: Callable[..., Any] | None = None
        self._wrapper: Callable[..., Any] | None = None
        if self._sender is None:
            session.not_captured("outputs of cells", "a shell in a terminal prints them itself, unseen")
        else:
            self._wrap()

    def cell_started(self, ordinal: int) -> None:
        cell = self._session.cell
        if self._sender is None or cell is None or not (cell.entropy and (ordinal >= 0 or self._session.plan)):
            return  # a cell that ran unseen, or the one that loads Runlore, whose beginning was not seen
        self._ordinal, self._named = ordinal, 0
        header = getattr(self._publisher, "parent_header", None) or {}
        with self._lock:
            self._parent = header.get("msg_id")
            self._shown, self._clearings = CellShown(MIME_TYPE, self._models.render), 0
            self._listening = self._parent is not None

    def cell_finished(self, ordinal: int) -> dict[str, Any]:
        if not self._listening:
            return {}
        self._text.settle(self._parent)
        with self._lock:
            self._listening = False
            self._earlier[self._parent or ""] = ordinal
            cell, shown = self._shown, self._shown.form()
            self._printing.ended()
        if self._child_printed[0]:
            self._child_printed[0] = 0
            self._missing(ordinal, "a forked process printed, which the kernel does not see")
        if self._failure is not None:
            self._missing(ordinal, self._failure)
            self._failure = None
        for content in cell.blobs.kept.values():
            self._writer.put(content)
        return {"outputs": self._writer.put(_encoded(shown))}

    def cleared_card(self, display_id: str) -> bool:
        """Whether the last cell showed a card of Runlore as this display, and cleared it."""
        with self._lock:
            return display_id in self._shown.cleared

    def session_ended(self) -> None:
        self._text.release()
        self._printing.close()
        if self._sender is not None and self._sender.__dict__.get("send") is self._wrapper:
            if self._original is None:
                del self._sender.send
            else:
                self._sender.send = self._original
        self._listening, self._earlier = False, {}

    # -- messages ------------------------------------------------------------------------------------------

    def _wrap(self) -> None:
        self._original = self._sender.__dict__.get("send")
        send: Callable[..., Any] = self._sender.send
        pid, seen, child_printed = self._pid, self._seen, self._child_printed

        def wrapper(stream: Any, msg_or_type: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                if os.getpid() == pid:
                    seen(msg_or_type, *args, **kwargs)
                elif isinstance(msg_or_type, dict) and msg_or_type.get("msg_type") == "stream":
                    child_printed[0] = 1
            except Exception as error:  # noqa: BLE001 - what cannot be recorded must still be shown
                self._failure = f"{type(error).__name__}: {error}"
            return send(stream, msg_or_type, *args, **kwargs)

        self._wrapper = self._sender.send = wrapper

    def _seen(self, message: Any, content: Any = None, parent: Any = None, *_: Any, **__: Any) -> None:
        if isinstance(message, dict):
            kind, content, parent = message["msg_type"], message["content"], message["parent_header"]
        else:
            kind = message
        take = _TAKERS.get(kind)
        if take is None or not parent:
            return
        origin = parent.get("header", parent).get("msg_id")
        with self._lock:
            if kind in _MODEL_MESSAGES:  # a model changes between cells too
                take(self, content)
                return
            if self._listening and origin == self._parent:
                take(self, content)
                self._note_clearing()
                return
        if kind != "stream" and MIME_TYPE not in content.get("data", ()):
            self._came_late(origin)

    def _text_seen(self, name: str, text: str, origin: str | None) -> None:
        """Text that is about to be sent."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            if self._listening and origin == self._parent:
                self._stream(name, text)
                return
        self._came_late(origin)

    def _stream(self, name: str, text: str) -> None:
        self._shown.about_to_show()
        self._note_clearing()
        self._printing.add(self._ordinal, name, text, self._shown.texts)
        self._shown.stream(name, text)

    def _note_clearing(self) -> None:
        if self._shown.clearings != self._clearings:
            self._clearings = self._shown.clearings
            self._printing.cleared()

    def _came_late(self, origin: str | None) -> None:
        if origin in self._earlier and not self._late:
            self._late = True
            why = "it came after the cell's end, from a thread or a task; so may that of later cells"
            self._missing(self._earlier[origin], why)

    def _take_stream(self, content: Any) -> None:
        if content["name"] not in self._text.names:
            self._stream(content["name"], content["text"])

    def _take_display(self, content: Any, kind: str = "display_data") -> None:
        display_id = (content.get("transient") or {}).get("display_id")
        if display_id is not None and display_id not in self._displays and MIME_TYPE not in content["data"]:
            self._displays[display_id] = f"{self._ordinal}.{self._named}"
            self._named += 1
        self._shown.display(kind, content["data"], display_id)

    def _take_result(self, content: Any) -> None:
        self._take_display(content, "execute_result")

    def _take_update(self, content: Any) -> None:
        display_id = (content.get("transient") or {}).get("display_id", "")
        name = self._displays.get(display_id)
        here = name is not None and name.startswith(f"{self._ordinal}.")
        self._shown.update(content["data"], display_id, None if here else name)

    def _take_error(self, content: Any) -> None:
        self._shown.error(content["ename"], content["evalue"], content["traceback"])

    def _take_clear(self, content: Any) -> None:
        self._shown.clear(bool(content.get("wait")))

    def _take_model(self, content: Any) -> None:
        self._models.opened(content, self._ordinal)

    def _take_model_change(self, content: Any) -> None:
        self._models.changed(content)

    # -- the end of a cell ---------------------------------------------------------------------------------

    def _missing(self, ordinal: int, why: str) -> None:
        self._session.not_captured(f"outputs of cell {ordinal}", why)


_MODEL_MESSAGES = {"comm_open": OutputCapture._take_model, "comm_msg": OutputCapture._take_model_change}
_TAKERS: dict[str, Callable[[OutputCapture, Any], None]] = {
    "stream": OutputCapture._take_stream,
    "display_data": OutputCapture._take_display,
    "execute_result": OutputCapture._take_result,
    "update_display_data": OutputCapture._take_update,
    "error": OutputCapture._take_error,
    "clear_output": OutputCapture._take_clear,
    **_MODEL_MESSAGES,
}


def _encoded(shown: list[dict[str, Any]]) -> bytes:
    try:
        return msgspec.json.encode(shown)
    except UnicodeEncodeError:  # lone surrogates, which JSON as msgspec writes it cannot hold
        import json

        return json.dumps(shown, ensure_ascii=True).encode()
