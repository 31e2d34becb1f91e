"""What was recorded of the packages that a run was made with."""

from __future__ import annotations

import msgspec

from runlore.capture import lock as locks
from runlore.errors import ObjectMissing
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore.untrusted import from_json
from runlore_server.errors import RerunRefused


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What a run's environment object says of its lock; see ``runlore.capture.environment``."""

    lock: str
    lockfiles: dict[str, str] = {}
    indexes: list[str] = []


def of_run(home: Home, run: RunRecord) -> Recorded:
    """What was recorded with a run.

    Raises:
        ObjectMissing: its environment was not recorded, or is lost.
        MsgspecError: there is no lock in it (yet).
    """
    return from_json(ObjectStore(home.objects).get(run.environment or ""), Recorded)


def lock_of(home: Home, told: Recorded) -> locks.Lock:
    """The lock itself.

    Raises:
        RerunRefused: it is lost, damaged, or of a later Runlore.
    """
    try:
        return locks.decode(ObjectStore(home.objects).get(told.lock))
    except (ObjectMissing, msgspec.MsgspecError) as error:
        raise RerunRefused(f"the lock of the run's environment cannot be read: {error}") from error
