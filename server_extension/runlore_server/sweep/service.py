"""The sweeps of a home in a Jupyter server: a process of its own drives each, and goes with the server.

Optuna takes a second to import and its samplers compute; the server does neither. Who stops, resumes or extends a
sweep writes that down; whichever process drives it takes note.
"""

from __future__ import annotations

import json
import logging
import subprocess
import threading
import time
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

import msgspec

from runlore.errors import RunloreError
from runlore.home import Home
from runlore_server.companion.process import command_of
from runlore_server.config import Config
from runlore_server.errors import OptionsRefused
from runlore_server.ownership import Ownership
from runlore_server.queue.queue import JobQueue
from runlore_server.rerun.literals import written
from runlore_server.store.runs import RunStore
from runlore_server.sweep import tables
from runlore_server.sweep.driving import wants_driver
from runlore_server.sweep.plan import plan
from runlore_server.sweep.request import Count, Positive, SweepRequest
from runlore_server.sweep.sweep import FOLDER, SweepFolder, create, find, folders

_INTERVAL = 0.5
_GRACE = 5.0
"""Seconds that a driver has to end when the server does."""

_LEAST_PAUSE, _MOST_PAUSE = 2.0, 60.0
"""Seconds until a driver that broke is started again; longer each time."""

_DRAWING = 120.0
"""Seconds that the plots of a sweep may take."""

_log = logging.getLogger(__name__)


class SweepChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed in a sweep: whether it is to run, and its budget in all."""

    wish: Literal["run", "stop"] | None = None
    trials: Count | None = None
    seconds: Positive | None = None


@dataclass
class _Driver:
    process: subprocess.Popen[bytes]
    started: float


def is_served(home: Home) -> bool:
    """Whether a Jupyter server takes care of the sweeps of a home."""
    lock = _lock(home)
    if not (home.path / FOLDER).is_dir():
        return False
    free = lock.acquire()
    lock.release()
    return not free


def _lock(home: Home) -> Ownership:
    return Ownership(home.path / FOLDER / "server.lock")


class Sweeps:
    """Asks for sweeps, tells of them, and sees to it that somebody drives those that are to run.

    Args:
        config: where everything is.
        store: of its runs.
        jobs: the queue by which trials are carried out.
    """

    def __init__(self, config: Config, store: RunStore, jobs: JobQueue) -> None:
        self._config = config
        self._store = store
        self._jobs = jobs
        self._ownership = _lock(config.home)
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._drivers: dict[str, _Driver] = {}
        self._paused: dict[str, tuple[float, float]] = {}
        """Sweep to when its driver may be started again, and the pause before that."""
        self._seen: dict[str, tuple[int, int]] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look after sweeps."""
        if find_spec("optuna") is None:
            return
        self._thread = threading.Thread(target=self._work, name="runlore sweeps", daemon=True)
        self._thread.start()

    def shutdown(self) -> None:
        """End all drivers; what they drive goes on with the next server. Blocks."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        for driver in self._drivers.values():
            _end(driver.process)
        self._ownership.release()

    def submit(self, request: SweepRequest) -> dict[str, Any]:
        """Begin a sweep.

        Raises:
            see ``plan.plan`` and ``JobQueue.check``.
        """
        planned = plan(self._store, request)
        self._jobs.check([planned.example()])
        folder = create(self._config.home, planned.request)
        self._wake.set()
        return tables.object_of(folder.sweep(), folder.progress())

    def names(self) -> dict[str, str]:
        """The names of those sweeps that have one, by their ids."""
        found = (folder.sweep() for folder in folders(self._config.home))
        return {sweep.sweep_id: sweep.request.name for sweep in found if sweep.request.name}

    def check(self, request: SweepRequest) -> dict[str, Any]:
        """What a sweep would come to, without beginning it: its points, and after how many trials it ends.

        Raises:
            see ``submit``.
        """
        made = plan(self._store, request)
        self._jobs.check([made.example()])
        return {
            "points": made.space.count,
            "trials": made.trials,
            "steps": made.steps,
            "dimensions": [one.name for one in made.space.dimensions],
            "fixed": {name: written(value) for name, value in made.space.fixed.items()},
        }

    def all(self) -> list[dict[str, Any]]:
        """Every sweep, the newest first, without trials."""
        return [tables.listed(one.sweep(), one.progress()) for one in folders(self._config.home)]

    def get(self, text: str) -> dict[str, Any]:
        """A sweep with its trials.

        Raises:
            SweepNotFound, AmbiguousRun: see ``sweep.find``.
        """
        folder = find(self._config.home, text)
        return tables.object_of(folder.sweep(), folder.progress())

    def change(self, text: str, change: SweepChange) -> dict[str, Any]:
        """Stop a sweep (wish "stop"), let it go on ("run"), or give it another budget.

        Raises:
            OptionsRefused: it cannot be wished so.
            SweepNotFound, AmbiguousRun: see ``sweep.find``.
        """
        folder = find(self._config.home, text)
        changes = {name: value for name, value in msgspec.to_builtins(change).items() if value is not None}
        if not changes:
            raise OptionsRefused("say what is to be changed: the wish, trials or seconds")
        folder.wish(**changes)
        self._wake.set()
        return tables.object_of(folder.sweep(), folder.progress())

    def plots(self, text: str) -> dict[str, Any]:
        """The plots of a sweep by their names, as plotly takes them; a process of its own draws them.

        Raises:
            OptionsRefused: there is nothing to draw.
            OSError: they could not be drawn.
        """
        folder = find(self._config.home, text)
        command = [*command_of("runlore_server.sweep.plots"), str(self._config.home.path), folder.sweep_id]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_DRAWING, check=False)  # noqa: S603 - ours
        except subprocess.TimeoutExpired:
            raise OSError(f"drawing sweep {folder.sweep_id} took more than {_DRAWING:.0f} seconds") from None
        if done.returncode != 0:
            _log.error("sweep %s could not be drawn: %s", folder.sweep_id, done.stderr.decode(errors="replace"))
            raise OSError(f"sweep {folder.sweep_id} could not be drawn; the server's log says why")
        answer: dict[str, Any] = json.loads(done.stdout)
        if "refused" in answer:
            raise OptionsRefused(answer["refused"])
        return answer

    # -- the thread -----------------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._closing.is_set():
            try:
                if self._ownership.acquire():
                    self._look()
            except (RunloreError, OSError):
                _log.exception("sweeps cannot be looked after at the moment; it is tried again")
            self._wake.wait(_INTERVAL)
            self._wake.clear()

    def _look(self) -> None:
        for sweep_id, driver in list(self._drivers.items()):
            if driver.process.poll() is not None:
                del self._drivers[sweep_id]
                self._seen.pop(sweep_id, None)
                if driver.process.returncode != 0:
                    _, pause = self._paused.get(sweep_id, (0.0, _LEAST_PAUSE / 2))
                    pause = min(pause * 2, _MOST_PAUSE)
                    self._paused[sweep_id] = (time.monotonic() + pause, pause)
                    _log.warning("the driver of sweep %s ended; another starts in %.0f s", sweep_id, pause)
                else:
                    self._paused.pop(sweep_id, None)
        root = self._config.home.path / FOLDER
        for path in root.iterdir():
            folder = SweepFolder(self._config.home, path.name)
            if path.name in self._drivers or not self._changed(folder):
                continue
            if self._paused.get(path.name, (0.0, 0.0))[0] > time.monotonic():
                self._seen.pop(path.name, None)
            elif wants_driver(folder):
                self._seen.pop(path.name, None)  # looked at again, should another process drive it now
                self._drive(folder)

    def _changed(self, folder: SweepFolder) -> bool:
        """Whether there is a sweep in the folder that was not looked at since it was changed."""
        try:
            now = folder.sweep_file.stat().st_mtime_ns, folder.progress_file.stat().st_mtime_ns
        except FileNotFoundError:
            return folder.sweep_file.is_file()
        except NotADirectoryError:
            return False
        known = self._seen.get(folder.sweep_id)
        self._seen[folder.sweep_id] = now
        return known != now

    def _drive(self, folder: SweepFolder) -> None:
        if not folder.lock.acquire():
            return  # a command drives it
        folder.lock.release()
        command = [*command_of("runlore_server.sweep.process"), str(self._config.home.path), folder.sweep_id]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - ours
        self._drivers[folder.sweep_id] = _Driver(process, time.monotonic())


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
