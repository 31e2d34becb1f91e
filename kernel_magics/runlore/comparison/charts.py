"""A comparison as plotly draws it: a chart a metric, in columns, with one legend."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from runlore.comparison.lines import Line, View

_TEXT = "#767676"  # 4.5:1 on white, 4.6:1 on black
_GRID = "rgba(128, 128, 128, 0.25)"
_CHART_HEIGHT, _TOP, _BOTTOM = 230, 30, 70
_GAP_X, _GAP_Y = 0.08, 64


def traces(charts: Mapping[str, list[Line]]) -> list[dict[str, Any]]:
    """Plotly's traces: of each chart first the raw lines behind smoothed ones, then the lines."""
    found: list[dict[str, Any]] = []
    in_legend: set[str] = set()
    for number, (metric, lines) in enumerate(charts.items(), 1):
        axes = {"xaxis": _axis("x", number), "yaxis": _axis("y", number)}
        found += [
            {
                "type": "scatter", "mode": "lines", "x": line.x, "y": line.raw, "opacity": 0.3,
                "line": {"color": line.color, "width": 1}, "hoverinfo": "skip", "showlegend": False,
                "legendgroup": line.run_id, "meta": [metric, line.run_id, "raw"], **axes,
            }
            for line in lines
            if line.y is not line.raw
        ]  # fmt: skip
        for line in lines:
            found.append({
                "type": "scatter", "mode": "lines" if len(line.x) > 1 else "markers", "x": line.x, "y": line.y,
                "line": {"color": line.color, "width": 1.5}, "marker": {"color": line.color}, "name": line.name,
                "legendgroup": line.run_id, "showlegend": line.run_id not in in_legend,
                "meta": [metric, line.run_id, "line"], "hovertemplate": "%{y:.5g}", **axes,
            })  # fmt: skip
            in_legend.add(line.run_id)
    return found


def layout(charts: Mapping[str, list[Line]], below: str, view: View, columns: int) -> dict[str, Any]:
    """Plotly's layout.

    Args:
        charts: the lines by metric.
        below: what the axis of x says.
        view: how they are drawn.
        columns: of charts.
    """
    rows = math.ceil(len(charts) / columns)
    inner = max(rows * _CHART_HEIGHT + (rows - 1) * _GAP_Y, 1)
    found: dict[str, Any] = {
        "autosize": True,
        "height": inner + _TOP + _BOTTOM,
        "margin": {"l": 56, "r": 12, "t": _TOP, "b": _BOTTOM},
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "font": {"color": _TEXT, "size": 11},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "#ffffff", "font": {"color": "#333333"}},
        "legend": {"orientation": "h", "yanchor": "top", "y": -46 / inner, "x": 0},
        "annotations": [],
        "uirevision": f"{view.x} {list(charts)}",
    }
    width = (1 - (columns - 1) * _GAP_X) / columns
    for index, metric in enumerate(charts):
        row, column = divmod(index, columns)
        left = column * (width + _GAP_X)
        top = 1 - row * (_CHART_HEIGHT + _GAP_Y) / inner
        number = index + 1
        lined = {"gridcolor": _GRID, "zeroline": False, "linecolor": _GRID, "nticks": 6}
        found[_axis("xaxis", number)] = {
            **lined, "domain": [left, left + width], "anchor": _axis("y", number), "showgrid": False,
            "showline": True, "title": {"text": below, "standoff": 4}, "matches": None if number == 1 else "x",
        }  # fmt: skip
        found[_axis("yaxis", number)] = {
            **lined, "domain": [max(top - _CHART_HEIGHT / inner, 0), top], "anchor": _axis("x", number),
            "type": "log" if view.log_y else "linear",
        }  # fmt: skip
        found["annotations"].append({
            "text": f"<b>{escape(metric)}</b>", "x": left, "y": top, "xref": "paper", "yref": "paper",
            "xanchor": "left", "yanchor": "bottom", "showarrow": False, "yshift": 4,
        })  # fmt: skip
    return found


def _axis(kind: str, number: int) -> str:
    return kind if number == 1 else f"{kind}{number}"
