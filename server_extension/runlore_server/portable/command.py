"""What ``runlore export`` does and says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from runlore.record import RunRecord, SessionRecord
from runlore_server.portable.notebook import export
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
