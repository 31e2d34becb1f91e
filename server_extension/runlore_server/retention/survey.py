"""What the sessions of a home tell a collector: whose journals are complete, who may still write, which runs."""

from __future__ import annotations

import calendar
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.record import Artifact, RunRecord, RunStatus
from runlore.session_record import SessionRecord

KEEP_TAG = "keep"
"""A run with this tag, whatever its value, loses nothing."""

_MLFLOW_ID = "/run_id"
"""How the tag ends that holds MLflow's own id of a run that the user's code logged to MLflow."""

_SURELY_STARTED = 3600.0
"""Seconds."""

_ID_TIME = "%Y%m%dT%H%M%S"


@dataclass(frozen=True)
class SeenRun:
    """A run as far as retention asks. ``ended`` is in Unix seconds, ``None`` while it runs.

    ``prefix`` marks one that came about only because a rerun replayed a cell before its target.
    """

    run_id: str
    session_id: str
    experiment: str
    status: RunStatus
    started: float
    ended: float | None
    prefix: bool
    pinned: bool
    mlflow_ids: frozenset[str]
    artifacts: dict[str, Artifact]
    metrics: dict[str, Path]


@dataclass
class Survey:
    """What one look at every session gave.

    Attributes:
        sessions: the ids of all.
        runs: those that have artifacts.
        run_sessions: the session of every run, by the run's id.
        originals: the runs that some rerun repeats.
        unreadable: sessions whose journals cannot be read completely, and why.
        writing_since: when the first of the sessions began that may still write; what is younger may be named yet.
        cell_since: when the first of the cells began that still run.
        unknown: sessions of which nobody here can tell whether their kernels live, and where those are.
    """

    sessions: list[str] = field(default_factory=list)
    runs: list[SeenRun] = field(default_factory=list)
    run_sessions: dict[str, str] = field(default_factory=dict)
    originals: set[str] = field(default_factory=set)
    unreadable: dict[str, str] = field(default_factory=dict)
    writing_since: float = float("inf")
    cell_since: float = float("inf")
    unknown: dict[str, str] = field(default_factory=dict)


def survey(home: Home) -> Survey:
    """Read every session of the home; nothing is written.

    Raises:
        OSError: the folder of the sessions cannot be listed.
    """
    found = Survey()
    for session_id in _ids(home):
        found.sessions.append(session_id)
        try:
            _look(home, session_id, found)
        except FileNotFoundError:
            continue  # moved or deleted meanwhile
        except (JournalFormatError, OSError) as error:
            found.unreadable[session_id] = str(error)
    return found


def _ids(home: Home) -> list[str]:
    """The folders of the sessions, whether there is a journal in them or not."""
    try:
        with os.scandir(home.sessions) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except FileNotFoundError:
        return []


def _look(home: Home, session_id: str, found: Survey) -> None:
    events = home.events(session_id)
    if not events.exists():
        # A kernel makes it at once, and without it stores nothing.
        if time.time() - home.session(session_id).stat().st_mtime < _SURELY_STARTED:
            _unknown(home, session_id, found)
        return
    session = SessionRecord(home, session_id)
    session.refresh()
    if session.info is not None and not session.closed:
        session.refresh()  # the first look learned whose process to ask after
    if session.damaged_lines:
        lines = "1 line" if session.damaged_lines == 1 else f"{session.damaged_lines} lines"
        found.unreadable[session_id] = f"{lines} of its journal cannot be read"
    if not session.closed:
        _open(home, session, found)
    for run in session.runs.values():
        found.run_sessions[run.run_id] = session_id
        if run.rerun_of is not None and not run.prefix:
            found.originals.add(run.rerun_of)
        if run.artifacts:
            found.runs.append(_seen(run))


def _open(home: Home, session: SessionRecord, found: Survey) -> None:
    """A session to which more may come."""
    if session.info is None:
        _unknown(home, session.session_id, found)
        return
    found.writing_since = min(found.writing_since, session.info.time)
    running = [cell.started for cell in session.cells.values() if cell.outcome is None]
    found.cell_since = min([found.cell_since, *running])
    host = session.info.process.host
    if host != socket.gethostname():
        found.unknown[session.session_id] = f"its kernel was started on {host}"


def _unknown(home: Home, session_id: str, found: Survey) -> None:
    """A session that does not say whose it is: its kernel is just starting, or could not write then."""
    try:
        began = float(calendar.timegm(time.strptime(session_id.partition("-")[0], _ID_TIME)))
    except ValueError:
        began = 0.0
    try:
        began = min(began or float("inf"), *(path.stat().st_mtime for path in _files(home, session_id)))
    except FileNotFoundError:
        return
    found.writing_since = min(found.writing_since, began)
    found.cell_since = min(found.cell_since, began)
    found.unknown[session_id] = "its journal does not say which process writes it"


def _files(home: Home, session_id: str) -> Iterator[Path]:
    yield home.session(session_id)
    yield from home.session(session_id).iterdir()


def _seen(run: RunRecord) -> SeenRun:
    return SeenRun(
        run_id=run.run_id,
        session_id=run.session_id,
        experiment=run.experiment,
        status=run.status,
        started=run.started,
        ended=None if run.status == "running" else run.started + (run.duration or 0.0),
        prefix=run.prefix,
        pinned=KEEP_TAG in run.tags,
        mlflow_ids=frozenset(value for name, value in run.tags.items() if name.endswith(_MLFLOW_ID)),
        artifacts=dict(run.artifacts),
        metrics=dict(run.metrics),
    )
