"""A session that is held in memory: it may still grow, or is not in the index yet."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Iterable
from dataclasses import replace

from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore_server.store.growth import CurveGrowth
from runlore_server.store.indexed import Stamp

LIVENESS_INTERVAL = 2.0
"""Seconds between two looks at what changes without a trace in a journal: a kernel's death, a verdict."""

_TRIES, _LONGEST_PAUSE = 20, 60.0
"""Looks for a journal that is not there, which a kernel makes at once; later the longest pause between two, in
seconds."""

_log = logging.getLogger(__name__)


class HeldSession:
    """A session as its journal tells it so far.

    Attributes:
        record: all of it; changes with every look.
        runs: copies of its runs that no later look changes, without those that only precede a rerun's target.
        stamp: the journal before the last look; ``None`` where there is none.
        unreadable: whether a later format hides it for good.
    """

    def __init__(self, home: Home, session_id: str) -> None:
        self._home = home
        self.record = SessionRecord(home, session_id)
        self.runs: dict[str, RunRecord] = {}
        self.stamp: Stamp | None = None
        self.unreadable = False
        self._next_look = self._next_try = 0.0
        self._misses = 0
        self._warned = False
        self._curves: dict[str, dict[str, CurveGrowth]] = {}

    @property
    def closed(self) -> bool:
        """Whether nothing more can come."""
        return self.record.closed

    def look(self, now: float) -> set[str]:
        """Read what is new by the time ``now`` (of the monotonic clock); the ids of the runs that changed."""
        if now < self._next_try:
            return set()
        record = self.record
        try:
            stat = os.stat(self._home.events(record.session_id))
            stamp = Stamp(stat.st_size, stat.st_mtime_ns)
            if self.stamp is not None and stamp.size == self.stamp.size and now < self._next_look:
                return self._grown()
            first, self.stamp, self._next_look = self.stamp is None, stamp, now + LIVENESS_INTERVAL
            record.refresh()
            changed = record.changed
            if first and not record.closed:
                record.refresh()  # only now it is known whose process to ask after
                changed = changed | record.changed
            self._misses = 0
        except FileNotFoundError:
            self._miss(now)
            return set()
        except JournalFormatError as error:
            _log.warning("%s", error)
            self.unreadable = True
            return set()
        except OSError as error:
            if not self._warned:
                _log.warning("session %s cannot be read, it is tried again: %s", record.session_id, error)
                self._warned = True
            self._miss(now)
            return set()
        return self._take(changed) | self._grown()

    def _miss(self, now: float) -> None:
        """Look less and less often at a folder without a journal: any number of them may lie about."""
        self._misses += 1
        if self._misses > _TRIES:
            self._next_try = now + min(2.0 ** (self._misses - _TRIES), _LONGEST_PAUSE)

    def is_current(self) -> bool:
        """Whether the journal is as it was at the last look."""
        try:
            stat = os.stat(self._home.events(self.record.session_id))
        except OSError:
            return False
        return self.stamp == Stamp(stat.st_size, stat.st_mtime_ns)

    def snapshot(self) -> SessionRecord:
        """A copy of the record that no later look changes."""
        record = self.record
        taken = copy.copy(record)
        taken.cells = {ordinal: copy.copy(cell) for ordinal, cell in record.cells.items()}
        taken.runs = {run_id: _snapshot(run) for run_id, run in record.runs.items()}
        taken.not_captured = list(record.not_captured)
        return taken

    def _take(self, run_ids: Iterable[str]) -> set[str]:
        """Replace the copies of changed runs."""
        found = {run_id: self.record.runs.get(run_id) for run_id in run_ids}
        taken = {run_id: _snapshot(run) for run_id, run in found.items() if run is not None and not run.prefix}
        self.runs.update(taken)
        return set(taken)

    def _grown(self) -> set[str]:
        """Running runs with new points. Only these cost anything between two events."""
        running = {run_id: run for run_id, run in self.runs.items() if run.status == "running"}
        for run_id in self._curves.keys() - running.keys():
            del self._curves[run_id]
        grown = set()
        for run_id, run in running.items():
            curves = self._curves.setdefault(run_id, {})
            for metric, path in run.metrics.items():
                if metric not in curves:
                    curves[metric] = CurveGrowth(path)
                if curves[metric].grew():
                    grown.add(run_id)
        return grown


def _snapshot(run: RunRecord) -> RunRecord:
    return replace(
        run,
        params=dict(run.params),
        param_sources=dict(run.param_sources),
        tags=dict(run.tags),
        notes=list(run.notes),
        metrics=dict(run.metrics),
        system=dict(run.system),
        artifacts=dict(run.artifacts),
        not_captured=list(run.not_captured),
    )
