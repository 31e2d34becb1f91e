"""The folder of a run's checkpoint: what it goes on from lies in it, and what it leaves there is kept."""

from __future__ import annotations

import shutil
import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from runlore import events as ev
from runlore.errors import ObjectMissing

if TYPE_CHECKING:
    from runlore.run import Run
    from runlore.session import Session

FOLDER = "checkpoint"
"""The folder's name beside a run's curves, and the one in which its files are among the run's artifacts."""


class CheckpointFolder:
    """``sessions/<session>/runs/<run>/checkpoint``, for as long as the session lives.

    It belongs to one run of one process, so nobody else writes there. In a rerun that goes on from a checkpoint,
    it holds copies of that one's files at first: they may be changed in place.

    Args:
        session: that records.
        run: whose checkpoint it is.

    Raises:
        ObjectMissing: a file of the checkpoint to go on from is gone or damaged.
        OSError: the folder cannot be written.
    """

    def __init__(self, session: Session, run: Run) -> None:
        self._session = session
        self._run = run
        self._kept = True
        self.path = session.home.curves(session.session_id, run.run_id) / FOLDER
        plan = session.plan
        resumed = plan.resumed if plan is not None and plan.run_id == run.run_id else None
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, digest in (resumed.files if resumed is not None else {}).items():
            self._bring(name, digest)
        session.append(
            ev.CheckpointAsked(
                time=time.time(),
                run_id=run.run_id,
                source=resumed.source if resumed is not None else None,
                files=resumed.files if resumed is not None else {},
            )
        )

    def _bring(self, name: str, digest: str) -> None:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:  # a record from elsewhere may say anything
            raise ObjectMissing(f"{name!r} is no name of a checkpoint's file")
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        self._session.objects.copy(digest, target)

    def keep(self) -> None:
        """Keep what lies in the folder with the run. What cannot be read is written down as not captured."""
        for file in sorted(file for file in self.path.rglob("*") if file.is_file()):
            target = PurePosixPath(FOLDER) / file.relative_to(self.path).as_posix()
            try:
                self._kept &= self._run.keep_file(file, target)
            except OSError as error:
                self._kept = False
                self._session.not_captured(str(target), str(error.strerror or error), self._run.run_id)

    def remove(self) -> None:
        """Remove the folder, if the objects have a copy of all that lies in it."""
        if self._kept:
            shutil.rmtree(self.path, ignore_errors=True)
