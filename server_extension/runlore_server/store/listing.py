"""What a list of runs says of one, in the API as on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runlore.record import RunRecord
from runlore_server.store.annotations import Annotation
from runlore_server.store.mirrored import mlflow_run_of


def listed_run(
    run: RunRecord,
    said: Annotation,
    *,
    notebook: str | None,
    metrics: dict[str, Any],
    load: Mapping[str, float],
    verdict: Any,
    mlflow_run_id: str | None,
) -> dict[str, Any]:
    """The run with what others know of it and the user says of it; times in Unix seconds, durations in seconds."""
    return {
        "run_id": run.run_id,
        "name": run.name,
        "experiment": run.experiment,
        "kind": run.kind,
        "status": run.status,
        "session_id": run.session_id,
        "notebook": notebook,
        "started": run.started,
        "duration": run.duration,
        "params": run.params,
        "tags": run.tags,
        "metrics": metrics,
        "devices": run.devices,
        "load": load,
        "rerun_of": run.rerun_of,
        "verdict": verdict,
        "pinned": said.pinned,
        "starred": said.starred,
        "deleted": said.deleted,
        "color": said.color,
        "mlflow_run_id": mlflow_run_id or mlflow_run_of(run.session_id),
    }
