"""The mirrored sessions of a home, one a run. Each is written whole before it is seen, and can be deleted."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path

from runlore import events as ev
from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore.untrusted import read_regular
from runlore_server.mirror.cached import archive_of, is_current
from runlore_server.mirror.translation import Foreign
from runlore_server.store.mirrored import is_live, mlflow_run_of, session_name

_LONGEST = 1 << 20
"""Bytes of the journal of a run that still runs, from which on it is written anew, without what is out of date."""

_STAGED = ".staged-"


class Folders:
    """Writes and deletes mirrored sessions; one process of the home does, from several threads at most.

    Raises, from every method:
        OSError: the home cannot be written.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = threading.RLock()
        self._live: dict[str, Foreign] = {}

    def known(self) -> dict[str, str]:
        """The session of each run that is mirrored, by MLflow's id of it; leftovers of a crash are removed."""
        with self._lock:
            found: dict[str, tuple[int, str]] = {}
            for name, stamp in self._listed():
                run = mlflow_run_of(name)
                if run is None or not self._home.events(name).is_file():
                    _remove(self._home.mirror / name)
                    continue
                latest = max(found.get(run, (stamp, name)), (stamp, name))
                if run in found:  # a crash came between the new one and the end of the old one
                    _remove(self._home.mirror / min(found[run], (stamp, name))[1])
                found[run] = latest
            return {run: name for run, (_, name) in found.items()}

    def _listed(self) -> list[tuple[str, int]]:
        try:
            with os.scandir(self._home.mirror) as entries:
                return [
                    (e.name, e.stat().st_mtime_ns) for e in entries if e.is_dir() or e.name.startswith(_STAGED)
                ]
        except FileNotFoundError:
            return []

    def put(self, run: Foreign, before: str | None) -> str | None:
        """Have a session show the run.

        Args:
            run: as it is now.
            before: the session that shows it until now; ``None`` for a new one.

        Returns:
            The id of the session that shows it now, the same where nothing changed; ``None`` where MLflow's id of
            the run is no name for a file.
        """
        with self._lock:
            if before is not None and not run.closing and self._appended(run, before):
                return before
            revision = run.revision if run.closing else secrets.token_hex(6)
            session = session_name(run.mlflow_run_id, revision)
            if session is not None and session != before:
                self._write(run, session, before)
            return session

    def remove(self, session_id: str) -> None:
        """Delete a session; one that is gone is no matter."""
        with self._lock:
            self._live.pop(session_id, None)
            _remove(self._home.session(session_id))

    def trim(self, limit: int) -> int:
        """Delete fetched curves where they take more than so many bytes; how many went.

        Those of runs go first that nobody looked at for longest, and come again when somebody does.
        """
        found: list[tuple[float, int, Path]] = []
        for name, _ in self._listed():
            if not is_live(name):
                for file in (self._home.mirror / name).glob("runs/*/*"):
                    with contextlib.suppress(FileNotFoundError):
                        found.append((file.parent.stat().st_mtime, file.stat().st_size, file))
        over, gone = sum(size for _, size, _ in found) - limit, 0
        for _, size, file in sorted(found):
            if over <= 0:
                break
            file.unlink(missing_ok=True)
            over, gone = over - size, gone + 1
        return gone

    def keep(self, run: RunRecord, name: str, staged: Path) -> bool:
        """Put a file into the run's folder of curves; false where its session is gone meanwhile."""
        with self._lock:
            try:
                for directory in (run.directory.parent, run.directory):  # not the session's: it may be gone
                    directory.mkdir(exist_ok=True, mode=0o700)
                os.replace(staged, run.directory / name)
            except FileNotFoundError:
                staged.unlink(missing_ok=True)
                return False
            return True

    def staging(self) -> Path:
        """A new place for a file on its way to ``keep``."""
        self._home.mirror.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._home.mirror / f"{_STAGED}{secrets.token_hex(6)}"

    def _appended(self, run: Foreign, session_id: str) -> bool:
        """Whether it was enough to append what is new."""
        before, journal = self._live.get(session_id), self._home.events(session_id)
        if before is None and _content(journal) == _lines(run.events(session_id)):
            before = self._live[session_id] = run  # another process wrote it
        news = run.news(before) if before is not None else None
        if news is None or not journal.is_file() or (news and journal.stat().st_size > _LONGEST):
            return False
        if news:
            with journal.open("ab") as file:
                file.write(_lines(news))
            self._live[session_id] = run
        return True

    def _write(self, run: Foreign, session_id: str, before: str | None) -> None:
        staged = self.staging()
        staged.mkdir(mode=0o700)
        (staged / "events.jsonl").write_bytes(_lines(run.events(session_id)))
        if before is not None:
            self._hand_over(before, run, staged / "runs" / run.run_id)
        target = self._home.session(session_id)
        _remove(target)
        staged.rename(target)
        if is_live(session_id):
            self._live[session_id] = run
        if before is not None:
            self.remove(before)

    def _hand_over(self, session_id: str, run: Foreign, target: Path) -> None:
        """Keep the curves that were fetched and are still right."""
        session = SessionRecord(self._home, session_id)
        session.refresh()
        known = session.runs.get(run.run_id)
        if known is None:
            return
        same = [name for name, point in run.metrics.items() if known.reported.get(name) == point]
        files = [known.metrics[name] for name in same if name in known.metrics and is_current(known, name)]
        if len(same) == len(run.metrics) == len(known.reported):
            files.append(archive_of(known))
        for file in files:
            if file.exists():
                target.mkdir(parents=True, exist_ok=True, mode=0o700)
                _link(file, target / file.name)


def _lines(events: Iterable[ev.AnyEvent]) -> bytes:
    return b"".join(map(ev.encode, events))


def _content(journal: Path) -> bytes | None:
    try:
        return read_regular(journal)
    except OSError:
        return None


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


def _remove(path: Path) -> None:
    # Out of sight first: a reader finds all of a session or nothing.
    aside = path.with_name(f"{_STAGED}{secrets.token_hex(6)}")
    with contextlib.suppress(FileNotFoundError):
        path.rename(aside)
        if aside.is_dir():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.unlink()
