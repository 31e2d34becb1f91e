"""Two recorded runs, part by part: code, parameters, environment, data, randomness, hardware, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from runlore.errors import JournalFormatError, ObjectMissing
from runlore.objects import ObjectStore
from runlore.record import CellRecord, RunRecord
from runlore.session_record import SessionRecord
from runlore.untrusted import from_json
from runlore_server.diff.cells import CellDiff, align
from runlore_server.diff.outputs import OutputsDiff, compare_shown
from runlore_server.store.cells import ExecutedCell, executed_cells, only_loads_runlore
from runlore_server.store.curves import Points
from runlore_server.verdict.compare import Point, compare
from runlore_server.verdict.findings import curves
from runlore_server.verdict.verdict import Number, as_number

_ENVIRONMENT = ("python", "implementation", "platform")
_TABLES = ("packages", "variables", "libraries")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something that differs, by its name; ``None`` where a run does not have it."""

    name: str
    a: Any
    b: Any


class MetricDiff(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of either run.

    ``step`` is that of the first point that differs, ``None`` when all are the same in their bits; ``a`` and ``b``
    are the values there. ``points`` counts each side's.
    """

    metric: str
    points: tuple[int, int]
    step: int | None
    a: Number | None
    b: Number | None
    last: tuple[Number | None, Number | None]


class RunDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between runs ``a`` and ``b``; equal things are left out, but for cells, outputs and metrics.

    ``outcome`` is how they ended. Cells that did nothing but load Runlore are left out.
    ``diverging`` names the metric that was the first to part, in the order in which ``a`` logged. ``unknown`` is
    what could not be compared, and why.
    """

    a: str
    b: str
    same: bool
    outcome: list[Change]
    cells: list[CellDiff]
    outputs: list[OutputsDiff]
    modules: list[Change]
    parameters: list[Change]
    environment: list[Change]
    hardware: list[Change]
    data: list[Change]
    random: list[Change]
    artifacts: list[Change]
    metrics: list[MetricDiff]
    diverging: str | None
    unknown: list[str]


class Side(msgspec.Struct, frozen=True):
    """A run and its session."""

    run: RunRecord
    session: SessionRecord


def diff(a: Side, b: Side, objects: ObjectStore) -> RunDiff:
    """Compare two runs of one home. What is damaged on a side is told in ``unknown``."""
    unknown: list[str] = []
    cells = align(_executed(a), _executed(b))
    facts = _environment(a, objects, unknown), _environment(b, objects, unknown)
    environment = changes(*({key: one[key] for key in _ENVIRONMENT if key in one} for one in facts))
    for table in _TABLES:
        parts = [_flat(one.get(table)) for one in facts]
        environment += [_named(table, change) for change in changes(*parts)]
    metrics, diverging = _metrics(a, b, unknown)
    found = RunDiff(
        a=a.run.run_id,
        b=b.run.run_id,
        same=False,
        outcome=changes(_outcome(a), _outcome(b)),
        cells=cells,
        outputs=list(compare_shown(cells, a.session.cells, b.session.cells, objects)),
        modules=changes(_modules(a), _modules(b)),
        parameters=changes(a.run.params, b.run.params),
        environment=[*environment, *changes(_git(a), _git(b))],
        hardware=changes(*(_flat(one.get("hardware")) for one in facts)),
        data=changes(_data(a), _data(b)),
        random=changes(_random(a), _random(b)),
        artifacts=changes(*({path: one.digest for path, one in side.run.artifacts.items()} for side in (a, b))),
        metrics=metrics,
        diverging=diverging,
        unknown=unknown,
    )
    lists = (
        found.outcome,
        found.modules,
        found.parameters,
        found.environment,
        found.hardware,
        found.data,
        found.random,
    )
    same = (
        all(cell.status == "same" for cell in cells)
        and all(pair.status == "same" for pair in found.outputs)
        and not any([*lists, found.artifacts, unknown])
        and all(metric.step is None for metric in metrics)
    )
    return msgspec.structs.replace(found, same=same)


def changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Change]:
    """What has another value, or is in one of them only, by name."""
    names = sorted(a.keys() | b.keys())
    return [
        Change(name=name, a=a.get(name), b=b.get(name)) for name in names if name not in a or name not in b
        or not _alike(a[name], b[name])
    ]  # fmt: skip


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one.hex() == other.hex()  # NaN is NaN
    return type(one) is type(other) and bool(one == other)


def _named(table: str, change: Change) -> Change:
    return msgspec.structs.replace(change, name=f"{table}: {change.name}")


def _environment(side: Side, objects: ObjectStore, unknown: list[str]) -> dict[str, Any]:
    if side.run.environment is None:
        unknown.append(f"The environment of {side.run.run_id} was not recorded.")
        return {}
    try:
        return from_json(objects.get(side.run.environment), dict[str, Any])
    except (ObjectMissing, msgspec.DecodeError) as error:
        unknown.append(f"The environment of {side.run.run_id} is lost: {error}.")
        return {}


def _flat(table: Any, prefix: str = "") -> dict[str, Any]:
    """Nested tables with dots in their names."""
    found: dict[str, Any] = {}
    for name, value in table.items() if isinstance(table, dict) else ():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def _outcome(side: Side) -> dict[str, Any]:
    error = side.run.error
    found: dict[str, Any] = {"status": side.run.status}
    return found if error is None else {**found, "error": f"{error.name}: {error.message}"}


def _executed(side: Side) -> list[ExecutedCell]:
    """The cells before the run's end; a rerun loads Runlore otherwise than by a cell."""
    cells = executed_cells(side.run, side.session)
    return [cell for cell in cells if cell.ordinal >= 0 or not only_loads_runlore(cell.source)]


def _git(side: Side) -> dict[str, Any]:
    git = side.run.git
    return {} if git is None else {"git commit": git.commit, "git patch": git.patch, "git dirty": git.dirty}


def _cells(side: Side) -> list[CellRecord]:
    return [side.session.cells[cell.ordinal] for cell in executed_cells(side.run, side.session)]


def _modules(side: Side) -> dict[str, str]:
    """The source of each of the user's modules, and of scripts of processes, as it was when the run ended."""
    loads = [*side.session.outside.modules, *(one for cell in _cells(side) for one in cell.facts.modules)]
    scripts = [read for cell in _cells(side) for read in cell.facts.scripts]
    read = {script.path: script.digest for script in scripts if script.digest is not None}
    return {**{loaded.module: loaded.digest for loaded in loads}, **read}


def _data(side: Side) -> dict[str, str | None]:
    """Files that were read before the session wrote them."""
    found: dict[str, str | None] = {}
    written: set[str] = set()
    for cell in _cells(side):
        for read in cell.facts.reads:
            if read.path not in written:
                found.setdefault(read.path, read.digest)
        written.update(one.path for one in cell.facts.writes)
    return found


def _random(side: Side) -> dict[str, str]:
    """The states with which the run's first cell began."""
    cell = side.session.cells.get(side.run.cell) if side.run.cell is not None else None
    return {} if cell is None else {**cell.rng, **cell.generators}


def _metrics(a: Side, b: Side, unknown: list[str]) -> tuple[list[MetricDiff], str | None]:
    sides: list[dict[str, Points]] = []
    for side in (a, b):
        try:
            sides.append(curves(side.run))
        except JournalFormatError as error:
            unknown.append(f"The metrics of {side.run.run_id}: {error}.")
            return [], None
    found = []
    for metric in [*sides[0], *(name for name in sides[1] if name not in sides[0])]:
        ours, theirs = ({metric: side[metric]} if metric in side else {} for side in sides)
        first = compare(ours, theirs).first
        points = [one.get(metric) for one in (ours, theirs)]
        step = None if first is None else (first.original or first.rerun or Point(0, 0.0)).step
        values = (None, None) if first is None else (_at(first.original, step), _at(first.rerun, step))
        found.append(
            MetricDiff(
                metric=metric,
                points=(_count(points[0]), _count(points[1])),
                step=step,
                a=values[0],
                b=values[1],
                last=(_last(points[0]), _last(points[1])),
            )
        )
    whole = compare(*sides).first
    return found, whole.metric if whole is not None else None


def _at(point: Point | None, step: int | None) -> Number | None:
    return as_number(point.value) if point is not None and point.step == step else None


def _count(points: Points | None) -> int:
    return 0 if points is None else len(points)


def _last(points: Points | None) -> Number | None:
    return as_number(float(points["value"][-1])) if points is not None and len(points) else None
