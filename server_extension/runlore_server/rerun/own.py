"""The Runlore that asks for a rerun, to be put into the environment in which it happens."""

from __future__ import annotations

import sys
from functools import cached_property
from importlib import metadata
from pathlib import Path

from blake3 import blake3
from packaging.requirements import Requirement

from runlore.capture import wheels
from runlore.capture.environment import installed
from runlore.capture.lock import Lock
from runlore_server.errors import RerunRefused

_KERNEL = "ipykernel>=6.29"


class OwnRunlore:
    """This installation of Runlore.

    Raises:
        RerunRefused: it is not installed, but only found on the path.
    """

    def __init__(self) -> None:
        for name, version, info in installed(sys.path):
            if name == "runlore" and (entries := wheels.read_record(info)):
                # A kernel has no use for what a browser loads.
                self._entries = [one for one in entries if "/labextension" not in one.path]
                self._version, self._info = version, info
                return
        raise RerunRefused("this Runlore is not installed, so it cannot be put into another environment")

    @cached_property
    def digest(self) -> str:
        """Another one for another Runlore."""
        told = sorted(f"{entry.path} {entry.hash}\n" for entry in self._entries if not entry.made_by_installer)
        return str(blake3("".join(told).encode("utf-8", "surrogateescape")).hexdigest())

    def write(self, place: Path) -> str:
        """Write its wheel below ``place``; the requirement that installs it.

        Raises:
            OSError: it cannot be read or written.
        """
        file = place / "wheels" / f"runlore-{self._version}-py3-none-any.whl"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(wheels.pack(self._info, self._entries))
        return f"runlore @ {file.as_uri()}"

    def lacking(self, lock: Lock) -> list[str]:
        """What Runlore and a kernel need and ``lock`` does not hold, as requirements."""
        held = {package.name: package.version for package in lock.packages}
        told = metadata.Distribution.at(self._info).requires or []
        major, minor = lock.python.split(".")[:2]
        version = {"python_full_version": lock.python, "python_version": f"{major}.{minor}", "extra": ""}
        return [
            str(needed)
            for needed in map(Requirement, [*told, _KERNEL])
            if (needed.marker is None or needed.marker.evaluate(version))
            and not needed.specifier.contains(held.get(needed.name, ""), prereleases=True)
        ]
