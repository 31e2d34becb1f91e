"""When a run is to be rerun by itself: by the clock, or when data change."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from runlore_server.errors import InvalidRequest
from runlore_server.queue.request import Request

_ZONES = "zoneinfo/"
_JUMP = 3600.0
"""Seconds by which a clock has to go back before what it had said is taken for an error."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose changes are awaited.

    ``digest`` is the content that was last seen, ``stat`` what the file system said then (size, time of change in
    nanoseconds, inode), by which a look is cheap. Both are ``None`` while there is no file.
    """

    path: str
    digest: str | None = None
    stat: tuple[int, int, int] | None = None


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """A rerun that a schedule starts: the run that it makes, and why it starts.

    It is noted before the rerun is queued: whoever finds it asks the queue whether that was done.
    """

    run_id: str
    why: str


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Reruns of one run.

    Attributes:
        id: of the schedule.
        request: what is queued each time.
        name: of the run.
        created: Unix seconds.
        cron: five fields (minute, hour, day, month, weekday); ``None`` for none.
        zone: the time zone in which they count, by its IANA name.
        watched: files whose changes start a rerun.
        paused: nothing is started until it goes on.
        looked: up to when the clock has been taken care of, in Unix seconds.
        firing: what is being queued at this moment.
        last: the run that it started last.
        fired: Unix seconds of that.
        note: what there is to say of the last time: what was missed, or why nothing could be started.
        revision: grows with every change.
    """

    id: str
    request: Request
    name: str
    created: float
    cron: str | None = None
    zone: str = "UTC"
    watched: list[Watched] = []
    paused: bool = False
    looked: float
    firing: Firing | None = None
    last: str | None = None
    fired: float | None = None
    note: str | None = None
    revision: int = 0

    def next_due(self) -> float | None:
        """When the clock starts it next, in Unix seconds; ``None`` where it never does."""
        return None if self.cron is None else _next(self.cron, self.zone, self.looked)

    def due(self, now: float) -> tuple[float, int] | None:
        """The last time up to now at which the clock was to start it, and how many there were; ``None`` for none.

        Times in an hour that summer time leaves out come right behind it; in an hour that comes twice, fixed ones
        come once.
        """
        if self.cron is None:
            return None
        found, count = None, 0
        moment = _next(self.cron, self.zone, self.looked)
        while moment is not None and moment <= now and count < _MOST:
            found, count = moment, count + 1
            moment = _next(self.cron, self.zone, moment)
        return None if found is None else (found, count)

    def went_back(self, now: float) -> bool:
        """Whether the clock was set back so far that it had been wrong before."""
        return now < self.looked - _JUMP


_MOST = 1000
"""Missed times that are counted."""


def check(cron: str, zone: str) -> None:
    """Make sure that an expression and a time zone are some.

    Raises:
        InvalidRequest: they are not, or the expression never comes true.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidRequest(f"{zone!r} is no time zone; name one as Europe/Berlin or UTC") from error
    from cronsim import CronSimError

    try:
        never = _next(cron, zone, datetime.now(timezone.utc).timestamp()) is None
    except CronSimError as error:
        raise InvalidRequest(
            f"{cron!r} is no cron expression ({error}); write minute, hour, day, month and weekday: '0 6 * * 1' "
            "is each Monday at six"
        ) from error
    if never:
        raise InvalidRequest(f"{cron!r} never comes true")


def _next(cron: str, zone: str, after: float) -> float | None:
    from cronsim import CronSim

    try:
        return next(CronSim(cron, datetime.fromtimestamp(after, ZoneInfo(zone)))).timestamp()
    except StopIteration:
        return None


def local_zone() -> str:
    """The machine's time zone by its IANA name; UTC where the system does not say it."""
    for candidate in (os.environ.get("TZ", "").lstrip(":"), _linked(), "UTC"):
        try:
            if candidate and ZoneInfo(candidate):
                return candidate
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return "UTC"


def _linked() -> str:
    """The name that the system's setting leads to."""
    return str(Path("/etc/localtime").resolve()).rpartition(_ZONES)[2]
