"""``/runlore/kernels``: the kernels that a rerun can be asked to happen in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler

if TYPE_CHECKING:
    from runlore_server.rerun.offered import Offers
    from runlore_server.services import Services


class KernelsHandler(RunloreHandler):
    """Those of this machine and of the gateway that is set up."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(_offers)


def _offers(_: Services) -> Offers:
    from runlore_server.rerun.offered import offers

    return offers()
