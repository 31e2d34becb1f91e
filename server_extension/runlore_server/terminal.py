"""What a command says while it works."""

from __future__ import annotations

import sys

from runlore_server import report
from runlore_server.rerun.progress import Progress


def note(text: str) -> None:
    """For a person at a terminal; a program that reads this command is not told."""
    if sys.stderr.isatty():
        print(report.for_terminal(text), file=sys.stderr, flush=True)


def tell_stage(stage: str | None) -> None:
    """Say what a rerun does before its first cell."""
    if stage is not None:
        note(stage)


def tell_progress(now: Progress) -> None:
    """Say which cell of how many a rerun is at."""
    if now.cell is not None:
        note(f"[{now.done + 1}/{now.total}] cell {now.cell}")
