"""The folder of one rerun: what it was told, what it made, how it went."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from runlore.record import RunStatus
from runlore.replay import ReplayPlan, read_plan
from runlore_server.document import read_document, read_if_there, write_document
from runlore_server.errors import RerunGone
from runlore_server.rerun.kernels import Kernel
from runlore_server.rerun.outcome import Outcome
from runlore_server.whole import write_whole

Scope = Literal["slice", "whole"]
"""Which cells a rerun executes: those that the run needs, or all that were executed up to its end."""


Env = Literal["recorded", "locked"]
"""Where a rerun's kernel comes from: its own environment, or the one built from the run's lock."""


_LONGEST_LOG, _LOG_PART = 8 << 20, 1 << 20
"""Bytes that a runner's log may have; and of its beginning and its end, where it was longer."""


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How a rerun is to be started.

    ``session`` is the original's and ``status`` that of the original run when the rerun was prepared. ``environ``
    are the recorded environment variables to set in the kernel, where others that Runlore would have recorded are
    removed; ``None`` when nothing is known of them. ``hash_seed`` is the original's, or the one that all reruns
    get whose original had chosen its own. ``assigned`` are variables of this attempt alone, such as those that
    name the devices leased for it; the kernel has them whatever the record and its kernelspec say. By ``mark`` all
    its processes are found (see ``rerun.tree``); ``None`` stands for the run's id.
    ``left_out`` are the ordinals of the cells that ``scope`` leaves out; ``widened`` says that a slice was tried
    first.
    """

    session: str
    status: RunStatus
    kernel: Kernel
    cwd: str
    environ: dict[str, str] | None
    hash_seed: str = "0"
    mark: str | None = None
    assigned: dict[str, str] = {}
    env: Env = "recorded"
    scope: Scope = "whole"
    left_out: list[int] = []
    widened: bool = False


class Folder:
    """``<home>/reruns/<run_id>/`` and the files in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plan_file = path / "plan.json"
        self.launch_file = path / "launch.json"
        self.notebook = path / "notebook.ipynb"
        self.log = path / "runner.log"
        self.data_file = path / "data.json"
        self.outcome_file = path / "outcome.json"

    def create(self, plan: ReplayPlan, launch: Launch) -> None:
        """Write what a rerun starts from beside its notebook, over whatever an earlier attempt left.

        Raises:
            OSError: the folder cannot be written.
        """
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.outcome_file.unlink(missing_ok=True)
        write_whole(self.plan_file, msgspec.json.encode(plan))
        write_document(self.launch_file, launch)

    def plan(self) -> ReplayPlan:
        """What is to be replayed.

        Raises:
            JournalFormatError: the file is no plan of this version.
            RerunGone: there is none (any more).
        """
        with self._there():
            return read_plan(self.plan_file)

    def launch(self) -> Launch:
        """How it is started.

        Raises:
            JournalFormatError: the file is damaged, or a later version's.
            RerunGone: there is none (any more).
        """
        with self._there():
            return read_document(self.launch_file, Launch)

    def mark(self) -> str:
        """By which all processes of this rerun are found; raises what ``plan`` and ``launch`` do."""
        return self.launch().mark or self.plan().run_id

    def assign(self, environ: Mapping[str, str]) -> None:
        """Have the kernel started with these variables over everything else.

        Raises:
            JournalFormatError, OSError: the launch file cannot be read or written.
        """
        write_document(self.launch_file, msgspec.structs.replace(self.launch(), assigned=dict(environ)))

    def set_aside(self, journal: Path) -> None:
        """Keep the journal of a superseded attempt here: two sessions must not both claim to hold the same run."""
        if journal.is_dir():
            aside = self.path / "attempts"
            aside.mkdir(exist_ok=True)
            os.replace(journal, aside / journal.name)

    def shorten_log(self) -> None:
        """Leave out the middle of the runner's log where it has become too long; whoever writes it appends.

        Whatever a cell's own processes write past Python comes there, too.
        """
        with contextlib.suppress(OSError):  # it is gone, or not to be had at the moment
            if self.log.stat().st_size <= _LONGEST_LOG:
                return
            with self.log.open("rb") as log:
                log.seek(-_LOG_PART, os.SEEK_END)
                end = log.read(_LOG_PART)
            os.truncate(self.log, _LOG_PART)
            with self.log.open("ab") as log:
                log.write(b"\n[Runlore: some of the log is left out here]\n" + end)

    def outcome(self) -> Outcome | None:
        """What the runner said at its end; ``None`` as long as it has said nothing."""
        return read_if_there(self.outcome_file, Outcome)

    def end(self, outcome: Outcome) -> None:
        """Write the runner's last word."""
        write_document(self.outcome_file, outcome)

    @contextmanager
    def _there(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise RerunGone(
                f"{error.filename} is gone: the rerun's folder, or the whole home, was removed; start it again"
            ) from error
