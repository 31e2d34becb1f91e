"""Everything that the readers of this version say of a home, as plain JSON."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from runlore.curve import points, read_records
from runlore.errors import ObjectMissing
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import CellRecord, RunRecord
from runlore.session_record import SessionRecord
from runlore.states import StateFile
from runlore_server.queue.ledger import Ledger
from runlore_server.rerun import pins
from runlore_server.rerun.data import read_checks
from runlore_server.rerun.folder import Folder
from runlore_server.retention.notes import RetentionNotes
from runlore_server.store.filters import SavedFilters
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import read_verdict


def tell(home: Home) -> dict[str, Any]:
    """Runs with all that belongs to them, by their ids; filters, jobs and what is known of packages."""
    store = RunStore(home)
    try:
        store.refresh()
        store.sum_up()
        runs = {run_id: _run(home, store, store.find(run_id)) for run_id in sorted(store.ids())}
    finally:
        store.close()
    with contextlib.closing(Ledger(home.path / "jobs.sqlite")) as ledger:
        jobs = {row.run_id: {"rerun_of": row.rerun_of, "state": row.state} for row in ledger.all()}
    found = {
        "runs": runs,
        "filters": msgspec.to_builtins(SavedFilters(home).all()),
        "jobs": jobs,
        "retention": msgspec.to_builtins(RetentionNotes(home).rules()),
        "pins": {path.stem: _pins(home, path.stem) for path in sorted((home.path / "pins").glob("*.json"))},
    }
    return dict(json.loads(json.dumps(found, sort_keys=True)))


def _run(home: Home, store: RunStore, run: RunRecord) -> dict[str, Any]:
    session = store.session(run)
    sums = store.sums([run]).get(run.run_id, {})
    objects = ObjectStore(home.objects)
    verdict = read_verdict(home, run.run_id)
    return {
        "name": run.name,
        "experiment": run.experiment,
        "kind": run.kind,
        "status": run.status,
        "cell": run.cell,
        "seed": run.seed,
        "rerun_of": run.rerun_of,
        "params": run.params,
        "tags": run.tags,
        "notes": run.notes,
        "error": run.error.name if run.error else None,
        "started": run.started,
        "duration": run.duration,
        "curves": {metric: points(read_records(path)) for metric, path in sorted(run.metrics.items())},
        "last": {metric: summary.last for metric, summary in sorted(sums.items())},
        "artifacts": {path: _content(objects, one.digest) for path, one in sorted(run.artifacts.items())},
        "environment": _content(objects, run.environment),
        "cells": {cell.ordinal: _cell(home, session, objects, cell) for cell in session.cells.values()},
        "verdict": None if verdict is None else [verdict.verdict, verdict.reason, verdict.compared],
        "rerun": _rerun(home, run.run_id),
    }


def _cell(home: Home, session: SessionRecord, objects: ObjectStore, cell: CellRecord) -> dict[str, Any]:
    states = StateFile(home.states(session.session_id))
    return {
        "source": cell.source,
        "outcome": cell.outcome,
        "interrupted": cell.interrupted,
        "error": cell.error.name if cell.error else None,
        "outputs": _content(objects, cell.outputs),
        "variables": _content(objects, cell.variables),
        "snapshot": _content(objects, cell.snapshot.digest) if cell.snapshot else None,
        "rng": {name: _sum(states.get(digest)) for name, digest in sorted(cell.rng.items())},
        "generators": {name: _sum(states.get(digest)) for name, digest in sorted(cell.generators.items())},
        "modules": [[one.module, _content(objects, one.digest)] for one in cell.facts.modules],
        "reads": sorted([Path(one.path).name, one.digest] for one in cell.facts.reads),
        "writes": sorted([Path(one.path).name, one.digest] for one in cell.facts.writes),
        "uncontrolled": sorted({one.kind for one in cell.facts.uncontrolled}),
    }


def _rerun(home: Home, run_id: str) -> dict[str, Any] | None:
    folder = Folder(home.rerun(run_id))
    if not folder.plan_file.exists():
        return None
    plan, launch, outcome = folder.plan(), folder.launch(), folder.outcome()
    checks = read_checks(folder)
    return {
        "cells": [cell.ordinal for cell in plan.cells],
        "scope": launch.scope,
        "outcome": None if outcome is None else outcome.failure,
        "data": None if checks is None else [[Path(one.path).name, one.status] for one in checks],
    }


def _pins(home: Home, lock: str) -> Any:
    found = pins.read(home, lock)
    return None if found is None else len(found.packages)


def _content(objects: ObjectStore, digest: str | None) -> str | None:
    if digest is None:
        return None
    try:
        return _sum(objects.get(digest))
    except ObjectMissing:
        return "missing"


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
