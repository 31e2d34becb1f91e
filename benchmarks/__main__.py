"""``python -m benchmarks``: measure everything and print one table a suite."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    batch,
    capture,
    curves,
    durability,
    ingest,
    kernel,
    lab,
    page,
    panel,
    plot,
    reruns,
    rest,
    scalars,
    search,
    sweeps,
)
from benchmarks.measure import Row
from benchmarks.peers import environments
from benchmarks.peers.catalog import PEERS
from benchmarks.plan import Plan
from benchmarks.results import Results, load
from benchmarks.table import table

_SUITES: dict[str, tuple[str, Callable[[Plan], list[Row]]]] = {
    "scalars": ("Numbers as they are logged", scalars.rows),
    "durability": ("What a kill leaves", durability.rows),
    "curves": ("Curves", curves.rows),
    "rest": ("Curves in the panel", rest.rows),
    "panel": ("The panel in a browser", panel.rows),
    "ingest": ("From kernels to the panel and to MLflow", ingest.rows),
    "kernel": ("A cell and a run", kernel.rows),
    "capture": ("What is captured around a cell, in a real kernel", capture.rows),
    "lab": ("JupyterLab's start", lab.rows),
    "search": ("Searches", search.rows),
    "reruns": ("Reruns", reruns.rows),
    "batch": ("Batches of reruns", batch.rows),
    "sweeps": ("Sweeps", sweeps.rows),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", choices=[[], *_SUITES], help="which to run; all by default")
    parser.add_argument(
        "--quick", action="store_true", help="only see that everything works: the figures say nothing"
    )
    parser.add_argument(
        "--only", default=",".join(PEERS), metavar="NAMES", help="contestants, with commas; default: %(default)s"
    )
    parser.add_argument(
        "--peers",
        type=Path,
        default=environments.DEFAULT,
        metavar="DIR",
        help="their environments; default: %(default)s",
    )
    parser.add_argument(
        "--install-peers", action="store_true", help="make the environments of the peers, and no more"
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the results in a file, suite by suite")
    parser.add_argument(
        "--load",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="measure nothing; take the results from files that were saved",
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios, as .svg, .png or .pdf")
    parser.add_argument(
        "--write", action="store_true", help="put the tables and the plot into docs/performance.md"
    )
    return parser


def _install(directory: Path) -> int:
    failed = environments.install(directory)
    for name, reason in failed.items():
        print(f"{name} cannot be installed: {reason}")
    return 1 if failed else 0


def _measured(suites: list[str], plan: Plan, file: Path | None) -> Results:
    """Run suites one after the other; what is measured is printed, and saved, at once."""
    results = Results()
    for suite in suites:
        title, rows = _SUITES[suite]
        results.add(suite, rows(plan), plan.quick)
        if file is not None:
            results.save(file)
        print(f"## {title}\n\n{table(results.sections[suite].rows)}\n", flush=True)
    return results


def main() -> int:
    parser = _parser()
    asked = parser.parse_args()
    if asked.install_peers:
        return _install(asked.peers)
    only = tuple(asked.only.split(","))
    if unknown := set(only) - set(PEERS):
        parser.error(f"no contestant is called {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    if asked.load:
        results = load(asked.load)
    else:
        results = _measured(asked.suites or list(_SUITES), Plan(asked.quick, asked.peers, only), asked.save)
    if asked.write and not asked.plot:
        asked.plot = page.PICTURE
    if asked.plot:
        plot.draw(results, asked.plot)
    if asked.write:
        page.write(page.PAGE, results, {suite: title for suite, (title, _) in _SUITES.items()})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
