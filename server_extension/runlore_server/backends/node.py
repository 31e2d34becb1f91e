"""Carrying out one attempt on whatever machine: the one function that every engine calls there.

The machine needs the same Runlore, the home and the notebook's working directory at the same paths (or a home of
its own that it was sent, see ``delivery``), and the kernel's interpreter. It decides nothing.
"""

from __future__ import annotations

import contextlib
import logging
import platform
import socket
import threading
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version

import msgspec

from runlore.decodable import decodable
from runlore.errors import JournalFormatError, RunloreError
from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import sessions
from runlore_server.backends import tenure
from runlore_server.backends.heartbeat import Heartbeat
from runlore_server.backends.place import Place
from runlore_server.backends.report import Report
from runlore_server.errors import RerunRefused
from runlore_server.queue.backend import Attempt, Began, Ended, Lost, Progressed, Staged
from runlore_server.rerun import tree
from runlore_server.rerun.execution import Watch, fulfil
from runlore_server.rerun.progress import Progress

_SLOW = 3.0
"""Seconds for the queue's newest writes to be seen on another machine."""

_log = logging.getLogger(__name__)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What travels to a machine, as JSON: an attempt, how many seconds it may be silent, and who sends it."""

    attempt: Attempt
    patience: float
    runlore: str = version("runlore")
    python: str = platform.python_version().rpartition(".")[0]

    def text(self) -> str:
        return msgspec.json.encode(self).decode()


class _Work:
    """One attempt that runs in this process."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.stop = threading.Event()
        self.abandoned = False
        self.ended = threading.Event()

    def kill(self) -> None:
        tree.kill(self.place.mark)


_lock = threading.Lock()
_works: dict[str, _Work] = {}


def carry_out(order: str, assigned: Mapping[str, str] | None = None) -> str:
    """Carry out an attempt to its end, whatever that is; what comes of it is told in its place (see ``Report``).

    Args:
        order: an ``Order``, as JSON.
        assigned: variables for the kernel, where this machine gave it devices rather than the queue.

    Returns:
        In a few words, for the engine's own logs, what became of it.
    """
    told = msgspec.json.decode(order, type=decodable(Order))
    place = Place(told.attempt)
    if (why := _unseen(place)) is not None:
        raise RerunRefused(why)
    if not place.claim():
        return "begun elsewhere already"
    report = Report(place.report)
    if (why := _unlike(told)) is not None:
        report.tell(Ended("", error=why))
        return why
    if assigned:
        place.folder.assign({**place.folder.launch().assigned, **assigned})
    work = _Work(place)
    with _lock:
        _works[told.attempt.token] = work
    heartbeat = Heartbeat(place, told.patience, work.kill)
    heartbeat.start()
    try:
        ended = _fulfil(work, told.attempt, heartbeat, report)
        if heartbeat.wish == "give up":
            work.kill()
            with contextlib.suppress(OSError, RunloreError):
                place.set_aside()  # its journal may have come after the owner did that
            return "given up: another attempt counts, or the home could not be reached"
        report.tell(ended)
        return "ended"
    finally:
        heartbeat.stop()
        work.kill()
        work.ended.set()
        with _lock:
            del _works[told.attempt.token]


def sees(attempt: Attempt) -> bool:
    """Whether this machine sees the home in which the attempt was prepared."""
    home = Home(attempt.home)
    deadline = time.monotonic() + _SLOW
    while True:
        try:
            tenure.read(home, attempt.run_id)
        except JournalFormatError:
            return True
        except PermissionError:
            return False
        except OSError:  # a home at this path may be another one, or lag behind
            if time.monotonic() > deadline or not home.reruns.is_dir():
                return False
        else:
            return True
        time.sleep(0.1)


def stop(token: str) -> bool:
    """Stop an attempt, if it runs in this process; say whether it does."""
    with _lock:
        work = _works.get(token)
    if work is not None:
        work.stop.set()
    return work is not None


def abandon(within: float = 5.0) -> None:
    """Kill all attempts in this process, which is about to end; the queue is told that they are lost."""
    with _lock:
        works = list(_works.values())
    for work in works:
        work.abandoned = True
        work.stop.set()
        work.kill()
    deadline = time.monotonic() + within
    for work in works:
        work.ended.wait(max(0.0, deadline - time.monotonic()))


def kill(mark: str) -> bool:
    """Kill what an attempt left on this machine; whether all of it died."""
    return tree.kill(mark)


def _unseen(place: Place) -> str | None:
    """Why the machine cannot carry the attempt out: it does not see what everybody must see."""
    deadline = time.monotonic() + _SLOW
    while True:
        try:
            if place.counts():
                return None
            why = "another attempt counts by now"
        except OSError:
            why = (
                f"the machine {socket.gethostname()} does not see the folder of the rerun, {place.whole.path}: "
                "RUNLORE_HOME must lie on storage that all machines have at the same path"
            )
        if time.monotonic() > deadline:
            return why
        time.sleep(0.1)


def _unlike(told: Order) -> str | None:
    here = Order(attempt=told.attempt, patience=0)
    if (told.runlore, told.python) == (here.runlore, here.python):
        return None
    return (
        f"the machine {socket.gethostname()} has Runlore {here.runlore} on Python {here.python}, the queue has "
        f"Runlore {told.runlore} on Python {told.python}: install the same on both"
    )


def _fulfil(work: _Work, attempt: Attempt, heartbeat: Heartbeat, report: Report) -> Ended | Lost:
    place, began = work.place, time.monotonic()

    def late() -> bool:
        return attempt.timeout is not None and time.monotonic() - began > attempt.timeout

    def should_stop() -> bool:
        return work.stop.is_set() or heartbeat.wish != "go on" or late()

    watch = Watch(
        stage=_saying(report, lambda text: Staged("", text)),
        started=_saying(report, lambda process: Began("", process)),
        progress=_saying(report, _progressed),
        should_stop=should_stop,
    )
    try:
        group = _group(place, attempt)
        verdict = fulfil(place.home, place.folder, attempt.request, group, watch)
    except (RunloreError, OSError) as error:
        return Ended("", error=str(error))
    except Exception as error:  # noqa: BLE001 - a defect of ours must be told to the queue
        _log.exception("rerun %s could not be carried out", attempt.run_id)
        return Ended("", error=f"an internal error on {socket.gethostname()}: {type(error).__name__}: {error}")
    if work.abandoned:
        return Lost("", f"the worker on {socket.gethostname()} was shut down")
    if verdict is not None:
        return Ended("", verdict=verdict.verdict)
    if late() and not work.stop.is_set() and heartbeat.wish == "go on":
        return Ended("", error=f"it took longer than {attempt.timeout:g} s")
    return Ended("", stopped=True)


def _progressed(now: Progress) -> Progressed:
    return Progressed("", now.done, now.total, now.cell)


def _saying(report: Report, event: Callable[..., Began | Staged | Progressed]) -> Callable[..., None]:
    """A listener that passes on what it hears; a disk that is full for a moment must not end the attempt."""

    def say(told: object) -> None:
        try:
            report.tell(event(told))
        except OSError as error:
            _log.warning("the queue could not be told: %s", error)

    return say


def _group(place: Place, attempt: Attempt) -> list[RunRecord]:
    """The further runs on the original's side, read from the journals: indexes are the owner's."""
    if not attempt.request.against:
        return []
    runs = {run.run_id: run for session in sessions(place.home) for run in session.runs.values()}
    missing = [run_id for run_id in attempt.request.against if run_id not in runs]
    if missing:
        raise RerunRefused(f"run {missing[0]} is no longer recorded")
    return [runs[run_id] for run_id in attempt.request.against]
