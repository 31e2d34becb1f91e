"""Runs as their journals tell them now, for who must not write the index that lists are read from."""

from __future__ import annotations

from collections.abc import Mapping

from runlore.errors import RunNotFound
from runlore.events import SessionStarted
from runlore.home import Home
from runlore.record import RunRecord
from runlore_server.rerun.prepare import reread


class JournaledRuns:
    """Runs of a home, each read when it is asked for.

    Args:
        home: the home.
        sessions: the session of each run, by the run's id.
    """

    def __init__(self, home: Home, sessions: Mapping[str, str]) -> None:
        self.home = home
        self._sessions = sessions

    def find(self, text: str) -> RunRecord:
        """The run with this id.

        Raises:
            RunNotFound: there is none.
            JournalFormatError: a later version wrote its journal.
        """
        session = reread(self.home, self._sessions[text]) if text in self._sessions else None
        run = session.runs.get(text) if session is not None else None
        if run is None:
            raise RunNotFound(f"no run has the id {text!r}")
        return run

    def session_info(self, run: RunRecord) -> SessionStarted:
        """How the run's session began.

        Raises:
            RunNotFound: its journal does not say, or is gone.
            JournalFormatError: a later version wrote it.
        """
        info = reread(self.home, run.session_id).info
        if info is None:
            raise RunNotFound(f"the session of run {run.run_id} does not say how it began")
        return info
