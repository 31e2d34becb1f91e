"""Queuing the reruns of schedules when their time has come, each exactly once, whoever dies meanwhile.

Any server of the home may do it. What a schedule is about to start is noted with the id of the run that it makes,
by comparing and replacing the schedule: of several servers one succeeds. Then it is queued under that id. A server
that finds such a note, its own or that of one that was killed, queues the run unless the queue has it.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable

import msgspec

from runlore.capture.data.clerk import CACHE
from runlore.capture.data.identity import StatCache
from runlore.errors import JournalFormatError, RunloreError
from runlore.home import Home
from runlore_server.automation.notes import AutomationNotes
from runlore_server.automation.schedule import Firing, Schedule
from runlore_server.automation.watching import Watcher
from runlore_server.errors import JobNotFound
from runlore_server.queue.queue import JobQueue

_LOOK = 2.0
"""Seconds between two looks; also how long a file has to be left alone before its content counts."""

_LATE = 120.0
"""Seconds behind its time from which on a rerun is told to be late."""

_log = logging.getLogger(__name__)


class Scheduler:
    """Looks at the schedules of a home as long as a server runs.

    Args:
        home: the home.
        jobs: its queue.
        interval: seconds between two looks.
        clock: Unix seconds.
    """

    def __init__(
        self, home: Home, jobs: JobQueue, interval: float = _LOOK, clock: Callable[[], float] = time.time
    ) -> None:
        self._notes = AutomationNotes(home)
        self._jobs = jobs
        self._interval = interval
        self._clock = clock
        self._cache = StatCache(home.path / CACHE)
        self._watchers: dict[str, Watcher] = {}
        self._closing = threading.Event()
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._work, name="runlore schedules", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def shutdown(self) -> None:
        """Stop looking. Blocks for at most a look."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        self._cache.close()

    def _work(self) -> None:
        while not self._closing.wait(self._interval):
            try:
                self.look()
            except (OSError, sqlite3.Error, msgspec.MsgspecError, JournalFormatError) as error:
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    _log.warning("schedules cannot be looked at, it is tried again: %s", error)

    def look(self) -> None:
        """Queue what has come due.

        Raises:
            OSError, sqlite3.Error, JournalFormatError, MsgspecError: schedules or the queue cannot be used.
        """
        schedules = self._notes.schedules()
        self._watchers = {one.id: self._watchers.get(one.id) or Watcher(self._cache) for one in schedules}
        for schedule in schedules:
            self._look_at(schedule)

    def _look_at(self, schedule: Schedule) -> None:
        if schedule.firing is not None:
            self._fire(schedule, schedule.firing)
            return
        now = self._clock()
        if schedule.paused:
            return
        if schedule.went_back(now):
            note = "the clock was set back; times count from there"
            self._notes.change_schedule(schedule, msgspec.structs.replace(schedule, looked=now, note=note))
            return
        after = self._come_due(schedule, now)
        kept = self._notes.change_schedule(schedule, after) if after != schedule else None
        if kept is not None and kept.firing is not None:
            self._fire(kept, kept.firing)

    def _come_due(self, schedule: Schedule, now: float) -> Schedule:
        """The schedule as it goes on from now; it fires where its time has come or a file has changed."""
        watcher = self._watchers[schedule.id]
        watched = [watcher.look(file) for file in schedule.watched]
        changed = [
            new.path for old, new in zip(schedule.watched, watched, strict=True) if old.digest != new.digest
        ]
        after = msgspec.structs.replace(schedule, watched=watched)
        due = schedule.due(now)
        if due is None and not changed:
            return after
        reasons = [f"{path} changed" for path in changed]
        if due is not None:
            moment, count = due
            reasons.append(f"it was due at {_told(moment)}")
            if count > 1 or now - moment > _LATE:
                reasons.append(f"late: {count} time(s) came while nobody was there to start it, made up for once")
            after = msgspec.structs.replace(after, looked=now)
        firing = Firing(run_id=secrets.token_hex(8), why="; ".join(reasons))
        return msgspec.structs.replace(after, firing=firing)

    def _fire(self, schedule: Schedule, firing: Firing) -> None:
        """Queue what was noted, unless that is done, and note that it is."""
        after = msgspec.structs.replace(schedule, firing=None, fired=self._clock(), note=firing.why)
        try:
            self._jobs.get(firing.run_id)
        except JobNotFound:
            try:
                self._jobs.submit(schedule.request, firing.run_id)
            except sqlite3.IntegrityError:
                pass  # another server was faster
            except RunloreError as error:
                note = f"{firing.why}; it could not be started: {error}"
                self._notes.change_schedule(schedule, msgspec.structs.replace(schedule, firing=None, note=note))
                _log.warning("schedule %s: %s", schedule.id, note)
                return
        self._notes.change_schedule(schedule, msgspec.structs.replace(after, last=firing.run_id))


def _told(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
