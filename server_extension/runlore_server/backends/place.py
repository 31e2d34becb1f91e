"""Where an attempt on another machine works: a folder of its own below the rerun's."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

import msgspec

from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.untrusted import read_regular
from runlore_server.backends import tenure
from runlore_server.document import write_document
from runlore_server.queue.backend import Attempt
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.repeat import put_leftovers_away

_KEPT = ("plan.json", "launch.json", "notebook.ipynb")
_LONGEST_BEAT = 1 << 10
"""Bytes of a sign of life that are still one."""
FOLLOWED = "followed.json"
OWN = frozenset(("arrived", "claim", "engine", "errand.json", FOLLOWED, "heartbeat", "report.jsonl"))
"""Names in the place that are not of the rerun's folder."""


def folder_of(home: Home, run_id: str, token: str) -> Path:
    """Where the attempt with this token works."""
    return home.rerun(run_id) / "attempts" / token


class Place:
    """``<home>/reruns/<run_id>/attempts/<token>/``: the folder in which one attempt writes, and none else.

    Nothing of it counts before ``promote``, which the queue's owner alone calls: so what comes late from a machine
    that was given up overwrites nothing. ``mark`` is that of the attempt's processes (see ``rerun.tree``); in
    ``engine`` what starts it may keep files. Where its machine does not see the home, what it made waits in
    ``arrived``, ``errand`` says who carries it out, and ``followed`` has what came of its metric meanwhile.
    """

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.home = Home(attempt.home)
        self.whole = Folder(self.home.rerun(attempt.run_id))
        self.folder = Folder(folder_of(self.home, attempt.run_id, attempt.token))
        self.mark = f"{attempt.run_id}-{attempt.token[:8]}"
        self.heartbeat = self.folder.path / "heartbeat"
        self.report = self.folder.path / "report.jsonl"
        self.engine = self.folder.path / "engine"
        self.arrived = self.folder.path / "arrived"
        self.errand = self.folder.path / "errand.json"
        self.followed = self.folder.path / FOLLOWED
        self._claim = self.folder.path / "claim"

    def furnish(self) -> None:
        """Copy what the attempt starts from; from now on it counts.

        Raises:
            OSError: it cannot be written.
            JournalFormatError: what was prepared is damaged.
        """
        self.folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in _KEPT:
            shutil.copyfile(self.whole.path / name, self.folder.path / name)
        for path in (self.heartbeat, self.report):  # NFS remembers for long that there is no such file
            path.touch(0o600)
        write_document(self.folder.launch_file, msgspec.structs.replace(self.folder.launch(), mark=self.mark))
        tenure.grant(self.home, self.attempt.run_id, self.attempt.token, self.attempt.number)

    def claim(self) -> bool:
        """Whether the caller is the first to begin the attempt; engines may start one twice.

        Raises:
            OSError: the place cannot be written.
        """
        try:
            os.close(os.open(self._claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return False
        return True

    @property
    def claimed(self) -> bool:
        """Whether the attempt has begun on some machine.

        Raises:
            OSError: that cannot be seen at the moment.
        """
        # NFS asks anew for a list, not for a name.
        return any(path.name == self._claim.name for path in self.folder.path.iterdir())

    def beat(self) -> bytes:
        """What the attempt's machine last wrote as a sign of life; empty before the first.

        Raises:
            OSError: it cannot be read at the moment.
        """
        try:
            return read_regular(self.heartbeat, _LONGEST_BEAT)
        except FileNotFoundError:
            return b""

    def counts(self) -> bool:
        """Whether the attempt is the one that counts; where that cannot be understood, it is not.

        Raises:
            FileNotFoundError: there is no such rerun on this machine.
            OSError: it cannot be seen at the moment.
        """
        try:
            return tenure.read(self.home, self.attempt.run_id).token == self.attempt.token
        except JournalFormatError:
            return False

    def promote(self) -> None:
        """Move what the attempt made to where everybody looks for it; the verdict last. To do it twice is no harm.

        Raises:
            OSError: it cannot be moved.
        """
        there = [path for path in self.folder.path.iterdir() if path.name not in OWN]
        for path in sorted(there, key=lambda path: path.name == "verdict.json"):
            goal = self.whole.path / path.name
            if path.is_dir() and goal.is_dir():
                if path.name == "attempts":  # what each attempt set aside stays
                    for journal in path.iterdir():
                        os.replace(journal, goal / journal.name)
                    path.rmdir()
                    continue
                shutil.rmtree(goal)
            os.replace(path, goal)

    def set_aside(self) -> None:
        """Take the journals of an attempt that does not count from among those of the home; drop what it sent.

        Raises:
            OSError: they cannot be moved.
        """
        shutil.rmtree(self.arrived, ignore_errors=True)
        if not self.folder.plan_file.exists():
            return
        put_leftovers_away(self.home, self.folder)
        journal = self.home.session(self.folder.plan().session_id)
        if journal.is_dir() and (self.whole.path / "attempts" / journal.name).exists():
            os.replace(journal, self.folder.path / f"late-{secrets.token_hex(4)}")  # written since that was done
        else:
            self.whole.set_aside(journal)
