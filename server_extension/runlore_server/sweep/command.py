"""The commands ``runlore sweep`` and ``runlore sweeps``."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runlore_server.config import Config
from runlore_server.errors import OptionsRefused
from runlore_server.queue.queue import JobQueue
from runlore_server.store.runs import RunStore
from runlore_server.sweep import tables
from runlore_server.sweep.driving import drive, wants_driver
from runlore_server.sweep.plan import plan
from runlore_server.sweep.request import checked
from runlore_server.sweep.service import is_served
from runlore_server.sweep.sweep import SweepFolder, create, find, folders

Result = tuple[dict[str, Any], str, int]
Note = Callable[[str], None]
_FAILED, _STOPPED = 1, 130


def sweep(config: Config, store: RunStore, options: argparse.Namespace, note: Note) -> Result:
    """Begin a sweep and drive it to its end, or leave that to the server."""
    parameters: dict[str, Any] = {}
    for name, values in options.param:
        if name in parameters:
            raise OptionsRefused(f"parameter {name} is given twice; write all its values in one: {name}=A,B,C")
        parameters[name] = values
    names = (
        "metric", "sampler", "pruner", "trials", "jobs", "seeds", "center", "population", "sampler_seed", "name",
        "scope", "kernel", "env", "priority", "retries", "timeout", "gpus", "gpu_type", "gpu_memory", "backend",
    )  # fmt: skip
    asked = {
        "run_id": options.run,
        "parameters": parameters,
        "conditions": options.where,
        "direction": "maximize" if options.maximize else "minimize",
        "reading": options.value,
        "seconds": options.within,
        "least_steps": options.steps[0],
        "most_steps": options.steps[1],
        **{name: getattr(options, name) for name in names},
    }
    planned = plan(store, checked(asked))
    if options.detach:
        _require_server(config)
    jobs = JobQueue(config.home, store, lambda _: None)
    try:
        jobs.check([planned.example()])
    finally:
        jobs.shutdown()
    folder = create(config.home, planned.request)
    note(f"sweep {folder.sweep_id} of {planned.run.name!r} ({planned.run.run_id})")
    return _shown(folder, 0) if options.detach else _driven(config, folder, note)


def sweeps(config: Config, options: argparse.Namespace, note: Note) -> Result:
    """List sweeps, show one, draw it, or change what is wanted of it."""
    if (options.within is not None or options.detach) and not (options.resume or options.extend):
        raise OptionsRefused("--within and --detach say how a sweep goes on: give --resume or --extend N as well")
    if options.sweep is None:
        if options.stop or options.resume or options.extend or options.plots:
            raise OptionsRefused("say which sweep: 'runlore sweeps' lists them")
        known = [(folder.sweep(), folder.progress()) for folder in folders(config.home)]
        return {"sweeps": [tables.listed(*one) for one in known]}, tables.overview(known), 0
    folder = find(config.home, options.sweep)
    if options.plots is not None:
        from runlore_server.sweep.plots import write

        written = write(config.home, folder, Path(options.plots))
        told = {"sweep_id": folder.sweep_id, "plots": {name: str(path) for name, path in written.items()}}
        return told, "\n".join(str(path) for path in written.values()), 0
    if options.stop:
        folder.wish(wish="stop")
        if not is_served(config.home):
            # Gives back what a killed driver left; that needs somebody who ends its jobs.
            left = any(trial.state == "running" for trial in folder.progress().trials)
            drive(config, folder, threading.Event(), work=left)
        return _shown(folder, 0)
    if options.resume or options.extend:
        _go_on(folder, options)
        if options.detach:
            _require_server(config)
            return _shown(folder, 0)
        return _driven(config, folder, note)
    return _shown(folder, 0)


def _go_on(folder: SweepFolder, options: argparse.Namespace) -> None:
    now, progress = folder.sweep(), folder.progress()
    changes: dict[str, Any] = {"wish": "run"}
    if options.extend:
        changes["trials"] = max(now.request.trials or 0, len(progress.trials)) + options.extend
        if now.request.seconds is not None and options.within is None:
            changes["seconds"] = None
    if options.within is not None:
        changes["seconds"] = progress.spent + options.within
    folder.wish(**changes)


def _require_server(config: Config) -> None:
    if not is_served(config.home):
        raise OptionsRefused(
            f"no Jupyter server with Runlore works on {config.home.path}: start one, or leave --detach out"
        )


def _driven(config: Config, folder: SweepFolder, note: Note) -> Result:
    """Drive a sweep here, or watch who does. Ctrl-C stops the sweep; a second one leaves it as it is."""
    leave, teller = threading.Event(), tables.Teller(folder.sweep(), note)
    ended: list[BaseException] = []

    def work() -> None:
        try:
            while drive(config, folder, leave, work=True, told=teller.tell, note=note) is None:
                teller.tell(folder.progress())
                if leave.wait(1.0) or not wants_driver(folder):
                    return
        except BaseException as error:  # noqa: BLE001 - raised again below, in the main thread
            ended.append(error)

    # In a thread of its own, so that Ctrl-C does not come in the middle of a step.
    thread = threading.Thread(target=work, name="runlore sweep", daemon=True)
    thread.start()
    interrupts = 0

    def interrupted(*_: object) -> None:
        nonlocal interrupts
        interrupts += 1

    told, before = 0, signal.signal(signal.SIGINT, interrupted)
    try:
        while thread.is_alive():
            thread.join(0.2)
            if interrupts > told == 0:
                told = 1
                note(f"stopping; 'runlore sweeps {folder.sweep_id} --resume' goes on later")
                folder.wish(wish="stop")
            elif interrupts > 1:
                leave.set()
    finally:
        signal.signal(signal.SIGINT, before)
    if ended:
        raise ended[0]
    return _shown(folder, _STOPPED if interrupts else 0)


def _shown(folder: SweepFolder, code: int) -> Result:
    now, progress = folder.sweep(), folder.progress()
    nothing = progress.state == "finished" and all(trial.value is None for trial in progress.trials)
    code = _FAILED if code == 0 and (progress.state == "failed" or nothing) else code
    return tables.object_of(now, progress), tables.details(now, progress), code
