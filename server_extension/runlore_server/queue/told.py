"""Jobs and the queue as a terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence

from runlore.card import format_duration
from runlore_server.gpus.device import amount
from runlore_server.queue.job import Job
from runlore_server.queue.status import QueueStatus
from runlore_server.verdict.told import word

_SHORT_ID = 12
_LONGEST = 60
_HEAD = ("job", "rerun of", "name", "state", "cells", "took", "priority", "attempt", "what came of it")


def table(jobs: Sequence[Job]) -> str:
    """The jobs, one a line under a heading."""
    if not jobs:
        return "No job is queued, runs or has ended. 'runlore rerun RUN --detach' queues one."
    rows = [_HEAD, *(_row(job) for job in jobs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def progress(job: Job) -> str:
    """How far a job is, in a line."""
    at = f" cell {job.cell}" if job.cell is not None else ""
    stage = f", {job.stage}" if job.stage else ""
    return f"{job.run_id[:_SHORT_ID]} {_state(job)} [{job.cells_done}/{job.cells_total}]{at}{stage}"


def status(found: QueueStatus) -> str:
    """What the queue is at: a line for each fact, and for each device."""
    worker = "this process" if found.owner else "a running process" if found.owned else "nobody"
    lines = [
        f"worked by  {worker}{', paused' if found.paused else ''}",
        f"running    {found.running} of {found.slots} at once",
        f"waiting    {found.waiting}" + (f", and {found.held} held" if found.held else ""),
    ]
    for place in found.backends:
        trouble = f"  ({place.trouble})" if place.trouble else ""
        lines.append(f"{place.name:<9}  {place.running} of {place.slots}{trouble}")
        for leased in place.devices:
            device, by = leased.device, " ".join(run_id[:_SHORT_ID] for run_id in leased.holders)
            lines.append(
                f"  {device.node} {device.index}  {device.name} ({amount(device.memory)})  {by or 'free'}"
            )
    return "\n".join(lines)


def _row(job: Job) -> tuple[str, ...]:
    took = job.ended - job.started if job.ended is not None and job.started is not None else None
    came = word(job.verdict) if job.verdict is not None else job.stage or ""
    if job.criteria is not None:
        came += ", as asked" if job.criteria.met else ", not as asked"
    if job.pruned_at is not None:
        came = f"at step {job.pruned_at}"
    outcome = job.error or came
    return (
        job.run_id[:_SHORT_ID],
        job.rerun_of[:_SHORT_ID],
        _short(job.name, 24),
        _state(job),
        f"{job.cells_done}/{job.cells_total}",
        format_duration(took) if took is not None and took >= 0 else "",
        str(job.priority),
        str(job.attempt),
        _short(outcome, _LONGEST),
    )


def _state(job: Job) -> str:
    if job.pruned_at is not None and job.over:
        return "pruned"
    return "held" if job.held else job.state


def _short(text: str, longest: int) -> str:
    plain = "".join(char if char.isprintable() else " " for char in text)
    return plain if len(plain) <= longest else plain[: longest - 3] + "..."
