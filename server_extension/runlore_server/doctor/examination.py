"""One examination of a home: every check, in an order in which each knows what it needs of the others."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runlore.home import Home, is_mirrored
from runlore.session_record import SessionRecord
from runlore_server.config import Config
from runlore_server.doctor import archives, curves, documents, exports, journals, mirror, place, states
from runlore_server.doctor.checkup import UNREADABLE, Checkup
from runlore_server.doctor.databases import copies, job_ids
from runlore_server.doctor.exports import Ended, Mending
from runlore_server.doctor.findings import Kind
from runlore_server.doctor.index import IndexCheck
from runlore_server.doctor.objects import Objects
from runlore_server.doctor.selection import chosen
from runlore_server.retention.notes import RetentionNotes

TWICE = Kind(
    "run-twice",
    "warning",
    "runs that several sessions claim to hold",
    "Only one of them is shown; a folder was copied within the home.",
    "Remove the copy of the session's folder.",
)


@dataclass
class _Examination:
    checkup: Checkup
    shadow: Home
    objects: Objects
    index: IndexCheck
    ended: list[Ended] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)

    def session(self, session_id: str, retired: frozenset[tuple[str, str]]) -> None:
        """Check one session of a kernel, and what lies in its folder."""
        told = journals.check(self.checkup, session_id)
        if told is None:
            return
        record = told.record
        states.check(self.checkup, record)
        self.objects.want(told, retired)
        self.runs(record)
        self.index.take(record)

    def runs(self, record: SessionRecord) -> None:
        for run in record.runs.values():
            if not self.checkup.wants(run.run_id):
                continue
            self.checkup.seen["runs"] += 1
            before = self.owners.setdefault(run.run_id, record.session_id)
            if before != record.session_id:
                self.checkup.add(TWICE, f"run {run.run_id}", f"sessions {before} and {record.session_id}")
            archived = archives.check(self.checkup, run)
            curves.check(self.checkup, run, ended=run.status != "running" or record.closed, archived=archived)
            if record.closed and record.info is not None and not run.prefix:
                self.ended.append(Ended(run, record.info))


def examine(checkup: Checkup, config: Config, texts: Sequence[str], *, with_mlflow: bool) -> Mending:
    """Look the home over; the findings are the checkup's.

    Args:
        texts: the runs to look at, as the user names them; none for everything.
        with_mlflow: ask MLflow what it has.

    Returns:
        What a repair of the export should change.

    Raises:
        RunNotFound, AmbiguousRun: one of the texts means no run, or several.
        TrackingStoreAway, ExportRefused: MLflow cannot be asked.
        OSError: the home cannot be read, or there is no room for temporary copies.
    """
    home = checkup.home
    with copies(checkup) as shadow, tempfile.TemporaryDirectory(prefix="runlore-doctor-") as folder:
        picked = chosen(home, shadow, texts) if texts else None
        checkup.runs = frozenset(picked) if picked is not None else None
        retired = frozenset((one.run_id, one.path) for one in RetentionNotes(shadow).retired())
        doing = _Examination(checkup, shadow, Objects(checkup), IndexCheck(checkup, shadow, Path(folder)))
        names = sorted(set(picked.values())) if picked is not None else _folders(checkup, home.sessions)
        for name in checkup.each("sessions", names):
            doing.session(name, retired)
        if picked is None:
            _check_rest(checkup, doing)
        known = frozenset(doing.owners.keys() | job_ids(shadow))
        for run_id in _folders(checkup, home.reruns) if picked is None else sorted(picked):
            documents.check_rerun(checkup, run_id, known)
        doing.objects.check()
        doing.index.finish()
        return exports.check(checkup, config, shadow, doing.ended) if with_mlflow else Mending({})


def _check_rest(checkup: Checkup, doing: _Examination) -> None:
    place.check(checkup)
    documents.check_environments(checkup)
    documents.check_sweeps(checkup)
    for name in _folders(checkup, checkup.home.mirror):
        if is_mirrored(name):
            checkup.seen["mirrored runs"] += 1
            record = mirror.check(checkup, name)
            if record is not None:
                doing.index.take(record)


def _folders(checkup: Checkup, directory: Path) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        checkup.add(UNREADABLE, directory, error.strerror or str(error))
        return []
