"""``/runlore/jobs``: reruns that wait, run or have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore.errors import RunNotFound
from runlore_server.api.base import RunloreHandler
from runlore_server.errors import InvalidRequest, JobNotFound

if TYPE_CHECKING:
    from runlore_server.queue.job import Job
    from runlore_server.queue.pace import Pace
    from runlore_server.services import Services

_MOST = 1000


class _Change(msgspec.Struct, forbid_unknown_fields=True):
    priority: int | None = None
    held: bool | None = None


class JobsHandler(RunloreHandler):
    """All jobs, and the submission of further ones."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(self._page)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        await self.answer(self._submit, status=201)

    @web.authenticated
    @authorized
    async def delete(self) -> None:
        await self.answer(_forget_all)

    def _page(self, services: Services) -> dict[str, Any]:
        from runlore_server.queue.job import JobState

        if named := self.get_query_arguments("job"):
            if len(named) > _MOST:
                raise InvalidRequest(f"{len(named)} jobs are more than are told at once: name {_MOST} at the most")
            return {"jobs": services.jobs.some(named), "next": None}
        states = self.get_query_arguments("state")
        if unknown := next((state for state in states if state not in get_args(JobState)), None):
            raise InvalidRequest(f"'state' is one of {', '.join(get_args(JobState))}, not {unknown!r:.40}")
        sweep, limit = self.one_query("sweep"), self.number_query("limit", _MOST, 1, _MOST)
        before = self.number_query("before", 0, 1, 999_999_999) or None
        jobs = services.jobs.jobs(states=states, sweep=sweep, before=before, limit=limit)
        more = len(jobs) == limit
        if more and before is None and not states:
            # Those at work come with the first page, however long ago they were submitted.
            listed = {job.run_id for job in jobs}
            working = services.jobs.jobs(states=("running", "stopping"), sweep=sweep)
            return {
                "jobs": jobs + [job for job in working if job.run_id not in listed],
                "next": jobs[-1].number,
            }
        return {"jobs": jobs, "next": jobs[-1].number if more else None}

    def _submit(self, services: Services) -> Job | dict[str, list[Job]]:
        from runlore_server.queue.request import Request

        either: Any = Request | list[Request]
        asked: Request | list[Request] = self.asked(either, "a job")
        if isinstance(asked, Request):
            return services.jobs.submit(asked)
        if not asked:
            raise InvalidRequest("the body must be a job, an object as the API documents it, or a list of some")
        return {"jobs": services.jobs.submit_many(asked)}


class JobHandler(RunloreHandler):
    """One job, by the id of the run that it makes."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(lambda services: services.jobs.get(_job_id(services, run_id)))

    @web.authenticated
    @authorized
    async def patch(self, run_id: str) -> None:
        await self.answer(lambda services: self._change(services, run_id))

    @web.authenticated
    @authorized
    async def delete(self, run_id: str) -> None:
        await self.answer(lambda services: self._stop(services, run_id))

    def _change(self, services: Services, run_id: str) -> Job:
        change = self.asked(_Change, "a change")
        run_id = _job_id(services, run_id)
        if change.priority is not None:
            services.jobs.prioritize(run_id, change.priority)
        if change.held is not None:
            (services.jobs.hold if change.held else services.jobs.release)(run_id)
        return services.jobs.get(run_id)

    def _stop(self, services: Services, run_id: str) -> Job:
        forget = self.one_query("forget")
        if forget not in (None, "true", "false"):
            raise InvalidRequest(f"'forget' is true or false, not {forget!r:.40}")
        job = services.jobs.stop(_job_id(services, run_id))
        if forget == "true":
            services.jobs.forget([job.run_id])
        return job


class JobRetryHandler(RunloreHandler):
    """Queueing a job again."""

    @web.authenticated
    @authorized
    async def post(self, run_id: str) -> None:
        await self.answer(lambda services: services.jobs.retry(_job_id(services, run_id)))


class JobPaceHandler(RunloreHandler):
    """How an attempt is getting on beside its original."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(lambda services: _pace(services, run_id))


def _pace(services: Services, run_id: str) -> Pace:
    from runlore_server.queue.pace import pace

    return pace(services.config.home, services.jobs.get(_job_id(services, run_id)))


def _forget_all(services: Services) -> dict[str, list[str]]:
    over = services.jobs.jobs(states=("succeeded", "failed", "cancelled"))
    return {"forgotten": services.jobs.forget([job.run_id for job in over])}


def _job_id(services: Services, text: str) -> str:
    """The job's id from anything that names its run, which may not have begun yet."""
    try:
        return services.jobs.get(text).run_id
    except JobNotFound as unknown:
        try:
            return services.store.find(text).run_id
        except RunNotFound:
            raise unknown from None
