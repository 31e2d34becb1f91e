"""A session as its journal tells it, and those of a home."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import singledispatchmethod
from pathlib import Path

from runlore import events as ev
from runlore import journal
from runlore.home import Home
from runlore.process import is_alive
from runlore.record import Artifact, CellFacts, CellRecord, RunRecord

RUN_ID = re.compile(r"[\w-]{1,100}", re.ASCII)
CURVE = re.compile(r"[^/\\\0]{1,250}\.curve")
"""Ids and curves are names of files; one with a path in it comes from a forged journal or index."""


class SessionRecord:
    """One kernel's life, followed as its journal grows.

    ``refresh()`` reads what is new. ``info`` is ``None`` until the first event was read. ``outside`` is what was
    seen while no cell ran. ``changed`` are the ids of the runs that the last refresh changed, by events of theirs
    or of a cell in which they were open.
    """

    def __init__(self, home: Home, session_id: str) -> None:
        self.home = home
        self.session_id = session_id
        self.info: ev.SessionStarted | None = None
        self.ended: float | None = None
        self.died = False
        self.cells: dict[int, CellRecord] = {}
        self.runs: dict[str, RunRecord] = {}
        self.not_captured: list[ev.NotCaptured] = []
        self.outside = CellFacts()
        self.changed: set[str] = set()
        self.damaged_lines = 0
        self._offset = 0
        self._last_time = 0.0

    @property
    def closed(self) -> bool:
        """Whether nothing more can come: the session ended or its kernel is dead."""
        return self.ended is not None or self.died

    def refresh(self) -> bool:
        """Read what was appended since the last call; say whether anything changed.

        Raises:
            JournalFormatError: the journal was written in a later format.
        """
        # Asked before reading: what a process wrote before it died is then sure to be in what is read.
        path = self.home.events(self.session_id)
        alive = None
        if self.info is not None and not self.closed:
            alive = is_alive(self.info.process, lambda: journal.is_held(path))
        reading = journal.read(path, self._offset)
        self._offset = reading.offset
        self.damaged_lines += reading.damaged
        self.changed = set()
        cells: set[int] = set()
        for event in reading.events:
            self._last_time = event.time
            self._apply(event)
            if isinstance(event, (ev.CellStarted, ev.CellFinished)):
                cells.add(event.ordinal)
            elif run_id := getattr(event, "run_id", None):
                self.changed.add(run_id)
        if cells:
            self.changed.update(
                run.run_id for run in self.runs.values() if run.status == "running" or run.last_cell in cells
            )
        if alive is False and not self.closed:
            self.died = True
            self._conclude_runs()
            return True
        return bool(reading.events)

    def _conclude_runs(self) -> None:
        """Nothing more can come: what has no end of its own was cut short, or its end could not be written."""
        for run in self.runs.values():
            if run.status == "running":
                self.changed.add(run.run_id)
                run.status = "killed"
                run.duration = max(self._last_time - run.started, 0.0)

    @singledispatchmethod
    def _apply(self, event: ev.AnyEvent) -> None:
        raise TypeError(f"no rule to fold {type(event).__name__}")

    @_apply.register
    def _(self, event: ev.SessionStarted) -> None:
        self.info = event

    @_apply.register
    def _(self, event: ev.SessionEnded) -> None:
        self.ended = event.time
        self._conclude_runs()

    @_apply.register
    def _(self, event: ev.CellStarted) -> None:
        self.cells[event.ordinal] = CellRecord(
            ordinal=event.ordinal,
            source=event.source,
            started=event.time,
            cell_id=event.cell_id,
            execution_count=event.execution_count,
            store_history=event.store_history,
            rng=event.rng,
            generators=event.generators,
            entropy=event.entropy,
            replays=event.replays,
        )

    @_apply.register
    def _(self, event: ev.CellFinished) -> None:
        if cell := self.cells.get(event.ordinal):
            cell.outcome, cell.duration, cell.error = event.outcome, event.duration, event.error
            cell.outputs, cell.variables, cell.snapshot = event.outputs, event.variables, event.snapshot
            cell.interrupted, cell.opened = event.interrupted, event.opened

    def _facts(self, ordinal: int | None) -> CellFacts:
        cell = self.cells.get(ordinal) if ordinal is not None else None
        return self.outside if cell is None else cell.facts

    @_apply.register
    def _(self, event: ev.ModuleLoaded) -> None:
        self._facts(event.ordinal).modules.append(event)

    @_apply.register
    def _(self, event: ev.FileRead) -> None:
        self._facts(event.ordinal).reads.append(event)

    @_apply.register
    def _(self, event: ev.ScriptRead) -> None:
        self._facts(event.ordinal).scripts.append(event)

    @_apply.register
    def _(self, event: ev.FileWritten) -> None:
        self._facts(event.ordinal).writes.append(event)

    @_apply.register
    def _(self, event: ev.DataRecorded) -> None:
        if cell := self.cells.get(event.ordinal):
            cell.data_recorded = True

    @_apply.register
    def _(self, event: ev.UncontrolledUsed) -> None:
        self._facts(event.ordinal).uncontrolled.append(event)

    @_apply.register
    def _(self, event: ev.RngImported) -> None:
        if cell := self.cells.get(event.ordinal):
            cell.imported_rng[event.library] = event.digest

    @_apply.register
    def _(self, event: ev.RunStarted) -> None:
        if not RUN_ID.fullmatch(event.run_id):
            return
        cell = self.cells.get(event.cell) if event.cell is not None else None
        self.runs[event.run_id] = RunRecord(
            run_id=event.run_id,
            session_id=self.session_id,
            directory=self.home.curves(self.session_id, event.run_id),
            name=event.name,
            experiment=event.experiment,
            kind=event.kind,
            started=event.time,
            cell=event.cell,
            index=event.index,
            seed=event.seed,
            watch=event.watch,
            rerun_of=event.rerun_of if event.rerun_of and RUN_ID.fullmatch(event.rerun_of) else None,
            prefix=event.prefix,
            cell_id=None if cell is None else cell.cell_id,
        )

    @_apply.register
    def _(self, event: ev.ParamsLogged) -> None:
        if run := self.runs.get(event.run_id):
            run.params.update(event.params)
            run.param_sources.update(dict.fromkeys(event.params, event.source))

    @_apply.register
    def _(self, event: ev.TagsSet) -> None:
        if run := self.runs.get(event.run_id):
            run.tags.update(event.tags)

    @_apply.register
    def _(self, event: ev.NoteAdded) -> None:
        if run := self.runs.get(event.run_id):
            run.notes.append(event.text)

    @_apply.register
    def _(self, event: ev.MetricStarted) -> None:
        # A name that leads out of the run's folder comes from a forged journal.
        if (run := self.runs.get(event.run_id)) and CURVE.fullmatch(event.file):
            path = run.directory / event.file
            if event.system:
                run.system[event.metric] = path
            else:
                run.add_curve(event.metric, event.process, path)

    @_apply.register
    def _(self, event: ev.DevicesFound) -> None:
        if run := self.runs.get(event.run_id):
            run.devices = event.devices

    @_apply.register
    def _(self, event: ev.MetricsReported) -> None:
        if run := self.runs.get(event.run_id):
            run.reported.update(event.points)

    @_apply.register
    def _(self, event: ev.ArtifactLogged) -> None:
        if run := self.runs.get(event.run_id):
            run.artifacts[event.path] = Artifact(
                event.path, event.digest, event.size, event.media_type, event.time
            )

    @_apply.register
    def _(self, event: ev.CheckpointAsked) -> None:
        if run := self.runs.get(event.run_id):
            run.checkpoint = event

    @_apply.register
    def _(self, event: ev.GitCaptured) -> None:
        if run := self.runs.get(event.run_id):
            run.git = event

    @_apply.register
    def _(self, event: ev.EnvironmentCaptured) -> None:
        if run := self.runs.get(event.run_id):
            run.environment = event.digest

    @_apply.register
    def _(self, event: ev.NotCaptured) -> None:
        if event.run_id is None:
            self.not_captured.append(event)
        elif run := self.runs.get(event.run_id):
            run.not_captured.append(event)

    @_apply.register
    def _(self, event: ev.RunFinished) -> None:
        if run := self.runs.get(event.run_id):
            run.status, run.duration = event.status, event.duration
            run.last_cell, run.error = event.cell, event.error


def sessions(home: Home) -> Iterator[SessionRecord]:
    """Every session of the home, then of its mirror of MLflow, each read once; a later format's are left out."""
    from runlore.errors import JournalFormatError

    for session_id in (*session_ids(home), *_ids_in(home.mirror)):
        record = SessionRecord(home, session_id)
        try:
            record.refresh()
            if record.info is not None and not record.closed:
                record.refresh()  # the first look learned whose process to ask after
        except JournalFormatError:
            continue
        if record.info is not None:
            yield record


def session_ids(home: Home) -> list[str]:
    """The ids of all sessions of kernels, oldest first; empty when the home is not there yet."""
    return _ids_in(home.sessions)


def _ids_in(directory: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in directory.iterdir() if (entry / "events.jsonl").is_file())
    except FileNotFoundError:
        return []
