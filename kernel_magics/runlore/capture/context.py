"""What surrounds a run: its environment and the repository it was started in."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from runlore import events as ev
from runlore.capture import environment, git

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from runlore.run import Run
    from runlore.session import Session

_PATIENCE = 15.0
"""Seconds that the end of a session waits for git at the most."""


class ContextCapture:
    """Captures the context of a session's runs; git is asked in the background."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._worker: ThreadPoolExecutor | None = None
        self._asked: set[Future[None]] = set()
        self._environments: dict[str, str] = {}

    def opened(self, run: Run) -> None:
        """Capture the environment now, and the repository's state as of now in the background."""
        self._capture_environment(run)
        if self._worker is None:
            from concurrent.futures import ThreadPoolExecutor

            self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="runlore-context")
        try:
            directory = Path.cwd()
        except FileNotFoundError:
            self._session.not_captured("git", "the working directory was deleted", run.run_id)
            return
        asked = self._worker.submit(self._capture_git, run.run_id, directory)
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)

    def closing(self, run: Run) -> None:
        """Capture the environment again: the run may have imported libraries or changed their settings."""
        self._capture_environment(run)

    def wait(self) -> None:
        """Wait until git has answered for every run."""
        if self._worker is not None:
            from concurrent.futures import wait

            wait(set(self._asked), timeout=_PATIENCE)
            self._worker.shutdown(wait=False, cancel_futures=True)

    def _capture_environment(self, run: Run) -> None:
        try:
            found = environment.capture()
        except Exception as error:  # noqa: BLE001 - it asks libraries that the user may have patched
            self._session.not_captured("environment", f"{type(error).__name__}: {error}", run.run_id)
            return
        digest = self._session.store(lambda: self._session.objects.put(found), run.run_id)
        if digest is not None and self._environments.get(run.run_id) != digest:
            self._environments[run.run_id] = digest
            self._session.append(ev.EnvironmentCaptured(time=time.time(), run_id=run.run_id, digest=digest))

    def _capture_git(self, run_id: str, directory: Path) -> None:
        try:
            state = git.read_state(directory)
        except subprocess.TimeoutExpired as error:
            self._session.not_captured("git", f"git did not answer within {error.timeout:.0f} s", run_id)
            return
        if state is None:
            return
        patch = state.patch
        digest = self._session.store(lambda: self._session.objects.put(patch), run_id) if patch else None
        self._session.append(
            ev.GitCaptured(
                time=time.time(),
                run_id=run_id,
                root=state.root,
                commit=state.commit,
                branch=state.branch,
                dirty=state.dirty,
                patch=digest,
            )
        )
        if state.problem is not None:
            self._session.not_captured("uncommitted changes", state.problem, run_id)
