"""``/runlore/filters``: the filters that the user keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler

if TYPE_CHECKING:
    from runlore_server.services import Services
    from runlore_server.store.filters import SavedFilter, SavedFilters


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    filter: str = ""
    order_by: str = ""


class FiltersHandler(RunloreHandler):
    """All saved filters."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(lambda services: {"filters": _saved(services).all()})


class FilterHandler(RunloreHandler):
    """One saved filter, by its name."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        await self.answer(lambda services: _saved(services).get(name))

    @web.authenticated
    @authorized
    async def put(self, name: str) -> None:
        await self.answer(lambda services: self._put(services, name))

    def _put(self, services: Services, name: str) -> SavedFilter:
        from runlore_server.store.filters import SavedFilter

        given = self.asked(_Content, "a filter")
        saved = SavedFilter(name=name, filter=given.filter, order_by=given.order_by)
        _saved(services).put(saved)
        return saved

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        await self.answer(lambda services: _delete(services, name))


def _delete(services: Services, name: str) -> dict[str, Any]:
    _saved(services).delete(name)
    return {}


def _saved(services: Services) -> SavedFilters:
    from runlore_server.store.filters import SavedFilters

    return SavedFilters(services.config.home)
