"""What a kernel's interpreter has: whether it is there, and ipykernel and Runlore with it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

import msgspec

NEEDED = ("ipykernel", "runlore")
"""The packages without which no kernel can replay."""

_TIMEOUT = 20.0
"""Seconds for an interpreter to answer. It takes a twentieth of one; a cold network disk takes longer."""

_PROGRAM = """
import importlib.util, json, platform, sys
try:
    from importlib import metadata
except ImportError:
    metadata = None
def version(name):
    try:
        if importlib.util.find_spec(name) is None:
            return None
    except ImportError:
        return None
    try:
        return metadata.version(name)
    except Exception:
        return ""
found = {name: version(name) for name in %r}
print(json.dumps({"python": platform.python_version(), "packages": found, "path": sys.path}))
"""

_DISTRIBUTION = re.compile(r"(ipykernel|runlore)-([^-]+)\.dist-info")


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    ``python`` is the interpreter's version where it had to be asked; ``packages`` maps each of ``NEEDED`` to its
    version, which is empty where it has none, and ``None`` where it is missing. ``error`` says why nothing is
    known.
    """

    python: str | None = None
    packages: dict[str, str | None] = {}
    error: str | None = None

    @property
    def missing(self) -> list[str]:
        """Those of ``NEEDED`` that it lacks."""
        return [name for name in NEEDED if self.error is None and self.packages.get(name) is None]


_Stamp = tuple[tuple[str, int], ...]

_known: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[_Stamp, Probe]] = {}
_lock = threading.Lock()


def probe(python: str, environ: Mapping[str, str] | None = None) -> Probe:
    """Look at an interpreter.

    Args:
        python: its absolute path.
        environ: variables that its kernel is started with besides this process's own.

    What an installation leaves on disk is looked at first, which takes a millisecond. Only if that is not enough
    the interpreter itself is asked, and its answer kept until a directory that it imports from changes.
    """
    if not environ and (found := beside(python)) is not None:
        return found
    key = (python, tuple(sorted((environ or {}).items())))
    with _lock:
        kept = _known.get(key)
    if kept is not None and kept[0] == _stamp(path for path, _ in kept[0]):
        return kept[1]
    found, path = _asked(python, environ or {})
    if found.error is None:
        with _lock:
            _known[key] = _stamp([python, *path]), found
    return found


def beside(python: str) -> Probe | None:
    """What can be told of an interpreter without starting it; ``None`` where that is not enough."""
    return _own() if _is_own(python) else _on_disk(Path(python))


def _is_own(python: str) -> bool:
    # Environments link to one binary: only the path as it is says which environment it is.
    return os.path.normpath(python) == os.path.normpath(sys.executable)


def _own() -> Probe:
    packages = {name: _own_version(name) for name in NEEDED}
    return Probe(python=".".join(map(str, sys.version_info[:3])), packages=packages)


def _own_version(name: str) -> str | None:
    if importlib.util.find_spec(name) is None:
        return None
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _on_disk(python: Path) -> Probe | None:
    """What stands beside the interpreter of a virtual or conda environment, if all that is needed does."""
    found: dict[str, str | None] = {}
    for site in python.parents[1].glob("lib/python*/site-packages"):
        try:
            with os.scandir(site) as entries:
                named = [match for entry in entries if (match := _DISTRIBUTION.fullmatch(entry.name))]
        except OSError:
            continue
        found |= {match[1]: match[2] for match in named}
    return Probe(packages=found) if found.keys() >= set(NEEDED) else None


def _asked(python: str, environ: Mapping[str, str]) -> tuple[Probe, list[str]]:
    # Not the working directory: it is not the kernel's. All else that answers for a kernel answers here.
    surroundings = {**os.environ, **environ, "PYTHONSAFEPATH": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - what the kernelspec starts
            [python, "-c", _PROGRAM % (NEEDED,)],
            env=surroundings,
            cwd=Path(python).parent,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return Probe(error=f"it does not answer within {_TIMEOUT:.0f} s"), []
    except OSError as error:
        return Probe(error=f"it cannot be started: {error.strerror or error}"), []
    try:
        told = json.loads(done.stdout.splitlines()[-1])
        return Probe(python=told["python"], packages=told["packages"]), told["path"]
    except (IndexError, ValueError, KeyError, TypeError):
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return Probe(error=f"it does not work: {last[:300] or f'exit status {done.returncode}'}"), []


def _stamp(paths: Iterable[str]) -> _Stamp:
    """Files and directories with the times of their last change, in ns; 0 for what is not there."""
    found = []
    for path in paths:
        try:
            found.append((path, os.stat(path).st_mtime_ns))
        except OSError:
            found.append((path, 0))
    return tuple(found)
