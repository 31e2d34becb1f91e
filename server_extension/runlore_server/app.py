"""The extension of the Jupyter server: settings, routes, events, start and stop. It works in ``Backend``."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Float, Unicode

from runlore_server.backend import Backend
from runlore_server.config import Config
from runlore_server.errors import LabExtraMissing
from runlore_server.extra import require_lab_extra

_CHANGE = Path(__file__).parent / "events" / "change.yaml"
CHANGE_SCHEMA = "https://schema.runlore.org/events/change/v1"


class RunloreApp(ExtensionApp):
    """Serves the runs recorded in one home, exports them to MLflow, and reruns them."""

    name = "runlore"
    description = "Every notebook run recorded, compared in JupyterLab, and repeated with a verdict"

    home = Unicode(
        help="Where runs are recorded; by default $RUNLORE_HOME, else the platform's data directory of the user."
    ).tag(config=True)
    tracking_uri = Unicode(
        help="MLflow's tracking store; by default $RUNLORE_TRACKING_URI, else SQLite in the home."
    ).tag(config=True)
    curve_cache = Unicode(
        help="Bytes of curve files of archived runs, such as 500M; by default $RUNLORE_CURVE_CACHE, else 2G."
    ).tag(config=True)
    mirror = Bool(
        None,
        allow_none=True,
        help="Whether runs that others logged to MLflow are shown; by default unless $RUNLORE_MIRROR is 0.",
    ).tag(config=True)
    poll_interval = Float(0.5, min=0.1, help="Seconds between two looks at the journals.").tag(config=True)

    _backend: Backend | None = None

    def initialize_handlers(self) -> None:
        """Add the routes and begin to work; without the packages of ``runlore[lab]`` do little but say so.

        In any case kernels inherit a known seed of hashes, unless there is one: the order of their sets can be
        repeated then.
        """
        os.environ.setdefault("PYTHONHASHSEED", str(1 + secrets.randbelow(2**32 - 1)))
        try:
            require_lab_extra()
        except LabExtraMissing as error:
            self.log.warning("%s", error)
            return
        from runlore_server.api.routes import routes

        self._server.event_logger.register_event_schema(_CHANGE)
        config = Config.resolve(
            self.home or None, self.tracking_uri or None, self.curve_cache or None, self.mirror
        )
        self._backend = Backend(config, self._announce, self.poll_interval)
        self.handlers.extend(routes(self._backend))
        # Not the start hook of extensions: only jupyter_server 2.15 and later have it.
        self._server.io_loop.add_callback(self._backend.start_soon)

    async def stop_extension(self) -> None:
        """Called when the server shuts down."""
        if self._backend is not None:
            await self._backend.close()

    @property
    def _server(self) -> Any:
        """The server; typed by its declarations as absent or half made, which it is not when we are asked."""
        return self.serverapp

    def _announce(self, runs: list[str], jobs: list[str]) -> None:
        self._server.event_logger.emit(schema_id=CHANGE_SCHEMA, data={"runs": runs, "jobs": jobs})
