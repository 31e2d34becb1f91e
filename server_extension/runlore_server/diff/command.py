"""``runlore diff A B``: two runs side by side, for a terminal."""

from __future__ import annotations

from typing import Any

import msgspec

from runlore.objects import ObjectStore
from runlore_server.diff import notebooks
from runlore_server.diff.diff import RunDiff, Side, diff
from runlore_server.diff.text import told
from runlore_server.store.runs import RunStore


def compare_runs(store: RunStore, a: str, b: str) -> RunDiff:
    """The difference of two runs, each given by anything that ``RunStore.find`` takes.

    Raises:
        RunNotFound, AmbiguousRun: see ``RunStore.find``.
    """
    return diff(_side(store, a), _side(store, b), ObjectStore(store.home.objects))


def command(store: RunStore, a: str, b: str, *, notebook: bool) -> tuple[dict[str, Any], str, int]:
    """The JSON object, the text and the exit code of the command: 0 when nothing differs, else 1.

    Raises:
        RunNotFound, AmbiguousRun: see ``RunStore.find``.
        PackageMissing: a view of notebooks was asked for, and nbdime is not installed.
    """
    sides, objects = (_side(store, a), _side(store, b)), ObjectStore(store.home.objects)
    found = diff(*sides, objects)
    text = notebooks.rendered(*sides, found.cells, objects) if notebook else told(found, *sides)
    return msgspec.to_builtins(found), text, 0 if found.same else 1


def _side(store: RunStore, text: str) -> Side:
    run = store.find(text)
    return Side(run, store.session(run))
