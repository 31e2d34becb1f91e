"""Carrying out one prepared rerun, from the start of its process to the verdict."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from runlore.home import Home
from runlore.process import ProcessIdentity
from runlore.record import RunRecord
from runlore_server.queue.request import Request
from runlore_server.rerun.child import Child
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.outcome import Outcome
from runlore_server.rerun.progress import Progress, ProgressReader
from runlore_server.rerun.repeat import put_away, repeat
from runlore_server.verdict.verdict import Verdict, drop_verdict

_INTERVAL = 0.1
"""Seconds between two looks at a child that runs."""

_AGAIN = "again"
"""The folder, within the rerun's, of a second rerun from the same states."""


Start = Callable[[Home, Folder, str], Child]
"""Starts a runner: for a home, a folder in it, and the mark by which its processes are found (see ``tree``)."""


@dataclass(frozen=True)
class Watch:
    """Whoever waits for a rerun.

    Attributes:
        stage: told what is being done, in a few words, where it is not the first execution of the cells; then
            ``None``.
        started: told the identity of each process of the rerun.
        progress: told each change of the progress.
        should_stop: asked ten times a second; when it says so the rerun is stopped.
    """

    stage: Callable[[str | None], None] = field(default=lambda _: None)
    started: Callable[[ProcessIdentity], None] = field(default=lambda _: None)
    progress: Callable[[Progress], None] = field(default=lambda _: None)
    should_stop: Callable[[], bool] = field(default=lambda: False)


class _Stopped(Exception):
    """Whoever waits wants no more of it."""


def _tell(watch: Watch, stage: str) -> None:
    watch.stage(stage)
    _heed(watch)


def _heed(watch: Watch) -> None:
    if watch.should_stop():
        raise _Stopped


def _begun(home: Home, folder: Folder) -> bool:
    return folder.plan_file.exists() and home.session(folder.plan().session_id).exists()


@contextmanager
def started_ahead(home: Home, run_id: str) -> Iterator[Child]:
    """The runner of a rerun that is prepared meanwhile; if that is refused, nothing of it is left.

    Args:
        home: where the rerun will be recorded.
        run_id: the run that it will make.

    Raises:
        OSError: it cannot be started, or the home cannot be written.
    """
    folder = Folder(home.rerun(run_id))
    child = Child(home, folder, run_id)
    try:
        yield child
    except BaseException:
        child.stop()
        if not _begun(home, folder):
            shutil.rmtree(folder.path, ignore_errors=True)
        raise


def fulfil(  # noqa: PLR0917 - all of it is needed
    home: Home,
    folder: Folder,
    request: Request,
    group: Sequence[RunRecord],
    watch: Watch,
    child: Child | None = None,
    start: Start = Child,
) -> Verdict | None:
    """Carry out all that was asked of a prepared rerun: its environment, its execution, fresh seeds.

    Args:
        home: where it is recorded.
        folder: what ``prepare`` made.
        request: what was asked.
        group: the further runs on the original's side that were named.
        watch: who waits.
        child: its runner, where that was started ahead.
        start: starts the runners of further rounds, and of the first where there is no ``child``.

    Returns:
        The verdict, which is also written to the folder; ``None`` when the rerun was stopped.

    Raises:
        RerunRefused: the environment cannot be built; nothing was executed.
    """
    if request.env == "locked":
        from runlore_server.rerun.prepare import build_environment

        try:
            build_environment(home, folder, partial(_tell, watch), partial(_heed, watch))
        except _Stopped:
            return None
        watch.stage(None)
    verdict = execute(home, folder, watch, child, start)
    if verdict is None or request.seeds is None:
        return verdict
    from runlore_server.rerun.seeds import execute_seeds  # with statistics that take a second to import

    return execute_seeds(home, folder, verdict, request.seeds, watch, start, group=group, delta=request.delta)


def execute(
    home: Home, folder: Folder, watch: Watch, child: Child | None = None, start: Start = Child
) -> Verdict | None:
    """Run a prepared rerun in a child process, wait for it and judge it.

    A slice that does not come out the same is done again as the whole session before anything is concluded.
    Where that diverged and nothing that is recorded explains it, the cells are run once more from the same states:
    whether those two agree tells a code that is not deterministic from a record that lacks something.

    Args:
        home: where it is recorded.
        folder: what ``prepare`` made.
        watch: who waits.
        child: its runner, where that was started ahead.
        start: starts every other runner.

    Returns:
        The verdict, which is also written to the folder; ``None`` when the rerun was stopped.

    When anything is raised meanwhile (Ctrl-C), the rerun is stopped before it goes on to the caller.
    """
    mark = folder.mark()
    drop_verdict(folder.path)
    while True:
        outcome = carry_out(home, folder, watch, child or start(home, folder, mark))
        if outcome is None:
            return None
        from runlore_server.rerun.conclusion import conclude, is_final
        from runlore_server.verdict.ladder import wants_second

        verdict = conclude(home, folder, outcome)
        if verdict is None or is_final(folder, verdict):
            break
        from runlore_server.rerun.prepare import widen

        watch.stage("all cells, since the slice came out otherwise")
        drop_verdict(folder.path)
        widen(home, folder)
        child = None
    if verdict is None or not wants_second(verdict):
        return verdict
    watch.stage("once more from the same states")
    again = repeat(folder, _AGAIN)
    try:
        if carry_out(home, again, watch, start(home, again, mark)) is None:
            drop_verdict(folder.path)
            return None
        return conclude(home, folder, outcome, again)
    finally:
        put_away(home, again)


def carry_out(home: Home, folder: Folder, watch: Watch, child: Child) -> Outcome | None:
    """Run the cells of a folder in a child process and wait for it.

    Args:
        home: where they are recorded.
        folder: plan, launch file and notebook.
        watch: who waits.
        child: the process.

    Returns:
        How it ended; ``None`` when it was stopped.
    """
    try:
        watch.started(child.identity)
        child.begin()
        reader = ProgressReader(home, folder.plan())
        known: Progress | None = None
        running = True
        while running:
            running = not child.wait(_INTERVAL)  # asked first, so that the last look comes after the end
            folder.shorten_log()
            if (now := reader.read()) != known:
                known = now
                watch.progress(now)
            if now.cell is not None:
                # What judges it takes a while to import; while anything boots, that needs the processors more.
                import runlore_server.rerun.conclusion  # noqa: F401
            if running and watch.should_stop():
                child.stop()
                return None
    except BaseException:
        child.stop()
        raise
    status = child.clear()
    outcome = folder.outcome() or Outcome(
        failure="internal", message=f"the process of the rerun ended with status {status}; see {folder.log}"
    )
    return None if outcome.failure == "stopped" else outcome
