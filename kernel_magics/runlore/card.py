"""The card under a tracked cell: one line with the run's state, last metrics and a sparkline.

The MIME bundle carries data for the JupyterLab renderer, plain text for terminals, and HTML for everything
else (an exported notebook, another front-end); the HTML holds no script and escapes all that is the user's.
"""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runlore.curve import read_records

if TYPE_CHECKING:
    from runlore.run import Run

MIME_TYPE = "application/vnd.runlore.run.v1+json"

_SPARK_POINTS = 40
_MOST_METRICS = 6
_SIGNS = {"running": "○", "finished": "✓", "failed": "✗", "interrupted": "■"}


def bundle(run: Run) -> dict[str, Any]:
    """The MIME bundle of a run as it is now.

    Data: ``version`` 1, ``run_id``, ``name``, ``experiment``, ``status``, ``started`` (Unix seconds), ``duration``
    (seconds so far), ``metrics`` (``name``, ``last``, ``spark``: up to 40 values, ``None`` for gaps), ``error``
    (``name``, ``message``) or ``None``. Numbers that JSON has no word for are the strings ``NaN``, ``Infinity``
    and ``-Infinity``.
    """
    files = list(run.curves.files().items())[:_MOST_METRICS]
    metrics = [summary for name, path in files if (summary := _summary(name, path))]
    data = {
        "version": 1,
        "run_id": run.run_id,
        "name": run.name,
        "experiment": run.info.experiment,
        "status": run.status or "running",
        "started": run.info.time,
        "duration": run.elapsed,
        "metrics": metrics,
        "error": {"name": run.error.name, "message": run.error.message} if run.error else None,
    }
    return {MIME_TYPE: data, "text/html": _html(data), "text/plain": _text(data)}


def _summary(name: str, path: Path) -> dict[str, Any] | None:
    values = memoryview(read_records(path)).cast("d")[2::3]
    if not len(values):
        return None
    stride = max(1, math.ceil(len(values) / (_SPARK_POINTS - 1)))
    spark = [*values[::stride], values[-1]] if stride > 1 else list(values)
    return {
        "name": name,
        "last": _json_number(values[-1]),
        "spark": [value if math.isfinite(value) else None for value in spark],
    }


def _json_number(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def format_duration(seconds: float) -> str:
    """A duration as people read it: ``0.21 s``, ``14.2 s``, ``3 min 12 s``, ``2 h 05 min``."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest} s"


def _parts(data: dict[str, Any]) -> list[str]:
    shown = [f"{metric['name']} {_short(metric['last'])}" for metric in data["metrics"]]
    if data["error"]:
        shown.append(data["error"]["name"])
    return shown


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _state(data: dict[str, Any]) -> str:
    if data["status"] == "running":
        return "running"  # for how long, only one who looks at the run can say
    return f"{data['status']} in {format_duration(data['duration'])}"


def _text(data: dict[str, Any]) -> str:
    head = f"{_SIGNS[data['status']]} {data['name']}  {_state(data)}"
    return "  ".join([head, *_parts(data), f"[{data['run_id'][:8]}]"])


def _html(data: dict[str, Any]) -> str:
    spark = _svg(data["metrics"][0]["spark"]) if data["metrics"] else ""
    shown = "".join(f"<span>{escape(part)}</span>" for part in _parts(data))
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:4px 12px;align-items:center;font-size:13px">'
        f"<span>{_SIGNS[data['status']]} <b>{escape(data['name'])}</b></span>"
        f"<span>{_state(data)}</span>{spark}{shown}"
        f'<code style="opacity:.7">{data["run_id"][:8]}</code></div>'
    )


def _svg(values: list[float | None], width: int = 80, height: int = 16) -> str:
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    path, pen = [], "M"
    for index, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        x = 1 + index / (len(values) - 1) * (width - 2)
        y = height - 2 - (value - low) / span * (height - 4)
        path.append(f"{pen}{x:.1f},{y:.1f}")
        pen = "L"
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'<path d="{"".join(path)}" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>'
    )
