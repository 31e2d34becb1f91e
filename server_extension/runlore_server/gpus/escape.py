"""Whether a rerun kept to the devices that it was given."""

from __future__ import annotations

import msgspec

from runlore.errors import ObjectMissing
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.replay import ReplayPlan
from runlore.session_record import SessionRecord
from runlore.untrusted import from_json
from runlore_server.rerun.folder import Launch

_VARIABLE = "CUDA_VISIBLE_DEVICES"


def devices_told(home: Home, plan: ReplayPlan, launch: Launch) -> str:
    """What a verdict adds about devices that the kernelspec or the code names in place of those given."""
    given = launch.assigned.get(_VARIABLE)
    if given is None:
        return ""
    told = ""
    spec = launch.kernel.environ.get(_VARIABLE, given)
    if spec != given:
        told += f" (The kernel {launch.kernel.name!r} sets {_VARIABLE} to {spec!r}; it got {given!r} instead.)"
    named = _named(home, plan)
    if named not in (None, given):
        told += f" (The code set {_VARIABLE} to {named!r} itself, where the queue had given it {given!r}.)"
    return told


def _named(home: Home, plan: ReplayPlan) -> str | None:
    """The variable at the end of the rerun's run; ``None`` where that is not known."""
    session = SessionRecord(home, plan.session_id)
    session.refresh()
    run = session.runs.get(plan.run_id)
    try:
        environment = from_json(ObjectStore(home.objects).get((run and run.environment) or ""))
        return str(environment["variables"].get(_VARIABLE, ""))
    except (ObjectMissing, msgspec.DecodeError, TypeError, KeyError, AttributeError):
        return None
