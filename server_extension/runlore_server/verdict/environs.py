"""Environment variables that cells read, and that have another value in the rerun."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore.untrusted import from_json
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.rungs.sighting import named
from runlore_server.verdict.surroundings import Found, details

_CELL = "os.environ"
"""What the record names as the reader where a cell took all variables."""

_PASSING = re.compile(
    r"(RUNLORE_|JPY_|IPY_|JUPYTER_|PYDEVD_|SSH_|TERM|TMUX|VTE_|VSCODE_|XDG_SESSION|DBUS_|GIO_|GNOME_)"
    r"|(_|PWD|OLDPWD|SHLVL|WINDOWID|DISPLAY|COLUMNS|LINES|COLORTERM|STY|INVOCATION_ID|JOURNAL_STREAM)$"
)
"""Variables that belong to one kernel or one terminal: whoever starts a kernel sets them."""

_TOLD_ELSEWHERE = frozenset(("PYTHONHASHSEED",))


def variables_read(evidence: Evidence) -> Iterator[Found]:
    """Environment variables that cells look up by name and that have another value in the rerun."""
    told: set[str] = set()
    for pair in evidence.pairs:
        one, other = (details(cell, "environment variable") for cell in pair)
        for name in sorted((one.keys() & other.keys()) - told):
            if one[name] != other[name]:
                told.add(name)
                how = "is not set in the rerun" if other[name] == "unset" else "has another value in the rerun"
                text = f"Environment variable {name}, which cell {pair.ordinal} reads, {how}."
                yield Found(text, pair.ordinal)


def variables_copied(evidence: Evidence) -> Iterator[Found]:
    """Of all variables, where a cell took all, or a subprocess inherited them.

    A subprocess may look at any of them or none, so what it got tells nothing for sure. Neither do variables that
    belong to one kernel or one terminal: of a subprocess, which inherits them unasked, they are left out.
    """
    told: set[str] = set(_TOLD_ELSEWHERE)
    for pair in evidence.pairs:
        before, after = (details(cell, "environment copy", last=True) for cell in pair)
        for reader in before.keys() & after.keys():
            new = [name for name in _apart(evidence.objects, before[reader], after[reader]) if name not in told]
            told.update(new)
            how = f"a copy of which cell {pair.ordinal} took"
            if reader != _CELL:
                how = f"which {reader} of cell {pair.ordinal} inherited"
            for passing in (False, True) if reader == _CELL else (False,):
                if names := [name for name in new if bool(_PASSING.match(name)) == passing]:
                    text = f"Environment variables, {how}, have other values in the rerun: {named(names)}."
                    yield Found(text, pair.ordinal, reader == _CELL and not passing)


def _apart(objects: ObjectStore, one: str, other: str) -> list[str]:
    """The names of variables that only one of two environments has, or that have another value in each."""
    try:
        before, after = (from_json(objects.get(digest), dict[str, str]) for digest in (one, other))
    except (ObjectMissing, msgspec.MsgspecError):
        return []
    return [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
