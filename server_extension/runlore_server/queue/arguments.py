"""What ``runlore jobs``, ``runlore queue`` and a rerun by the queue can be given."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import get_args

from runlore_server.gpus.arguments import add_request as add_devices
from runlore_server.queue.job import JobState

ACTIONS = ("list", "stop", "retry", "hold", "release", "priority", "wait", "forget")
_QUEUE = ("status", "pause", "resume", "slots", "work")


def add(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """The commands of the queue."""
    jobs = command("jobs", "list the reruns in the queue, newest first, and stop, retry, hold or forget some")
    jobs.add_argument(
        "action",
        nargs="?",
        choices=ACTIONS,
        default="list",
        help="what to do with the jobs named (default: list); 'priority N JOB...' gives them another priority",
    )
    jobs.add_argument("job", nargs="*", metavar="JOB", help="the run that it makes; for 'forget' also: all")
    jobs.add_argument("--state", action="append", choices=get_args(JobState), default=[], help="list only these")
    jobs.add_argument("--sweep", metavar="SWEEP", help="list only trials of this sweep")
    jobs.add_argument("--limit", type=_count, default=50, metavar="N", help="how many at the most (default: 50)")
    queue = command("queue", "show what the queue is at, pause it, or work it without a server")
    queue.add_argument(
        "action",
        nargs="?",
        choices=_QUEUE,
        default="status",
        help="work: carry out what waits and can be done here, or until Ctrl-C; slots N: so many reruns at once",
    )
    queue.add_argument("slots", nargs="?", metavar="N", help="for slots: 1 or more, or 'default'")


def add_request(to: argparse.ArgumentParser) -> None:
    """The options of a rerun that goes through the queue."""
    add_devices(to)
    group = to.add_argument_group("by the queue (several RUNs, GPUs, and each of these options lead there)")
    group.add_argument("--queue", action="store_true", help="wait for its turn in the queue, then for its verdict")
    group.add_argument("--detach", action="store_true", help="only queue it, for a server or 'runlore queue work'")
    group.add_argument("--priority", type=int, metavar="N", help="greater ones go first (default: 0)")
    group.add_argument("--retries", type=_none_or_more, metavar="N", help="try again so often if the work fails")
    group.add_argument("--timeout", type=_seconds, metavar="TIME", help="what an attempt may take: 90, 5m, 1h30m")
    group.add_argument("--after", nargs="+", default=[], metavar="JOB", help="only once these jobs have succeeded")
    group.add_argument("--backend", metavar="NAME", help="what carries it out (default: $RUNLORE_BACKEND)")


def _seconds(text: str) -> float:
    from runlore_server.filter.quantities import duration

    found = duration(text)
    if found is None or not found > 0:
        raise ValueError(text)
    return found


def _count(text: str) -> int:
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def _none_or_more(text: str) -> int:
    if int(text) < 0:
        raise ValueError(text)
    return int(text)


_seconds.__name__ = "time such as 90s or 1h30m"
_count.__name__ = "number of jobs (1 or more)"
_none_or_more.__name__ = "number of times"
