"""Which curves of a mirrored run are here, as MLflow has them now."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from runlore.archive import FILE
from runlore.errors import JournalFormatError
from runlore.record import RunRecord
from runlore_server.store.curves import CurveFile
from runlore_server.store.mirrored import is_live


def archive_of(run: RunRecord) -> Path:
    """Where the curves lie that a teammate's Runlore exported with the run."""
    return run.directory / FILE


def is_current(run: RunRecord, metric: str) -> bool:
    """Whether all is here that MLflow told of a metric.

    What is here of a run that has ended was fetched afterwards; of one that still runs, its last point tells.
    """
    path, told = run.metrics[metric], run.reported.get(metric)
    if not is_live(run.session_id):
        return path.exists() or archive_of(run).exists()
    try:
        with CurveFile(path) as file:
            points = file.read().points
    except (JournalFormatError, OSError):
        return False
    return told is None or bool(np.any((points["step"] == told.step) & (points["time"] >= told.time)))
