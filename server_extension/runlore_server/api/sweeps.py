"""``/runlore/sweeps``: many reruns of one run over a space of its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler

if TYPE_CHECKING:
    from runlore_server.services import Services


class SweepsHandler(RunloreHandler):
    """All sweeps, and the beginning of another one."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(lambda services: {"sweeps": services.sweeps.all()})

    @web.authenticated
    @authorized
    async def post(self) -> None:
        await self.answer(self._submit, status=201)

    def _submit(self, services: Services) -> dict[str, Any]:
        from runlore_server.sweep.request import SweepRequest

        return services.sweeps.submit(self.asked(SweepRequest, "a sweep"))


class SweepCheckHandler(RunloreHandler):
    """Whether a sweep can be had, and what it would come to; nothing is begun."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        await self.answer(self._check)

    def _check(self, services: Services) -> dict[str, Any]:
        from runlore_server.sweep.request import SweepRequest

        return services.sweeps.check(self.asked(SweepRequest, "a sweep"))


class SweepHandler(RunloreHandler):
    """One sweep, by its id or the start of it."""

    @web.authenticated
    @authorized
    async def get(self, sweep_id: str) -> None:
        await self.answer(lambda services: services.sweeps.get(sweep_id))

    @web.authenticated
    @authorized
    async def patch(self, sweep_id: str) -> None:
        await self.answer(lambda services: self._change(services, sweep_id))

    def _change(self, services: Services, sweep_id: str) -> dict[str, Any]:
        from runlore_server.sweep.service import SweepChange

        return services.sweeps.change(sweep_id, self.asked(SweepChange, "a change of a sweep"))


class SweepPlotsHandler(RunloreHandler):
    """The plots of one sweep, as plotly takes them."""

    @web.authenticated
    @authorized
    async def get(self, sweep_id: str) -> None:
        await self.answer(lambda services: services.sweeps.plots(sweep_id))
