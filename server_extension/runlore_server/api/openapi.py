"""``/runlore/openapi``: the document that describes this API."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler


class OpenApiHandler(RunloreHandler):
    """The document as JSON."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(lambda _: document())


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI document of this version."""
    import yaml

    loaded: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "openapi.yaml").read_text("utf-8"))
    return loaded
