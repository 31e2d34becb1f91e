"""What carries attempts of jobs out: the seam between the queue and the machines that work for it.

The queue is the only truth about jobs. A backend knows the attempts that it was given, tells what becomes of them,
and decides nothing: whether there is a further attempt, what is leased and what a result is worth is the queue's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from runlore.errors import RunloreError
from runlore.process import ProcessIdentity
from runlore_server.queue.request import Request

if TYPE_CHECKING:
    from runlore_server.gpus.device import Device
    from runlore_server.gpus.giving import Giving
    from runlore_server.queue.row import Row
    from runlore_server.rerun.folder import Folder


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a job, as it travels to whatever carries it out.

    Its folder, ``<home>/reruns/<run_id>``, is prepared, with a session that no other attempt writes.

    ``number`` counts from 1. ``token`` is unlike that of every other attempt: of a job, events of the attempt with
    the current token alone are believed. ``environ`` is set for the kernel over everything else (the leased
    devices); the folder's launch file has it, too. ``timeout`` are the seconds that it may take: the queue cancels
    it then. ``node`` is the machine on which devices were leased for it, ``None`` where any will do. ``process``
    is its runner where one was told of, for ``reattach``.
    """

    home: str
    run_id: str
    number: int
    token: str
    request: Request
    environ: dict[str, str] = {}
    timeout: float | None = None
    node: str | None = None
    process: ProcessIdentity | None = None


@dataclass(frozen=True)
class Capacity:
    """How many attempts a backend carries out at once, and the devices that they may be given.

    ``devices`` is ``None`` where the backend gives its attempts the devices that their requests ask for by itself;
    ``giving`` says which those may be. ``trouble`` says why it can carry out none at the moment, such as a cluster
    that cannot be reached.
    """

    slots: int
    devices: Sequence[Device] | None = field(default=())
    trouble: str | None = None
    giving: Giving = "any"


class Began(msgspec.Struct, frozen=True, tag=True):
    """The attempt is at work; ``process`` is its runner, where there is one on a machine that has names for it."""

    handle: str
    process: ProcessIdentity | None = None


class Staged(msgspec.Struct, frozen=True, tag=True):
    """What is being done, in a few words, where that is not the first execution of the cells; else ``None``."""

    handle: str
    text: str | None


class Progressed(msgspec.Struct, frozen=True, tag=True):
    """``cell`` is the ordinal, in the original's session, of the cell that runs now."""

    handle: str
    done: int
    total: int
    cell: int | None


class Ended(msgspec.Struct, frozen=True, tag=True):
    """The attempt is over and all its processes are dead.

    Exactly one of these holds: there is a ``verdict`` (its word; the whole of it lies in the folder), an ``error``
    says why the work could not be done, or it was ``stopped``: by ``cancel``, or by the backend's ``close``.
    """

    handle: str
    verdict: str | None = None
    error: str | None = None
    stopped: bool = False


class Lost(msgspec.Struct, frozen=True, tag=True):
    """Nobody knows what became of the attempt: a worker died, a lease ran out. Its results are refused."""

    handle: str
    why: str


Event = Began | Staged | Progressed | Ended | Lost


class OutOfSight(RunloreError):
    """An attempt may still be at work where this process cannot see or reach it; the text says where."""


class Backend(Protocol):
    """Carries out attempts. All methods are called from one thread, and none blocks longer than it must."""

    @property
    def name(self) -> str:
        """By which requests and the queue's status call it."""

    @property
    def bound(self) -> bool:
        """Whether its attempts end with this process; those of others are found again by the next owner."""

    def capacity(self) -> Capacity:
        """What it can do at the moment; cheap to ask."""

    def submit(self, attempt: Attempt) -> str:
        """Begin an attempt; return at once. The handle finds it again, also from another process.

        Raises:
            RunloreError, OSError: it cannot be begun.
        """

    def cancel(self, handle: str) -> None:
        """Stop an attempt; for one that has ended, do nothing. ``poll`` tells when all its processes are dead."""

    def poll(self) -> list[Event]:
        """What happened since the last time, in its order. An attempt's last event is ``Ended`` or ``Lost``."""

    def reattach(self, handle: str, attempt: Attempt) -> bool:
        """Take over an attempt that an earlier owner of the queue began.

        Returns:
            Whether it goes on, and ``poll`` will tell of it. Else every process of it is dead; it is run again.

        Raises:
            OutOfSight: nobody can say from here. The attempt is left alone.
        """

    def close(self) -> None:
        """Stop what runs and cannot go on without this process; wait until its processes are dead."""


@runtime_checkable
class LooksAhead(Protocol):
    """What a backend may do besides: begin with what is next while something else is at work."""

    def expect(self, coming: Mapping[str, Request]) -> None:
        """What comes next, by the ids of the runs that it makes, the most urgent first.

        What was expected and is not among them is not any more. What a job asks for when its turn has come may
        differ in parameters, seed and checkpoint.
        """

    def prepared(self, row: Row) -> Folder | None:
        """The folder of a job whose turn has come, if it was expected and has been prepared as it is asked for.

        Raises:
            RunloreError, OSError: it cannot be prepared.
        """
