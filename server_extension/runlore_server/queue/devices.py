"""Whether the GPUs that a rerun would ask for are there, as they are at the moment."""

from __future__ import annotations

from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore_server.errors import OptionsRefused
from runlore_server.gpus.assignment import Lease, assign
from runlore_server.gpus.assignment import check as require
from runlore_server.gpus.device import amount
from runlore_server.gpus.recorded import as_recorded, used_devices
from runlore_server.gpus.wish import wish
from runlore_server.queue.request import Request
from runlore_server.queue.status import Leased, QueueStatus
from runlore_server.rerun.readiness import Check

LOCAL = "local"


def device_check(status: QueueStatus, run: RunRecord, objects: ObjectStore, request: Request) -> Check | None:
    """What is wished beside what there is and what is free; ``None`` where none is wished and the run used none.

    Args:
        status: of the queue, with the devices of each backend and who holds them.
        run: the original, which says what it used where the request asks for none.
        objects: of the home.
        request: what would be asked for.
    """
    used = used_devices(run, objects)
    place = next((one for one in status.backends if request.backend in (None, one.name)), None)
    devices = [] if place is None else [one.device for one in place.devices]
    asked = as_recorded(request, used, devices)
    try:
        wanted = wish(asked)
        if wanted is None:
            return _without(used)
        if place is None or (not devices and place.name != LOCAL):
            told = f"It asks for {wanted}; only the backend knows what there is."
            return Check(what="gpus", state="unknown", sentence=told)
        require(asked, devices, place.trouble or "")
    except OptionsRefused as error:
        text = str(error)
        return Check(what="gpus", state="refused", sentence=f"{text[:1].upper()}{text[1:]}.")
    # Who has a part of a device may have all of it: how much is not told.
    taken = [Lease(devices=[one.device.uuid]) for one in place.devices if one.holders]
    details = [_line(one) for one in place.devices]
    why = "" if request.gpus else ", as the run used"
    if assign(asked, devices, taken) is not None:
        return Check(what="gpus", state="ok", sentence=f"{wanted}{why}: free now.", details=details)
    told = f"{wanted}{why}: in use now; the rerun waits until others give it back."
    return Check(what="gpus", state="unknown", sentence=told, details=details)


def _without(used: list[str]) -> Check | None:
    if not used:
        return None
    told = f"The run used {len(used)} x {used[0]}; there is no GPU here, and it goes on without."
    return Check(what="gpus", state="differs", sentence=told)


def _line(leased: Leased) -> str:
    holders = len(leased.holders)
    state = "free" if not holders else f"held by {holders} job{'s' * (holders > 1)}"
    return f"{leased.device.index}: {leased.device.name} ({amount(leased.device.memory)}), {state}"
