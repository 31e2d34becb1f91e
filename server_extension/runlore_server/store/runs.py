"""Every run of a home, followed while kernels write."""

from __future__ import annotations

import copy
import logging
import os
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from runlore.errors import JournalFormatError, RunNotFound
from runlore.events import SessionStarted
from runlore.home import Home
from runlore.record import RunRecord, SessionRecord
from runlore_server.errors import AmbiguousRun
from runlore_server.store.growth import CurveGrowth

_LIVENESS_INTERVAL = 2.0
"""Seconds between two looks at whether the kernel of an open session still lives."""

_RACY_LISTING = 2.0
"""Seconds for which a changed directory is listed again: another entry may carry the same time stamp."""

_SHORTEST_PREFIX = 4
_RUN_ID = re.compile(r"[\w-]{1,100}", re.ASCII)
_log = logging.getLogger(__name__)


@dataclass
class _Followed:
    """A session that may still grow."""

    record: SessionRecord
    size: int = -1
    next_look: float = 0.0
    warned: bool = False
    curves: dict[str, dict[str, CurveGrowth]] = field(default_factory=dict)


class RunStore:
    """The runs of a home as its journals tell them; safe to use from several threads.

    ``refresh()`` reads what is new; everything else answers from what was read. What it returns are copies that
    no later refresh changes. Runs that only precede the target of a rerun (``prefix``) are left out.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._lock = threading.RLock()
        self._sessions: dict[str, SessionRecord] = {}
        self._open: dict[str, _Followed] = {}
        self._runs: dict[str, RunRecord] = {}
        self._newest_first: list[RunRecord] | None = None
        self._reruns: dict[str, list[str]] = {}
        self._verdicts: dict[str, int] = {}
        self._next_verdicts = 0.0
        self._listed_mtime: int | None = None

    def refresh(self) -> set[str]:
        """Read what was written since the last call.

        Returns:
            The ids of runs that are new, gone or changed: their record, a curve of theirs, or the arrival of
            their verdict.
        """
        with self._lock:
            changed = self._list_sessions()
            now = time.monotonic()
            for followed in list(self._open.values()):
                changed |= self._follow(followed, now)
            return changed | self._new_verdicts(now)

    def __contains__(self, run_id: str) -> bool:
        """Whether there is a run with exactly this id."""
        with self._lock:
            return run_id in self._runs

    def find(self, text: str) -> RunRecord:
        """The run with this id, with the only id that starts so, or with this id in MLflow.

        Raises:
            RunNotFound: there is none, or a start of less than 4 characters was given.
            AmbiguousRun: several ids start so.
        """
        text = text.strip()
        with self._lock:
            if run := self._runs.get(text):
                return run
            if len(text) >= _SHORTEST_PREFIX:
                candidates = sorted(run_id for run_id in self._runs if run_id.startswith(text))
                if len(candidates) > 1:
                    raise AmbiguousRun(text, candidates)
                if candidates:
                    return self._runs[candidates[0]]
                from runlore_server.store.exports import run_of_mlflow_id

                run_id = run_of_mlflow_id(self.home, text)
                if run_id in self._runs:
                    return self._runs[run_id]
                raise RunNotFound(f"no run has the id {text!r}; 'runlore runs' lists them")
            raise RunNotFound(
                f"no run has the id {text!r}; give at least {_SHORTEST_PREFIX} characters of one ('runlore runs')"
            )

    def all(self) -> list[RunRecord]:
        """Every run, newest first."""
        with self._lock:
            if self._newest_first is None:
                self._newest_first = sorted(
                    self._runs.values(), key=lambda run: (run.started, run.run_id), reverse=True
                )
            return list(self._newest_first)

    def reruns_of(self, run_id: str) -> list[RunRecord]:
        """The runs that repeat the given one, newest first."""
        with self._lock:
            found = [self._runs[rerun] for rerun in self._reruns.get(run_id, ())]
        return sorted(found, key=lambda run: (run.started, run.run_id), reverse=True)

    def session(self, run: RunRecord) -> SessionRecord:
        """The session in which the run was recorded, with all its cells and runs.

        Raises:
            RunNotFound: the session was deleted meanwhile.
        """
        with self._lock:
            record = self._session(run)
            snapshot = copy.copy(record)
            snapshot.cells = {ordinal: copy.copy(cell) for ordinal, cell in record.cells.items()}
            snapshot.runs = {run_id: _snapshot(run) for run_id, run in record.runs.items()}
            snapshot.not_captured = list(record.not_captured)
            return snapshot

    def session_info(self, run: RunRecord) -> SessionStarted:
        """How the run's session began; cheaper than ``session``.

        Raises:
            RunNotFound: the session was deleted meanwhile.
        """
        with self._lock:
            info = self._session(run).info
        if info is None:
            raise self._session_gone(run)
        return info

    def _session(self, run: RunRecord) -> SessionRecord:
        if record := self._sessions.get(run.session_id):
            return record
        raise self._session_gone(run)

    def _session_gone(self, run: RunRecord) -> RunNotFound:
        return RunNotFound(f"the session of run {run.run_id} is no longer in {self.home.sessions}")

    def _list_sessions(self) -> set[str]:
        """Take up new sessions and drop deleted ones."""
        try:
            mtime = os.stat(self.home.sessions).st_mtime_ns
            if mtime == self._listed_mtime:
                return set()
            with os.scandir(self.home.sessions) as entries:
                names = {entry.name for entry in entries if entry.is_dir()}
        except FileNotFoundError:
            mtime, names = None, set()
        if mtime is not None and time.time() - mtime / 1e9 > _RACY_LISTING:
            self._listed_mtime = mtime
        for name in sorted(names - self._sessions.keys()):
            self._sessions[name] = record = SessionRecord(self.home, name)
            self._open[name] = _Followed(record)
        gone: set[str] = set()
        for name in self._sessions.keys() - names:
            self._open.pop(name, None)
            runs = self._sessions.pop(name).runs.keys() & self._runs.keys()
            gone |= {run_id for run_id in runs if self._runs[run_id].session_id == name}
        for run_id in gone:
            self._drop(run_id)
        return gone

    def _follow(self, followed: _Followed, now: float) -> set[str]:
        record = followed.record
        try:
            size = os.stat(self.home.events(record.session_id)).st_size
            if size == followed.size and now < followed.next_look:
                return self._grown(followed)
            first, followed.size, followed.next_look = followed.size < 0, size, now + _LIVENESS_INTERVAL
            record.refresh()
            changed = record.changed
            if first and not record.closed:
                record.refresh()  # only now it is known whose process to ask after
                changed = changed | record.changed
        except FileNotFoundError:
            return set()
        except JournalFormatError as error:
            _log.warning("%s", error)
            del self._open[record.session_id]
            return set()
        except OSError as error:
            if not followed.warned:
                _log.warning("session %s cannot be read, it is tried again: %s", record.session_id, error)
                followed.warned = True
            return set()
        changed = self._take(record, changed) | self._grown(followed)
        if record.closed:
            del self._open[record.session_id]
        return changed

    def _take(self, record: SessionRecord, run_ids: Iterable[str]) -> set[str]:
        """Replace the copies of changed runs."""
        changed = set()
        for run_id in run_ids:
            run = record.runs.get(run_id)
            # An id with a path in it comes from a forged journal; ids become names of files.
            if run is None or run.prefix or not _RUN_ID.fullmatch(run_id):
                continue
            if run_id not in self._runs and run.rerun_of is not None:
                self._reruns.setdefault(run.rerun_of, []).append(run_id)
                self._verdicts[run_id] = self._verdict_time(run_id)
            self._runs[run_id] = _snapshot(run)
            changed.add(run_id)
        if changed:
            self._newest_first = None
        return changed

    def _drop(self, run_id: str) -> None:
        run = self._runs.pop(run_id)
        self._newest_first = None
        self._verdicts.pop(run_id, None)
        if run.rerun_of is not None:
            self._reruns[run.rerun_of].remove(run_id)

    def _grown(self, followed: _Followed) -> set[str]:
        """Running runs with new points. Only these cost anything between two events."""
        grown = set()
        running = {run.run_id: run for run in followed.record.runs.values() if run.status == "running"}
        for run_id in followed.curves.keys() - running.keys():
            del followed.curves[run_id]
        for run_id, run in running.items():
            if run_id not in self._runs:
                continue
            curves = followed.curves.setdefault(run_id, {})
            for metric, path in run.metrics.items():
                if metric not in curves:
                    curves[metric] = CurveGrowth(path)
                if curves[metric].grew():
                    grown.add(run_id)
        return grown

    def _new_verdicts(self, now: float) -> set[str]:
        """Reruns whose verdict came, changed or went; a rerun in another process tells nobody."""
        if now < self._next_verdicts:
            return set()
        self._next_verdicts = now + _LIVENESS_INTERVAL
        changed = {run_id for run_id, seen in self._verdicts.items() if self._verdict_time(run_id) != seen}
        self._verdicts.update({run_id: self._verdict_time(run_id) for run_id in changed})
        return changed

    def _verdict_time(self, run_id: str) -> int:
        try:
            return os.stat(self.home.rerun(run_id) / "verdict.json").st_mtime_ns
        except OSError:
            return 0


def _snapshot(run: RunRecord) -> RunRecord:
    return replace(
        run,
        params=dict(run.params),
        param_sources=dict(run.param_sources),
        tags=dict(run.tags),
        notes=list(run.notes),
        metrics=dict(run.metrics),
        artifacts=dict(run.artifacts),
        not_captured=list(run.not_captured),
    )
