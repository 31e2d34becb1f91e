"""What a rerun needs of GPUs that does not say so itself: what its original used."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore.untrusted import from_json
from runlore_server.gpus.assignment import assign
from runlore_server.gpus.device import Device
from runlore_server.queue.request import Request


def used_devices(run: RunRecord, objects: ObjectStore) -> list[str]:
    """The names of the devices up to the last one that a run computed on; empty where it says of none.

    A run says so where torch did it. Devices before the last are among them because the code counts them.
    """
    try:
        torch = from_json(objects.get(run.environment or ""))["libraries"]["torch"]
        count = max((int(number) + 1 for number in torch["devices_used"]), default=0)
        return [str(name) for name in torch["devices"][:count]]
    except (ObjectMissing, msgspec.DecodeError, TypeError, KeyError, ValueError, AttributeError):
        return []


def as_recorded(request: Request, used: Sequence[str], devices: Sequence[Device]) -> Request:
    """A request that asks for no devices, asking for those like the ones that its original used.

    It gets as many, of the same kind where there are such ones, but no more than there are: unlike what is asked
    for, what is only recorded is never a reason to refuse. On a machine without devices it goes on without.

    Args:
        request: what is asked.
        used: see ``used_devices``.
        devices: all that there are.
    """
    if request.gpus or not used:
        return request
    for count in range(len(used), 0, -1):
        for kind in (used[0], None):
            found = msgspec.structs.replace(request, gpus=count, gpu_type=kind, gpu_memory=None)
            if assign(found, devices, []) is not None:
                return found
    return request
