"""What MLflow has of the runs, against what the home believes that it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from runlore.events import SessionStarted
from runlore.home import Home
from runlore.record import RunRecord
from runlore_server.config import Config
from runlore_server.doctor.checkup import Checkup
from runlore_server.doctor.findings import Kind
from runlore_server.export.describer import Describer
from runlore_server.export.description import DOUBLE_TAG, RUN_TAG
from runlore_server.store.exports import Export, Exports

GONE = Kind(
    "export-gone",
    "warning",
    "runs that MLflow was given and does not have",
    "Another store took its place, or somebody deleted them there; nothing is lost here.",
    "'runlore doctor --repair --mlflow' notes what MLflow has; the export then brings what was not deleted.",
    mends=True,
)
STATUS = Kind(
    "export-status",
    "warning",
    "runs with another status in MLflow",
    "An export was cut short, or somebody changed them there.",
    "'runlore doctor --repair --mlflow' has them exported again.",
    mends=True,
)
DOUBLED = Kind(
    "export-doubled",
    "warning",
    "runs that MLflow has more than once",
    "Tables made from MLflow count them twice.",
    "Delete the younger ones in MLflow; nothing here deletes runs there.",
)
WAITING = Kind(
    "not-exported",
    "note",
    "runs that MLflow does not have yet",
    "A server on this home brings them there in the background.",
    "'runlore ingest' does it now.",
)


class There(NamedTuple):
    """A run as MLflow has it."""

    mlflow_run_id: str
    run_id: str
    status: str
    double: bool


@dataclass(frozen=True)
class Ended:
    """A run that has ended, and how its session began."""

    run: RunRecord
    info: SessionStarted


@dataclass
class Mending:
    """What the home should believe instead, by run: ``None`` to forget what it believes."""

    changes: dict[str, Export | None]


def check(checkup: Checkup, config: Config, shadow: Home, ended: Iterable[Ended]) -> Mending:
    """Compare the runs that have ended with MLflow.

    Raises:
        TrackingStoreAway, ExportRefused: MLflow cannot be asked.
    """
    runs = {one.run.run_id: one for one in ended}
    known = _known(config, shadow, runs)
    there = _there(checkup, config)
    mending = Mending({})
    for run_id, found in there.items():
        if run_id in runs and len([one for one in found if not one.double]) > 1:
            ids = ", ".join(sorted(one.mlflow_run_id for one in found))
            checkup.add(DOUBLED, f"run {run_id}", f"in MLflow: {ids}")
    describer = Describer(config.home)
    for run_id, one in runs.items():
        copies = {copy.mlflow_run_id: copy for copy in there.get(run_id, ()) if not copy.double}
        believed = known[run_id].mlflow_run_id if run_id in known else None
        if believed is None:
            if not copies and run_id not in known:  # else it was deleted there, which is respected
                checkup.add(WAITING, f"run {run_id}")
        elif believed not in copies:
            checkup.add(GONE, f"run {run_id}", f"in MLflow: {believed}")
            mending.changes[run_id] = Export(next(iter(copies))) if copies else None
        elif (said := copies[believed].status) != (wanted := describer.describe(one.run, one.info).status):
            checkup.add(STATUS, f"run {run_id}", f"{said} instead of {wanted}")
            mending.changes[run_id] = Export(believed)
    return mending


def mend(config: Config, mending: Mending) -> None:
    """Have the home believe what MLflow has."""
    exports = Exports(config.home, config.tracking_uri)
    try:
        for run_id, export in mending.changes.items():
            if export is None:
                exports.forget(run_id)
            else:
                exports.put(run_id, export)
    finally:
        exports.close()


def _known(config: Config, shadow: Home, runs: Iterable[str]) -> dict[str, Export]:
    exports = Exports(shadow, config.tracking_uri)
    try:
        return {run_id: found for run_id in runs if (found := exports.get(run_id)) is not None}
    finally:
        exports.close()


def _there(checkup: Checkup, config: Config) -> dict[str, list[There]]:
    """Every run of MLflow that says which of ours it is."""
    from runlore_server.mirror.source import Source

    found: dict[str, list[There]] = defaultdict(list)
    source = Source(config)
    if not source.is_there:
        return found
    for page in source.runs(list(source.experiments()), f"tags.`{RUN_TAG}` LIKE '%'"):
        checkup.seen["runs in MLflow"] += len(page)
        checkup.tell("runs in MLflow", checkup.seen["runs in MLflow"], 0)
        for run in page:
            tags = run.data.tags
            one = There(run.info.run_id, tags[RUN_TAG], run.info.status, DOUBLE_TAG in tags)
            found[one.run_id].append(one)
    return found
