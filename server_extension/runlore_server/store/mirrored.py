"""Names of the sessions that show runs of MLflow: ``mlflow-<MLflow's id of the run>-<revision>``."""

from __future__ import annotations

import re

from runlore.home import MIRRORED

_NAME = re.compile(rf"{MIRRORED}(?P<run>[\w-]{{1,100}})-(?P<revision>[0-9a-f]{{16}}|live[0-9a-f]{{12}})", re.ASCII)
_LIVE = "live"


def session_name(mlflow_run_id: str, revision: str) -> str | None:
    """The id of the session that shows a run of MLflow; ``None`` for an id that cannot be part of a file's name.

    Args:
        mlflow_run_id: MLflow's id of the run.
        revision: 16 hexadecimal digits that stand for all that is shown; of one that still runs, 12 of any.
    """
    revision = revision if len(revision) == 16 else _LIVE + revision
    name = f"{MIRRORED}{mlflow_run_id}-{revision}"
    return name if _NAME.fullmatch(name) else None


def mlflow_run_of(session_id: str) -> str | None:
    """MLflow's id of the run that the session shows; ``None`` for a session of a kernel."""
    found = _NAME.fullmatch(session_id)
    return found["run"] if found else None


def is_live(session_id: str) -> bool:
    """Whether the session shows a run that had not ended when it was written."""
    found = _NAME.fullmatch(session_id)
    return found is not None and found["revision"].startswith(_LIVE)
