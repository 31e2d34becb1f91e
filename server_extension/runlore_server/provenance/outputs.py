"""What a cell showed, in the words of notebooks; ``runlore.capture.outputs`` has those of the record."""

from __future__ import annotations

import binascii
import itertools
from typing import Any

import msgspec

from runlore.errors import ObjectMissing, RunNotFound
from runlore.home import Home
from runlore.live_output import FILE, read_live
from runlore.objects import ObjectStore
from runlore.record import CellRecord, RunRecord
from runlore.session_record import SessionRecord
from runlore.untrusted import from_json
from runlore_server.store.cells import executed_cells

AT_ONCE = 2 << 20
"""Bytes of values in objects of their own that are sent unless all are asked for."""

LATELY = 1 << 16
"""Characters of what a cell printed lately that are sent while it runs, unless all are asked for."""

_WIDGET = "application/vnd.jupyter.widget-view+json"
_JSON = ("application/json", "+json")
_BINARY = ("image/", "audio/", "video/", "application/pdf")
_SVG = "image/svg+xml"

Output = dict[str, Any]


class CellOutputs(msgspec.Struct, frozen=True, kw_only=True):
    """What one cell showed.

    ``outputs`` are as in a notebook file, but that text is never a list, and that a display may have ``left_out``
    (size in bytes by type) and ``lost`` (why, by type) beside its ``data``; a stream or an error may have
    ``dropped``: the characters that were not kept, and an entry ``more`` tells how many entries were not.
    ``why`` says why nothing is known.
    """

    outputs: list[Output]
    why: str | None = None


def cell_outputs(run: RunRecord, session: SessionRecord, ordinal: int, home: Home, *, whole: bool) -> CellOutputs:
    """What the cell showed that has this ordinal.

    Args:
        run: the run up to whose end the cell was executed.
        session: that of the run.
        ordinal: which cell.
        home: where it is recorded.
        whole: whether large values are wanted too.

    Raises:
        RunNotFound: no such cell was executed up to the end of the run.
    """
    if all(cell.ordinal != ordinal for cell in executed_cells(run, session)):
        raise RunNotFound(f"run {run.run_id} has no cell {ordinal}")
    cell = session.cells[ordinal]
    if cell.outputs is None:
        if cell.outcome is None and not session.closed:
            return _so_far(home, run, cell, whole=whole)
        return CellOutputs(outputs=[], why="what this cell showed was not recorded")
    objects = ObjectStore(home.objects)
    try:
        entries = from_json(objects.get(cell.outputs), list[dict[str, Any]])
    except (ObjectMissing, msgspec.DecodeError) as error:
        return CellOutputs(outputs=[], why=f"what this cell showed is lost: {error}")
    told = _Telling(objects, None if whole else AT_ONCE)
    return CellOutputs(outputs=[found for entry in entries if (found := told.entry(entry)) is not None])


def _so_far(home: Home, run: RunRecord, cell: CellRecord, *, whole: bool) -> CellOutputs:
    """What a cell printed that still runs: known of open runs, and of reruns, whose runner hears it."""
    folder = home.session(run.session_id) if cell.replays is None else home.rerun(run.run_id)
    live = read_live(folder / FILE)
    if live is None or live.cell != (cell.ordinal if cell.replays is None else cell.replays):
        return CellOutputs(outputs=[], why="the cell still runs and has printed nothing so far")
    outputs: list[Output] = []
    room = sum(len(one.text) for one in live.texts) if whole else LATELY
    for name, texts in itertools.groupby(reversed(live.texts), key=lambda one: one.name):
        if room <= 0:
            break
        text = "".join([one.text for one in texts][::-1])
        outputs.insert(0, {"output_type": "stream", "name": name, "text": text[-room:]})
        room -= len(text)
    told = "the cell still runs; this is what it printed so far, and what else it shows comes when it ends"
    if live.dropped:
        told += f" ({live.dropped:,} characters before are not kept until then)"
    if room < 0:
        told = "the cell still runs; this is the last of what it printed so far, and all of it comes when it ends"
    return CellOutputs(outputs=outputs, why=told)


class _Telling:
    def __init__(self, objects: ObjectStore, room: int | None) -> None:
        self._objects = objects
        self._room = room

    def entry(self, entry: dict[str, Any]) -> Output | None:
        kind = entry.get("type")
        dropped = {"dropped": entry["dropped"]} if isinstance(entry.get("dropped"), int) else {}
        if kind == "stream":
            name = "stderr" if entry.get("name") == "stderr" else "stdout"
            return {"output_type": "stream", "name": name, "text": str(entry.get("text", "")), **dropped}
        if kind == "error":
            lines = entry.get("traceback")
            return {
                "output_type": "error",
                "ename": str(entry.get("ename", "")),
                "evalue": str(entry.get("evalue", "")),
                "traceback": [str(line) for line in lines] if isinstance(lines, list) else [],
                **dropped,
            }
        if kind == "more":
            return {"output_type": "more", **dropped}
        data = entry.get("data")
        if kind not in ("display_data", "execute_result", "update") or not isinstance(data, dict):
            return None
        return {"output_type": "display_data", **self._display(data)}

    def _display(self, data: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        left_out: dict[str, int] = {}
        lost: dict[str, str] = {}
        for mime, value in data.items():
            if mime == _WIDGET:
                continue  # its model lived in the kernel; the display's text stands for it
            if not isinstance(value, dict):
                shown[mime] = _parsed(mime, str(value))
                continue
            size = int(value["size"]) if isinstance(value.get("size"), int) else 0
            if self._room is not None and size > self._room:
                left_out[mime] = size
                continue
            try:
                content = self._objects.get(str(value.get("blake3")))
            except ObjectMissing as error:
                lost[mime] = str(error)
                continue
            if self._room is not None:
                self._room -= len(content)
            shown[mime] = _settled(mime, content)
        return {"data": shown, "left_out": left_out, "lost": lost}


def _settled(mime: str, content: bytes) -> Any:
    """The content of an object as front-ends take it: binary ones in base64."""
    if mime.startswith(_BINARY) and mime != _SVG:
        return binascii.b2a_base64(content, newline=False).decode()
    return _parsed(mime, content.decode(errors="replace"))


def _parsed(mime: str, text: str) -> Any:
    if mime.endswith(_JSON):
        try:
            return from_json(text.encode(errors="replace"))
        except msgspec.DecodeError:
            return text
    return text
