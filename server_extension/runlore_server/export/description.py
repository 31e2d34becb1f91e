"""A run in MLflow's terms: name, status, parameters and tags by MLflow's own conventions."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

import msgspec
from blake3 import blake3

from runlore.events import SessionStarted
from runlore.record import RunRecord, RunStatus
from runlore_server.export.names import LONGEST_PARAM, LONGEST_TAG, mlflow_name, shortened
from runlore_server.verdict.verdict import Verdict

MlflowStatus = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]

_STATUS: dict[RunStatus, MlflowStatus] = {
    "running": "RUNNING",
    "finished": "FINISHED",
    "failed": "FAILED",
    "interrupted": "KILLED",
    "killed": "KILLED",
}
_LONGEST_ERROR = 500

RUN_TAG = "runlore.run_id"
SESSION_TAG = "runlore.session_id"
PARENT_TAG = "mlflow.parentRunId"
DOUBLE_TAG = "runlore.double_of"
"""On a deleted run that a creation left whose answer was lost: MLflow's id of the one that counts."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a run that MLflow keeps in its tables, but for its metrics.

    Times are in milliseconds since 1970, as MLflow wants them. ``rerun_of`` is Runlore's id of the original.
    ``content`` stands for the curves and artifacts of an ended run and is ``None`` while it runs.
    """

    run_id: str
    session_id: str
    experiment: str
    name: str
    status: MlflowStatus
    started: int
    ended: int | None
    params: dict[str, str]
    tags: dict[str, str]
    rerun_of: str | None
    content: str | None

    @property
    def fingerprint(self) -> str:
        """A digest of all of it."""
        return _digest(self)


def describe(
    run: RunRecord, session: SessionStarted, verdict: Verdict | None, platform: str | None
) -> Description:
    """The run as MLflow shall show it.

    Args:
        run: the run.
        session: the beginning of its session.
        verdict: on the run, where it is a rerun.
        platform: of the machine it ran on, where that was captured.
    """
    ended = run.status != "running"
    texts = {name: str(value) for name, value in run.params.items()}
    params = {mlflow_name(name): shortened(text, LONGEST_PARAM) for name, text in texts.items()}
    tags = {mlflow_name(name): value for name, value in run.tags.items()}
    tags |= _own_tags(run, session, platform) | _git_tags(run) | _verdict_tags(verdict)
    if cut := sorted(name for name, text in texts.items() if len(text) > LONGEST_PARAM):
        tags["runlore.truncated_params"] = json.dumps(cut)
    renamed = {mlflow_name(name): name for name in (*run.curves, *run.params, *run.tags)}
    if renamed := {given: name for given, name in renamed.items() if given != name}:
        tags["runlore.renamed"] = json.dumps(renamed, ensure_ascii=False)
    return Description(
        run_id=run.run_id,
        session_id=run.session_id,
        experiment=shortened(run.experiment, 500),
        name=shortened(run.name, 250),
        status=_STATUS[run.status],
        started=milliseconds(run.started),
        ended=milliseconds(run.started + (run.duration or 0.0)) if ended else None,
        params=params,
        tags={name: shortened(value, LONGEST_TAG) for name, value in tags.items()},
        rerun_of=run.rerun_of,
        content=_content(run) if ended else None,
    )


def milliseconds(time: float) -> int:
    """A time in Unix seconds as MLflow wants it; a clock that read nonsense gives 0."""
    return round(time * 1000) if math.isfinite(time) and abs(time) < 2**43 else 0


def _own_tags(run: RunRecord, session: SessionStarted, platform: str | None) -> dict[str, str]:
    tags: dict[str, str | None] = {
        RUN_TAG: run.run_id,
        SESSION_TAG: run.session_id,
        "runlore.status": run.status,
        "runlore.kind": run.kind,
        "runlore.rerun_of": run.rerun_of,
        "runlore.seed": None if run.seed is None else str(run.seed),
        "runlore.python": session.python,
        "runlore.platform": platform,
        "runlore.environment": run.environment,
        "mlflow.user": session.user,
        "mlflow.source.type": "NOTEBOOK" if session.notebook else "LOCAL",
        "mlflow.source.name": session.notebook or session.executable,
        "mlflow.note.content": "\n\n".join(run.notes) or None,
    }
    if run.error is not None:
        tags["runlore.error"] = shortened(f"{run.error.name}: {run.error.message}", _LONGEST_ERROR)
    return {name: value for name, value in tags.items() if value is not None}


def _git_tags(run: RunRecord) -> dict[str, str]:
    if run.git is None:
        return {}
    tags = {
        "mlflow.source.git.commit": run.git.commit,
        "mlflow.source.git.branch": run.git.branch,
        "mlflow.source.git.dirty": str(run.git.dirty).lower(),
    }
    return {name: value for name, value in tags.items() if value is not None}


def _verdict_tags(verdict: Verdict | None) -> dict[str, str]:
    if verdict is None:
        return {}
    return {"runlore.verdict": verdict.verdict, "runlore.verdict.reason": verdict.reason}


def _content(run: RunRecord) -> str:
    artifacts = {path: artifact.digest for path, artifact in run.artifacts.items()}
    patch = run.git.patch if run.git is not None else None
    return _digest([run.session_id, sorted(run.curves), artifacts, patch, run.environment])


def _digest(value: Any) -> str:
    return str(blake3(msgspec.json.encode(value, order="deterministic")).hexdigest()[:32])
