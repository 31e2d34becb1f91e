"""Jobs that are told of before they are submitted: what they have in common is known, their parameters are not.

A sweep proposes its next point when a trial has ended; the kernel for it need not wait so long to boot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from runlore.decodable import decodable
from runlore_server.queue.ledger import Ledger
from runlore_server.queue.request import Request

_START = "announced:"
"""Of the names of settings, each of which ends in who announced."""

_VALID = 120.0
"""Seconds: who announced may have died, and what was booted ahead is given up as late."""


class _Announcement(msgspec.Struct, frozen=True):
    """What was announced at a Unix time."""

    request: Request
    run_ids: list[str]
    at: float


@dataclass(frozen=True)
class Announced:
    """What is announced and was not submitted yet, by the ids of the runs that it will make.

    ``lapses`` is after how many seconds some of it counts no more; ``None`` where there is nothing.
    """

    requests: dict[str, Request]
    lapses: float | None


def announce(ledger: Ledger, by: str, request: Request, run_ids: Sequence[str], now: float) -> None:
    """Write down what ``by`` will submit, in place of what was announced before.

    Raises:
        OSError, sqlite3.Error: it cannot be written.
    """
    told = _Announcement(request, list(run_ids), now)
    ledger.put_setting(_START + by, msgspec.to_builtins(told) if run_ids else None)


def announced(ledger: Ledger, now: float) -> Announced:
    """What is announced at a Unix time.

    Raises:
        OSError, sqlite3.Error: it cannot be read.
    """
    found: dict[str, Request] = {}
    left: list[float] = []
    for told in ledger.settings(_START).values():
        try:
            one = msgspec.convert(told, decodable(_Announcement))
        except msgspec.ValidationError:  # a later version wrote it
            continue
        if abs(now - one.at) < _VALID and (coming := ledger.unknown(one.run_ids)):
            found |= dict.fromkeys(coming, one.request)
            left.append(_VALID - abs(now - one.at))
    return Announced(found, min(left, default=None))
