"""``runlore diff A B``: two runs side by side, for a terminal."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from runlore.objects import ObjectStore
from runlore_server.diff.diff import Change, MetricDiff, RunDiff, Side, diff
from runlore_server.errors import PackageMissing
from runlore_server.rerun.kernels import Kernel
from runlore_server.store.cells import executed_cells
from runlore_server.store.runs import RunStore

_LONGEST = 60


def compare_runs(store: RunStore, a: str, b: str) -> RunDiff:
    """The difference of two runs, each given by anything that ``RunStore.find`` takes.

    Raises:
        RunNotFound, AmbiguousRun: see ``RunStore.find``.
    """
    return diff(_side(store, a), _side(store, b), ObjectStore(store.home.objects))


def command(store: RunStore, a: str, b: str, *, notebook: bool) -> tuple[dict[str, Any], str, int]:
    """The JSON object, the text and the exit code of the command: 0 when nothing differs, else 1.

    Raises:
        RunNotFound, AmbiguousRun: see ``RunStore.find``.
        PackageMissing: a view of notebooks was asked for, and nbdime is not installed.
    """
    found = compare_runs(store, a, b)
    text = _as_notebooks(_side(store, a), _side(store, b)) if notebook else told(found)
    return msgspec.to_builtins(found), text, 0 if found.same else 1


def _side(store: RunStore, text: str) -> Side:
    run = store.find(text)
    return Side(run, store.session(run))


def told(found: RunDiff) -> str:
    """The difference as text."""
    lines = [f"a  {found.a}", f"b  {found.b}"]
    if found.same:
        return "\n".join([*lines, "Nothing differs."])
    alike = sum(cell.status == "same" for cell in found.cells)
    lines += ["", f"code: {alike} of {len(found.cells)} cells are the same"]
    for cell in found.cells:
        if cell.status != "same":
            lines += [
                f"  {_heading(cell.status, cell.a, cell.b)}",
                *(f"    {line}" for line in cell.diff.splitlines()),
            ]
    for title, changed in (
        ("modules", found.modules),
        ("parameters", found.parameters),
        ("environment", found.environment),
        ("hardware", found.hardware),
        ("data", found.data),
        ("random states", found.random),
        ("artifacts", found.artifacts),
    ):
        if changed:
            lines += ["", f"{title}:", *(f"  {_change(change)}" for change in changed)]
    if found.metrics:
        lines += ["", "metrics:", *(f"  {_metric(metric, found.diverging)}" for metric in found.metrics)]
    if found.unknown:
        lines += ["", "unknown:", *(f"  {line}" for line in found.unknown)]
    return "\n".join(_printable(line) for line in lines)


def _heading(status: str, a: int | None, b: int | None) -> str:
    if status == "changed":
        return f"cell {a} of a, cell {b} of b"
    return f"cell {a if a is not None else b}, in {status.removeprefix('only ')} only"


def _change(change: Change) -> str:
    return f"{change.name}: {_short(change.a)} -> {_short(change.b)}"


def _metric(metric: MetricDiff, diverging: str | None) -> str:
    points = f"{metric.points[0]} points" if metric.points[0] == metric.points[1] else "{} and {} points".format(
        *metric.points
    )  # fmt: skip
    if metric.step is None:
        return f"{metric.metric}: the same, {points}, last {metric.last[0]}"
    first = ", the first to part" if metric.metric == diverging else ""
    return (
        f"{metric.metric}: differs from step {metric.step} on{first}: {_short(metric.a)} -> {_short(metric.b)}; "
        f"{points}, last {_short(metric.last[0])} -> {_short(metric.last[1])}"
    )


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return text[:8]
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _printable(line: str) -> str:
    """Without control characters: what was recorded must not steer the terminal."""
    return "".join(char if char.isprintable() else " " for char in line)


# -- nbdime -------------------------------------------------------------------------------------------------


def _as_notebooks(a: Side, b: Side) -> str:
    """What nbdime says of the executed cells of both."""
    if find_spec("nbdime") is None:
        raise PackageMissing("nbdime", "shows two runs as notebooks")
    with tempfile.TemporaryDirectory() as folder:
        paths = [_write(side, Path(folder) / f"{name}.ipynb") for name, side in (("a", a), ("b", b))]
        done = subprocess.run(  # noqa: S603 - nbdime of this environment
            [sys.executable, "-m", "nbdime.nbdiffapp", "--no-color", *map(str, paths)],
            capture_output=True,
            text=True,
            check=False,
        )
    return done.stdout or done.stderr or "nbdime sees no difference."


def _write(side: Side, path: Path) -> Path:
    from runlore_server.rerun import notebook

    cells = [side.session.cells[cell.ordinal] for cell in executed_cells(side.run, side.session)]
    kernel = Kernel(name="python3", display_name="Python 3", argv=[])
    notebook.write(notebook.build(cells, kernel, {"run_id": side.run.run_id}), path)
    return path
