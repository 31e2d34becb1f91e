"""The contestants of one suite, and those that cannot take part."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Row, Unit
from benchmarks.peers.catalog import PEERS
from benchmarks.peers.contestant import Contestant
from benchmarks.peers.environments import interpreter
from benchmarks.plan import Plan


class Field:
    """Who takes part, in the order of the catalog.

    A tracker that fails in the middle is left out from then on and its rows say so; the reason goes to standard
    error. Runlore and the floors may not fail.
    """

    def __init__(self, plan: Plan, names: list[str], directory: Path) -> None:
        self._names = names
        self._notes: dict[str, str] = {}
        self._contestants: dict[str, Contestant] = {}
        for name in names:
            python = interpreter(plan.peers, name)
            if python is None:
                self._notes[name] = "not installed"
            else:
                self._contestants[name] = Contestant(name, python, directory / name)

    @property
    def contestants(self) -> list[Contestant]:
        """Those that have not failed so far."""
        return [one for name, one in self._contestants.items() if name not in self._notes]

    @contextmanager
    def trying(self, contestant: Contestant) -> Iterator[None]:
        """Have a contestant do something.

        Raises:
            RuntimeError: it could not, and it is none of the trackers.
        """
        try:
            yield
        except RuntimeError as error:
            if contestant.name == "runlore" or contestant.peer.is_floor:
                raise
            self._notes[contestant.name] = "failed"
            print(error, file=sys.stderr)

    def rows(
        self,
        work: str,
        amounts: dict[str, float],
        unit: Unit = "s",
        told: dict[str, str] | None = None,
        labels: dict[str, str] | None = None,
    ) -> list[Row]:
        """A row for each of the field: its amount, or why there is none.

        Args:
            work: see ``Row``.
            amounts: by name; who is missing without having failed did not take part.
            unit: see ``Row``.
            told: by name, what to add to its label.
            labels: by name, what to call it where that is not its own label.
        """
        found = []
        for name in self._names:
            if name in amounts or name in self._notes:
                note = self._notes.get(name, "")
                label = (labels or {}).get(name, PEERS[name].label)
                who = label + ("" if note else (told or {}).get(name, ""))
                amount = None if note else amounts[name]
                found.append(Row(work, who, amount, unit, name, self._version(name), note))
        return found

    def _version(self, name: str) -> str:
        contestant = self._contestants.get(name)
        return f"{PEERS[name].module} {contestant.version}" if contestant and contestant.version else ""


@contextmanager
def field(plan: Plan, names: list[str]) -> Iterator[Field]:
    """The contestants of these names that the plan lets take part, with directories that are gone afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        yield Field(plan, [name for name in names if name in plan.only], Path(directory).resolve())
