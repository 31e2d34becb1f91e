"""Where Runlore keeps its files.

::

    $RUNLORE_HOME/
        sessions/<session_id>/events.jsonl
        sessions/<session_id>/states.bin
        sessions/<session_id>/runs/<run_id>/<metric>.curve
        objects/<blake3>
        key                         (signs what only this home may read back, see runlore.snapshot)
        reruns/<run_id>/            (written by the server: plan, notebook, verdict)
        mirror/<session_id>/        (written by the server: runs that others logged to MLflow, as sessions)
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

MIRRORED = "mlflow-"
"""How the ids of sessions begin that show runs of MLflow; no kernel's does."""


def is_mirrored(session_id: str) -> bool:
    """Whether the session shows a run that another tool logged: a projection of MLflow, with no cells."""
    return session_id.startswith(MIRRORED)


class Home:
    """The directory layout under ``$RUNLORE_HOME``; creates nothing by itself."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser().absolute()

    @classmethod
    def default(cls) -> Home:
        """``$RUNLORE_HOME``, or the platform's data directory for the user when it is not set."""
        if chosen := os.environ.get("RUNLORE_HOME"):
            return cls(chosen)
        from platformdirs import user_data_path

        return cls(user_data_path("runlore", appauthor=False))

    @cached_property
    def sessions(self) -> Path:
        return self.path / "sessions"

    @property
    def objects(self) -> Path:
        return self.path / "objects"

    @property
    def reruns(self) -> Path:
        return self.path / "reruns"

    @property
    def key(self) -> Path:
        return self.path / "key"

    @cached_property
    def mirror(self) -> Path:
        return self.path / "mirror"

    def session(self, session_id: str) -> Path:
        return (self.mirror if is_mirrored(session_id) else self.sessions) / session_id

    def events(self, session_id: str) -> Path:
        return self.session(session_id) / "events.jsonl"

    def states(self, session_id: str) -> Path:
        return self.session(session_id) / "states.bin"

    def curves(self, session_id: str, run_id: str) -> Path:
        return self.session(session_id) / "runs" / run_id

    def rerun(self, run_id: str) -> Path:
        return self.reruns / run_id

    def __repr__(self) -> str:
        return f"Home({str(self.path)!r})"
