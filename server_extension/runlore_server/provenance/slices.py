"""The cells that runs need, found once for each run that has ended."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore_server.errors import RerunRefused

_MOST = 64
"""Slices that are kept."""


@dataclass(frozen=True)
class Needed:
    """Why each cell is needed, by its ordinal; ``unknown`` says why that cannot be told."""

    reasons: dict[int, str]
    unknown: str | None = None


class Slices:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], Needed] = OrderedDict()

    def of(self, run: RunRecord, session: SessionRecord) -> Needed:
        """What the run needs of its session."""
        key = run.run_id, len(session.cells)
        with self._lock:
            if (known := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return known
        found = _needed(run, session)
        if run.status != "running":
            with self._lock:
                self._kept[key] = found
                if len(self._kept) > _MOST:
                    self._kept.popitem(last=False)
        return found


def _needed(run: RunRecord, session: SessionRecord) -> Needed:
    from runlore_server.rerun.prepare import replayed_cells
    from runlore_server.rerun.selection import slice_of

    try:
        history = replayed_cells(run, session)
    except RerunRefused as error:
        return Needed({}, str(error))
    return Needed(slice_of(run, history).reasons)
