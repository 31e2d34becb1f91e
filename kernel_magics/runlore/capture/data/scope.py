"""Which files are data, and not code, caches or the machinery of Python, Jupyter and Runlore."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from pathlib import Path

_NO_DATA = (
    ".py", ".pyc", ".pyo", ".pyi", ".pyd", ".so", ".dll", ".dylib", ".ipynb",
    "-journal", "-wal", "-shm", "~", ".swp", ".lock",
    ".env", ".netrc", ".pem", ".pgpass", "/token", "/kaggle.json", "/credentials.json",
)  # fmt: skip
"""Ends of names that are code, what a database or an editor keeps beside its file, or secrets: a digest of a short
one would give it away."""

_SYSTEM = (
    "/proc", "/sys", "/dev", "/etc", "/run", "/boot", "/lib", "/lib64", "/bin", "/sbin",
    "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share", "/usr/include", "/usr/bin", "/usr/local/bin",
    "/usr/local/nvidia", "/usr/local/cuda",
    "/var/lib", "/var/cache", "/var/run", "/System", "/Library",
)  # fmt: skip
_CACHES = ("matplotlib", "fontconfig", "pip", "uv", "jedi", "parso", "mesa_shader_cache", "black", "numba")
_HIDDEN_IN_HOME = (
    ".ipython", ".jupyter", ".local/share/jupyter", ".local/state", ".matplotlib", ".config", ".fonts",
    ".local/share/fonts", ".pyenv", ".local/lib", ".nv", ".triton", ".ssh", ".gnupg", ".aws", ".azure", ".kube",
    ".docker", ".kaggle",
)  # fmt: skip
_SKIPPED_TREES = frozenset({"node_modules", "site-packages"})


class Scope:
    """Tells data from everything else, by path; ``no_data`` are the ends of names that are never data's.

    Args:
        home: Runlore's own folder.
    """

    no_data = _NO_DATA

    def __init__(self, home: Path) -> None:
        user = os.path.expanduser("~")
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(user, ".cache")
        found = [str(home), *_SYSTEM, *site.getsitepackages(), site.getusersitepackages()]
        paths = sysconfig.get_paths()
        found += [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib", "include", "scripts")]
        for prefix in {sys.prefix, sys.base_prefix}:
            found += [os.path.join(prefix, name) for name in ("share", "etc", "ssl", "conda-meta")]
        found += [os.path.join(cache, name) for name in _CACHES]
        found += [os.path.join(user, name) for name in _HIDDEN_IN_HOME]
        named = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
        found += [os.environ[name] for name in named if os.environ.get(name)]
        roots = {os.path.abspath(path) for path in found}
        roots |= {os.path.realpath(path) for path in roots}
        roots.discard(os.sep)
        self._excluded = tuple(sorted(root + os.sep for root in roots))

    def holds_data(self, directory: str) -> bool:
        """Whether files of this directory (an absolute path) can be data."""
        return not (directory + os.sep).startswith(self._excluded)

    def is_data(self, path: str) -> bool:
        """Whether a file of a directory that holds data is data itself, by its name."""
        return not path.endswith(self.no_data)

    def is_walked(self, directory: os.DirEntry[str]) -> bool:
        """Whether a tree that is watched is followed into this directory; links count as what they lead to."""
        name = directory.name
        if name.startswith(".") or name in _SKIPPED_TREES:
            return False
        try:
            if not directory.is_dir():
                return False
        except OSError:
            return False
        return self.holds_data(directory.path)


def absolute(path: str) -> str:
    """The absolute path under its one name: POSIX lets two slashes at the beginning stand, as in ``//proc``."""
    path = os.path.abspath(path)
    return path[1:] if path.startswith("//") else path
