"""Runs and verdicts as a terminal shows them, and as ``--json`` prints them."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from runlore.archive import is_lost
from runlore.card import format_duration
from runlore.curve import last_point
from runlore.errors import JournalFormatError
from runlore.home import is_mirrored
from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore_server.rerun.parameters import Parameter
from runlore_server.retention.notes import removed_of
from runlore_server.store.annotations import Annotation
from runlore_server.store.cells import executed_cells
from runlore_server.store.filters import SavedFilter
from runlore_server.store.listing import listed_run
from runlore_server.store.mirrored import mlflow_run_of
from runlore_server.store.pruned import pruned_at
from runlore_server.store.system import load_of, loads
from runlore_server.verdict.told import rests_on, word
from runlore_server.verdict.verdict import Verdict, as_number

_HEAD = ("run", "name", "status", "started", "duration", "metrics", "verdict", "rerun of")
_SHORT_ID = 8
_MOST_METRICS = 4
_LONGEST_NAME = 30
_LONGEST_VALUE = 60
_MOST_FILES = 20
_SHORT_DIGEST = 12


@dataclass(frozen=True)
class Known:
    """What there is to say of one run; ``reruns`` are the runs that repeat it."""

    run: RunRecord
    session: SessionRecord
    verdict: Verdict | None
    reruns: Sequence[RunRecord]
    mlflow_run_id: str | None
    said: Annotation


def as_json(found: dict[str, Any]) -> str:
    """The one line that ``--json`` prints."""
    return json.dumps(found, allow_nan=False)


def last_values(run: RunRecord) -> dict[str, tuple[int, float]]:
    """Metric to step and value of its last point; metrics without a readable point are left out."""
    found = {}
    for metric, path in run.metrics.items():
        point, told = _last_point(path), run.reported.get(metric)
        if told is not None and told.is_after(point and point[1]):
            found[metric] = (told.step, float(told.value))
        elif point is not None:
            found[metric] = (point[0], point[2])
    return found


def _last_point(path: Any) -> tuple[int, float, float] | None:
    try:
        return last_point(path)
    except (JournalFormatError, OSError):
        return None


# -- text ---------------------------------------------------------------------------------------------------


def table(runs: Sequence[tuple[RunRecord, Verdict | None, Annotation]]) -> str:
    """The runs, one a line under a heading."""
    if not runs:
        return "No run is recorded yet. In a notebook: %load_ext runlore, then %%track at the top of a cell."
    rows = [_HEAD, *(_row(*known) for known in runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def listed_filters(filters: Sequence[SavedFilter]) -> list[str]:
    """The saved filters, one a line."""
    shown = [(f.name, f.filter + (f"  ordered by {f.order_by}" if f.order_by else "")) for f in filters]
    return _aligned(shown)


def _row(run: RunRecord, verdict: Verdict | None, said: Annotation) -> tuple[str, ...]:
    values = [f"{name}={_short_number(value)}" for name, (_, value) in last_values(run).items()]
    more = f" +{len(values) - _MOST_METRICS}" if len(values) > _MOST_METRICS else ""
    return (
        run.run_id[:_SHORT_ID],
        _printable(run.name, _LONGEST_NAME),
        "pruned" if pruned_at(said, run.status) is not None else run.status,
        _local_time(run.started),
        format_duration(run.duration) if run.duration is not None else "",
        _printable(" ".join(values[:_MOST_METRICS]), 200) + more,
        _printable(word(verdict), _LONGEST_NAME) if verdict else "",
        (run.rerun_of or "")[:_SHORT_ID],
    )


def details(known: Known) -> str:
    """Everything that tells of one run on a screen or two."""
    run, session, verdict = known.run, known.session, known.verdict
    info, step = session.info, pruned_at(known.said, run.status)
    facts: list[tuple[str, str]] = [
        ("run", run.run_id),
        ("name", _printable(run.name, 200)),
        ("experiment", _printable(run.experiment, 200)),
        ("status", run.status if step is None else f"pruned by its sweep at step {step}"),
        ("started", _local_time(run.started)),
        ("duration", format_duration(run.duration) if run.duration is not None else ""),
        ("notebook", _printable(info.notebook or "", 300) if info else ""),
        ("directory", _printable(info.cwd, 300) if info else ""),
        ("kernel", f"{info.kernel_name or 'none'} ({info.executable})" if info and info.executable else ""),
        ("cells", _cells(run)),
        ("seed", "" if run.seed is None else str(run.seed)),
        ("git", _git(run)),
        ("rerun of", run.rerun_of or ""),
        ("verdict", f"{verdict.verdict}: {verdict.reason}" if verdict else ""),
        ("reruns", " ".join(rerun.run_id for rerun in known.reruns)),
        ("in MLflow", known.mlflow_run_id or mlflow_run_of(run.session_id) or ""),
        ("marked", ", ".join(word for word in ("pinned", "starred", "deleted") if getattr(known.said, word))),
        ("error", _printable(f"{run.error.name}: {run.error.message}", 300) if run.error else ""),
    ]
    lines = _aligned([(name, value) for name, value in facts if value])
    parts = [
        ("hypothesis", [_printable(line, 500) for line in known.said.hypothesis.splitlines()]),
        ("notes", [_printable(line, 500) for line in known.said.notes.splitlines()]),
        ("parameters", _aligned([(name, _printable(repr(value), 200)) for name, value in run.params.items()])),
        ("metrics", _aligned([(n, f"{v!r} at step {s}") for n, (s, v) in last_values(run).items()])),
        ("system metrics", _aligned([(name, str(load)) for name, load in loads(run).items()])),
        ("tags", _aligned([(name, _printable(value, 200)) for name, value in run.tags.items()])),
        ("artifacts", _aligned(_artifacts(run, session))),
        ("files read", _files(run, session, "reads")),
        ("files written", _files(run, session, "writes")),
        ("not captured", [_printable(f"{what}: {why}") for what, why in _lacking(run, session)]),
    ]
    for title, content in parts:
        if content:
            lines += ["", f"{title}:", *(f"  {line}" for line in content)]
    if run.cell is not None and run.cell in session.cells:
        lines += [
            "",
            "code:",
            *(f"  {_printable(line, 500)}" for line in session.cells[run.cell].source.splitlines()),
        ]
    return "\n".join(lines)


def judgement(run_id: str, rerun_of: str, verdict: Verdict, notebook: str) -> str:
    """A verdict, where it comes from and what it rests on."""
    lines = [f"{verdict.verdict}  {_printable(verdict.reason)}"]
    lines += [f"  - {_printable(cause, 500)}" for cause in verdict.causes]
    lines += [_printable(line, 500) for line in rests_on(verdict)]
    return "\n".join([*lines, *_aligned([("rerun", run_id), ("of", rerun_of), ("notebook", notebook)])])


def _aligned(pairs: Sequence[tuple[str, str]]) -> list[str]:
    shown = [(_printable(name, 200), _printable(value)) for name, value in pairs]
    width = max((len(name) for name, _ in shown), default=0)
    return [f"{name.ljust(width)}  {value}" for name, value in shown]


def _lacking(run: RunRecord, session: SessionRecord) -> list[tuple[str, str]]:
    """What was not captured, and the curves that are lost, each with the reason."""
    lost = [] if is_mirrored(run.session_id) else [metric for metric in run.metrics if is_lost(run, metric)]
    noted = [(n.what, n.why) for n in [*session.not_captured, *run.not_captured]]
    return noted + [(f"metric {metric}", "its points are no longer in the home") for metric in lost]


def _artifacts(run: RunRecord, session: SessionRecord) -> list[tuple[str, str]]:
    removed = removed_of(session.home, run)
    sizes = {path: f"{file.size} bytes" for path, file in run.artifacts.items()}
    return [(path, f"{size}, {removed[path]}" if path in removed else size) for path, size in sizes.items()]


def _files(run: RunRecord, session: SessionRecord, which: Literal["reads", "writes"]) -> list[str]:
    """What the cells up to the run's end opened, the last state of each, and the start of its digest."""
    last = run.cell if run.last_cell is None else run.last_cell
    cells = [] if last is None else [cell for ordinal, cell in sorted(session.cells.items()) if ordinal <= last]
    found: dict[str, str] = {}
    for facts in [session.outside] if last is None else [cell.facts for cell in cells]:
        for file in [*facts.reads, *facts.scripts] if which == "reads" else facts.writes:
            size = "" if file.size is None else f"{file.size} bytes  "
            digest = (file.digest or "no digest")[:_SHORT_DIGEST]
            found[_printable(file.path, 200)] = f"{digest}  {size}{_printable(file.why or '', 200)}".rstrip()
    lines = _aligned(list(found.items())[:_MOST_FILES])
    return [*lines, f"and {len(found) - _MOST_FILES} more"] if len(found) > _MOST_FILES else lines


def _cells(run: RunRecord) -> str:
    if run.cell is None:
        return "none (a script)"
    return str(run.cell) if run.last_cell in (None, run.cell) else f"{run.cell} to {run.last_cell}"


def _git(run: RunRecord) -> str:
    if run.git is None:
        return ""
    state = {True: "(with uncommitted changes)", False: "(clean)", None: ""}[run.git.dirty]
    return f"{(run.git.commit or 'no commit')[:12]} {run.git.branch or ''} {state}".rstrip()


def _local_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _short_number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else str(value)


def _printable(text: str, longest: int = sys.maxsize) -> str:
    """On one line, so that what was recorded cannot look like a line of ours."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return plain if len(plain) <= longest else plain[: longest - 3] + "..."


def for_terminal(text: str) -> str:
    """The lines with control characters escaped as JSON does: what was recorded must not steer the terminal."""
    return "".join(char if char.isprintable() or char in "\n\t" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1] if not char.isascii() else f"\\u{ord(char):04x}"


def settable(parameters: Sequence[Parameter]) -> list[str]:
    """The parameters that a rerun can set, under a heading; nothing without any."""
    found = [
        (p.name, f"{_printable(repr(p.value), 60)}  {p.type}" + (f" of {p.choices}" if p.choices else ""))
        for p in parameters
    ]
    return ["", "for 'runlore rerun -p NAME=VALUE':", *_aligned(found)] if found else []


# -- JSON ---------------------------------------------------------------------------------------------------


def run_object(
    run: RunRecord, said: Annotation, notebook: str | None, verdict: Verdict | None, mlflow_run_id: str | None
) -> dict[str, Any]:
    """What the list of runs says of one; of each metric, step and value of the last point."""
    metrics = {name: {"step": step, "last": as_number(value)} for name, (step, value) in last_values(run).items()}
    told = msgspec.to_builtins(verdict) if verdict else None
    return listed_run(
        run,
        said,
        notebook=notebook,
        metrics=metrics,
        load=load_of(run),
        verdict=told,
        mlflow_run_id=mlflow_run_id,
    )


def detail_object(known: Known) -> dict[str, Any]:
    """What is recorded about one run, its cells and those before it in executed order."""
    run, session, info = known.run, known.session, known.session.info
    removed = removed_of(session.home, run)
    return {
        **run_object(run, known.said, info.notebook if info else None, known.verdict, known.mlflow_run_id),
        "kernel": info.kernel_name if info else None,
        "directory": info.cwd if info else None,
        "cell": run.cell,
        "last_cell": run.last_cell,
        "seed": run.seed,
        "note": "\n\n".join(run.notes),
        "notes": known.said.notes,
        "hypothesis": known.said.hypothesis,
        "error": msgspec.to_builtins(run.error),
        "git": msgspec.to_builtins(run.git),
        "environment": run.environment,
        "system": {metric: load._asdict() for metric, load in loads(run).items()},
        "artifacts": [
            {**msgspec.to_builtins(artifact), "removed": msgspec.to_builtins(removed.get(artifact.path))}
            for artifact in run.artifacts.values()
        ],
        "not_captured": [{"what": what, "why": why} for what, why in _lacking(run, session)],
        "reruns": [rerun.run_id for rerun in known.reruns],
        "cells": msgspec.to_builtins(executed_cells(run, session)),
    }
