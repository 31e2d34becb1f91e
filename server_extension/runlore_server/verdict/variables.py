"""Which variables a cell left different from its original, by fingerprints (``runlore.capture.variables``)."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from runlore.capture.variables import compare
from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore.untrusted import from_json
from runlore_server.verdict.evidence import CellPair


class VariablesCompared(NamedTuple):
    """``known``: both sides have fingerprints. ``reordered``: sets of equal content that iterate differently."""

    known: bool
    different: list[str]
    reordered: list[str]


def compare_variables(objects: ObjectStore, pair: CellPair) -> VariablesCompared:
    """Compare what both sides looked at when the cell ended; a lost object counts as none."""
    one, other = pair.original.variables, pair.rerun.variables
    if one is None or other is None:
        return VariablesCompared(False, [], [])
    if one == other:
        return VariablesCompared(True, [], [])
    ours, theirs = fingerprints(objects, one), fingerprints(objects, other)
    if ours is None or theirs is None:
        return VariablesCompared(False, [], [])
    said = {name: compare(ours[name], theirs[name]) for name in ours if name in theirs}
    return VariablesCompared(
        True,
        [name for name, word in said.items() if word == "different"],
        [name for name, word in said.items() if word == "other order"],
    )


def fingerprints(objects: ObjectStore, digest: str) -> dict[str, str] | None:
    """Name to fingerprint; ``None`` where the object is lost."""
    try:
        return from_json(objects.get(digest), dict[str, str])
    except (ObjectMissing, msgspec.DecodeError):
        return None
