"""What surrounds a run: its environment and the repository it was started in."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from runlore import events as ev
from runlore.capture import audit, environment, git

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from runlore.capture.locking import Locking
    from runlore.run import Run
    from runlore.session import Session

_PATIENCE = 15.0
"""Seconds that the end of a session waits for git at the most."""

_PATIENCE_FOR_LOCK = 3.0
"""Seconds that it waits for the lock of the environment then."""


@dataclass
class _Surroundings:
    """What is known of one run's environment; ``lock`` are the keys that the lock adds to the ``facts``."""

    run_id: str
    facts: dict[str, Any] = field(default_factory=dict)
    lock: dict[str, Any] | None = None
    written: str | None = None


class ContextCapture:
    """Captures the context of a session's runs; git is asked, and the lock taken, in the background."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._worker: ThreadPoolExecutor | None = None
        self._asked: set[Future[None]] = set()
        self._locking: Locking | None = None
        self._locks_asked: set[Future[None]] = set()
        self._runs: dict[str, _Surroundings] = {}
        self._without_lock: list[_Surroundings] = []
        """Runs that the next look at the environment is for."""
        self._mutex = threading.Lock()

    def opened(self, run: Run) -> None:
        """Capture the environment now, and its lock and the repository's state as of now in the background."""
        if self._worker is None:
            from concurrent.futures import ThreadPoolExecutor

            self._worker = ThreadPoolExecutor(
                max_workers=1, thread_name_prefix="runlore-context", initializer=audit.mute_thread
            )
        found = self._runs[run.run_id] = _Surroundings(run.run_id)
        directories = self._capture_environment(found)
        try:
            directory = Path.cwd()
        except FileNotFoundError:
            self._session.not_captured("git", "the working directory was deleted", run.run_id)
        else:
            _submit(self._worker, self._asked, self._capture_git, run.run_id, directory)
        if directories:
            with self._mutex:
                self._without_lock.append(found)
                waits = len(self._without_lock) > 1
            if not waits:
                _submit(self._worker, self._locks_asked, self._capture_lock, directories, _working_directory())

    def closing(self, run: Run) -> None:
        """Capture the environment again: the run may have imported libraries or changed their settings."""
        found = self._runs.pop(run.run_id, None)
        if found is not None:
            self._capture_environment(found)
            # Where the driver cannot be asked, who computes on its devices knows them by now.
            devices = found.facts.get("libraries", {}).get("torch", {}).get("devices")
            if devices:
                self._session.append(ev.DevicesFound(time=time.time(), run_id=run.run_id, devices=devices))

    def wait(self) -> None:
        """Wait until git has answered for every run, and a moment for the lock."""
        if self._worker is not None:
            from concurrent.futures import wait

            wait(set(self._asked), timeout=_PATIENCE)
            if wait(set(self._locks_asked), timeout=_PATIENCE_FOR_LOCK).not_done and self._locking is not None:
                self._locking.stop()
                wait(set(self._locks_asked), timeout=_PATIENCE_FOR_LOCK)
            self._worker.shutdown(wait=False, cancel_futures=True)

    def _capture_environment(self, of: _Surroundings) -> environment.Directories:
        try:
            directories = environment.search_path()
            found = environment.capture(directories)
        except Exception as error:  # noqa: BLE001 - it asks libraries that the user may have patched
            self._session.not_captured("environment", f"{type(error).__name__}: {error}", of.run_id)
            return ()
        with self._mutex:
            of.facts = found
            self._write(of)
        return directories

    def _write(self, of: _Surroundings) -> None:
        if not of.facts:
            return
        content = msgspec.json.encode(of.facts | (of.lock or {}), order="deterministic")
        digest = self._session.store(lambda: self._session.objects.put(content), of.run_id)
        if digest is not None and of.written != digest:
            of.written = digest
            self._session.append(ev.EnvironmentCaptured(time=time.time(), run_id=of.run_id, digest=digest))

    def _capture_lock(self, directories: environment.Directories, project: Path) -> None:
        from runlore.capture.locking import Locking, LockNotTaken

        # One look serves all runs that were opened before it.
        with self._mutex:
            waiting, self._without_lock = self._without_lock, []
        if self._locking is None:
            self._locking = Locking(self._session.home.objects)
        try:
            taken = self._locking.take(directories, project)
        except LockNotTaken as error:
            for of in waiting:
                self._session.not_captured("environment lock", str(error), of.run_id)
            return
        for what, why in taken.problems:
            self._session.not_captured(what, why)
        with self._mutex:
            for of in waiting:
                of.lock = {
                    "lock": taken.lock,
                    "edited": taken.edited,
                    "lockfiles": taken.lockfiles,
                    "indexes": taken.indexes,
                }
                self._write(of)

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


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path(os.devnull)  # deleted: there is nothing around it


def _submit(
    worker: ThreadPoolExecutor, asked: set[Future[None]], job: Callable[..., None], *arguments: Any
) -> None:
    future = worker.submit(job, *arguments)
    asked.add(future)
    future.add_done_callback(asked.discard)
