"""One look over a home: what is asked for, what was seen, and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from runlore.home import Home
from runlore_server.doctor.findings import Findings, Kind

T = TypeVar("T")

LATER_FORMAT = Kind(
    "later-format",
    "error",
    "files of a later format",
    "A newer Runlore wrote them; this one leaves them alone and shows nothing of them.",
    "Upgrade Runlore.",
)
UNREADABLE = Kind(
    "unreadable",
    "error",
    "files that cannot be read",
    "What they hold cannot be shown, compared or repeated.",
    "See that they are regular files that you may read; restore them from a backup, if there is one.",
)


@dataclass
class Checkup:
    """What all checks share.

    Attributes:
        deep: read everything, not only what is quick to read.
        runs: the ids of the runs that are looked at; ``None`` for all.
        findings: what was found so far.
        seen: how many of what was looked at.
        tell: called with what is looked at now, how many are done, and of how many.
    """

    home: Home
    deep: bool = False
    runs: frozenset[str] | None = None
    tell: Callable[[str, int, int], None] = lambda _what, _done, _total: None
    findings: Findings = field(init=False)
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.findings = Findings(self.home.path)

    def add(self, kind: Kind, where: Path | str, detail: str = "") -> None:
        """One more place with this kind of trouble."""
        self.findings.add(kind, where, detail)

    def each(self, what: str, items: Iterable[T]) -> Iterator[T]:
        """The items, counted as ``what`` and with their progress told."""
        every = list(items)
        for number, item in enumerate(every):
            self.tell(what, number, len(every))
            self.seen[what] += 1
            yield item

    def wants(self, run_id: str) -> bool:
        """Whether this run is to be looked at."""
        return self.runs is None or run_id in self.runs


def is_later(error: Exception) -> bool:
    """Whether an error of a reader says that a later version wrote the file."""
    return "upgrade Runlore" in str(error)
