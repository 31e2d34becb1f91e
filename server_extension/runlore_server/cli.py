"""The command ``runlore``: list recorded runs, show one, rerun it, verify it, without JupyterLab."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, NoReturn

import msgspec

from runlore.errors import RunloreError, RunNotFound
from runlore.record import RunRecord
from runlore_server import report
from runlore_server.config import Config
from runlore_server.errors import ExportedElsewhere, ExportRefused, KernelMissing
from runlore_server.extra import require_lab_extra
from runlore_server.rerun.progress import Progress
from runlore_server.store.exports import Exports, exports_path
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import read_verdict

_EPILOG = """
RUN is a run's id, an unambiguous start of it, or MLflow's id for it.

exit codes:
  0  done; for rerun and verify: the run was reproduced (BIT-EXACT)
  1  the rerun did not reproduce the run (DIVERGED, FAILED)
  2  usage, or nothing could be compared or verified (UNVERIFIABLE, unknown run, kernel missing, refused)
  130  stopped with Ctrl-C; no process of the rerun is left
"""
_NOTHING_PROVED = 2
_INTERRUPTED = 130
_INTERVAL = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code (see ``runlore --help``)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser(as_json="--json" in given).parse_args(given, argparse.Namespace(json=False, home=None))
    try:
        found, text, code = _COMMANDS[options.command](Config.resolve(options.home), options)
    except KeyboardInterrupt:
        return _fail(options.json, "Interrupted", "stopped", _INTERRUPTED)
    except RunloreError as error:
        if isinstance(error, KernelMissing):
            text = f"{error} (--kernel NAME chooses another one.)"
            return _fail(options.json, "KernelMissing", text, _NOTHING_PROVED, kernels=error.kernels)
        return _fail(options.json, type(error).__name__, str(error), _NOTHING_PROVED)
    except OSError as error:
        return _fail(options.json, type(error).__name__, str(error), _NOTHING_PROVED)
    except Exception as error:  # noqa: BLE001 - a reader of --json gets its object whatever happens
        traceback.print_exc()
        return _fail(options.json, type(error).__name__, f"unexpected: {error}", _NOTHING_PROVED)
    return _print(_as_json(found) if options.json else text) or code


def _print(text: str) -> int:
    """Write the answer; 0, or what to exit with when that could not be done."""
    try:
        if sys.stdout is not None:
            print(text.encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding), flush=True)
    except BrokenPipeError:
        _abandon_stdout()  # "runlore runs | head" has read enough
    except OSError as error:
        _abandon_stdout()
        sys.stderr.write(f"runlore: the answer could not be written: {error}\n")
        return _NOTHING_PROVED
    return 0


def _abandon_stdout() -> None:
    """What was not written is dropped: the interpreter would try again at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_Result = tuple[dict[str, Any], str, int]
"""What a command gives: its JSON object, its text, its exit code."""


def _runs(config: Config, options: argparse.Namespace) -> _Result:
    store = _store(config)
    shown = store.all()[: options.limit]
    verdicts = [read_verdict(config.home, run.run_id) for run in shown]
    in_mlflow = _mlflow_ids(config, shown)
    objects = [
        report.run_object(run, _notebook(store, run), verdict, in_mlflow.get(run.run_id))
        for run, verdict in zip(shown, verdicts, strict=True)
    ]
    return {"runs": objects}, report.table(list(zip(shown, verdicts, strict=True))), 0


def _notebook(store: RunStore, run: RunRecord) -> str | None:
    try:
        return store.session_info(run).notebook
    except RunNotFound:
        return None  # the first line of its journal is damaged: no reason to hide the other runs


def _show(config: Config, options: argparse.Namespace) -> _Result:
    store = _store(config)
    run = store.find(options.run)
    known = report.Known(
        run=run,
        session=store.session(run),
        verdict=read_verdict(config.home, run.run_id),
        reruns=store.reruns_of(run.run_id),
        mlflow_run_id=_mlflow_ids(config, [run]).get(run.run_id),
    )
    return report.detail_object(known), report.details(known), 0


def _rerun(config: Config, options: argparse.Namespace) -> _Result:
    from runlore_server.rerun.prepare import prepare

    run = _store(config).find(options.run)
    folder = prepare(config.home, run.session_id, run.run_id, kernel=getattr(options, "kernel", None))
    from runlore_server.rerun.execution import execute

    plan = folder.plan()
    _note(f"rerunning {run.name!r} ({run.run_id}) as {plan.run_id}, {len(plan.cells)} cells")
    verdict = execute(config.home, folder, progress=_tell_progress)
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


def _ingest(config: Config, options: argparse.Namespace) -> _Result:  # noqa: ARG001 - as the other commands
    require_lab_extra()
    from runlore_server.ingest import Exporter
    from runlore_server.store.curves import CurveSummaries

    exports = Exports(config.home, config.tracking_uri)
    exporter = Exporter(config, _store(config), CurveSummaries(), exports)
    exporter.start()
    try:
        while (status := exporter.status()).pending:
            if not status.owner:
                raise ExportedElsewhere(
                    f"another process on {config.home.path} brings MLflow up to date already (a Jupyter server?); "
                    "it will have these runs shortly"
                )
            if status.error is not None:
                raise ExportRefused(f"MLflow does not have {status.pending} run(s): {status.error}")
            time.sleep(_INTERVAL)
    finally:
        exporter.shutdown()
        exports.close()
    where = config.shown_tracking_uri
    return {"tracking_uri": where, "pending": 0}, f"{where} has every recorded run.", 0


_COMMANDS = {"runs": _runs, "show": _show, "rerun": _rerun, "verify": _rerun, "ingest": _ingest}


def _mlflow_ids(config: Config, runs: list[RunRecord]) -> dict[str, str]:
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


def _tell_progress(now: Progress) -> None:
    if now.cell is not None:
        _note(f"[{now.done + 1}/{now.total}] cell {now.cell}")


def _note(text: str) -> None:
    """For a person at a terminal; a program that reads this command is not told."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


def _fail(as_json: bool, reason: str, message: str, code: int, **extra: Any) -> int:
    print(f"runlore: {message}", file=sys.stderr)
    if as_json:
        print(_as_json({"error": {"reason": reason, "message": message, **extra}}))
    return code


def _as_json(found: dict[str, Any]) -> str:
    return json.dumps(found, allow_nan=False)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


_count.__name__ = "number of runs (1 or more)"


class _Parser(argparse.ArgumentParser):
    as_json = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options["allow_abbrev"] = False  # "--js" must not half count as "--json"
        super().__init__(*arguments, **options)

    def error(self, message: str) -> NoReturn:
        if self.as_json:
            print(_as_json({"error": {"reason": "Usage", "message": message}}))
        super().error(message)


def _parser(*, as_json: bool) -> argparse.ArgumentParser:
    common = _Parser(add_help=False)
    # Without defaults of their own, both may stand before the command as well as after it.
    unset = argparse.SUPPRESS
    common.add_argument("--json", action="store_true", default=unset, help="print exactly one JSON object")
    common.add_argument("--home", metavar="DIR", default=unset, help="where runs are recorded ($RUNLORE_HOME)")
    _Parser.as_json = as_json
    parser = _Parser(
        prog="runlore",
        description="Recorded notebook runs: list them, look at one, run one again to see whether it reproduces.",
        parents=[common],
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"runlore {version('runlore')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            parents=[common],
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    runs = command("runs", "list recorded runs, newest first")
    runs.add_argument("--limit", type=_count, default=50, metavar="N", help="how many at the most (default: 50)")
    command("show", "show everything recorded about one run").add_argument("run", metavar="RUN")
    for name, text in (
        ("rerun", "run a recorded run again and say whether it reproduced"),
        ("verify", "the same as rerun, for the exit code: 0 only if it reproduced bit for bit"),
    ):
        again = command(name, text)
        again.add_argument("run", metavar="RUN")
        again.add_argument("--kernel", metavar="NAME", help="use this kernel instead of the recorded one")
    command("ingest", "bring MLflow up to date with the recorded runs now")
    return parser


if __name__ == "__main__":
    sys.exit(main())
