"""``python -m tests.corpus [NAME...]``: run the corpus and print what Runlore says beside what is true."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from tests.corpus.case import Case, read_cases
from tests.corpus.playing import Played, play
from tests.corpus.table import line, page, summary

_PAGE = Path(__file__).parents[2] / "docs" / "corpus.md"
_PACKAGES = ("runlore", "ipython", "papermill", "numpy", "pandas", "scikit-learn", "torch", "lightgbm")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases or folders of cases; all by default")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="how many at the same time (default: 1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a case")
    parser.add_argument("--no-plain", action="store_true", help="do not time papermill alone as well")
    parser.add_argument("--write", action="store_true", help="write the table to docs/corpus.md")
    options = parser.parse_args()
    try:
        cases = read_cases(options.names)
    except ValueError as error:
        parser.error(str(error))
    if options.write and options.names:
        parser.error("--write is for the whole corpus")
    os.environ.setdefault("MPLBACKEND", "agg")

    def one(case: Case) -> Played:
        played = play(case, plain=not options.no_plain)
        print(msgspec.json.encode(played).decode() if options.json else line(case, played), flush=True)
        return played

    with ThreadPoolExecutor(options.jobs) as pool:
        found = list(pool.map(one, cases))
    print(summary(found), file=sys.stderr)
    if options.write:
        _PAGE.write_text(page(cases, found, _where()))
    return 0 if all(played.met for played in found) else 1


def _where() -> str:
    packages = []
    for package in _PACKAGES:
        try:
            packages.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return (
        f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores; {', '.join(packages)}"
    )


if __name__ == "__main__":
    sys.exit(main())
