"""The ratios of all contestants to Runlore in one picture."""

from __future__ import annotations

from itertools import groupby
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.measure import Row
from benchmarks.peers.catalog import PEERS
from benchmarks.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 2
_PEER, _FLOOR, _OURS = "#D55E00", "#000000", "#0072B2"  # told apart by the colour-blind, and by their markers


class _Mark(NamedTuple):
    """How a kind of contestant is drawn."""

    marker: str
    colour: str
    meaning: str


_TRACKER, _MACHINE = _Mark("o", _PEER, "another tracker"), _Mark("D", _FLOOR, "floor of the machine")


def draw(results: Results, path: Path) -> None:
    """Draw a panel for each work that trackers did as well as Runlore: their ratios to it on a logarithmic axis.

    Args:
        results: what was measured.
        path: the picture; its suffix says in which format.

    Raises:
        ValueError: nothing of this was measured.
        OSError: it cannot be written.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    panels = _panels(results)
    if not panels:
        raise ValueError("nothing to draw: run 'scalars', 'curves' or another suite with contestants")
    lines = ceil(len(panels) / _COLUMNS)
    longest = max(len(rows) for rows in panels.values())
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "runlore", "font.size": 9}):
        figure = Figure(figsize=(11, 0.8 + lines * (0.75 + 0.24 * longest)), layout="constrained")
        for number, (work, rows) in enumerate(panels.items()):
            _panel(figure.add_subplot(lines, _COLUMNS, number + 1), work, rows)
        figure.suptitle("What others take for the same work, in multiples of what Runlore takes", weight="bold")
        kinds = [
            Line2D([], [], color=mark.colour, marker=mark.marker, linestyle="", label=mark.meaning)
            for mark in (_TRACKER, _MACHINE)
        ]
        figure.legend(
            handles=[Line2D([], [], color=_OURS, linewidth=2, label="Runlore"), *kinds],
            loc="outside lower center",
            ncols=3,
            frameon=False,
        )
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _panels(results: Results) -> dict[str, list[tuple[Row, float]]]:
    """By work: the rows of trackers and floors with their ratios to Runlore's, the smallest first."""
    found = {}
    rows = [row for section in results.sections.values() for row in section.rows]
    for work, group in groupby(
        (row for row in rows if row.contestant and row.unit in ("s", "B")), lambda row: row.work
    ):
        members = list(group)
        ours = next((row.amount for row in members if row.contestant == "runlore"), None)
        others = [
            (row, row.amount / ours) for row in members if row.contestant != "runlore" and row.amount and ours
        ]
        if others:
            found[work] = sorted(others, key=lambda pair: pair[1])
    return found


def _panel(axes: Axes, work: str, rows: list[tuple[Row, float]]) -> None:
    axes.set_title(work, loc="left", fontsize=10)
    axes.set_xscale("log")
    axes.axvline(1, color=_OURS, linewidth=2, zorder=1)
    for place, (row, ratio) in enumerate(rows):
        mark = _MACHINE if PEERS[row.contestant].is_floor else _TRACKER
        axes.plot([1, ratio], [place, place], color=mark.colour, linewidth=1, alpha=0.4, zorder=2)
        axes.plot([ratio], [place], marker=mark.marker, color=mark.colour, markersize=6, zorder=3)
        told = f"{ratio:,.0f}×" if ratio >= 10 else f"{ratio:.2g}×"
        beside = (7, 0) if ratio >= 1 else (-7, 0)
        axes.annotate(
            told, (ratio, place), beside, textcoords="offset points",
            va="center", ha="left" if ratio >= 1 else "right", fontsize=8,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [row.who.split(":")[0] for row, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    low, high = min(ratio for _, ratio in rows), max(ratio for _, ratio in rows)
    axes.set_xlim(low / 15 if low < 1 else 0.5, max(high, 1) * 10)  # room for what stands beside the outermost
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.tick_params(axis="x", which="minor", length=0)
    axes.tick_params(axis="x", which="major", labelsize=8)
    axes.grid(axis="x", which="major", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
