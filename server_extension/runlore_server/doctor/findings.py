"""What a checkup found: one finding for each kind of trouble, however many places have it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "note"]
"""Recorded things are lost or unreadable; something wants attention; good to know."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

_MOST_PLACES = 1000


@dataclass(frozen=True)
class Kind:
    """A kind of trouble.

    Attributes:
        name: for programs; it stays the same in later versions.
        title: what was found, in the plural.
        meaning: what that means for the user.
        repair: what repairs it.
        mends: whether ``--repair`` does.
    """

    name: str
    severity: Severity
    title: str
    meaning: str
    repair: str
    mends: bool = False


class Place(NamedTuple):
    """Where: a path relative to the home, and what is wrong there."""

    where: str
    detail: str


@dataclass
class Finding:
    """A kind of trouble and where it is; of very many ``places`` only the first, ``count`` counts all."""

    kind: Kind
    count: int = 0
    places: list[Place] = field(default_factory=list)
    repaired: str | None = None

    @property
    def needs_attention(self) -> bool:
        """Whether somebody should do something."""
        return self.kind.severity != "note" and self.repaired is None


class Findings:
    """All findings of a checkup, in the order in which their kinds were first met."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._found: dict[str, Finding] = {}

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found.values())

    def add(self, kind: Kind, where: Path | str, detail: str = "") -> None:
        """One more place."""
        finding = self._found.setdefault(kind.name, Finding(kind))
        finding.count += 1
        if len(finding.places) < _MOST_PLACES:
            finding.places.append(Place(self._shown(where), detail))

    def get(self, kind: Kind) -> Finding | None:
        """What was found of this kind."""
        return self._found.get(kind.name)

    def _shown(self, where: Path | str) -> str:
        if isinstance(where, Path) and where.is_relative_to(self._home):
            where = where.relative_to(self._home).as_posix()
        return str(where)
