"""What a command line asks of a rerun, and whether the queue has to see to it."""

from __future__ import annotations

import argparse

import msgspec

from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore_server.gpus.detection import devices
from runlore_server.gpus.recorded import used_devices
from runlore_server.queue.request import Request


def plain_request(options: argparse.Namespace, run: str) -> Request:
    """What is asked of the rerun of a run itself, whoever carries it out."""
    return Request(
        run_id=run,
        kernel=options.kernel,
        env=options.env,
        scope=options.scope,
        parameters=dict(options.param),
        seeds=options.seeds,
        against=options.against,
        delta=options.delta,
    )


def requests(options: argparse.Namespace) -> list[Request]:
    """A request for each of the runs that are named, with what is asked of the queue."""
    return [
        msgspec.structs.replace(
            plain_request(options, run),
            priority=options.priority or 0,
            retries=options.retries or 0,
            timeout=options.timeout,
            gpus=options.gpus,
            gpu_type=options.gpu_type,
            gpu_memory=options.gpu_memory,
            after=options.after,
            backend=options.backend,
        )
        for run in options.run
    ]


def by_queue(options: argparse.Namespace) -> bool:
    """Whether anything is asked that the queue alone can give."""
    named = (
        options.priority,
        options.retries,
        options.timeout,
        options.gpu_type,
        options.gpu_memory,
        options.backend,
    )
    several = len(options.run) > 1
    asked = options.queue or options.detach or options.gpus or options.after or several
    return bool(asked) or any(value is not None for value in named)


def needs_lease(home: Home, run: RunRecord, request: Request) -> bool:
    """Whether it is to be given devices, as its original used some: others may hold them at the moment."""
    return request.backend is None and bool(devices()) and bool(used_devices(run, ObjectStore(home.objects)))
