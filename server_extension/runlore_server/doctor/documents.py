"""The JSON files of a home: of reruns, of the packages of runs, of environments that were built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from runlore.errors import JournalFormatError
from runlore.replay import read_plan
from runlore.untrusted import read_regular
from runlore_server.backends import tenure
from runlore_server.doctor.checkup import LATER_FORMAT, UNREADABLE, Checkup, is_later
from runlore_server.doctor.findings import Kind
from runlore_server.document import read_document
from runlore_server.rerun.data import AnyChecks
from runlore_server.rerun.environment import Complete
from runlore_server.rerun.folder import Folder, Launch
from runlore_server.rerun.outcome import Outcome
from runlore_server.rerun.pins import Pins
from runlore_server.sweep.sweep import FOLDER as SWEEPS
from runlore_server.sweep.sweep import Progress, Sweep
from runlore_server.verdict.verdict import Verdict, verdict_file

VERDICT = Kind(
    "verdict-damaged",
    "error",
    "verdicts that cannot be read",
    "What the rerun proved is not shown.",
    "Rerun the run: 'runlore verify RUN' writes a verdict of its own.",
)
RERUN = Kind(
    "rerun-damaged",
    "warning",
    "files of reruns that cannot be read",
    "A rerun that has not ended cannot go on; of one that has ended only its preparation is lost.",
    "Rerun the run.",
)
NOBODYS = Kind(
    "rerun-of-nothing",
    "note",
    "folders of reruns that made no run",
    "They were refused or stopped before they began, or their session was removed.",
    "'runlore gc' removes them.",
)
PINS = Kind(
    "pins-damaged",
    "warning",
    "notes of package indexes that cannot be read",
    "The hashes of packages are asked for again when an environment is built.",
    "'runlore doctor --repair' removes them.",
    mends=True,
)
ENVIRONMENT = Kind(
    "environment-damaged",
    "note",
    "environments that were not built to their end",
    "They are built again when a rerun needs them.",
    "'runlore environments --prune' removes what is not used.",
)


SWEEP = Kind(
    "sweep-damaged",
    "warning",
    "files of sweeps that cannot be read",
    "The sweep is not listed, or without its trials; their runs are recorded like any other.",
    "Begin it anew. optuna-dashboard shows the trials that sweeps.sqlite has.",
)


class Document(NamedTuple):
    """A file, what it must hold, and what it means when it does not."""

    path: Path
    kind: Any
    trouble: Kind


def check_rerun(checkup: Checkup, run_id: str, known: frozenset[str]) -> None:
    """Check the files of one rerun; ``known`` are the ids of all runs and jobs."""
    folder = Folder(checkup.home.rerun(run_id))
    checkup.seen["reruns"] += 1
    if run_id not in known:
        checkup.add(NOBODYS, folder.path)
    for document in (
        Document(folder.launch_file, Launch, RERUN),
        Document(folder.data_file, AnyChecks, RERUN),
        Document(folder.outcome_file, Outcome, RERUN),
        Document(folder.notebook, dict[str, Any], RERUN),
        Document(verdict_file(checkup.home, run_id), Verdict, VERDICT),
        Document(tenure.file(folder.path), tenure.Tenure, RERUN),
    ):
        check(checkup, document)
    try:
        read_plan(folder.plan_file)
        read_regular(folder.plan_file).decode()
    except FileNotFoundError:
        pass
    except UnicodeDecodeError as error:
        checkup.add(RERUN, folder.plan_file, f"it is no UTF-8: {error.reason}")
    except JournalFormatError as error:
        checkup.add(LATER_FORMAT if is_later(error) else RERUN, folder.plan_file, str(error))
    except OSError as error:
        checkup.add(UNREADABLE, folder.plan_file, error.strerror or str(error))


def check_environments(checkup: Checkup) -> None:
    """Check what was noted of packages, and the environments that were built."""
    for path in sorted((checkup.home.path / "pins").glob("*.json")):
        check(checkup, Document(path, Pins, PINS))
    for path in _folders(checkup.home.path / "environments"):
        check(checkup, Document(path / "complete.json", Complete, ENVIRONMENT))


def check_sweeps(checkup: Checkup) -> None:
    """Check what was asked of sweeps, and how far they have come."""
    for path in _folders(checkup.home.path / SWEEPS):
        check(checkup, Document(path / "sweep.json", Sweep, SWEEP))
        check(checkup, Document(path / "progress.json", Progress, SWEEP))


def check(checkup: Checkup, document: Document) -> None:
    """Check one file; one that is absent is no trouble."""
    try:
        read_document(document.path, document.kind)
        read_regular(document.path).decode()  # readers do not look at what they skip
    except FileNotFoundError:
        pass
    except UnicodeDecodeError as error:
        checkup.add(document.trouble, document.path, f"it is no UTF-8: {error.reason}")
    except JournalFormatError as error:
        checkup.add(LATER_FORMAT if is_later(error) else document.trouble, document.path, str(error))
    except OSError as error:
        checkup.add(UNREADABLE, document.path, error.strerror or str(error))


def _folders(directory: Path) -> Iterator[Path]:
    if directory.is_dir():
        yield from (path for path in sorted(directory.iterdir()) if path.is_dir())
