"""Making schedules, and telling of them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from runlore.home import Home
from runlore_server.automation.notes import AutomationNotes
from runlore_server.automation.schedule import Schedule, check, local_zone
from runlore_server.automation.watching import seen, stat_of
from runlore_server.errors import InvalidRequest
from runlore_server.queue.admission import check_numbers
from runlore_server.queue.request import Request
from runlore_server.rerun.data import inputs
from runlore_server.rerun.prepare import examine
from runlore_server.store.runs import RunStore


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A schedule that is asked for.

    ``request`` is queued each time: at the times of ``cron`` (in ``zone``, by default the machine's), and when the
    content of one of the files ``on_change`` changes; of an empty list, those that the run read.
    """

    request: Request
    cron: str | None = None
    zone: str | None = None
    on_change: list[str] | None = None


def scheduled(home: Home, store: RunStore, wish: Wish) -> Schedule:
    """Keep a new schedule.

    Raises:
        InvalidRequest: it says no time and no file, or none that can be.
        RunNotFound, AmbiguousRun: see ``RunStore.find``.
        OptionsRefused, ParameterRefused, KernelMissing, RerunRefused: the run could not be rerun so.
        OSError, sqlite3.Error, JournalFormatError: it cannot be kept.
    """
    if wish.cron is None and wish.on_change is None:
        raise InvalidRequest("say when: at the times of a cron expression, or when files change")
    zone = wish.zone or local_zone()
    if wish.cron is not None:
        check(wish.cron, zone)
    check_numbers(wish.request)
    run, group = wish.request.runs(store)
    request = msgspec.structs.replace(wish.request, run_id=run.run_id, against=[other.run_id for other in group])
    original = examine(home, run.session_id, run.run_id, kernel=request.kernel, env=request.env)
    cells = original.select(request.scope, request.parameters).cells
    paths: Sequence[str] = wish.on_change or []
    if wish.on_change is not None and not paths:
        paths = [read.path for _, read in inputs(cells) if stat_of(read.path) is not None]
        if not paths:
            raise InvalidRequest(f"run {run.run_id} read no file that is there; name those to be watched")
    now = time.time()
    schedule = Schedule(
        id=secrets.token_hex(4),
        request=request,
        name=run.name,
        created=now,
        cron=wish.cron,
        zone=zone,
        watched=[seen(_file(path)) for path in dict.fromkeys(paths)],
        looked=now,
    )
    AutomationNotes(home).put_schedule(schedule)
    return schedule


def _file(path: str) -> str:
    """The absolute path of a file to be watched, which need not be there yet."""
    found = Path(path)
    if "\0" in path or not found.is_absolute() or found.is_dir():
        raise InvalidRequest(
            f"{path!r} is not the absolute path of a file; of a folder, name the files that count"
        )
    return str(found)


def described(schedule: Schedule) -> dict[str, Any]:
    """A schedule as the API and ``--json`` tell of it."""
    return {
        "id": schedule.id,
        "run_id": schedule.request.run_id,
        "name": schedule.name,
        "request": msgspec.to_builtins(schedule.request),
        "cron": schedule.cron,
        "zone": schedule.zone if schedule.cron is not None else None,
        "on_change": [watched.path for watched in schedule.watched],
        "paused": schedule.paused,
        "created": schedule.created,
        "next": None if schedule.paused else schedule.next_due(),
        "last": schedule.last,
        "fired": schedule.fired,
        "note": schedule.note,
    }


def paused(home: Home, text: str, *, pause: bool) -> Schedule:
    """Pause a schedule, or let it go on: what came due meanwhile is not made up for, but changes of files count.

    Raises:
        ScheduleNotFound: there is none.
        OSError, sqlite3.Error, JournalFormatError: it cannot be read or written.
    """
    notes = AutomationNotes(home)
    while True:
        before = notes.schedule(text)
        looked = before.looked if pause else time.time()
        after = msgspec.structs.replace(before, paused=pause, looked=looked)
        if before.paused == pause:
            return before
        if (kept := notes.change_schedule(before, after)) is not None:
            return kept
