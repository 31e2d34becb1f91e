"""The exported notebook as a whole."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore.record import CellRecord, RunRecord
from runlore.session_record import SessionRecord
from runlore.untrusted import from_json
from runlore_server.errors import RerunRefused
from runlore_server.portable.cells import STAND_IN, plain, seeding
from runlore_server.portable.draws import drew
from runlore_server.portable.top import lifted
from runlore_server.report import last_values
from runlore_server.rerun.notebook import MAY_FAIL
from runlore_server.rerun.parameters import Parameter, parameters
from runlore_server.rerun.prepare import replayed_cells
from runlore_server.rerun.selection import slice_of
from runlore_server.verdict.verdict import Verdict

_DISTRIBUTIONS = {
    "sklearn": "scikit-learn", "PIL": "pillow", "cv2": "opencv-python", "yaml": "pyyaml",
    "skimage": "scikit-image", "bs4": "beautifulsoup4", "dateutil": "python-dateutil", "hydra": "hydra-core",
    "umap": "umap-learn",
}  # fmt: skip
"""Packages whose modules are called otherwise."""


_MOST_FILES = 20
_SEEDED = "Recorded with --seed; set here as Runlore did."
_UNSEEDED = "Not seeded when it was recorded. This makes the notebook repeat itself, with draws of its own."


@dataclass(frozen=True)
class Export:
    """An exported run: the notebook as text, and what is in it.

    ``reasons`` maps the ordinal of each recorded cell in it to why it is there, ``left_out`` are the ordinals of
    the others that were executed up to the run's end. ``variables`` maps parameters to the variables of the
    notebook's first cell.
    """

    text: str
    reasons: dict[int, str]
    left_out: list[int]
    parameters: list[Parameter]
    variables: dict[str, str]


def export(run: RunRecord, session: SessionRecord, verdict: Verdict | None, *, whole: bool = False) -> Export:
    """Write a run as a notebook for readers without Runlore; the same record gives the same text.

    Args:
        run: the run.
        session: its session.
        verdict: the last verdict on whether it reproduces.
        whole: take all that was executed up to the run's end, not only what the run needs.

    Raises:
        RerunRefused: the run was made by a script, its cells are not recorded, or it went on from a checkpoint.
    """
    if run.checkpoint is not None and run.checkpoint.source is not None:
        raise RerunRefused(
            f"run {run.run_id} went on from the checkpoint of run {run.checkpoint.source}, whose files no "
            f"notebook or script can hold: 'runlore bundle {run.run_id}' brings them along, or export a run that "
            "began anew"
        )
    history = replayed_cells(run, session)
    needed = slice_of(run, history)
    cells = history if whole else needed.cells
    known = parameters(needed.cells, needed.names)
    top = lifted(cells, known)
    environment = _environment(run, session)
    libraries = {name for cell in cells for name in [*cell.rng, *cell.imported_rng]}
    made = {cell.ordinal: plain(cell) for cell in top.cells}
    seeds = {ordinal: cell.seed for ordinal, cell in made.items() if cell.seed is not None}
    unseeded = drew([cell for cell in cells if not seeds or cell.ordinal < min(seeds)], session.cells)
    code: list[NotebookNode] = []
    if top.source:
        code += [_title("Parameters"), _code(top.source, "parameters", ["parameters"])]
    parts = [cell for cell in top.cells if made[cell.ordinal].source.strip()]
    if parts and (run.cell is None or parts[0].ordinal < run.cell):
        code.append(_title("Preparation"))
    if any("runlore" in made[cell.ordinal].source for cell in parts):
        code.append(_code(STAND_IN, "stand-in"))
    if unseeded:
        code.append(_code(seeding(0, libraries, _UNSEEDED), "seed"))
    for cell in top.cells:
        if cell.ordinal == run.cell:
            code.append(_title("The run"))
        if cell.ordinal in seeds:
            code.append(_code(seeding(seeds[cell.ordinal], libraries, _SEEDED), f"seed-{cell.ordinal}"))
        if cell in parts:
            source, tags = made[cell.ordinal].source, [MAY_FAIL] if cell.outcome == "error" else []
            code.append(_code(source, f"cell-{cell.ordinal}", tags))
    head = _heading(run, session, verdict, environment, needed.imports)
    head += _data(cells, session)
    watched = sorted({name for cell in made.values() for name in cell.watched})
    head += _remarks(cells, len(history) - len(cells), unseeded, watched)
    notebook: NotebookNode = new_notebook(  # type: ignore[no-untyped-call]
        cells=[new_markdown_cell("\n".join(head), id="heading"), *code],  # type: ignore[no-untyped-call]
        metadata={
            "kernelspec": _kernel(session),
            "language_info": {"name": "python"},
        },
    )
    notebook.nbformat_minor = 5
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    reasons = {cell.ordinal: needed.reasons.get(cell.ordinal, "all cells were asked for") for cell in cells}
    return Export(text + "\n", reasons, [] if whole else needed.left_out, known, top.variables)


def _code(source: str, cell_id: str, tags: Iterable[str] = ()) -> NotebookNode:
    metadata: dict[str, Any] = {"tags": list(tags)} if tags else {}
    cell: NotebookNode = new_code_cell(source.rstrip("\n"), id=cell_id, metadata=metadata)  # type: ignore[no-untyped-call]
    return cell


def _title(text: str) -> NotebookNode:
    cell: NotebookNode = new_markdown_cell(f"## {text}", id=text.lower().replace(" ", "-") + "-title")  # type: ignore[no-untyped-call]
    return cell


def _data(cells: Iterable[CellRecord], session: SessionRecord) -> list[str]:
    """The files that the cells, and processes of theirs, read without having written them."""
    directory = session.info.cwd if session.info else "/"
    read: dict[str, int] = {}
    scripts: dict[str, int] = {}
    written: set[str] = set()
    for cell in cells:
        read |= {r.path: r.size for r in cell.facts.reads if r.path not in written and r.size is not None}
        scripts |= {r.path: r.size for r in cell.facts.scripts if r.writer is None and r.size is not None}
        written |= {write.path for write in cell.facts.writes}
    return [*_listed("Data read", read, directory), *_listed("Python files read by processes", scripts, directory)]


def _listed(title: str, read: dict[str, int], directory: str) -> list[str]:
    if not read:
        return []
    named = [(path.removeprefix(directory.rstrip("/") + "/"), size) for path, size in sorted(read.items())]
    shown = ", ".join(f"{_text(path)} ({size} bytes)" for path, size in named[:_MOST_FILES])
    more = f" and {len(named) - _MOST_FILES} more" if len(named) > _MOST_FILES else ""
    return [f"{title}: {shown}{more}.", ""]


def _kernel(session: SessionRecord) -> dict[str, str]:
    name = (session.info.kernel_name if session.info else None) or "python3"
    return {"name": name, "display_name": "Python 3", "language": "python"}


def _heading(
    run: RunRecord,
    session: SessionRecord,
    verdict: Verdict | None,
    environment: dict[str, Any],
    imports: Iterable[str],
) -> list[str]:
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(run.started))
    lines = [f"# {_text(run.name)}", "", f"Recorded {when}, experiment {_text(run.experiment)}, {run.status}.", ""]
    if verdict is not None:
        lines += [f"Last rerun: **{verdict.verdict}**. {_text(verdict.reason)}", ""]
    metrics = last_values(run)
    if metrics:
        lines += ["| metric | step | last value |", "|---|---|---|"]
        lines += [f"| {_text(name)} | {step} | {value!r} |" for name, (step, value) in metrics.items()]
        lines.append("")
    python = environment.get("python") or (session.info.python if session.info else "")
    packages = environment.get("packages")
    versions = (
        {name.lower().replace("_", "-"): v for name, v in packages.items()} if isinstance(packages, dict) else {}
    )
    found = []
    for module in sorted(set(imports) - sys.stdlib_module_names - {"runlore"}):
        name = _DISTRIBUTIONS.get(module, module.replace("_", "-"))
        if name.lower() in versions:
            found.append(f"{name} {versions[name.lower()]}")
    return [*lines, f"Environment: {', '.join([f'Python {python}', *found])}.", ""]


def _remarks(cells: list[CellRecord], left_out: int, unseeded: bool, watched: list[str]) -> list[str]:
    lines = []
    if left_out:
        count = "1 cell that was" if left_out == 1 else f"{left_out} cells that were"
        lines.append(f"- {count} executed before the run without being needed for it: left out.")
    if unseeded:
        lines.append(
            "- What was drawn had no seed of its own, or came before it was set. A rerun with Runlore restores "
            "the recorded random states; this notebook seeds the generators instead, so what it draws can differ."
        )
    if watched:
        lines.append(
            f"- Runlore logged every assignment of {', '.join(watched)} in the run; here they are not shown."
        )
    if any(cell.outcome == "error" for cell in cells):
        lines.append(
            "- A cell tagged `raises-exception` failed when it was recorded, and is kept for what it did before."
        )
    if any(cell.outcome == "interrupted" for cell in cells):
        lines.append("- A cell was interrupted when it was recorded; here it runs to its end.")
    return ["**Remarks**", "", *lines] if lines else []


def _environment(run: RunRecord, session: SessionRecord) -> dict[str, Any]:
    try:
        found = from_json(ObjectStore(session.home.objects).get(run.environment or ""))
    except (ObjectMissing, msgspec.DecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: str) -> str:
    """On one line, and as text that Markdown shows as it is."""
    plain_text = " ".join(value.split())
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>#|" else char for char in plain_text)
