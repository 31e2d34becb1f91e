"""What the index says of a lock's packages, with the hashes of their files: ``<home>/pins/<lock>.json``.

It is asked soon after a run, in the background: an index that changes later cannot give a rerun other files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from runlore.capture.lock import without_credentials
from runlore.home import Home
from runlore_server.document import read_if_there, write_document

_PACKAGE = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})")


class Pin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One package as a place has it.

    ``hashes`` are those of all its files, as ``algorithm:digest``; none where the place does not tell them.
    ``source`` is the index, without credentials, or the project's lock file.
    """

    name: str
    version: str
    hashes: list[str] = []
    source: str = ""

    @property
    def requirement(self) -> str:
        """The package in the words of a requirements file."""
        return " ".join([f"{self.name}=={self.version}", *(f"--hash={digest}" for digest in self.hashes)])


class Pins(msgspec.Struct, frozen=True, kw_only=True):
    """``told`` is when, in Unix seconds; ``lacking`` maps a package that nobody has to why and what is nearest."""

    told: float
    packages: list[Pin]
    lacking: dict[str, str] = {}


def path(home: Home, lock: str) -> Path:
    """Where the pins of a lock are."""
    return home.path / "pins" / f"{lock}.json"


def read(home: Home, lock: str) -> Pins | None:
    """The pins of a lock; ``None`` when nobody has asked yet, or the file is damaged."""
    return read_if_there(path(home, lock), Pins)


def write(home: Home, lock: str, pins: Pins) -> None:
    """Keep the pins of a lock.

    Raises:
        OSError: the home cannot be written.
    """
    file = path(home, lock)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_document(file, pins)


def parse(text: str, source: str = "") -> list[Pin]:
    """The pins in a requirements file with exact versions.

    Args:
        text: as uv or pip-tools write it, an index annotated below each package (``# from ...``).
        source: where they come from, for those without an annotation.
    """
    found: list[Pin] = []
    for line in text.splitlines():
        if match := _PACKAGE.match(line):
            found.append(Pin(name=normal(match["name"]), version=match["version"], source=source))
        if found:
            hashes, (_, told, index) = _HASH.findall(line), line.partition("# from ")
            where = without_credentials(index.strip()) if told else found[-1].source
            found[-1] = msgspec.structs.replace(
                found[-1], hashes=[*found[-1].hashes, *hashes], source=where or found[-1].source
            )
    return found


def completed(pins: Iterable[Pin], wanted: Iterable[str], known: Iterable[Pin]) -> dict[str, Pin]:
    """The pin for each ``name==version`` that is wanted; hashes that ``pins`` do not tell come from ``known``."""
    found = {f"{pin.name}=={pin.version}": pin for pin in known if pin.hashes}
    for pin in pins:
        name = f"{pin.name}=={pin.version}"
        if pin.hashes or name not in found:
            found[name] = pin
    return {name: found[name] for name in wanted if name in found}


def normal(name: str) -> str:
    """A package's name as every installer compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
