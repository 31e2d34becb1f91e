"""The sources that log to one run: which of them owns a metric's name, and what each is called."""

from __future__ import annotations

import threading

LOG, WATCH = "log", "watch"
"""The sources that are Runlore's own: ``runlore.log`` and ``--watch``."""


class Sources:
    """Names of metrics and of sources, within one run.

    The first source of a name owns it. A second one that uses the same name writes to ``SOURCE/NAME``, so that
    points of two sources, each with its own way of counting steps, never mix in one curve.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: dict[str, str] = {}
        self._labels: dict[tuple[str, str], str] = {}

    def own(self, source: str, name: str) -> tuple[str, str | None]:
        """The name under which this source's curve is recorded, and who owned ``name`` before, if somebody did."""
        with self._lock:
            owner, recorded = self._owners.get(name), name
            while recorded in self._owners:
                recorded = f"{source}/{recorded}"
            self._owners[recorded] = source
            return recorded, owner

    def label(self, kind: str, key: str, preferred: str | None = None) -> str:
        """What one of several sources of a kind is called: ``mlflow``, then ``mlflow-2``, ...

        Args:
            kind: which library.
            key: what tells its sources apart: a run's id, a directory.
            preferred: a name for all but the first; it must be the same in a rerun.
        """
        with self._lock:
            found = self._labels.get((kind, key))
            if found is None:
                number = 1 + sum(known == kind for known, _ in self._labels)
                found = kind if number == 1 else preferred or f"{kind}-{number}"
                if found in (LOG, WATCH, *self._labels.values()):
                    found = f"{kind}-{number}"
                self._labels[kind, key] = found
            return found

    def forked(self) -> None:
        """This is a forked process now, whose curves are its own; sources keep what they are called."""
        self._lock = threading.Lock()  # a thread that is not here may have held the other one
        self._owners = {}


def described(source: str) -> str:
    """A source as warnings name it."""
    return {LOG: "runlore.log", WATCH: "--watch"}.get(source, source)
