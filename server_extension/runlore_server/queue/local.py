"""The backend that is always there: attempts in child processes of the queue's owner."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runlore.errors import RunloreError
from runlore.home import Home
from runlore.process import is_alive
from runlore_server.errors import SettingRefused
from runlore_server.gpus.detection import devices
from runlore_server.queue.ahead import Ahead
from runlore_server.queue.backend import Attempt, Began, Capacity, Ended, Event, OutOfSight, Progressed, Staged
from runlore_server.queue.request import Request
from runlore_server.queue.row import Row
from runlore_server.rerun import tree
from runlore_server.rerun.execution import Watch, fulfil
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.warm import WarmRunners
from runlore_server.store.runs import RunStore

SLOTS_VARIABLE = "RUNLORE_SLOTS"
_MOST_AHEAD = 8
"""Jobs that are booted ahead; each costs the memory of a kernel."""

_log = logging.getLogger(__name__)


def default_slots() -> int:
    """How many reruns at once: ``$RUNLORE_SLOTS``, else one for two processors.

    Raises:
        SettingRefused: the variable is no whole number of 1 or more.
    """
    text = os.environ.get(SLOTS_VARIABLE, "").strip()
    if not text:
        usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return max(1, usable // 2)
    if not (text.isascii() and text.isdigit() and int(text[:6]) > 0 and len(text) < 5):
        raise SettingRefused(f"{SLOTS_VARIABLE} is how many reruns go on at once, 1 or more, not {text!r:.40}")
    return int(text)


@dataclass
class _AtWork:
    thread: threading.Thread
    stop: threading.Event
    executes: bool = False
    """Whether it has come to its cells; until then it needs the processors itself."""


class LocalBackend:
    """A thread for each attempt, which waits for its runner.

    Args:
        home: where the runs are recorded.
        store: finds the further runs of a group.
        wake: called from a thread when ``poll`` has something to tell.

    Raises:
        SettingRefused: see ``default_slots`` and ``gpus.detection.detect``.
    """

    name = "local"

    def __init__(self, home: Home, store: RunStore, wake: Callable[[], None]) -> None:
        self._home = home
        self._store = store
        self._wake = wake
        self._slots = default_slots()
        self._devices = devices()  # asked once: a driver in trouble must not keep the queue from its work
        self._events: deque[Event] = deque()
        self._at_work: dict[str, _AtWork] = {}
        most = min(self._slots, _MOST_AHEAD)
        self._warm = WarmRunners(home, most)
        self._ahead = Ahead(home, store.find, self._warm, most)

    @property
    def bound(self) -> bool:
        """Runners end with who waits for them."""
        return True

    def capacity(self) -> Capacity:
        """As many as ``default_slots`` says, and the devices that there were when the queue was taken over."""
        return Capacity(self._slots, self._devices)

    def submit(self, attempt: Attempt) -> str:
        """Begin an attempt in a thread of its own."""
        handle, stop = f"{attempt.run_id}:{attempt.number}", threading.Event()
        thread = threading.Thread(
            target=self._carry_out, args=(handle, attempt, stop), name=f"runlore job {handle}", daemon=True
        )
        self._at_work[handle] = _AtWork(thread, stop)
        thread.start()
        return handle

    def cancel(self, handle: str) -> None:
        """Have it stopped; its thread sees to that."""
        if handle in self._at_work:
            self._at_work[handle].stop.set()

    def poll(self) -> list[Event]:
        """What the threads have told."""
        found = [self._events.popleft() for _ in range(len(self._events))]
        for event in found:
            if isinstance(event, Ended):
                self._at_work.pop(event.handle).thread.join()
            elif isinstance(event, Progressed) and (event.cell is not None or event.done):
                self._at_work[event.handle].executes = True
        return found

    def expect(self, coming: Mapping[str, Request]) -> None:
        """These jobs are next. They are booted while others execute their cells."""
        if not coming or all(one.executes for one in self._at_work.values()):
            self._ahead.expect(coming)

    def prepared(self, row: Row) -> Folder | None:
        """The folder of a job that was expected and whose turn has come, if it is prepared."""
        found = self._ahead.prepared(row)
        if found is None:
            with contextlib.suppress(OSError):  # then it does without
                self._warm.get_ready()  # while the job is prepared
        return found

    def reattach(self, handle: str, attempt: Attempt) -> bool:  # noqa: ARG002 - a process of the owner that died
        """What an earlier owner began ends with it: what is left of it here is killed."""
        alive = False if attempt.process is None else is_alive(attempt.process)
        if alive is None:
            assert attempt.process is not None  # noqa: S101 - else it is not alive
            raise OutOfSight(f"it was started on {attempt.process.host}, where nobody can look from here")
        tree.kill(attempt.run_id, attempt.process.pid if alive and attempt.process is not None else None)
        return False

    def close(self) -> None:
        """Stop everything; ``poll`` tells of the ends."""
        self._ahead.close()
        for at_work in self._at_work.values():
            at_work.stop.set()
        for at_work in self._at_work.values():
            at_work.thread.join()

    def _carry_out(self, handle: str, attempt: Attempt, stop: threading.Event) -> None:
        watch = Watch(
            stage=lambda text: self._tell(Staged(handle, text)),
            started=lambda process: self._tell(Began(handle, process)),
            progress=lambda now: self._tell(Progressed(handle, now.done, now.total, now.cell)),
            should_stop=stop.is_set,
        )
        try:
            folder = Folder(self._home.rerun(attempt.run_id))
            group = [self._store.find(other) for other in attempt.request.against]
            child = None if attempt.request.env == "locked" else self._warm.take(folder)
            verdict = fulfil(self._home, folder, attempt.request, group, watch, child, self._warm.start)
        except (RunloreError, OSError) as error:
            ended = Ended(handle, error=str(error))
        except Exception:  # noqa: BLE001 - a defect of ours must not end the queue
            _log.exception("rerun %s could not be carried out", attempt.run_id)
            ended = Ended(handle, error="an internal error; the server's log has the details")
        else:
            ended = Ended(handle, verdict=verdict.verdict) if verdict is not None else Ended(handle, stopped=True)
        self._tell(ended)

    def _tell(self, event: Event) -> None:
        self._events.append(event)
        self._wake()
