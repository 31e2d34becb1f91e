"""A comparison as a picture without scripts, for wherever no widget can live: an exported notebook for one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

from runlore.comparison.lines import Line, View

_WIDTH, _HEIGHT = 420, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 8, 24, 34
_TICKS = 4


def html(charts: Mapping[str, list[Line]], below: str, view: View) -> str:
    """The charts as inline SVG with a legend; all text of the user's is escaped."""
    if not charts:
        return "<p>No curve to compare yet.</p>"
    pictures = "".join(_chart(metric, lines, below, view) for metric, lines in charts.items())
    named = {line.run_id: line for lines in charts.values() for line in lines}
    legend = "".join(
        f'<span style="margin-right:16px"><span style="color:{line.color}">━</span> {line.name}</span>'
        for line in named.values()
    )
    return (
        '<div style="font-size:12px"><div style="display:flex;flex-wrap:wrap;gap:8px">'
        f"{pictures}</div><div>{legend}</div></div>"
    )


def _chart(metric: str, lines: list[Line], below: str, view: View) -> str:
    log = view.log_y
    drawn = [
        [(x, y) for x, y in zip(line.x.tolist(), line.y.tolist(), strict=True) if y > 0 or not log or y != y]  # noqa: PLR0124
        for line in lines
    ]
    known = [(x, y) for points in drawn for x, y in points if math.isfinite(x) and math.isfinite(y)]
    head = (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(metric)}" font-family="sans-serif" font-size="10" fill="currentColor">'
        f'<text x="{_LEFT}" y="14" font-weight="bold">{escape(metric)}</text>'
    )
    if not known:
        return f"{head}</svg>"
    across = _Scale([x for x, _ in known], _LEFT, _WIDTH - _RIGHT, log=False)
    up = _Scale([y for _, y in known], _HEIGHT - _BOTTOM, _TOP, log=log)
    grid = "".join(
        f'<path d="M{_LEFT},{at:.1f}H{_WIDTH - _RIGHT}" stroke="currentColor" opacity=".15"/>'
        f'<text x="{_LEFT - 4}" y="{at + 3:.1f}" text-anchor="end" opacity=".7">{told:.3g}</text>'
        for told, at in up.ticks()
    )
    foot = "".join(
        f'<text x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 13}" text-anchor="middle" opacity=".7">{told:.4g}</text>'
        for told, at in across.ticks()
    )
    label = (
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 4}" text-anchor="middle" opacity=".7">'
        f"{escape(below)}</text>"
    )
    paths = "".join(
        f'<path d="{_path(points, across, up)}" fill="none" stroke="{line.color}" stroke-width="1.5"/>'
        for line, points in zip(lines, drawn, strict=True)
    )
    return f"{head}{grid}{foot}{label}{paths}</svg>"


class _Scale:
    """Where values lie between two places of a picture."""

    def __init__(self, values: list[float], start: float, end: float, *, log: bool) -> None:
        self._log = log
        self._start, self._end = start, end
        self._low, self._high = self._of(min(values)), self._of(max(values))
        if self._low == self._high:
            self._low, self._high = self._low - 0.5, self._high + 0.5

    def at(self, value: float) -> float:
        part = (self._of(value) - self._low) / (self._high - self._low)
        return self._start + part * (self._end - self._start)

    def ticks(self) -> list[tuple[float, float]]:
        """Values at equal distances, and where they lie."""
        inner = [self._low + (self._high - self._low) * index / _TICKS for index in range(_TICKS + 1)]
        values = [10**value if self._log else value for value in inner]
        return [(value, self.at(value)) for value in values]

    def _of(self, value: float) -> float:
        return math.log10(value) if self._log else value


def _path(points: list[tuple[float, float]], across: _Scale, up: _Scale) -> str:
    parts, pen = [], "M"
    for x, y in points:
        if math.isfinite(x) and math.isfinite(y):
            parts.append(f"{pen}{across.at(x):.1f},{up.at(y):.1f}")
            pen = "L"
        else:
            pen = "M"
    if len(parts) == 1:
        parts.append("h.1")  # a point alone is seen too
    return "".join(parts)
