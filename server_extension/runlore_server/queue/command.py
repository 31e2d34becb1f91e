"""``runlore jobs``, ``runlore queue``, and reruns that go through the queue."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from runlore_server import interrupts, report
from runlore_server.config import Config
from runlore_server.errors import OptionsRefused
from runlore_server.queue import told
from runlore_server.queue.job import Job
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.store.runs import RunStore

Result = tuple[dict[str, Any], str, int]
"""A command's JSON object, text and exit code."""

Note = Callable[[str], None]
"""Tells a person at a terminal how it goes."""

_NOTHING_PROVED = 2
_MOMENT = 1.0


def jobs(config: Config, store: RunStore, options: argparse.Namespace) -> Result:
    """List jobs, or do something with some.

    Raises:
        JobNotFound, AmbiguousRun: a job that is named is none.
        OptionsRefused: that cannot be done with it. Those named before it have been dealt with.
    """
    names: list[str] = list(options.job)
    with _opened(config, store) as queue:
        if options.action == "list":
            if names:
                found = [queue.get(name) for name in names]
            else:
                found = queue.jobs(states=options.state, sweep=options.sweep, limit=options.limit)
            return _listed(found)
        if options.action == "priority":
            value = names.pop(0) if names else ""
            try:
                priority = int(value)
            except ValueError:
                raise OptionsRefused(
                    f"'runlore jobs priority N JOB...' takes a whole number, not {value!r}"
                ) from None
            return _listed([queue.prioritize(name, priority) for name in _some(names, "priority N")])
        if options.action == "forget":
            every = names == ["all"]
            gone = queue.forget(
                [job.run_id for job in queue.jobs() if job.over] if every else _some(names, "forget")
            )
            return {"forgotten": gone}, f"{len(gone)} forgotten; what they recorded stays", 0
        if options.action == "wait":
            return _listed(queue.wait(_some(names, "wait")))
        act = getattr(queue, options.action)  # one of the choices that the command line knows
        return _listed([act(name) for name in _some(names, options.action)])


def queue(config: Config, store: RunStore, options: argparse.Namespace, note: Note) -> Result:
    """Show what the queue is at, set it, or work it.

    Raises:
        OptionsRefused: slots are no such number.
        SettingRefused: the environment names backends wrongly.
    """
    if (options.slots is not None) != (options.action == "slots"):
        raise OptionsRefused(
            "'runlore queue slots N' says how many reruns go on at once, 'default' for the default"
        )
    with _opened(config, store) as found:
        if options.action == "work":
            return _work(found, note)
        if options.action == "pause":
            found.pause()
        elif options.action == "resume":
            found.resume()
        elif options.action == "slots":
            found.set_slots(_slots(options.slots))
        status = found.status()
    return msgspec.to_builtins(status), told.status(status), 0


def rerun(config: Config, store: RunStore, requests: Sequence[Request], note: Note, *, detach: bool) -> Result:
    """Have reruns carried out by the queue: by the server that owns it, or by this process while nobody does.

    Ctrl-C stops those that are not over.

    Raises:
        see ``JobQueue.submit``. Nothing was queued then.
    """
    with _opened(config, store) as queue:
        submitted = queue.submit_many(requests)
        if detach:
            owned = queue.status().owned
            hint = "" if owned else "\nNobody works the queue; start a server, or 'runlore queue work'."
            return _listed(submitted, hint)
        ids = [job.run_id for job in submitted]
        try:
            queue.start()
            ended = _followed(queue, ids, note)
        except KeyboardInterrupt:
            for run_id in ids:
                with contextlib.suppress(OptionsRefused):
                    queue.stop(run_id)
            queue.wait(ids, 10.0)
            raise
        leave(queue, note)
    if all(job.state == "cancelled" for job in ended):
        raise KeyboardInterrupt  # somebody else stopped them
    code = max(_exit_code(job) for job in ended)
    texts = [_ending(config, job) for job in ended]
    if len(ended) == 1 and ended[0].verdict is not None:
        (job,) = ended
        body = {"run_id": job.run_id, "rerun_of": job.rerun_of, "notebook": _notebook(config, job)}
        return {**body, **msgspec.to_builtins(job.verdict)}, texts[0], code
    return {"jobs": [_body(job) for job in ended]}, "\n\n".join(texts), code


def leave(queue: JobQueue, note: Note, at_once: Callable[[], bool] = lambda: False) -> None:
    """Wait for what others queued and this process carries out, unless it is to leave at once or Ctrl-C comes."""
    told_before = 0
    with contextlib.suppress(KeyboardInterrupt):
        while not at_once() and not queue.wind_down(1.0):
            running = queue.status().running
            if running != told_before:
                told_before = running
                note(f"waiting for {running} that others queued and that run here; Ctrl-C queues them again")


def _followed(queue: JobQueue, ids: Sequence[str], note: Note) -> list[Job]:
    told_before: set[str] = set()
    while True:
        found = queue.wait(ids, 1.0)
        interrupts.heed()
        for job in found:
            text = told.progress(job)
            if text not in told_before:
                told_before.add(text)
                note(text)
        if all(job.over for job in found):
            return found


def _work(queue: JobQueue, note: Note) -> Result:
    queue.start()
    if not _owns(queue):
        status = queue.status()
        raise OptionsRefused(
            f"another process works this queue already ({status.running} running, {status.waiting} waiting)"
        )
    note("working the queue; Ctrl-C stops what runs, and leaves it queued")
    while not queue.drain(5.0):
        interrupts.heed()
        status = queue.status()
        note(f"{status.running} running, {status.waiting} waiting")
    status = queue.status()
    text = told.status(status)
    if status.waiting and not status.paused:
        text += "\nWhat waits cannot be carried out here: it needs devices, a backend or another job's end."
    return msgspec.to_builtins(status), text, 0


def _owns(queue: JobQueue) -> bool:
    """Whether it does now, or soon: who only looks whether there is an owner is one for a moment."""
    until = time.monotonic() + _MOMENT
    while not queue.owner and time.monotonic() < until:
        time.sleep(_MOMENT / 10)
    return queue.owner


@contextmanager
def _opened(config: Config, store: RunStore) -> Iterator[JobQueue]:
    queue = JobQueue(config.home, store, lambda _: None)
    try:
        yield queue
    finally:
        queue.shutdown()


def _slots(text: str) -> int | None:
    if text == "default":
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise OptionsRefused(f"slots are a whole number, or 'default', not {text!r:.40}")
    return int(text)


def _some(names: Sequence[str], action: str) -> Sequence[str]:
    if not names:
        raise OptionsRefused(f"'runlore jobs {action} JOB...' needs the job, by the run that it makes")
    return names


def _listed(found: Sequence[Job], hint: str = "") -> Result:
    return {"jobs": [_body(job) for job in found]}, told.table(found) + hint, 0


def _body(job: Job) -> dict[str, Any]:
    body = msgspec.to_builtins(job)
    assert isinstance(body, dict)  # noqa: S101 - what a dataclass becomes
    return body


def _exit_code(job: Job) -> int:
    return job.verdict.exit_code if job.verdict is not None else _NOTHING_PROVED


def _ending(config: Config, job: Job) -> str:
    if job.verdict is None:
        return f"{job.run_id}  {job.state}: {job.error or 'it was stopped'}"
    met = [f"  {line}" for line in job.criteria.described()] if job.criteria is not None else []
    text = report.judgement(job.run_id, job.rerun_of, job.verdict, _notebook(config, job))
    return "\n".join([text, *(["criteria:", *met] if met else [])])


def _notebook(config: Config, job: Job) -> str:
    return str(config.home.rerun(job.run_id) / "notebook.ipynb")
