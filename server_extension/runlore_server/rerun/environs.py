"""The environment variables that a rerun's kernel gets from the record."""

from __future__ import annotations

import os

import msgspec

from runlore.capture.environment import ALLOWED_VARIABLES
from runlore.errors import ObjectMissing
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore.untrusted import from_json


def recorded_variables(home: Home, run: RunRecord) -> dict[str, str] | None:
    """The environment variables that the run's environment object holds; ``None`` when it cannot be read.

    Where libraries would choose another number of threads here, because the machine has other processors, the
    number that they chose then is added.
    """
    try:
        environment = from_json(ObjectStore(home.objects).get(run.environment or ""))
        variables = environment["variables"]
        found = {name: str(variables[name]) for name in ALLOWED_VARIABLES if name in variables}
        processors = environment.get("hardware", {}).get("usable_cpus")
    except (ObjectMissing, msgspec.DecodeError, TypeError, KeyError, AttributeError):
        return None
    if isinstance(processors, int) and 0 < processors != _usable_processors():
        found.setdefault("OMP_NUM_THREADS", str(processors))
    return found


def _usable_processors() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
