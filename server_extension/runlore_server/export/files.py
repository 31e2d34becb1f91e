"""The files that go to MLflow with a run, laid out under the names they shall have there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath

import msgspec

from runlore.archive import FILE, is_lost
from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore.record import Artifact, RunRecord
from runlore.session_record import SessionRecord
from runlore_server.store.archive import archive_run
from runlore_server.store.cells import executed_cells

OWN = "runlore"
"""The folder of what Runlore adds; a user's artifacts of that name stay away from it."""


def stage(run: RunRecord, session: SessionRecord, objects: ObjectStore, directory: Path) -> dict[str, str]:
    """Put every file of an ended run into the empty ``directory``.

    Returns:
        What could not be put there, with the reason.

    Raises:
        JournalFormatError: a curve file is no such file, or a later version's.
        OSError: ``directory`` cannot be written.
    """
    tried = {artifact.path: _stage_artifact(artifact, objects, directory) for artifact in run.artifacts.values()}
    missing = {path: why for path, why in tried.items() if why is not None}
    own = directory / OWN
    own.mkdir(exist_ok=True)
    _stage_curves(run, own)
    missing |= {f"metric {metric}": "its curve is gone" for metric in run.curves if is_lost(run, metric)}
    (own / "cells.json").write_bytes(msgspec.json.format(msgspec.json.encode(executed_cells(run, session))))
    for name, digest in (
        ("environment.json", run.environment),
        ("changes.patch", run.git.patch if run.git is not None else None),
    ):
        if digest is not None and (why := _stage_object(digest, objects, own / name)) is not None:
            missing[f"{OWN}/{name}"] = why
    return missing


def _stage_curves(run: RunRecord, own: Path) -> None:
    try:
        archive = archive_run(run)
    except OSError:
        archive_run(run, own)  # the run's folder is not to be written, as in a home of somebody else
        return
    if archive is not None:
        link(archive, own / FILE)


def _stage_object(digest: str, objects: ObjectStore, target: Path) -> str | None:
    try:
        target.write_bytes(objects.get(digest))
    except ObjectMissing as error:
        return str(error)
    return None


def _stage_artifact(artifact: Artifact, objects: ObjectStore, directory: Path) -> str | None:
    """Put one logged artifact into its place, or say why that cannot be."""
    path = PurePosixPath(artifact.path)
    outside = path.is_absolute() or ".." in path.parts or not path.parts
    if outside or "\\" in artifact.path or "\0" in artifact.path:
        return "its name leads out of the run's folder"
    if path.parts[0] == OWN:
        return f"the folder {OWN}/ is kept for what Runlore adds"
    try:
        source, target = objects.verified(artifact.digest, artifact.size), directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        link(source, target)
    except (ObjectMissing, FileExistsError, NotADirectoryError) as error:
        return str(error)
    return None


def link(source: Path, target: Path) -> None:
    """Give the file a second name: a checkpoint of gigabytes needs no second copy. Copy it where that fails."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise  # two artifacts of one name; a copy would write into the first one's object
    except OSError:
        shutil.copyfile(source, target)
