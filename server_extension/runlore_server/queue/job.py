"""A rerun as the queue and its clients see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from runlore_server.verdict.verdict import Verdict

if TYPE_CHECKING:
    from runlore_server.automation.criteria import Judgement

JobState = Literal["queued", "running", "stopping", "succeeded", "failed", "cancelled"]
"""``succeeded``: there is a verdict on what the rerun logged. ``failed``: the rerun broke or could not be done."""

WORKING: tuple[JobState, ...] = ("queued", "running", "stopping")
"""The states in which something about a job may still change by itself."""


@dataclass(frozen=True)
class Job:
    """One rerun; ``run_id`` is the run that it makes.

    ``number`` tells the order of submission. Of the jobs that wait, the one with the greatest ``priority`` goes
    first; one that is ``held`` does not go at all. ``after`` are the jobs that must have succeeded before.
    ``attempt`` counts how often it was started. ``devices`` are those leased for it, by their names, and ``gpus``
    how many it got, or asks for while it has none: a part of one below 1. ``cell`` is the ordinal, in the
    original's session, of the cell that runs now. ``stage`` says in a few words what is being done, where that is
    not the first execution of the cells. ``criteria`` is what the success criteria of its experiment say of the
    verdict, where it has some. ``error`` says why the work could not be done, where it could not; of one that is
    queued again, why the last attempt failed. ``pruned_at`` is the step at which its sweep stopped it for what it
    had come to. Times are Unix seconds.
    """

    run_id: str
    rerun_of: str
    name: str
    number: int
    state: JobState
    held: bool
    priority: int
    after: list[str]
    sweep: str | None
    backend: str | None
    devices: list[str]
    attempt: int
    cells_done: int
    cells_total: int
    cell: int | None
    stage: str | None
    submitted: float
    started: float | None
    ended: float | None
    verdict: Verdict | None
    criteria: Judgement | None
    error: str | None
    pruned_at: int | None = None
    gpus: float = 0

    @property
    def over(self) -> bool:
        """Whether nothing about the job will change any more."""
        return self.state not in WORKING
