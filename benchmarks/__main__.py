"""``python -m benchmarks``: measure everything and print one table."""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import version
from itertools import groupby

from benchmarks import capture, curves, kernel, reruns, scalars, search
from benchmarks.measure import Row

_SUITES = {
    "kernel": kernel.rows,
    "capture": capture.rows,
    "scalars": scalars.rows,
    "curves": curves.rows,
    "reruns": reruns.rows,
    "search": search.rows,
}


def _amount(row: Row) -> str:
    if row.unit == "B":
        return f"{row.amount / 1e3:.3g} KB"
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if row.amount >= size:
            return f"{row.amount / size:.3g} {unit}"
    return f"{row.amount / 1e-6:.3g} µs"


def _table(rows: list[Row]) -> str:
    lines = ["| work | by | amount | ratio to the first |", "|---|---|---|---|"]
    for work, group in groupby(rows, key=lambda row: row.work):
        members = list(group)
        lines.extend(
            f"| {work} | {row.who} | {_amount(row)} | {row.amount / members[0].amount:.3g} |" for row in members
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", choices=[[], *_SUITES], help="which to run; all by default")
    chosen = parser.parse_args().suites or list(_SUITES)
    packages = ", ".join(f"{name} {version(name)}" for name in ("runlore", "mlflow", "papermill", "ipython"))
    print(f"Python {platform.python_version()}, {packages}; medians of three processes each.\n")
    print(_table([row for suite in chosen for row in _SUITES[suite]()]))


if __name__ == "__main__":
    main()
