"""The files of a sweep beside Optuna's database: what was asked, what is wished, and how far it has come.

``<home>/sweeps/<id>/sweep.json`` is written by whoever asks, stops, resumes or extends; ``progress.json`` by the
driver alone, which holds ``driver.lock`` for as long as it lives. So a sweep can be listed and shown without
Optuna, by a reader who waits for nobody.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import msgspec

from runlore.home import Home
from runlore_server.document import read_document, read_if_there, write_document
from runlore_server.errors import AmbiguousRun, SweepNotFound
from runlore_server.ownership import Ownership
from runlore_server.sweep.request import SweepRequest, checked

FOLDER = "sweeps"
DATABASE = "sweeps.sqlite"
_ID = re.compile(r"[0-9a-f]{12}")
_SHORTEST_PREFIX = 4

SweepState = Literal["waiting", "running", "stopped", "finished", "failed"]
"""``waiting``: nobody drives it at the moment. ``stopped`` and ``failed`` ones can be resumed."""

TrialState = Literal["waiting", "running", "complete", "pruned", "failed"]


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked. ``wish`` is what is wanted at present, and ``change`` grows each time that anything is."""

    sweep_id: str
    request: SweepRequest
    created: float
    wish: Literal["run", "stop"] = "run"
    change: int = 0


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One point that was tried. ``runs`` are the reruns that did, one for each seed; times are Unix seconds.

    ``step`` and ``latest`` are those of the metric's last point that was looked at while it trained, ``pruned_at``
    is the step at which it was told to end for what it had come to.
    ``member`` and ``generation`` count those of a population from 0; ``resumed_from`` is the run whose checkpoint
    it goes on from.
    """

    number: int
    state: TrialState
    parameters: dict[str, Any]
    value: float | None = None
    runs: list[str] = []
    step: int | None = None
    latest: float | None = None
    started: float | None = None
    ended: float | None = None
    why: str | None = None
    pruned_at: int | None = None
    member: int | None = None
    generation: int | None = None
    resumed_from: str | None = None


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a sweep has come. ``best`` is the number of the best trial, ``spent`` seconds of driving.

    ``change`` is that of the sweep which the driver has taken note of. ``phase`` says in words what is being done.
    """

    state: SweepState
    trials: list[Trial] = []
    best: int | None = None
    spent: float = 0.0
    error: str | None = None
    phase: str | None = None
    change: int = 0
    updated: float = 0.0


class SweepFolder:
    """``<home>/sweeps/<id>/``."""

    def __init__(self, home: Home, sweep_id: str) -> None:
        self.path = home.path / FOLDER / sweep_id
        self.sweep_id = sweep_id
        self.lock = Ownership(self.path / "driver.lock")
        self.sweep_file = self.path / "sweep.json"
        self.progress_file = self.path / "progress.json"

    def sweep(self) -> Sweep:
        """What was asked.

        Raises:
            JournalFormatError: the file is damaged, or a later version's.
            SweepNotFound: there is none.
        """
        try:
            return read_document(self.sweep_file, Sweep)
        except FileNotFoundError:
            raise SweepNotFound(f"no sweep has the id {self.sweep_id!r}; 'runlore sweeps' lists them") from None

    def progress(self) -> Progress:
        """How far it has come; one that nobody drives and that has not ended is waiting."""
        return read_if_there(self.progress_file, Progress) or Progress(state="waiting")

    def write(self, progress: Progress) -> None:
        """Tell how far it has come; by the driver."""
        write_document(self.progress_file, msgspec.structs.replace(progress, updated=time.time()))

    def wish(self, **changes: Any) -> Sweep:
        """Change what was asked: ``wish``, or fields of the request.

        Raises:
            InvalidRequest: a field cannot be so.
        """
        with self._writing():
            now = self.sweep()
            wish = changes.pop("wish", now.wish)
            request = checked({**msgspec.to_builtins(now.request), **changes})
            after = msgspec.structs.replace(now, wish=wish, request=request, change=now.change + 1)
            write_document(self.sweep_file, after, for_people=True)
        return after

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """While nobody else changes it."""
        lock = Ownership(self.path / "sweep.lock")
        while not lock.acquire():
            time.sleep(0.01)
        try:
            yield
        finally:
            lock.release()


def create(home: Home, request: SweepRequest) -> SweepFolder:
    """Write down a sweep that was asked for and can be had; whoever takes its lock drives it.

    Raises:
        OSError: the home cannot be written.
    """
    folder = SweepFolder(home, secrets.token_hex(6))
    folder.path.mkdir(parents=True, mode=0o700)
    sweep = Sweep(sweep_id=folder.sweep_id, request=request, created=time.time())
    write_document(folder.sweep_file, sweep, for_people=True)
    return folder


def folders(home: Home) -> list[SweepFolder]:
    """Those of all sweeps, the newest first; what is damaged is left out."""
    found: list[tuple[float, SweepFolder]] = []
    root = home.path / FOLDER
    for path in root.iterdir() if root.is_dir() else ():
        if _ID.fullmatch(path.name):
            sweep = read_if_there(path / "sweep.json", Sweep)
            if sweep is not None:
                found.append((sweep.created, SweepFolder(home, path.name)))
    return [folder for _, folder in sorted(found, key=lambda one: one[0], reverse=True)]


def find(home: Home, text: str) -> SweepFolder:
    """The sweep with this id, or with the only one that starts so.

    Raises:
        SweepNotFound: there is none, or a start of less than 4 characters was given.
        AmbiguousRun: several ids start so.
    """
    text = text.strip()
    known = [folder.sweep_id for folder in folders(home)]
    found = [one for one in known if one == text or (len(text) >= _SHORTEST_PREFIX and one.startswith(text))]
    if len(found) > 1:
        raise AmbiguousRun(text, found)
    if not found:
        raise SweepNotFound(f"no sweep has the id {text!r:.40}; 'runlore sweeps' lists them")
    return SweepFolder(home, found[0])
