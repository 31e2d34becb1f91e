"""The loop that notices what changed and says so."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import Executor

from runlore_server.services import Services

_LEAST_INTERVAL = 0.35
"""Seconds between two announcements at the least, so that they are at most three a second."""

_SUMMING = 0.1
"""Seconds at a time for the curves of sessions that are new in the index, until all are summed up."""

_log = logging.getLogger(__name__)

Announce = Callable[[list[str], list[str]], None]
"""Takes the ids of the runs and of the jobs that changed; called on the event loop."""


class Follower:
    """Follows journals and jobs; made and run on the event loop, everything that reads files in ``executor``.

    Args:
        executor: for what blocks.
        announce: is told what changed.
        interval: seconds between two looks at the journals.
    """

    def __init__(self, executor: Executor, announce: Announce, interval: float) -> None:
        self._executor = executor
        self._announce = announce
        self._rest = max(interval - _LEAST_INTERVAL, 0.0)
        self._loop = asyncio.get_running_loop()
        self._jobs: set[str] = set()
        self._nudge = asyncio.Event()

    def job_changed(self, run_id: str) -> None:
        """Take note of a changed job, from any thread; it is announced before the next regular look."""
        self._loop.call_soon_threadsafe(self._note, run_id)

    def _note(self, run_id: str) -> None:
        self._jobs.add(run_id)
        self._nudge.set()

    async def follow(self, services: Services) -> None:
        """Follow until cancelled."""
        while True:
            self._nudge.clear()
            jobs, self._jobs = self._jobs, set()
            try:
                runs = await self._loop.run_in_executor(self._executor, _look, services, jobs)
                if runs or jobs:
                    self._announce(sorted(runs), sorted(jobs))
            except Exception:  # noqa: BLE001 - whatever it was, the next look may succeed
                _log.exception("the journals could not be followed; it is tried again")
            await asyncio.sleep(_LEAST_INTERVAL)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._nudge.wait(), self._rest)


def _look(services: Services, jobs: set[str]) -> set[str]:
    """The runs that changed, and those whose job did: it may have brought a verdict."""
    changed = services.store.refresh()
    changed |= {run_id for run_id in jobs if run_id in services.store}
    if changed:
        services.archiver.wake(changed)
        services.exporter.wake(changed)
        services.pinning.wake(changed)
    services.store.sum_up(_SUMMING)
    return changed
