"""Driving a sweep to its end, by the one process that holds its lock."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from runlore.errors import RunloreError
from runlore_server.config import Config
from runlore_server.document import read_if_there
from runlore_server.queue.command import leave as leave_queue
from runlore_server.queue.queue import JobQueue
from runlore_server.store.runs import RunStore
from runlore_server.sweep.coming import ComingTrials
from runlore_server.sweep.plan import plan
from runlore_server.sweep.sweep import Progress, Sweep, SweepFolder


def wants_driver(folder: SweepFolder) -> bool:
    """Whether there is something to do that nobody has done; with a damaged file there is nothing to be done."""
    sweep, progress = read_if_there(folder.sweep_file, Sweep), folder.progress()
    return sweep is not None and (progress.state in ("waiting", "running") or progress.change != sweep.change)


def drive(
    config: Config,
    folder: SweepFolder,
    leave: threading.Event,
    *,
    work: bool,
    told: Callable[[Progress], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> Progress | None:
    """Go on with a sweep until it has ended or is stopped.

    Args:
        config: where everything is.
        folder: the sweep's.
        leave: ends this at once, and leaves all as it is for the next driver.
        work: whether this process carries the jobs out, too, where no other one does.
        told: called with each change of the progress.
        note: called with what there is to wait for besides.

    Returns:
        How far it is then; ``None`` when another process drives it.

    Raises:
        OSError: the home cannot be written.
    """
    if not folder.lock.acquire():
        return None
    store = RunStore(config.home, mirrored=False)
    try:
        store.refresh()
        jobs = JobQueue(config.home, store, lambda _: None)
        try:
            if work:
                jobs.start()
            sweep = folder.sweep()
            planned = plan(store, sweep.request)
            coming = ComingTrials(jobs, folder.sweep_id, planned)
            if sweep.wish == "run":  # their kernels boot while Optuna is imported
                coming.tell(planned, len(folder.progress().trials))
            from runlore_server.sweep.driver import Driver

            reached = Driver(config.home, store, jobs, coming, folder, leave=leave, told=told).drive(planned)
            leave_queue(jobs, note, leave.is_set)
            return reached
        except RunloreError as error:
            before = folder.progress()
            change = folder.sweep().change
            folder.write(msgspec.structs.replace(before, state="failed", error=str(error), change=change))
            return folder.progress()
        finally:
            jobs.shutdown()
    finally:
        store.close()
        folder.lock.release()
