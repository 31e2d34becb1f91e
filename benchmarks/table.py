"""Rows as a table in Markdown."""

from __future__ import annotations

from itertools import groupby

from benchmarks.measure import Row

_TIMES = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))


def table(rows: list[Row]) -> str:
    """One line a row, with its ratio to the first row of the same work."""
    lines = ["| work | by | amount | ratio to the first |", "|---|---|---|---|"]
    for work, group in groupby(rows, key=lambda row: row.work):
        members = list(group)
        lines.extend(f"| {work} | {row.who} | {_amount(row)} | {ratio(row, members[0])} |" for row in members)
    return "\n".join(lines)


def ratio(row: Row, first: Row) -> str:
    """How many times what the first row took; empty where one of them has no amount to compare."""
    if row.amount is None or not first.amount:
        return ""
    times = row.amount / first.amount
    return f"{times:,.0f}" if times >= 1000 else f"{times:.3g}"


def _amount(row: Row) -> str:
    if row.amount is None:
        return row.note
    if row.unit in ("points", "points/s"):
        return f"{row.amount:,.0f}" if row.unit == "points" else f"{_rounded(row.amount):,} points/s"
    if row.unit == "B":
        if row.amount >= 1e6:
            return f"{row.amount / 1e6:.3g} MB"
        return f"{row.amount / 1e3:.3g} KB" if row.amount >= 1000 else f"{row.amount:.3g} B"
    unit, size = next(((unit, size) for unit, size in _TIMES if row.amount >= size), _TIMES[-1])
    return f"{row.amount / size:.3g} {unit}"


def _rounded(amount: float) -> int:
    return int(float(f"{amount:.2g}"))
