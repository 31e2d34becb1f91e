"""Carrying out one prepared rerun, from the start of its process to the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from runlore.events import ProcessIdentity
from runlore.home import Home
from runlore_server.rerun.child import Child
from runlore_server.rerun.folder import Folder, Launch
from runlore_server.rerun.outcome import Outcome
from runlore_server.rerun.prepare import widen
from runlore_server.rerun.progress import Progress, ProgressReader
from runlore_server.rerun.repeat import put_away, repeat
from runlore_server.verdict.judge import judge
from runlore_server.verdict.ladder import wants_second
from runlore_server.verdict.verdict import Verdict, drop_verdict, write_verdict

_INTERVAL = 0.1
"""Seconds between two looks at the child."""

_AGAIN = "again"
"""The folder, within the rerun's, of a second rerun from the same states."""


@dataclass(frozen=True)
class Watch:
    """Whoever waits for a rerun.

    Attributes:
        started: told the identity of each process of the rerun.
        progress: told each change of the progress.
        should_stop: asked ten times a second; when it says so the rerun is stopped.
    """

    started: Callable[[ProcessIdentity], None] = field(default=lambda _: None)
    progress: Callable[[Progress], None] = field(default=lambda _: None)
    should_stop: Callable[[], bool] = field(default=lambda: False)


def execute(
    home: Home,
    folder: Folder,
    *,
    started: Callable[[ProcessIdentity], None] = lambda _: None,
    progress: Callable[[Progress], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Verdict | None:
    """Run a prepared rerun in a child process, wait for it and judge it.

    A slice that does not come out the same is done again as the whole session before anything is concluded.
    Where that diverged and nothing that is recorded explains it, the cells are run once more from the same states:
    whether those two agree tells a code that is not deterministic from a record that lacks something.

    Args:
        home: where it is recorded.
        folder: what ``prepare`` made.
        started: told the identity of each process.
        progress: told each change of the progress.
        should_stop: asked ten times a second; when it says so the rerun is stopped.

    Returns:
        The verdict, which is also written to the folder; ``None`` when the rerun was stopped.

    When anything is raised meanwhile (Ctrl-C), the rerun is stopped before it goes on to the caller.
    """
    watch, run_id = Watch(started, progress, should_stop), folder.plan().run_id
    drop_verdict(home, run_id)
    while True:
        outcome = carry_out(home, folder, run_id, watch)
        verdict = conclude(home, folder, outcome) if outcome is not None else None
        if verdict is None or is_final(folder, verdict):
            break
        drop_verdict(home, run_id)
        widen(home, folder)
    if outcome is None or verdict is None or not wants_second(verdict):
        return verdict
    again = repeat(folder, _AGAIN)
    try:
        if carry_out(home, again, run_id, watch) is None:
            drop_verdict(home, run_id)
            return None
        return _judge(home, folder, outcome, again)
    finally:
        put_away(home, again)


def is_final(folder: Folder, verdict: Verdict) -> bool:
    """Whether the verdict stands: what a slice could not reproduce is tried with the whole session first."""
    if folder.launch().scope == "whole" or verdict.verdict == "BIT-EXACT":
        return True
    # With other parameters nothing is expected to come out the same; that it breaks may be the slice's fault.
    return bool(folder.plan().overrides) and verdict.verdict != "FAILED"


def carry_out(home: Home, folder: Folder, mark: str, watch: Watch) -> Outcome | None:
    """Run the cells of a folder in a child process and wait for it.

    Args:
        home: where they are recorded.
        folder: plan, launch file and notebook.
        mark: the id of the run by which all processes are found again.
        watch: who waits.

    Returns:
        How it ended; ``None`` when it was stopped.
    """
    reader = ProgressReader(home, folder.plan())
    known: Progress | None = None
    child = Child(home, folder, mark)
    try:
        watch.started(child.identity)
        running = True
        while running:
            running = child.running  # asked first, so that the last look comes after the end
            if (now := reader.read()) != known:
                known = now
                watch.progress(now)
            if running and watch.should_stop():
                child.stop()
                return None
            if running:
                time.sleep(_INTERVAL)
    except BaseException:
        child.stop()
        raise
    status = child.clear()
    outcome = folder.outcome() or Outcome(
        failure="internal", message=f"the process of the rerun ended with status {status}; see {folder.log}"
    )
    return None if outcome.failure == "stopped" else outcome


def conclude(home: Home, folder: Folder, outcome: Outcome) -> Verdict | None:
    """Judge a rerun whose processes have ended and keep the verdict; ``None`` when it was stopped."""
    return None if outcome.failure == "stopped" else _judge(home, folder, outcome)


def _judge(home: Home, folder: Folder, outcome: Outcome, again: Folder | None = None) -> Verdict:
    plan = folder.plan()
    verdict = judge(home, plan, folder.launch(), outcome, again.plan() if again is not None else None)
    verdict = msgspec.structs.replace(verdict, reason=verdict.reason + _scope_told(folder.launch()))
    if is_final(folder, verdict):
        write_verdict(home, plan.run_id, verdict)
    return verdict


def _scope_told(launch: Launch) -> str:
    """What a verdict adds about cells that were left out."""
    if launch.widened:
        return " (All cells were executed, after it came out otherwise without those that it seems not to need.)"
    count = len(launch.left_out)
    return f" ({count} cell{'s' * (count != 1)} that the run does not need left out.)" if count else ""
