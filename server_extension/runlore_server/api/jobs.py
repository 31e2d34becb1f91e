"""``/runlore/jobs``: reruns that wait, run or have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore.errors import RunNotFound
from runlore_server.api.base import RunloreHandler
from runlore_server.errors import InvalidRequest, JobNotFound

if TYPE_CHECKING:
    from runlore_server.rerun.job import Job
    from runlore_server.services import Services


class JobsHandler(RunloreHandler):
    """All jobs, and the submission of another one."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(lambda services: {"jobs": services.jobs.jobs()})

    @web.authenticated
    @authorized
    async def post(self) -> None:
        await self.answer(self._submit, status=201)

    def _submit(self, services: Services) -> Job:
        from runlore_server.rerun.request import Request

        try:
            asked = msgspec.json.decode(self.request.body, type=Request)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"the body must be a job as the API documents it: {error}") from error
        return services.jobs.submit(asked)


class JobHandler(RunloreHandler):
    """One job, by the id of the run that it makes."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(lambda services: services.jobs.get(_job_id(services, run_id)))

    @web.authenticated
    @authorized
    async def delete(self, run_id: str) -> None:
        await self.answer(lambda services: services.jobs.stop(_job_id(services, run_id)))


def _job_id(services: Services, text: str) -> str:
    """The job's id from anything that names its run, which may not have begun yet."""
    try:
        return services.jobs.get(text).run_id
    except JobNotFound as unknown:
        try:
            return services.store.find(text).run_id
        except RunNotFound:
            raise unknown from None
