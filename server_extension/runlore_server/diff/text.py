"""The difference of two runs as a terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from runlore_server.diff.cells import CellDiff
from runlore_server.diff.diff import Change, MetricDiff, RunDiff, Side
from runlore_server.diff.outputs import OutputsDiff

_LONGEST = 60
_HEADER = 2
"""Lines of a unified diff that name the two sides."""


def told(found: RunDiff, a: Side, b: Side) -> str:
    """The difference as text."""
    lines = [f"a  {_run(a)}", f"b  {_run(b)}"]
    if found.same:
        return "\n".join(printable(line) for line in [*lines, "Nothing differs."])
    lines += _section("outcome", found.outcome)
    alike = sum(cell.status == "same" for cell in found.cells)
    lines += ["", f"code: {alike} of {len(found.cells)} cells are the same" if found.cells else "code: no cells"]
    for cell in found.cells:
        lines += _cell(cell)
    shown = [pair for pair in found.outputs if pair.status != "same"]
    if shown:
        lines += ["", "outputs:", *(f"  {_shown(pair)}" for pair in shown)]
    for title, changed in (
        ("modules", found.modules),
        ("parameters", found.parameters),
        ("environment", found.environment),
        ("hardware", found.hardware),
        ("data", found.data),
        ("random states", found.random),
        ("artifacts", found.artifacts),
    ):
        lines += _section(title, changed)
    if found.metrics:
        lines += ["", "metrics:", *(f"  {_metric(metric, found.diverging)}" for metric in found.metrics)]
    if found.unknown:
        lines += ["", "unknown:", *(f"  {line}" for line in found.unknown)]
    return "\n".join(printable(line) for line in lines)


def _run(side: Side) -> str:
    run, info = side.run, side.session.info
    words = [run.run_id, run.name, f"{datetime.fromtimestamp(run.started):%Y-%m-%d %H:%M:%S}"]
    if run.rerun_of is not None:
        words.append(f"rerun of {run.rerun_of}")
    if info is not None and info.notebook:
        words.append(info.notebook)
    return "  ".join(words)


def _section(title: str, changed: list[Change]) -> Iterator[str]:
    if changed:
        yield from (
            "",
            f"{title}:",
            *(f"  {change.name}: {_short(change.a)} -> {_short(change.b)}" for change in changed),
        )


def _cell(cell: CellDiff) -> Iterator[str]:
    if cell.status == "same":
        return
    if cell.status == "changed":
        yield f"  cell {cell.a} of a, cell {cell.b} of b"
        lines = cell.diff.splitlines()[_HEADER:]
    else:
        yield f"  cell {cell.b if cell.a is None else cell.a}, in {cell.status.removeprefix('only ')} only"
        lines = cell.diff.splitlines()[_HEADER + 1 :]
    yield from (f"    {line}" for line in lines)


def _shown(pair: OutputsDiff) -> str:
    if pair.a is None or pair.b is None:
        return f"cell {pair.b if pair.a is None else pair.a}: in {pair.status.removeprefix('only ')} only"
    what = {
        "changed": "differ",
        "unknown": "are lost, and nobody knows whether they differ",
        "only a": "in a only",
        "only b": "in b only",
    }
    return f"cell {pair.a} of a, cell {pair.b} of b: {what[pair.status]}"


def _metric(metric: MetricDiff, diverging: str | None) -> str:
    ours, theirs = metric.points
    if not ours or not theirs:
        side, last = ("a", metric.last[0]) if ours else ("b", metric.last[1])
        return f"{metric.metric}: in {side} only, {_points(ours or theirs)}, last {_short(last)}"
    points = _points(ours) if ours == theirs else f"{ours} and {theirs} points"
    if metric.step is None:
        return f"{metric.metric}: the same, {points}, last {metric.last[0]}"
    first = ", the first to part" if metric.metric == diverging else ""
    return (
        f"{metric.metric}: differs from step {metric.step} on{first}: {_short(metric.a)} -> {_short(metric.b)}; "
        f"{points}, last {_short(metric.last[0])} -> {_short(metric.last[1])}"
    )


def _points(count: int) -> str:
    return "1 point" if count == 1 else f"{count} points"


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return text[:8]
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def printable(line: str) -> str:
    """Without control characters: what was recorded must not steer the terminal."""
    return "".join(char if char.isprintable() else " " for char in line)
