"""Runs that their sweep stopped for what they had come to."""

from __future__ import annotations

from runlore.record import RunStatus
from runlore_server.store.annotations import Annotation

PRUNED_AT = "runlore.pruned_at"
"""The tag of such a run: the step at which that was decided."""


def pruned_at(said: Annotation, status: RunStatus | None) -> int | None:
    """That step; ``None`` where nobody stopped the run, or where it was repeated to its end since.

    ``status`` is the run's, or ``None`` where there is no run yet.
    """
    step = said.tags.get(PRUNED_AT)
    if step is None or not step.isdecimal() or status in ("running", "finished", "failed"):
        return None
    return int(step)
