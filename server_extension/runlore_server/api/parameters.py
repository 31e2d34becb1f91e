"""``/runlore/runs/ID/parameters`` and ``/checks``: what a rerun can set, and what it would start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler
from runlore_server.errors import InvalidRequest, ParameterRefused

if TYPE_CHECKING:
    from runlore.record import RunRecord
    from runlore_server.rerun.readiness import Check
    from runlore_server.services import Services


class ParametersHandler(RunloreHandler):
    """The parameters of a run that a rerun can set to other values."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(lambda services: _parameters(services, run_id))


class ChecksHandler(RunloreHandler):
    """Whether kernel, environment, data and GPUs are there for a rerun of a run."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(lambda services: self._checks(services, run_id))

    def _checks(self, services: Services, run_id: str) -> dict[str, Any]:
        from runlore_server.rerun.folder import Env, Scope
        from runlore_server.rerun.readiness import readiness

        kernel = self.one_query("kernel")
        env: Env = self._one_of("env", get_args(Env)) or "recorded"
        scope: Scope = self._one_of("scope", get_args(Scope)) or "whole"
        run = services.store.find(run_id)
        found: list[Check] = []
        if self._one_of("what", ("all", "gpus")) != "gpus":
            found = readiness(services.config.home, run, kernel=kernel, env=env, scope=scope)
        devices = self._devices(services, run)
        return {"checks": [*found, *([devices] if devices is not None else [])]}

    def _devices(self, services: Services, run: RunRecord) -> Check | None:
        from runlore.objects import ObjectStore
        from runlore_server.queue.devices import device_check
        from runlore_server.queue.request import Request

        request = Request(
            run_id=run.run_id,
            gpus=self.float_query("gpus") or 0.0,
            gpu_type=self.one_query("gpu_type"),
            gpu_memory=self.one_query("gpu_memory"),
        )
        return device_check(services.jobs.status(), run, ObjectStore(services.config.home.objects), request)

    def _one_of(self, name: str, allowed: tuple[Any, ...]) -> Any:
        value = self.one_query(name)
        if value is not None and value not in allowed:
            raise InvalidRequest(f"{name!r} is {' or '.join(allowed)}, not {value!r:.40}")
        return value


def _parameters(services: Services, run_id: str) -> dict[str, Any]:
    from runlore_server.rerun.prepare import replayed_cells
    from runlore_server.rerun.selection import settable

    run = services.store.find(run_id)
    try:
        known = settable(run, replayed_cells(run, services.store.session(run)))
    except RecursionError:
        raise ParameterRefused(
            f"the cells of run {run.run_id} are nested too deeply to look for parameters"
        ) from None
    told = []
    for parameter in known:
        choices = parameter.choices
        told.append(
            {
                "name": parameter.name,
                "type": parameter.type,
                "text": _shown(parameter.value),
                "choices": [_shown(choice) for choice in choices] if choices is not None else None,
                "cell": parameter.cell,
            }
        )
    return {"parameters": told}


def _shown(value: Any) -> str:
    """A value as one writes it for ``parameters``: Python, but for a text, which is as it is."""
    from runlore_server.rerun.literals import written

    return value if isinstance(value, str) else written(value)
