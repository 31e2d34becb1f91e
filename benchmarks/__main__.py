"""``python -m benchmarks``: measure everything and print one table."""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import version
from itertools import groupby

from benchmarks import kernel, reruns, scalars
from benchmarks.measure import Row

_SUITES = {"kernel": kernel.rows, "scalars": scalars.rows, "reruns": reruns.rows}


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def _table(rows: list[Row]) -> str:
    lines = ["| work | by | time | ratio to the first |", "|---|---|---|---|"]
    for work, group in groupby(rows, key=lambda row: row.work):
        members = list(group)
        lines.extend(
            f"| {work} | {row.who} | {_time(row.seconds)} | {row.seconds / members[0].seconds:.3g} |"
            for row in members
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
