"""The services of the running server: opened off its event loop, followed on it, closed with it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from runlore_server.config import Config

if TYPE_CHECKING:
    from runlore_server.follow import Announce, Follower
    from runlore_server.services import Services

T = TypeVar("T")

_THREADS = 4
_FIRST = 10.0
"""Seconds for which a new server has the processors to itself: somebody waits for the page that it serves."""

_log = logging.getLogger(__name__)


class Backend:
    """Owns the services of one server; used on its event loop.

    ``start()`` returns at once: the server's start waits neither for imports nor for the reading of the home.
    Requests do, in ``call``; without any the work begins soon after ``start_soon()``.
    """

    def __init__(self, config: Config, announce: Announce, interval: float) -> None:
        self._config = config
        self._announce = announce
        self._interval = interval
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="runlore")
        self._opening: asyncio.Task[Services] | None = None
        self._following: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start_soon(self) -> None:
        """Start once the server has had time to serve its first page."""
        self._timer = asyncio.get_running_loop().call_later(_FIRST, self.start)

    def start(self) -> asyncio.Task[Services]:
        """Open the services unless they are, or are about to be; what failed before is tried again."""
        opening = self._opening
        if opening is None or (opening.done() and opening.exception() is not None):
            opening = self._opening = asyncio.create_task(self._open())
        return opening

    async def call(self, work: Callable[[Services], T]) -> T:
        """What ``work`` returns when it is called with the services, in a thread; its errors are raised here.

        Raises:
            OSError, sqlite3.Error: the home cannot be used.
        """
        services = await asyncio.shield(self.start())
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, services)

    async def close(self) -> None:
        """Stop following, exporting and rerunning."""
        if self._timer is not None:
            self._timer.cancel()
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following
        if self._opening is not None:
            with contextlib.suppress(Exception):  # it was logged when it failed
                services = await self._opening
                await asyncio.get_running_loop().run_in_executor(self._executor, services.close)
        self._executor.shutdown(wait=False)

    async def _open(self) -> Services:
        loop = asyncio.get_running_loop()
        try:
            make_follower = await loop.run_in_executor(self._executor, _import_follower)
            follower = make_follower(self._executor, self._announce, self._interval)
            services = await loop.run_in_executor(self._executor, self._open_services, follower)
        except Exception:
            _log.exception("Runlore cannot open %s; the next request tries again", self._config.home)
            raise
        self._following = asyncio.create_task(follower.follow(services))
        return services

    def _open_services(self, follower: Follower) -> Services:
        from runlore_server.services import Services

        return Services.open(self._config, follower.job_changed)


def _import_follower() -> type[Follower]:
    """What is imported with it takes longer than the event loop may be held."""
    from runlore_server.follow import Follower

    return Follower
