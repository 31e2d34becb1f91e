# ruff: noqa: PTH100, PTH109, PTH117, PTH118, PTH120, PTH206 - paths are text here: this is asked at every `exec`
"""Which files are the user's own code: not the standard library, not an installed package, not Runlore."""

from __future__ import annotations

import importlib.util
import os
import re
import sys

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_OWN = ("runlore", "runlore_server")
"""Runlore's packages; what is being worked on may lie anywhere, and other processes than the kernel read it."""


def _library_folders() -> tuple[str, ...]:
    stdlib = os.path.dirname(os.__file__)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    compiled = os.path.join(sys.base_exec_prefix, sys.platlibdir, version)
    specs = [spec for name in _OWN if (spec := importlib.util.find_spec(name)) is not None]
    own = [folder for spec in specs for folder in spec.submodule_search_locations or ()]
    found = {form for folder in (stdlib, compiled, *own) for form in (folder, os.path.realpath(folder))}
    return tuple(folder.rstrip(os.sep) + os.sep for folder in found)


_LIBRARY = _library_folders()
_PREFIXES = tuple(
    {
        form.rstrip(os.sep) + os.sep
        for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)
        for form in (prefix, os.path.realpath(prefix))
    }
)
_CELL = re.compile(r"[/\\]ipykernel_\d+[/\\]\d+\.py$")
"""What ipykernel calls the file of a cell, which exists nowhere."""

_known: dict[str, bool] = {}
_MOST_KNOWN = 20_000


def is_users(path: str) -> bool:
    """Whether ``path``, an absolute path or what a code object calls its file, is a Python file of the user's.

    A project may lie below the interpreter's prefix (``/usr/src/app``), or the interpreter in the project
    (``project/.venv``): what lies below the prefix is the user's where the working directory lies there too.
    """
    known = _known.get(path)
    if known is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        known = _known[path] = _look(path)
    return known


def absolute(path: str) -> str:
    """``path`` as an absolute path; symbolic links in it stay."""
    return path if os.path.isabs(path) else os.path.abspath(path)


def _look(path: str) -> bool:
    if not path.endswith(".py") or not os.path.isabs(path) or path.startswith(_LIBRARY):
        return False
    if not _INSTALLED.isdisjoint(path.split(os.sep)) or _CELL.search(path):
        return False
    within = [prefix for prefix in _PREFIXES if path.startswith(prefix)]
    if not within:
        return True
    try:
        here = os.path.realpath(os.getcwd()) + os.sep
    except OSError:
        return False
    return path.startswith(here) and all(here.startswith(prefix) and here != prefix for prefix in within)
