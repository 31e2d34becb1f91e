"""A recorded cell without what only Runlore understands."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass

from IPython.core.error import UsageError

from runlore.record import CellRecord
from runlore.tracking import parse_options

_LOADING = re.compile(r"\s*%?(re|un)?load_ext\s+runlore\s*(#.*)?")
_TRACKED = re.compile(r"%%track(?:\s+(?P<options>.*))?\s*")
_SPAN = re.compile(r"\s*%track\b(?P<options>.*)")

STAND_IN = """\
# Recorded with Runlore, which this notebook does without: what it would have kept is printed.
import pathlib
import sys
import tempfile


class _Run:
    def log(self, metrics=None, /, *, step=None, **values):
        found = {**(metrics or {}), **values}
        print(*(f"{name}={float(value)!r}" for name, value in found.items()))

    def checkpoint(self):
        return pathlib.Path(tempfile.mkdtemp(prefix="checkpoint-"))

    def start_run(self, *args, **options):
        return self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **options: None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


runlore = sys.modules["runlore"] = _Run()
"""
"""Takes the place of the module in the exported notebook."""

_SEEDING = {
    "python": "import random as _random\n_random.seed({seed})",
    "numpy": "import numpy as _numpy\n_numpy.random.seed({seed} % 2**32)",
    "torch": "import torch as _torch\n_torch.manual_seed({seed})",
}


@dataclass(frozen=True)
class PlainCell:
    """``source`` without Runlore's magics; ``seed`` is what the cell's run was to start from, ``watched`` the
    variables whose assignments it logged."""

    source: str
    seed: int | None
    watched: list[str]


def plain(cell: CellRecord) -> PlainCell:
    """The cell as it runs without Runlore."""
    lines = cell.source.split("\n")
    seed: int | None = None
    watched: list[str] = []
    kept = []
    for number, line in enumerate(lines):
        tracked = _TRACKED.fullmatch(line) if number == 0 else None
        span = _SPAN.fullmatch(line)
        if tracked is not None or span is not None:
            options = (tracked["options"] or "") if tracked is not None else _after_on(span)
            with contextlib.suppress(UsageError):  # the line failed in the original as well
                request = parse_options(options)
                seed, watched = request.seed, request.watch
        elif _LOADING.fullmatch(line) is None:
            kept.append(line)
    while kept and not kept[0].strip():
        kept.pop(0)
    return PlainCell("\n".join(kept).rstrip(), seed, watched)


def _after_on(span: re.Match[str] | None) -> str:
    words = span["options"].strip() if span is not None else ""
    return words.removeprefix("on") if words.startswith("on") else ""


def seeding(seed: int, libraries: set[str], why: str) -> str:
    """Code that seeds Python and the libraries as ``--seed`` does, under the reason why."""
    parts = [code.format(seed=seed) for name, code in _SEEDING.items() if name == "python" or name in libraries]
    return "\n".join([f"# {why}", *parts])
