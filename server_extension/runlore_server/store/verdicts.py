"""Which word each rerun earned, followed as reruns end in whichever process."""

from __future__ import annotations

import os
from typing import NamedTuple

from runlore.home import Home
from runlore_server.verdict.verdict import Word, read_verdict


class Seen(NamedTuple):
    """A verdict file as it was last read: when it was written (0: there is none), and its word."""

    mtime: int
    word: Word | None


class Verdicts:
    """The verdicts on the reruns of a home. A file is read again only when its time of change is another."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._seen: dict[str, Seen] = {}

    def follow(self, run_id: str, seen: Seen | None = None) -> None:
        """Follow the verdict on this rerun; ``seen`` is what is known of it from before."""
        if seen is not None:
            self._seen[run_id] = seen
        if run_id not in self._seen or self._seen[run_id].mtime != self._mtime(run_id):
            self._seen[run_id] = self._look(run_id)

    def leave(self, run_id: str) -> None:
        """Follow it no longer."""
        self._seen.pop(run_id, None)

    def look(self) -> set[str]:
        """The reruns whose verdict came, changed or went since the last look."""
        changed = {run_id for run_id, seen in self._seen.items() if self._mtime(run_id) != seen.mtime}
        self._seen.update({run_id: self._look(run_id) for run_id in changed})
        return changed

    def seen(self, run_id: str) -> Seen | None:
        """What is known of the verdict; ``None`` for a run that is not followed."""
        return self._seen.get(run_id)

    def word(self, run_id: str) -> Word | None:
        """The word that the run earned; ``None`` for one that is no rerun or has no verdict."""
        seen = self._seen.get(run_id)
        return None if seen is None else seen.word

    def _look(self, run_id: str) -> Seen:
        mtime = self._mtime(run_id)  # asked first: what is written meanwhile is then seen at the next look
        verdict = read_verdict(self._home, run_id) if mtime else None
        return Seen(mtime, verdict.verdict if verdict is not None else None)

    def _mtime(self, run_id: str) -> int:
        try:
            return os.stat(self._home.rerun(run_id) / "verdict.json").st_mtime_ns
        except OSError:
            return 0
