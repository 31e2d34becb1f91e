"""What conda had installed in a recorded environment: uv builds no such packages, a user of conda can."""

from __future__ import annotations

import re

from runlore.capture.lock import CondaPackage, Lock
from runlore.home import Home
from runlore_server.rerun.pins import path as pins_path
from runlore_server.whole import write_whole

_MOST_NAMED = 5
_URL = re.compile(r"(https?|file)://\S+\.(conda|tar\.bz2)")
_MD5 = re.compile(r"[0-9a-f]{32}")


def notes(home: Home, digest: str, lock: Lock) -> list[str]:
    """What an environment built by uv from ``lock`` has otherwise than conda had it.

    Raises:
        OSError: the home cannot be written.
    """
    if not lock.conda:
        return []
    python = {package.name for package in lock.packages if package.installer == "conda"}
    ours = [package for package in lock.conda if package.name in python]
    others = [package for package in lock.conda if package.name not in python]
    found = []
    if ours:
        found.append(f"{_named(ours)} came from conda and are taken from the package index, as other builds")
    if others:
        found.append(f"{_named(others)} came from conda, are not Python's, and are not rebuilt")
    return [*found, advice(home, digest, lock)]


def advice(home: Home, digest: str, lock: Lock) -> str:
    """How a user of conda has the same builds again; empty where conda had nothing in it.

    Raises:
        OSError: the home cannot be written.
    """
    if not lock.conda:
        return ""
    lines = [f"{package.url}#{package.md5}" for package in lock.conda if _again(package)]
    if len(lines) < len(lock.conda):
        return "the archives of some of its packages are not recorded, so conda cannot have all of them again"
    file = pins_path(home, digest).with_suffix(".conda.txt")
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(file, "\n".join(["@EXPLICIT", *lines, ""]).encode())
    return f"the same builds: conda create --name NAME --file {file}, then rerun with --kernel"


def _again(package: CondaPackage) -> bool:
    return bool(_URL.fullmatch(package.url or "") and _MD5.fullmatch(package.md5 or ""))


def _named(packages: list[CondaPackage]) -> str:
    named = ", ".join(f"{one.name} {one.version} {one.build}".strip() for one in packages[:_MOST_NAMED])
    more = len(packages) - _MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named
