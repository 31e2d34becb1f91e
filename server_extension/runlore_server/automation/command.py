"""What ``runlore criteria``, ``bundle``, ``schedule`` and ``schedules`` do."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import msgspec

from runlore_server.automation import declared
from runlore_server.automation.criteria import Criteria, Limit
from runlore_server.automation.notes import AutomationNotes
from runlore_server.automation.schedule import Schedule
from runlore_server.automation.scheduling import Wish, described, paused, scheduled
from runlore_server.bundle.command import write
from runlore_server.config import Config
from runlore_server.errors import CriteriaNotFound, InvalidRequest
from runlore_server.queue.request import Request
from runlore_server.store.runs import RunStore
from runlore_server.whole import write_whole

Result = tuple[dict[str, Any], str, int]
"""The JSON object, the text and the exit code of a command."""


def bundle(config: Config, store: RunStore, options: argparse.Namespace) -> Result:
    """Write a run as one file, with the success criteria of its experiment.

    Raises:
        RunNotFound, AmbiguousRun: there is no such run.
        RerunRefused: it cannot be repeated elsewhere.
        OSError: the file cannot be written.
    """
    run = store.find(options.run)
    asked = declared.in_directory(Path.cwd()) or AutomationNotes(config.home).criteria()
    return write(config.home, run, store.session(run), options.output, asked.get(run.experiment))


def criteria(config: Config, options: argparse.Namespace) -> Result:
    """List criteria, set or remove those of one experiment, or exchange them with a file.

    Raises:
        InvalidRequest: those are no criteria.
        FilterError: a condition is no filter.
        CriteriaNotFound: there are none to remove, or to take over.
        OSError, sqlite3.Error, JournalFormatError: they cannot be read or written.
    """
    notes, experiment = AutomationNotes(config.home), options.experiment
    asked = any(given is not None for given in (options.conditions, options.verdict, options.within))
    if experiment is None and (asked or options.remove):
        raise InvalidRequest("name the experiment: runlore criteria EXPERIMENT --set 'metrics.val_acc >= 0.97'")
    if sum(map(bool, (asked, options.remove, options.import_))) > 1:
        raise InvalidRequest("set criteria, --remove them or --import them: one at a time")
    if options.import_:
        there = declared.in_file(Path(options.import_))
        if experiment is not None and experiment not in there:
            raise CriteriaNotFound(f"{options.import_} has no success criteria of experiment {experiment!r}")
        for name in there if experiment is None else [experiment]:
            notes.put_criteria(name, there[name])
    elif options.remove:
        notes.remove_criteria(experiment)
    elif asked:
        notes.put_criteria(experiment, _made(options))
    known = {name: one for name, one in notes.criteria().items() if experiment in (None, name)}
    if options.export:
        write_whole(Path(options.export), declared.as_toml(known).encode())
    return {"criteria": msgspec.to_builtins(known)}, "\n".join(_lines(known)), 0


def _made(options: argparse.Namespace) -> Criteria:
    return Criteria(
        verdict=options.verdict or "exact",
        conditions=options.conditions or [],
        tolerances=dict(map(_tolerance, options.within or [])),
    ).checked()


def _tolerance(text: str) -> tuple[str, Limit]:
    metric, _, limits = text.rpartition("=")
    rtol, _, atol = limits.partition(",")
    try:
        limit = Limit(rtol=float(rtol or 0), atol=float(atol or 0))
    except ValueError:
        metric, limit = "", Limit()
    if not metric:
        raise InvalidRequest(
            f"--within takes METRIC=RTOL or METRIC=RTOL,ATOL, such as 'loss*=1e-3', not {text!r:.80}"
        )
    return metric, limit


def _lines(known: dict[str, Criteria]) -> list[str]:
    if not known:
        return [
            "No criteria: a rerun succeeds if it is BIT-EXACT. 'runlore criteria --help' says how to set some."
        ]
    lines = []
    for experiment, asked in known.items():
        lines += [experiment, *(f"  {line}" for line in asked.described())]
    return lines


def schedule(config: Config, store: RunStore, options: argparse.Namespace) -> Result:
    """Keep a new schedule; raises what ``scheduled`` raises."""
    request = Request(
        run_id=options.run,
        kernel=options.kernel,
        env=options.env,
        parameters=dict(options.param),
        priority=options.priority,
    )
    files = None if options.on_change is None else [str(Path(file).absolute()) for file in options.on_change]
    wish = Wish(request=request, cron=options.cron, zone=options.zone, on_change=files)
    made = scheduled(config.home, store, wish)
    return described(made), "\n".join([*_told(made), "Servers on this home start it: JupyterLab with Runlore."]), 0


def schedules(config: Config, options: argparse.Namespace) -> Result:
    """List the schedules; remove or pause one, or let it go on.

    Raises:
        ScheduleNotFound: there is no such one.
        OSError, sqlite3.Error, JournalFormatError: they cannot be read or written.
    """
    notes = AutomationNotes(config.home)
    if options.remove is not None:
        notes.remove_schedule(notes.schedule(options.remove).id)
    for text, pause in ((options.pause, True), (options.resume, False)):
        if text is not None:
            paused(config.home, text, pause=pause)
    known = notes.schedules()
    lines = [line for one in known for line in _told(one)]
    text = "\n".join(lines) or "Nothing is scheduled. 'runlore schedule --help' says how that is done."
    return {"schedules": [described(one) for one in known]}, text, 0


def _told(one: Schedule) -> list[str]:
    due = None if one.paused else one.next_due()
    when = [f"{one.cron!r} ({one.zone})"] if one.cron is not None else []
    when += [f"when {watched.path} changes" for watched in one.watched]
    lines = [f"{one.id}  {one.name} ({one.request.run_id}): {', '.join(when)}{', paused' * one.paused}"]
    if due is not None:
        lines.append(f"  next   {_time(due)}")
    if one.fired is not None:
        lines.append(f"  last   {_time(one.fired)} as {one.last}")
    return [*lines, *([f"  {one.note}"] if one.note else [])]


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
