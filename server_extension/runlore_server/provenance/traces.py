"""Which runs of a home read and wrote which contents, by their hashes, over all of its journals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec
from blake3 import blake3

from runlore import events as ev
from runlore.home import Home
from runlore.session_record import session_ids
from runlore.untrusted import open_regular

_EMPTY = str(blake3(b"").hexdigest())
"""Files without content have nothing to do with each other."""

_WANTED = tuple(
    f'{{"type":"{name}"'.encode()
    for name in ("session_started", "run_started", "run_finished", "file_read", "file_written", "artifact_logged")
)
_CHUNK = 1 << 20
_log = logging.getLogger(__name__)


class Trace(NamedTuple):
    """That a content was read, written or logged under a path: in a run, else in a cell of a session."""

    session_id: str
    run_id: str | None
    ordinal: int | None
    path: str


@dataclass
class _Span:
    """The cells in which a run was open; a script's has none."""

    first: int | None
    last: int | None = None

    def holds(self, ordinal: int | None) -> bool:
        if ordinal is None or self.first is None:
            return ordinal is self.first
        return self.first <= ordinal and (self.last is None or ordinal <= self.last)


@dataclass
class _Session:
    offset: int = 0
    notebook: str | None = None
    runs: dict[str, _Span] = field(default_factory=dict)


class Traces:
    """Follows the journals of a home; safe to use from several threads.

    The first look reads each journal once, later ones what was appended. What is not JSON is passed over: whoever
    reads the journals themselves tells of damage.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}
        self._readers: dict[str, set[Trace]] = {}
        self._writers: dict[str, set[Trace]] = {}

    def refresh(self) -> None:
        """Read what is new. Blocks.

        Raises:
            OSError: the sessions cannot be listed.
        """
        with self._lock:
            for session_id in session_ids(self._home):
                try:
                    self._follow(session_id, self._home.events(session_id))
                except OSError as error:
                    _log.warning("what session %s read and wrote is not known: %s", session_id, error)

    def readers(self, digests: Iterable[str]) -> dict[str, list[Trace]]:
        """Who read these contents, by digest."""
        return self._found(self._readers, digests)

    def writers(self, digests: Iterable[str]) -> dict[str, list[Trace]]:
        """Who wrote these contents or logged them as artifacts, by digest."""
        return self._found(self._writers, digests)

    def notebook(self, session_id: str) -> str | None:
        """In which notebook a session ran."""
        with self._lock:
            session = self._sessions.get(session_id)
            return session.notebook if session is not None else None

    def _found(self, mentions: dict[str, set[Trace]], digests: Iterable[str]) -> dict[str, list[Trace]]:
        with self._lock:
            return {
                digest: [
                    trace for mention in sorted(mentions[digest], key=_order) for trace in self._told(mention)
                ]
                for digest in digests
                if digest in mentions
            }

    def _told(self, mention: Trace) -> list[Trace]:
        session_id, run_id, ordinal, path = mention
        if run_id is not None:
            return [Trace(session_id, run_id, None, path)]
        spans = self._sessions[session_id].runs.items()
        runs = [run for run, span in spans if span.holds(ordinal)]
        return [Trace(session_id, run, ordinal, path) for run in runs] or [Trace(session_id, None, ordinal, path)]

    # -- reading ----------------------------------------------------------------------------------------------

    def _follow(self, session_id: str, path: Path) -> None:
        session = self._sessions.setdefault(session_id, _Session())
        with open_regular(path) as file:
            file.seek(session.offset)
            torn = b""
            while chunk := file.read(_CHUNK):
                *lines, torn = (torn + chunk).split(b"\n")
                for line in lines:
                    if line.startswith(_WANTED):
                        self._take(session_id, session, line)
                session.offset = file.tell() - len(torn)

    def _take(self, session_id: str, session: _Session, line: bytes) -> None:
        try:
            event = ev.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if isinstance(event, ev.SessionStarted):
            session.notebook = event.notebook
        elif isinstance(event, ev.RunStarted):
            session.runs[event.run_id] = _Span(event.cell)
        elif isinstance(event, ev.RunFinished):
            if span := session.runs.get(event.run_id):
                span.last = event.cell
        elif isinstance(event, ev.ArtifactLogged):
            self._note(self._writers, event.digest, Trace(session_id, event.run_id, None, event.path))
        elif isinstance(event, ev.FileWritten):
            self._note(self._writers, event.digest, Trace(session_id, None, event.ordinal, event.path))
        elif isinstance(event, ev.FileRead):
            self._note(self._readers, event.digest, Trace(session_id, None, event.ordinal, event.path))

    def _note(self, mentions: dict[str, set[Trace]], digest: str | None, mention: Trace) -> None:
        if digest is not None and digest != _EMPTY:
            mentions.setdefault(digest, set()).add(mention)


def _order(mention: Trace) -> tuple[str, int, str]:
    return mention.session_id, -1 if mention.ordinal is None else mention.ordinal, mention.path
