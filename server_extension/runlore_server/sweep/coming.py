"""The trials that a sweep will begin next, as the queue is told of them before their points are known."""

from __future__ import annotations

import secrets

from runlore_server.queue.queue import JobQueue
from runlore_server.sweep.plan import Plan


class ComingTrials:
    """The ids of the runs that the next trials will make; their kernels boot while the trials before them train.

    Args:
        jobs: the queue.
        sweep_id: whose trials they are.
        plan: of the sweep.

    Raises:
        see ``JobQueue.check``.
    """

    def __init__(self, jobs: JobQueue, sweep_id: str, plan: Plan) -> None:
        self._jobs = jobs
        self.sweep_id = sweep_id
        (self._request,) = jobs.check([plan.example(sweep_id)])
        self._run_ids: list[str] = []
        self._told: list[str] = []

    def take(self) -> str | None:
        """The id for the next trial's run, where one was told; ``tell`` follows once that is submitted."""
        return self._run_ids.pop(0) if self._run_ids else None

    def tell(self, plan: Plan, tried: int) -> None:
        """Tell of those that may begin together next, where so many were tried."""
        count = plan.at_once(tried, self._jobs.status())
        while len(self._run_ids) < count:
            self._run_ids.append(secrets.token_hex(8))
        del self._run_ids[count:]
        self._announce()

    def tell_of_none(self) -> None:
        """None comes, for now or at all."""
        self._run_ids.clear()
        self._announce()

    def _announce(self) -> None:
        if self._run_ids != self._told:
            self._jobs.announce(self.sweep_id, self._request, self._run_ids)
            self._told = list(self._run_ids)
