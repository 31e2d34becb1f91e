"""The commands of ``runlore``: what each gives, as an object for programs, a text for people and an exit code."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from runlore.record import RunRecord
from runlore_server import interrupts, report
from runlore_server.config import Config
from runlore_server.errors import RerunRefused
from runlore_server.extra import require_lab_extra
from runlore_server.store.annotations import NOTHING
from runlore_server.store.exports import Exports
from runlore_server.store.exports_file import exports_path
from runlore_server.store.runs import RunStore
from runlore_server.terminal import note, tell_progress, tell_stage
from runlore_server.verdict.verdict import read_verdict

if TYPE_CHECKING:
    import argparse

    from runlore_server.rerun.parameters import Parameter

Result = tuple[dict[str, Any], str, int]
"""What a command gives: its JSON object, its text, its exit code."""


def _runs(config: Config, options: argparse.Namespace) -> Result:
    from runlore_server.store.command import runs

    return runs(config, _store(config), lambda shown: _mlflow_ids(config, shown), options)


def _filters(config: Config, options: argparse.Namespace) -> Result:
    from runlore_server.store.command import filters

    return filters(config, options)


def _show(config: Config, options: argparse.Namespace) -> Result:
    from runlore_server.automation.judging import Judging

    store = _store(config)
    run = store.find(options.run)
    known = report.Known(
        run=run,
        session=store.session(run),
        verdict=read_verdict(config.home, run.run_id),
        reruns=store.reruns_of(run.run_id),
        mlflow_run_id=_mlflow_ids(config, [run]).get(run.run_id),
        said=store.annotations.known.get(run.run_id, NOTHING),
    )
    judging = Judging(store)
    settable, judged = _settable(run, store), judging.of(run.run_id, known.verdict, judging.criteria())
    told = {**report.detail_object(known), "parameters": [parameter.described() for parameter in settable]}
    told["criteria"] = msgspec.to_builtins(judged)
    met = ["", "criteria:", *(f"  {line}" for line in judged.described())] if judged is not None else []
    return told, "\n".join([report.details(known), *met, *report.settable(settable)]), 0


def _settable(run: RunRecord, store: RunStore) -> list[Parameter]:
    """What a rerun could set; nothing for a run that cannot be rerun."""
    from runlore_server.rerun.prepare import replayed_cells
    from runlore_server.rerun.selection import settable

    try:
        return settable(run, replayed_cells(run, store.session(run)))
    except RerunRefused:
        return []


def _rerun(config: Config, options: argparse.Namespace) -> Result:
    require_lab_extra()
    from runlore_server.queue.asked import by_queue, needs_lease, requests
    from runlore_server.rerun.execution import Watch, fulfil, started_ahead

    store, asked = _store(config), requests(options)
    request = asked[0]
    run, group = request.runs(store)
    if by_queue(options) or needs_lease(config.home, run, request):
        from runlore_server.queue.command import rerun

        return rerun(config, store, asked, note, detach=options.detach)
    rerun_id, watch = (
        secrets.token_hex(8),
        Watch(stage=tell_stage, progress=tell_progress, should_stop=interrupts.came),
    )
    with started_ahead(config.home, rerun_id) as child:
        from runlore_server.rerun.prepare import prepare_as_asked

        folder = prepare_as_asked(config.home, run, request, rerun_id, find=store.find)
        plan = folder.plan()
        note(f"rerunning {run.name!r} ({run.run_id}) as {rerun_id}, {len(plan.cells)} cells")
        verdict = fulfil(config.home, folder, request, group, watch, child)
    if verdict is None:
        raise KeyboardInterrupt
    found = {
        "run_id": plan.run_id,
        "rerun_of": run.run_id,
        "notebook": str(folder.notebook),
        **msgspec.to_builtins(verdict),
    }
    text = report.judgement(plan.run_id, run.run_id, verdict, str(folder.notebook))
    return found, text, verdict.exit_code


def _verify(config: Config, options: argparse.Namespace) -> Result:
    require_lab_extra()
    from runlore_server.automation.verify import verify
    from runlore_server.rerun.execution import Watch

    return verify(
        config, options, Watch(stage=tell_stage, progress=tell_progress, should_stop=interrupts.came), note
    )


def _bundle(config: Config, options: argparse.Namespace) -> Result:
    require_lab_extra()
    from runlore_server.automation.command import bundle

    return bundle(config, _store(config), options)


def _criteria(config: Config, options: argparse.Namespace) -> Result:
    from runlore_server.automation.command import criteria

    return criteria(config, options)


def _schedule(config: Config, options: argparse.Namespace) -> Result:
    require_lab_extra()
    from runlore_server.automation.command import schedule

    return schedule(config, _store(config), options)


def _schedules(config: Config, options: argparse.Namespace) -> Result:
    require_lab_extra()
    from runlore_server.automation.command import schedules

    return schedules(config, options)


def _sweep(config: Config, options: argparse.Namespace) -> Result:
    require_lab_extra()
    from runlore_server.sweep.command import sweep

    return sweep(config, _store(config), options, note)


def _sweeps(config: Config, options: argparse.Namespace) -> Result:
    require_lab_extra()
    from runlore_server.sweep.command import sweeps

    return sweeps(config, options, note)


def _jobs(config: Config, options: argparse.Namespace) -> Result:
    from runlore_server.queue.command import jobs

    return jobs(config, _store(config), options)


def _queue(config: Config, options: argparse.Namespace) -> Result:
    require_lab_extra()
    from runlore_server.queue.command import queue

    return queue(config, _store(config), options, note)


def _diff(config: Config, options: argparse.Namespace) -> Result:
    require_lab_extra()
    from runlore_server.diff.command import command
    from runlore_server.mirror.command import bring

    bring(config, _store(config), options.a, options.b)
    return command(_store(config), options.a, options.b, notebook=options.notebook)


def _export(config: Config, options: argparse.Namespace) -> Result:
    require_lab_extra()
    from runlore_server.portable.command import write, write_as

    store = _store(config)
    if options.form != "notebook":
        whole = options.scope == "whole"
        return write_as(options.form, config.home, store, options.run, options.output, whole=whole)
    run = store.find(options.run)
    verdicts = [read_verdict(config.home, again.run_id) for again in store.reruns_of(run.run_id)]
    verdict = next((found for found in verdicts if found is not None), read_verdict(config.home, run.run_id))
    return write(run, store.session(run), verdict, output=options.output, whole=options.scope == "whole")


def _environments(config: Config, options: argparse.Namespace) -> Result:
    from runlore_server.rerun.environments import environments

    return environments(config.home, prune=options.prune, older_than=options.older_than, dry_run=options.dry_run)


def _kernels(config: Config, options: argparse.Namespace) -> Result:  # noqa: ARG001 - as the other commands
    require_lab_extra()
    from runlore_server.rerun.offered import kernels

    return kernels()


def _gc(config: Config, options: argparse.Namespace) -> Result:
    from runlore_server.retention.command import gc as collect

    return collect(config, options)


def _retention(config: Config, options: argparse.Namespace) -> Result:
    from runlore_server.retention.command import retention

    return retention(config, options)


def _mirror(config: Config, options: argparse.Namespace) -> Result:  # noqa: ARG001 - as the other commands
    require_lab_extra()
    from runlore_server.mirror.command import mirror

    return mirror(config)


def _ingest(config: Config, options: argparse.Namespace) -> Result:  # noqa: ARG001 - as the other commands
    require_lab_extra()
    from runlore_server.export.command import ingest

    return ingest(config, _store(config))


def _doctor(config: Config, options: argparse.Namespace) -> Result:
    from runlore_server.doctor.command import doctor

    return doctor(config, options)


def _gpus(config: Config, options: argparse.Namespace) -> Result:  # noqa: ARG001 - as the other commands
    require_lab_extra()
    from runlore_server.gpus.command import gpus

    return gpus(config, _store(config))


COMMANDS = {
    "runs": _runs,
    "filters": _filters,
    "show": _show,
    "rerun": _rerun,
    "verify": _verify,
    "bundle": _bundle,
    "criteria": _criteria,
    "schedule": _schedule,
    "schedules": _schedules,
    "sweep": _sweep,
    "sweeps": _sweeps,
    "jobs": _jobs,
    "queue": _queue,
    "diff": _diff,
    "export": _export,
    "environments": _environments,
    "kernels": _kernels,
    "gpus": _gpus,
    "gc": _gc,
    "retention": _retention,
    "ingest": _ingest,
    "mirror": _mirror,
    "doctor": _doctor,
}


def _mlflow_ids(config: Config, runs: Sequence[RunRecord]) -> dict[str, str]:
    """MLflow's ids of the runs that it has; looking creates nothing."""
    if not exports_path(config.home).is_file():
        return {}
    exports = Exports(config.home, config.tracking_uri)
    try:
        return exports.mlflow_ids(run.run_id for run in runs)
    finally:
        exports.close()


def _store(config: Config) -> RunStore:
    store = RunStore(config.home)
    store.refresh()
    return store
