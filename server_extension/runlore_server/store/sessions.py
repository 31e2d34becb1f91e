"""The sessions of a home: open ones are held in memory and followed, closed ones lie on the shelf."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from runlore.home import Home, is_mirrored
from runlore_server.store.held import LIVENESS_INTERVAL, HeldSession
from runlore_server.store.mirrored import mlflow_run_of
from runlore_server.store.shelf import Shelf
from runlore_server.store.verdicts import Seen, Verdicts

_RACY_LISTING = 2.0
"""Seconds for which a changed directory is listed again: another entry may carry the same time stamp."""

_BATCH = 500
"""Closed sessions that go to the shelf at a time."""


class Sessions:
    """Every session of a home. Not for several threads at once.

    What uses the shelf may raise one of ``shelf.UNUSABLE``; ``read_again`` then starts from the journals.

    Attributes:
        shelf: the closed sessions.
        live: the session of each run that is held in memory; such a run comes before one of its id on the shelf.
        verdicts: on every rerun.
    """

    def __init__(self, home: Home, *, mirrored: bool = True) -> None:
        self._home = home
        self._directories = (home.sessions, home.mirror) if mirrored else (home.sessions,)
        self.shelf = Shelf(home)
        self.live: dict[str, HeldSession] = {}
        self.verdicts = Verdicts(home)
        self._open: dict[str, HeldSession] = {}
        self._closed: dict[str, HeldSession] = {}  # those that the shelf could not take yet
        self._unreadable: set[str] = set()
        self._reruns: dict[str, list[str]] = {}
        self._originals: dict[str, str] = {}
        self._next_verdicts = 0.0
        self._listed_mtimes: list[int | None] | None = None
        self._touched: set[str] = set()

    def read_again(self, error: Exception) -> None:
        """Start from the journals, after the shelf raised this."""
        self.shelf.abandon(error)
        self._listed_mtimes = None
        self.refresh()

    def has(self, run_id: str) -> bool:
        """Whether there is a run with exactly this id."""
        return run_id in self.live or run_id in self.shelf.table.places

    def session_of(self, run_id: str) -> str | None:
        """The id of the session with the run; ``None`` without such a run."""
        if (held := self.live.get(run_id)) is not None:
            return held.record.session_id
        place = self.shelf.table.places.get(run_id)
        return None if place is None else self.shelf.table.runs[place].session_id

    def run_shown_for(self, mlflow_run_id: str) -> str | None:
        """The run that shows this run of MLflow; ``None`` where none does."""
        held = ((run_id, one.record.session_id) for run_id, one in self.live.items())
        shelved = ((run.run_id, run.session_id) for run in self.shelf.table.runs)
        return next((run for run, session in (*held, *shelved) if mlflow_run_of(session) == mlflow_run_id), None)

    def curves_came(self, run_ids: set[str]) -> None:
        """Take note that files of curves came to these runs from elsewhere than a kernel."""
        self._touched |= run_ids
        self.shelf.sum_again(run_ids)

    def held(self, session_id: str) -> HeldSession | None:
        """The session, if it is held in memory."""
        return self._open.get(session_id) or self._closed.get(session_id)

    def reruns(self, run_id: str) -> list[str]:
        """The ids of the runs that repeat this one."""
        return list(self._reruns.get(run_id, ()))

    def refresh(self) -> set[str]:
        """Read what is new; the ids of the runs that are new, gone or changed."""
        changed = self._list_sessions()
        now = time.monotonic()
        for name in list(self._open):
            changed |= self._look(name, now)
            if len(self._closed) >= _BATCH:
                self._put_away()
        self._put_away()
        changed |= {run_id for run_id in self._touched if self.has(run_id)}
        self._touched.clear()
        return changed | self._new_verdicts(now)

    def _list_sessions(self) -> set[str]:
        """Take up new sessions and drop deleted ones."""
        mtimes = [_mtime(directory) for directory in self._directories]
        if mtimes == self._listed_mtimes:
            return set()
        found = {directory: _listed(directory) for directory in self._directories}
        names = {
            name
            for at, listed in found.items()
            for name in listed
            if is_mirrored(name) == (at == self._home.mirror)
        }
        if time.time() - max((mtime for mtime in mtimes if mtime is not None), default=0) / 1e9 > _RACY_LISTING:
            self._listed_mtimes = mtimes
        known = {*self.shelf.sessions, *self._open, *self._closed, *self._unreadable}
        changed = self._forget(known - names)
        if fresh := names - known:
            taken = self.shelf.take_known(fresh)
            seen = self.shelf.verdicts() if taken else {}
            for run in taken:
                self._note_rerun(run.run_id, run.rerun_of, seen.get(run.run_id))
                changed.add(run.run_id)
            self._keep_verdicts({run_id for run_id in changed if self.verdicts.seen(run_id) != seen.get(run_id)})
            self.shelf.forget_strangers(names)
            for name in sorted(fresh - set(self.shelf.sessions)):
                self._open[name] = HeldSession(self._home, name)
        return changed

    def _look(self, name: str, now: float) -> set[str]:
        held = self._open[name]
        changed = held.look(now)
        for run_id in changed & held.runs.keys():
            if not (is_mirrored(name) and self._is_of_a_kernel(run_id)):
                self.live[run_id] = held
                self._note_rerun(run_id, held.runs[run_id].rerun_of)
        if held.unreadable:
            self._unreadable.add(name)
            del self._open[name]
        elif held.closed:
            self._closed[name] = self._open.pop(name)
        return changed

    def _is_of_a_kernel(self, run_id: str) -> bool:
        """Whether a journal of a kernel tells of the run."""
        session_id = self.session_of(run_id)
        return session_id is not None and not is_mirrored(session_id)

    def _put_away(self) -> None:
        """Put closed sessions on the shelf."""
        if not self._closed or not self.shelf.takes_more:
            return
        # A name that is no Unicode cannot be a key of the index; such a session stays in memory.
        ready = {
            name: (held.record, held.stamp)
            for name, held in self._closed.items()
            if held.stamp is not None and name.isprintable()
        }
        if ready and self.shelf.put(ready):
            for name in ready:
                self._keep_verdicts(self._let_go(self._closed.pop(name)))

    def _let_go(self, held: HeldSession) -> list[str]:
        """Forget the runs that are known by this session in memory; their ids."""
        ours = [run_id for run_id in held.runs if self.live.get(run_id) is held]
        for run_id in ours:
            del self.live[run_id]
        return ours

    def _forget(self, names: set[str]) -> set[str]:
        """Drop deleted sessions; the ids of the runs that are gone."""
        gone = self.shelf.drop(names)
        for name in names:
            self._unreadable.discard(name)
            if held := self._open.pop(name, None) or self._closed.pop(name, None):
                gone.update(self._let_go(held))
        for held in (*self._open.values(), *self._closed.values()) if gone else ():
            self.live.update(dict.fromkeys(gone & held.runs.keys() - self.live.keys(), held))
        for run_id in gone:
            if not self.has(run_id) and (original := self._originals.pop(run_id, None)) is not None:
                self._reruns[original].remove(run_id)
                self.verdicts.leave(run_id)
        return gone

    def _note_rerun(self, run_id: str, original: str | None, seen: Seen | None = None) -> None:
        if original is not None and run_id not in self._originals:
            self._originals[run_id] = original
            self._reruns.setdefault(original, []).append(run_id)
            self.verdicts.follow(run_id, seen)

    def _new_verdicts(self, now: float) -> set[str]:
        """Reruns whose verdict came, changed or went; a rerun in another process tells nobody."""
        if now < self._next_verdicts:
            return set()
        self._next_verdicts = now + LIVENESS_INTERVAL
        changed = self.verdicts.look()
        self._keep_verdicts(changed - self.live.keys())
        return changed

    def _keep_verdicts(self, run_ids: Iterable[str]) -> None:
        """Write down what is known of these runs' verdicts, for the next start."""
        known = {run_id: self.verdicts.seen(run_id) for run_id in run_ids}
        self.shelf.put_verdicts({run_id: seen for run_id, seen in known.items() if seen is not None})


def _mtime(directory: Path) -> int | None:
    try:
        return os.stat(directory).st_mtime_ns
    except FileNotFoundError:
        return None


def _listed(directory: Path) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return [entry.name for entry in entries if _is_directory(entry)]
    except FileNotFoundError:
        return []


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads back to itself
        return False
