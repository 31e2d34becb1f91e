"""``/runlore/runs/<id>/models``: the models of a run, and their registration in MLflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler

if TYPE_CHECKING:
    from runlore_server.registry.version import ModelVersion
    from runlore_server.services import Services

_MOST_UNKEPT = 20
"""Files that are named which look like models and were not logged."""


class _Registration(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    name: str
    description: str = ""


class ModelsHandler(RunloreHandler):
    """What could be registered and what is; registering one."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(lambda services: self._models(services, run_id))

    @web.authenticated
    @authorized
    async def post(self, run_id: str) -> None:
        await self.answer(lambda services: self._register(services, run_id), status=201)

    def _models(self, services: Services, run_id: str) -> dict[str, Any]:
        from runlore_server.registry.models import is_model_file, models_of

        look = self.number_query("look", default=0, least=0, most=1) == 1
        run = services.store.find(run_id)
        models, registry = models_of(run), services.registry
        names = registry.look(run) if look else None
        export = registry.export(run)
        wrote = [] if models else [file.path for file in services.provenance.files(run) if file.use == "wrote"]
        return {
            "models": models,
            "registered": registry.versions(run),
            "export": export,
            "why": registry.why_not(run, export) or None,
            "names": names,
            "unkept": [path for path in dict.fromkeys(wrote) if is_model_file(path)][:_MOST_UNKEPT],
        }

    def _register(self, services: Services, run_id: str) -> ModelVersion:
        asked = self.asked(_Registration, "a model and its name")
        run = services.store.find(run_id)
        made = services.registry.register(run, asked.path, asked.name, asked.description)
        services.store.curves_came({run.run_id})  # its page shows the version
        return made
