"""Summing up curves: closed ones once, for the index; those of runs that still run as they grow."""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Iterable
from dataclasses import astuple
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from runlore.archive import archived
from runlore.curve import RECORD_SIZE, points, read_records
from runlore.errors import JournalFormatError, PackageMissing
from runlore.record import RunRecord
from runlore_server.store.indexed import Sums
from runlore_server.store.system import load_of
from runlore_server.store.values import IndexedSummary, Summary, or_reported

if TYPE_CHECKING:
    from runlore_server.store.summaries import CurveSummaries


_LONG = 1 << 20
"""Bytes of a curve from which on NumPy pays."""


class GrowingSums:
    """Summaries of the curves of runs that are held in memory; only what is new is read of them."""

    def __init__(self) -> None:
        self._summaries: CurveSummaries | None = None

    def summary(self, run: RunRecord, metric: str) -> Summary | None:
        """A metric of a run as it is now; ``None`` without a point that can be read.

        Raises:
            PackageMissing: NumPy is not installed.
        """
        if self._summaries is None:
            try:
                from runlore_server.store.summaries import CurveSummaries
            except ImportError:
                raise PackageMissing("numpy", "sums up the curves of runs that still run") from None
            self._summaries = CurveSummaries()
        try:
            found = self._summaries.of(run.metrics[metric])
        except (JournalFormatError, OSError):
            found = None  # the run's own page says what is wrong with it
        return or_reported(found, run, metric)


def closed_sums(runs: Iterable[tuple[int, RunRecord]]) -> list[Sums]:
    """The metrics and loads of runs of a closed session, with their rows in the index."""
    found = []
    for row, run in runs:
        curves = {name: or_reported(closed_summary(path), run, name) for name, path in run.metrics.items()}
        known = {metric: curve for metric, curve in curves.items() if curve is not None}
        found.append(Sums(row, known, load_of(run)))
    return found


def closed_summary(path: Path) -> IndexedSummary | None:
    """What ``CurveSummary`` says of a curve that grows no more; ``None`` without a point that can be read.

    Most curves are short and there are very many of them: without NumPy that takes a fifth of the time of those.
    """
    try:
        if not os.path.lexists(path):
            return archived_summary(path)
        if os.stat(path).st_size > _LONG and (found := _summed_in_parts(path)) is not None:
            return found
        records = read_records(path)
    except (JournalFormatError, OSError):
        return None
    if not records:
        return None
    step, time, last = points(records[-RECORD_SIZE:])[0]
    fields = array("d", records)
    if sys.byteorder == "big":
        fields.byteswap()
    values = fields[2::3]
    finite = list(filter(isfinite, values))
    return IndexedSummary(last, step, time, len(values), min(finite, default=None), max(finite, default=None))


def _summed_in_parts(path: Path) -> IndexedSummary | None:
    """The same by NumPy, with little of a long curve in memory; ``None`` where there is no NumPy, or no point."""
    try:
        from runlore_server.store.summaries import CurveSummaries
    except ImportError:
        return None
    found = CurveSummaries().of(path)
    return None if found is None else IndexedSummary(*astuple(found))


def archived_summary(path: Path) -> IndexedSummary | None:
    """The same for a curve whose file is gone, by its archive's index; ``None`` where that has no point of it.

    Raises:
        JournalFormatError, OSError: see ``archived``.
    """
    found = archived(path)
    last = found.curve.last_point if found is not None else None
    if found is None or last is None:
        return None
    step, time, value = last
    return IndexedSummary(value, step, time, found.curve.rows, found.curve.min, found.curve.max)
