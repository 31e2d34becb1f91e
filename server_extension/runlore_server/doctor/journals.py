"""The journal of a session, line by line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from runlore import events as ev
from runlore import journal
from runlore.errors import JournalFormatError
from runlore.session_record import SessionRecord
from runlore.untrusted import from_json
from runlore_server.doctor.checkup import LATER_FORMAT, UNREADABLE, Checkup
from runlore_server.doctor.findings import Kind
from runlore_server.doctor.references import Reference, required

DAMAGED = Kind(
    "damaged-line",
    "error",
    "damaged lines in journals",
    "What such a line said is lost; everything before and after it is there.",
    "Nothing can; restore the journal from a backup, if there is one.",
)
NO_BEGINNING = Kind(
    "no-beginning",
    "error",
    "journals without their first event",
    "Nobody can tell which kernel wrote them, so their runs may be shown as running for ever.",
    "Nothing can; restore the journal from a backup, if there is one.",
)
TORN = Kind(
    "torn-line",
    "note",
    "journals that end within a line",
    "Their kernels were killed while they wrote it; readers leave it out.",
    "Nothing needs to be repaired.",
)
UNKNOWN = Kind(
    "unknown-events",
    "note",
    "journals with events that this version does not know",
    "A newer Runlore wrote them; this one shows the rest.",
    "Upgrade Runlore to see them.",
)
DISORDER = Kind(
    "disorder",
    "warning",
    "journals whose events do not fit together",
    "Lines are missing, or were written by something else; what can be told from the rest is shown.",
    "Nothing can; restore the journal from a backup, if there is one.",
)
UNENDED = Kind(
    "unended",
    "warning",
    "cells and runs without an end in sessions that ended in order",
    "How they ended is lost; such a run is shown as killed.",
    "Nothing can; restore the journal from a backup, if there is one.",
)
NO_JOURNAL = Kind(
    "no-journal",
    "note",
    "folders of sessions without a journal",
    "Nothing was recorded there, or the journal was removed; what else lies there belongs to nothing.",
    "Remove the folder if it is old.",
)

_FEW = 5


@dataclass
class Told:
    """What a journal says, and the objects that must be there for it."""

    record: SessionRecord
    references: list[Reference] = field(default_factory=list)


def check(checkup: Checkup, session_id: str) -> Told | None:
    """Check the journal of a session; ``None`` where nothing can be told from it."""
    path = checkup.home.events(session_id)
    reading, record = _Reading(path), SessionRecord(checkup.home, session_id)
    try:
        if not path.exists():
            checkup.add(NO_JOURNAL, checkup.home.session(session_id))
            return None
        for number, line in enumerate(journal.lines(path), 1):
            reading.take(number, line)
        record.refresh()
        if not record.closed:
            record.refresh()  # the first look learned whose process to ask after
        size = path.stat().st_size
    except JournalFormatError as error:
        checkup.add(LATER_FORMAT, path, str(error))
        return None
    except OSError as error:
        checkup.add(UNREADABLE, path, error.strerror or str(error))
        return None
    if not size:
        _tell_empty(checkup, path)
        return None
    if record.closed and size > reading.end:
        checkup.add(TORN, path, f"{size - reading.end} bytes behind byte {reading.end}")
    _tell(checkup, path, reading, record)
    return Told(record, reading.references)


def _tell(checkup: Checkup, path: Path, reading: _Reading, record: SessionRecord) -> None:
    for damage in reading.damages:
        checkup.add(DAMAGED, path, damage)
    if not reading.started:
        checkup.add(NO_BEGINNING, path)
    if reading.unknown:
        told = ", ".join(f"{count} of type {name}" for name, count in reading.unknown.most_common(_FEW))
        checkup.add(UNKNOWN, path, told)
    for what, (count, first) in reading.disorder.items():
        checkup.add(DISORDER, path, f"{what} ({count}, first in line {first})")
    if record.ended is not None:
        _check_ends(checkup, path, record)


def _tell_empty(checkup: Checkup, path: Path) -> None:
    others = sum(1 for _ in path.parent.iterdir()) - 1
    checkup.add(NO_BEGINNING if others else NO_JOURNAL, path, "it is empty")


def _check_ends(checkup: Checkup, path: Path, record: SessionRecord) -> None:
    cells = [str(cell.ordinal) for cell in record.cells.values() if cell.outcome is None]
    runs = [run.run_id for run in record.runs.values() if run.status == "killed"]
    for what, found in (("cells", cells), ("runs", runs)):
        if found:
            checkup.add(UNENDED, path, f"{what} {', '.join(found[:_FEW])}{', ...' if len(found) > _FEW else ''}")


class _Reading:
    """What the lines of one journal say about each other."""

    def __init__(self, path: Path) -> None:
        self.end = 0
        self.started = 0
        self.damages: list[str] = []
        self.unknown: Counter[str] = Counter()
        self.disorder: dict[str, tuple[int, int]] = {}
        self.references: list[Reference] = []
        self._session = path.parent.name
        self._ended = False
        self._cells: set[int] = set()
        self._runs: set[str] = set()

    def take(self, number: int, line: journal.Line) -> None:
        self.end = line.end
        damage = line.damage or _no_text(line.content)
        if damage is not None:
            self.damages.append(f"line {number}, byte {line.start}: {damage}")
        elif line.event is not None:
            self._follow(number, line.event)
            self.references += required(line.event)
        elif line.content.strip():
            self.unknown[_type(line.content)] += 1

    def _follow(self, number: int, event: ev.AnyEvent) -> None:
        if self._ended:
            self._disorder("events after the session's end", number)
        if isinstance(event, ev.SessionStarted):
            self.started += 1
            if number > 1:
                self._disorder("a session's start that is not the first event", number)
            if event.session_id != self._session:
                self._disorder("the start of another session", number)
        elif isinstance(event, ev.SessionEnded):
            self._ended = True
        elif isinstance(event, (ev.CellStarted, ev.CellFinished)):
            self._follow_cell(number, event)
        elif isinstance(event, ev.RunStarted):
            if event.run_id in self._runs:
                self._disorder("runs that start twice", number)
            self._runs.add(event.run_id)
        elif (run_id := getattr(event, "run_id", None)) is not None and run_id not in self._runs:
            self._disorder("events of runs that never started", number)

    def _follow_cell(self, number: int, event: ev.CellStarted | ev.CellFinished) -> None:
        known = event.ordinal in self._cells
        if isinstance(event, ev.CellStarted):
            self._cells.add(event.ordinal)
            if known:
                self._disorder("cells that start twice", number)
        elif not known:
            self._disorder("ends of cells that never started", number)

    def _disorder(self, what: str, number: int) -> None:
        count, first = self.disorder.get(what, (0, number))
        self.disorder[what] = (count + 1, first)


def _no_text(content: bytes) -> str | None:
    """Readers do not look at what they skip."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return f"it is no UTF-8: {error.reason}"
    return None


class _Typed(msgspec.Struct):
    type: str = ""


def _type(content: bytes) -> str:
    try:
        return from_json(content, _Typed).type or "none"
    except msgspec.DecodeError:
        return "none"
