"""Carrying out one prepared rerun, from the start of its process to the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable

from runlore.events import ProcessIdentity
from runlore.home import Home
from runlore_server.rerun.child import Child
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.outcome import Outcome
from runlore_server.rerun.progress import Progress, ProgressReader
from runlore_server.verdict.judge import judge
from runlore_server.verdict.verdict import Verdict, drop_verdict, write_verdict

_INTERVAL = 0.1
"""Seconds between two looks at the child."""


def execute(
    home: Home,
    folder: Folder,
    *,
    started: Callable[[ProcessIdentity], None] = lambda _: None,
    progress: Callable[[Progress], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Verdict | None:
    """Run a prepared rerun in a child process, wait for it and judge it.

    Args:
        home: where it is recorded.
        folder: what ``prepare`` made.
        started: told the child's identity once.
        progress: told each change of the progress.
        should_stop: asked ten times a second; when it says so the rerun is stopped.

    Returns:
        The verdict, which is also written to the folder; ``None`` when the rerun was stopped.

    When anything is raised meanwhile (Ctrl-C), the rerun is stopped before it goes on to the caller.
    """
    plan = folder.plan()
    drop_verdict(home, plan.run_id)
    reader = ProgressReader(home, plan)
    known: Progress | None = None
    child = Child(home, folder, plan.run_id)
    try:
        started(child.identity)
        running = True
        while running:
            running = child.running  # asked first, so that the last look comes after the end
            if (now := reader.read()) != known:
                known = now
                progress(now)
            if running and should_stop():
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
    return conclude(home, folder, outcome)


def conclude(home: Home, folder: Folder, outcome: Outcome) -> Verdict | None:
    """Judge a rerun whose processes have ended and keep the verdict; ``None`` when it was stopped."""
    if outcome.failure == "stopped":
        return None
    plan = folder.plan()
    verdict = judge(home, plan, folder.launch(), outcome)
    write_verdict(home, plan.run_id, verdict)
    return verdict
