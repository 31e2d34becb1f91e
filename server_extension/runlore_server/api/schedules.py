"""``/runlore/schedules``: reruns that are started by the clock, or when files change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler

if TYPE_CHECKING:
    from runlore_server.automation.notes import AutomationNotes
    from runlore_server.services import Services


class _Change(msgspec.Struct, forbid_unknown_fields=True):
    paused: bool


class SchedulesHandler(RunloreHandler):
    """All schedules, and the making of another one."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(_all)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        await self.answer(self._add, status=201)

    def _add(self, services: Services) -> dict[str, Any]:
        from runlore_server.automation.scheduling import Wish, described, scheduled

        wish = self.asked(Wish, "a schedule")
        return described(scheduled(services.config.home, services.store, wish))


class ScheduleHandler(RunloreHandler):
    """One schedule, by its id."""

    @web.authenticated
    @authorized
    async def get(self, schedule_id: str) -> None:
        await self.answer(lambda services: _one(services, schedule_id))

    @web.authenticated
    @authorized
    async def patch(self, schedule_id: str) -> None:
        await self.answer(lambda services: self._change(services, schedule_id))

    def _change(self, services: Services, schedule_id: str) -> dict[str, Any]:
        from runlore_server.automation.scheduling import described, paused

        change = self.asked(_Change, "a change")
        return described(paused(services.config.home, schedule_id, pause=change.paused))

    @web.authenticated
    @authorized
    async def delete(self, schedule_id: str) -> None:
        await self.answer(lambda services: _remove(services, schedule_id))


def _notes(services: Services) -> AutomationNotes:
    from runlore_server.automation.notes import AutomationNotes

    return AutomationNotes(services.config.home)


def _all(services: Services) -> dict[str, Any]:
    from runlore_server.automation.scheduling import described

    return {"schedules": [described(one) for one in _notes(services).schedules()]}


def _one(services: Services, schedule_id: str) -> dict[str, Any]:
    from runlore_server.automation.scheduling import described

    return described(_notes(services).schedule(schedule_id))


def _remove(services: Services, schedule_id: str) -> dict[str, Any]:
    notes = _notes(services)
    notes.remove_schedule(notes.schedule(schedule_id).id)
    return {}
