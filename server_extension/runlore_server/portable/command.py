"""What ``runlore export`` does and says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore_server.errors import ParameterRefused
from runlore_server.portable.airflow import dag
from runlore_server.portable.notebook import Export, export
from runlore_server.portable.pipeline import Step, steps
from runlore_server.portable.script import is_plain, script, sequence
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import Verdict
from runlore_server.whole import write_whole

_SHORT_ID = 8


def write(
    run: RunRecord, session: SessionRecord, verdict: Verdict | None, *, output: str | None, whole: bool
) -> tuple[dict[str, Any], str, int]:
    """Export a run; what to print as JSON and as text, and the exit code.

    Args:
        output: the file, ``-`` for standard output; by default one in the working directory, named like the run.

    Raises:
        RerunRefused: the run has no cells.
        OSError: the file cannot be written.
    """
    made = export(run, session, verdict, whole=whole)
    file = None
    if output != "-":
        name = re.sub(r"[^\w.-]+", "-", run.name).strip("-.") or "run"
        file = Path(output) if output is not None else Path(f"{name}-{run.run_id[:_SHORT_ID]}.ipynb")
        write_whole(file, made.text.encode(errors="backslashreplace"))
    found = {
        "run_id": run.run_id,
        "notebook": str(file) if file is not None else made.text,
        "cells": [{"cell": ordinal, "why": why} for ordinal, why in made.reasons.items()],
        "left_out": made.left_out,
        "parameters": [{**p.described(), "variable": made.variables.get(p.name)} for p in made.parameters],
    }
    if file is None:
        return found, made.text.rstrip("\n"), 0
    left = f", {len(made.left_out)} left out" if made.left_out else ""
    lines = [
        f"{file}: {len(made.reasons)} cells{left}",
        *(f"  cell {n}: {why}" for n, why in made.reasons.items()),
    ]
    return found, "\n".join(lines), 0


def write_as(
    form: Literal["script", "airflow"], home: Home, store: RunStore, text: str, output: str | None, *, whole: bool
) -> tuple[dict[str, Any], str, int]:
    """Export a run, or what was queued together, as scripts or as a DAG of Airflow; returns what ``write`` does.

    Args:
        text: a run, a job's run or a sweep, see ``pipeline.steps``.
        output: the file of a script for one run (``-``: standard output), else the folder, made if need be.

    Raises:
        RunNotFound, AmbiguousRun: there is no such thing.
        RerunRefused: it cannot be exported so.
        OSError: the files cannot be written.
    """
    found = steps(home, store, text)
    exports = {step.file: export(step.run, store.session(step.run), None, whole=whole) for step in found}
    given = [_given(step, exports[step.file]) for step in found]
    files: dict[str, str] = {}
    if form == "airflow":
        name = re.sub(r"\W+", "_", found[-1].name)
        files = {f"{file}.ipynb": made.text for file, made in exports.items()}
        files[f"{name}_dag.py"] = dag(f"runlore_{name}", found, given)
    else:
        alone = len(found) == 1 and not given[0]
        for file, made in exports.items():
            name = Path(output).name if alone and output not in (None, "-") else f"{file}.py"
            files[name] = script(made.text, name, made.variables)
        if not alone:
            files["run.py"] = sequence(found, given)
    if len(files) == 1:
        ((name, content),) = files.items()
        if output == "-":
            return {"steps": 1, "files": {name: content}}, content.rstrip("\n"), 0
        folder = Path(output or name).parent
    else:
        folder = Path(output or found[-1].name)
        folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_whole(folder / name, content.encode(errors="backslashreplace"))
    named = [str(folder / name) for name in files]
    return {"steps": len(found), "files": named}, "\n".join([f"{len(found)} step(s)", *named]), 0


def _given(step: Step, made: Export) -> dict[str, Any]:
    """The variables that a step sets."""
    for name, value in step.parameters.items():
        if name not in made.variables or not is_plain(value):
            can = ", ".join(sorted(made.variables)) or "none"
            raise ParameterRefused(
                f"{name!r} of {step.name} cannot be set from outside of its notebook; these parameters can: {can}"
            )
    return {made.variables[name]: value for name, value in step.parameters.items()}
