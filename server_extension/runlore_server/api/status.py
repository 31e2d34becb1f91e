"""``/runlore/status``: version, home, how far the export has come, and whether packages can be looked up."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler

if TYPE_CHECKING:
    from runlore_server.services import Services


class StatusHandler(RunloreHandler):
    """The state of the server side."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(_status)


def _status(services: Services) -> dict[str, Any]:
    return {
        "version": version("runlore"),
        "home": str(services.config.home.path),
        "tracking_uri": services.config.shown_tracking_uri,
        "export": services.exporter.status(),
        "mirror": services.mirror.status(),
        "packages": {"error": services.pinning.trouble},
    }
