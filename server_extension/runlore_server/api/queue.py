"""``/runlore/queue``: the queue of reruns as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from jupyter_server.auth.decorator import authorized
from msgspec import UNSET, UnsetType
from tornado import web

from runlore_server.api.base import RunloreHandler

if TYPE_CHECKING:
    from runlore_server.queue.status import QueueStatus
    from runlore_server.services import Services


class _Change(msgspec.Struct, forbid_unknown_fields=True):
    paused: bool | None = None
    slots: int | UnsetType | None = UNSET


class QueueHandler(RunloreHandler):
    """What it is at, and whether and how it goes on."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(lambda services: services.jobs.status())

    @web.authenticated
    @authorized
    async def patch(self) -> None:
        await self.answer(self._change)

    def _change(self, services: Services) -> QueueStatus:
        change = self.asked(_Change, "a change")
        if change.slots is not UNSET:
            services.jobs.set_slots(change.slots)
        if change.paused is not None:
            (services.jobs.pause if change.paused else services.jobs.resume)()
        return services.jobs.status()
