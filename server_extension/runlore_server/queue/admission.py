"""What is looked at before a rerun is queued, so that nothing waits that could never go through."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore_server.errors import AmbiguousRun, JobNotFound, OptionsRefused
from runlore_server.gpus.assignment import check as check_devices
from runlore_server.gpus.recorded import as_recorded, used_devices
from runlore_server.queue.ledger import Ledger
from runlore_server.queue.offering import Offering
from runlore_server.queue.request import Request
from runlore_server.queue.row import NewJob
from runlore_server.rerun import data
from runlore_server.rerun.prepare import Original, examine
from runlore_server.rerun.resuming import required
from runlore_server.store.runs import RunStore

T = TypeVar("T")
SHORTEST_PREFIX = 4
_MOST_RETRIES = 100
_GREATEST_PRIORITY = 1_000_000


class Admission:
    """Looks at requests for reruns; writes nothing.

    Args:
        home: where the runs are recorded.
        store: finds them.
        ledger: has the jobs that others wait for.
        offering: what there is to carry them out with.
    """

    def __init__(self, home: Home, store: RunStore, ledger: Ledger, offering: Offering) -> None:
        self._home = home
        self._store = store
        self._ledger = ledger
        self._offering = offering

    def admit(self, requests: Sequence[Request]) -> list[NewJob]:
        """The jobs that requests ask for. What several have in common is looked at once.

        Raises:
            RunNotFound, AmbiguousRun: see ``RunStore.find``; also for the jobs to wait for.
            JobNotFound: a job to wait for is none.
            OptionsRefused, ParameterRefused: it cannot be had so.
            RerunRefused, KernelMissing, DataMissing: it cannot be rerun (so).
        """
        known = _Known()
        return [self._admitted(request, known) for request in requests]

    def _admitted(self, request: Request, known: _Known) -> NewJob:
        check_numbers(request)
        asked = (request.run_id, request.kernel, request.env, request.seeds, *request.against, request.delta)
        run, group = known.once(("runs", *asked), lambda: request.runs(self._store))
        original = self._original(run, request, known)
        selected = original.select(request.scope, request.parameters)
        if not selected.overrides:  # another path may be among them
            known.once(("data", run.run_id, request.scope), lambda: data.require(self._home, selected.cells))
        used = known.once(("used", run.run_id), lambda: used_devices(run, ObjectStore(self._home.objects)))
        if used and not request.gpus:
            there = known.once(("there", request.backend), lambda: self._offering.devices(request.backend))
            request = as_recorded(request, used, there[0] if there is not None else ())
        place = (request.gpus, request.gpu_type, request.gpu_memory, request.backend)
        leased = known.once(("devices", run.run_id, *place), lambda: self._with_devices(request, run))
        after = [known.once(("after", text), partial(job_id, self._ledger, text)) for text in request.after]
        source = known.once(("source", request.resume_from), lambda: self._source(request))
        request = msgspec.structs.replace(
            request,
            run_id=run.run_id,
            resume_from=source,
            # Ids that will still be theirs when more runs have been recorded.
            against=[other.run_id for other in group],
            after=after,
            gpus=leased.gpus,
            gpu_type=leased.gpu_type,
            gpu_memory=leased.gpu_memory,
        )
        return NewJob(
            run_id=secrets.token_hex(8),
            rerun_of=run.run_id,
            name=run.name,
            request=request,
            cells=len(selected.cells),
            after=after,
        )

    def _source(self, request: Request) -> str | None:
        """The id of the run whose checkpoint is asked for."""
        return required(self._store.find(request.resume_from)).source if request.resume_from is not None else None

    def _original(self, run: RunRecord, request: Request, known: _Known) -> Original:
        return known.once(
            ("original", run.run_id, request.kernel, request.env),
            lambda: examine(self._home, run.session_id, run.run_id, kernel=request.kernel, env=request.env),
        )

    def _with_devices(self, request: Request, run: RunRecord) -> Request:
        """The request with the devices that it gets: as many as it asks for, else as its original used."""
        found = self._offering.devices(request.backend)
        if found is None:
            self._offering.refuse(request)
            return request
        devices, why = found
        if devices and not request.gpus:
            request = as_recorded(request, used_devices(run, ObjectStore(self._home.objects)), devices)
        check_devices(request, devices, why)
        return request


class _Known:
    """What was found out for requests before."""

    def __init__(self) -> None:
        self._found: dict[Hashable, Any] = {}

    def once(self, what: Hashable, find: Callable[[], T]) -> T:
        if what not in self._found:
            self._found[what] = find()
        found: T = self._found[what]
        return found


def job_id(ledger: Ledger, text: str) -> str:
    """The id of a job from it or the only start of one.

    Raises:
        JobNotFound: no job has it.
        AmbiguousRun: several start so.
    """
    if ledger.get(text) is not None:
        return text
    found = ledger.starting_with(text) if len(text) >= SHORTEST_PREFIX else []
    if len(found) > 1:
        raise AmbiguousRun(text, found)
    if not found:
        raise JobNotFound(f"no rerun job makes the run {text!r}")
    return found[0]


def check_priority(priority: int) -> None:
    """Refuse a priority that is none.

    Raises:
        OptionsRefused: it is too great or too small.
    """
    if abs(priority) > _GREATEST_PRIORITY:
        raise OptionsRefused(
            f"a priority is a whole number from {-_GREATEST_PRIORITY} to {_GREATEST_PRIORITY}, not {priority}"
        )


def check_numbers(request: Request) -> None:
    """Refuse numbers that no job can have.

    Raises:
        OptionsRefused: there is one.
    """
    check_priority(request.priority)
    if not 0 <= request.retries <= _MOST_RETRIES:
        raise OptionsRefused(f"retries are 0 to {_MOST_RETRIES}, not {request.retries}")
    if request.timeout is not None and not (math.isfinite(request.timeout) and request.timeout > 0):
        raise OptionsRefused(f"timeout is a number of seconds greater than 0, not {request.timeout}")
