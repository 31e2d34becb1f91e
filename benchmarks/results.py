"""What was measured, by suite; kept in a file, so that suites can be run one at a time and told together."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import msgspec

from benchmarks.measure import Row

_ALWAYS = ("runlore", "ipython", "mlflow", "papermill")


@dataclass(frozen=True)
class Section:
    """The rows of one suite, and what was measured with: ``Python 3.11.7, runlore 0.1.0`` and so on."""

    rows: list[Row]
    versions: list[str]
    quick: bool = False
    """Whether the figures say nothing, see ``Plan``."""


@dataclass(frozen=True)
class Results:
    """Sections by the names of their suites."""

    sections: dict[str, Section] = field(default_factory=dict)

    def add(self, suite: str, rows: list[Row], quick: bool) -> None:
        """Put in what a suite measured just now, with this Python and these packages."""
        versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in _ALWAYS)]
        versions += [row.version for row in rows if row.version and row.version not in versions]
        self.sections[suite] = Section(rows, list(dict.fromkeys(versions)), quick)

    def save(self, path: Path) -> None:
        """Write everything to a file.

        Raises:
            OSError: it cannot be written.
        """
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))


def load(paths: Sequence[Path]) -> Results:
    """What such files hold; of a suite that several have, the last one's.

    Raises:
        OSError, msgspec.DecodeError: one cannot be read, or is no such file.
    """
    found = Results()
    for path in paths:
        found.sections.update(msgspec.json.decode(path.read_bytes(), type=Results).sections)
    return found
