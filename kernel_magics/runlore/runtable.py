"""What ``%track`` shows: the runs of this session as a small table."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from runlore.card import format_duration
from runlore.curve import last_point

if TYPE_CHECKING:
    from runlore.run import Run
    from runlore.session import Session

_HEAD = ("run", "name", "status", "duration", "metrics", "parameters")


class RunTable:
    """A snapshot of the session's runs, for display only."""

    def __init__(self, session: Session) -> None:
        self._rows = [_row(run) for run in session.runs if not run.info.prefix]

    def __repr__(self) -> str:
        if not self._rows:
            return "No run recorded in this session yet. Put %%track at the top of a cell."
        rows = [_HEAD, *self._rows]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        )

    def _repr_html_(self) -> str:
        if not self._rows:
            return f"<p>{escape(repr(self))}</p>"
        head = "".join(f"<th>{name}</th>" for name in _HEAD)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self._rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(run: Run) -> tuple[str, ...]:
    metrics = []
    for name, path in run.curves.files().items():
        point = last_point(path)
        if point is not None:
            metrics.append(f"{name}={point[2]:.4g}" if math.isfinite(point[2]) else f"{name}={point[2]}")
    return (
        run.run_id[:8],
        run.name,
        run.status or "running",
        format_duration(run.elapsed),
        " ".join(metrics),
        " ".join(f"{name}={value!r:.30}" for name, value in run.params.items()),
    )
