"""A run as the API shows it: short in lists, with everything recorded on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore.untrusted import from_json
from runlore_server.api.metrics import all_metrics
from runlore_server.registry.models import models_of
from runlore_server.store.annotations import NOTHING
from runlore_server.store.cells import executed_cells
from runlore_server.store.listing import listed_run
from runlore_server.store.system import loads
from runlore_server.verdict.verdict import read_verdict

if TYPE_CHECKING:
    from runlore_server.services import Services

_ENVIRONMENT: dict[str, Any] = {"python": "", "platform": "", "packages": {}, "hardware": {}, "variables": {}}


def run_bodies(
    services: Services, runs: Sequence[RunRecord], metrics: Callable[[RunRecord], dict[str, Any]]
) -> list[dict[str, Any]]:
    """The schema ``Run`` of the API for each of these; what others know of them is asked for at once.

    Args:
        services: what works behind the API.
        runs: which runs.
        metrics: what the schema says of a run's metrics.
    """
    store = services.store
    mlflow_ids = services.exports.mlflow_ids(run.run_id for run in runs)
    loads, notebooks = store.loads(runs), store.notebooks(runs)
    said = store.annotations.known
    return [
        listed_run(
            run,
            said.get(run.run_id, NOTHING),
            notebook=notebooks.get(run.session_id),
            metrics={},
            load=loads.get(run.run_id, {}),
            verdict=read_verdict(services.config.home, run.run_id) if run.rerun_of is not None else None,
            mlflow_run_id=mlflow_ids.get(run.run_id),
        )
        | metrics(run)
        for run in runs
    ]


def run_detail_body(services: Services, run: RunRecord) -> dict[str, Any]:
    """The schema ``RunDetail`` of the API."""
    session = services.store.session(run)
    objects = ObjectStore(services.config.home.objects)
    lacking = [{"what": item.what, "why": item.why} for item in (*session.not_captured, *run.not_captured)]
    metrics, unread = all_metrics(services, run)
    lacking += unread
    said = services.store.annotations.known.get(run.run_id, NOTHING)
    return {
        **run_bodies(services, [run], lambda _: {"metrics": metrics})[0],
        "cell": run.cell,
        "last_cell": run.last_cell,
        "cells": executed_cells(run, session),
        "seed": run.seed,
        "rng": _rng(run, session),
        "note": "\n\n".join(run.notes),
        "notes": said.notes,
        "hypothesis": said.hypothesis,
        "kernel": session.info.kernel_name if session.info is not None else None,
        "reruns": [rerun.run_id for rerun in services.store.reruns_of(run.run_id)],
        "param_sources": run.param_sources,
        "git": _git(run, objects, lacking),
        "environment": _environment(run, objects, lacking),
        "system": {metric: load._asdict() for metric, load in loads(run).items()},
        "artifacts": list(run.artifacts.values()),
        "models": models_of(run),
        "registered": services.registry.versions(run),
        "error": run.error,
        "not_captured": lacking,
    }


def _rng(run: RunRecord, session: SessionRecord) -> dict[str, str]:
    cell = session.cells.get(run.cell) if run.cell is not None else None
    return cell.rng if cell is not None else {}


def _git(run: RunRecord, objects: ObjectStore, lacking: list[dict[str, str]]) -> dict[str, Any] | None:
    if run.git is None:
        return None
    patch = None
    if run.git.patch is not None:
        try:
            patch = objects.get(run.git.patch).decode(errors="replace")
        except ObjectMissing as error:
            lacking.append({"what": "git patch", "why": str(error)})
    return {
        "root": run.git.root,
        "commit": run.git.commit,
        "branch": run.git.branch,
        "dirty": run.git.dirty,
        "patch": patch,
    }


def _environment(run: RunRecord, objects: ObjectStore, lacking: list[dict[str, str]]) -> dict[str, Any] | None:
    if run.environment is None:
        return None
    try:
        return _ENVIRONMENT | from_json(objects.get(run.environment), dict[str, Any])
    except (ObjectMissing, msgspec.DecodeError) as error:
        lacking.append({"what": "environment", "why": str(error)})
        return None
