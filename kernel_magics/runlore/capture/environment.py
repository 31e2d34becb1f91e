"""The environment of a run: interpreter, packages, hardware, settings that change results.

The object is JSON with the keys ``python``, ``implementation``, ``platform``, ``libc``, ``packages`` (name to
version), ``hardware``, ``libraries`` (settings of loaded libraries) and ``variables`` (environment variables
from the allow-list; others never enter the record, because they may hold secrets). Once the lock has been taken
in the background there are ``lock``, the digest of the object that ``runlore.capture.lock`` describes,
``edited``: files of installed packages that were changed by hand, with the digests of what they hold,
``lockfiles``: those of the project (``uv.lock`` and its like), with the digests of their text, and ``indexes``:
where pip and uv are configured to take packages from. No address in them holds credentials.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from runlore.capture import libraries

ALLOWED_VARIABLES = (
    "ATEN_CPU_CAPABILITY",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_DEVICE_ORDER",
    "CUDA_LAUNCH_BLOCKING",
    "CUDA_VISIBLE_DEVICES",
    "DNNL_MAX_CPU_ISA",
    "LANG",
    "LC_ALL",
    "MKL_CBWR",
    "MKL_NUM_THREADS",
    "MPLBACKEND",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "PYTHONHASHSEED",
    "PYTHONPATH",
    "TF_DETERMINISTIC_OPS",
    "TZ",
    "VECLIB_MAXIMUM_THREADS",
    "XLA_FLAGS",
)
"""Environment variables that are recorded, and set again for a rerun."""

_INSTALLED = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info")


Directories = tuple[tuple[str, int], ...]
"""The directories on ``sys.path`` with the times of their last change, in ns."""


def capture(directories: Directories) -> dict[str, Any]:
    """The environment as it is now, but for the lock; ``directories`` are what ``search_path`` gives.

    Packages are listed anew only after an installation changed one of the directories on ``sys.path``.
    """
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "libc": " ".join(_libc()),
        "packages": _packages(directories),
        "hardware": _hardware(),
        "libraries": libraries.capture(),
        "variables": {name: os.environ[name] for name in ALLOWED_VARIABLES if name in os.environ},
    }


def search_path() -> Directories:
    """Where packages are imported from; it changes with every installation."""
    return tuple((path, stat.st_mtime_ns) for path in sys.path if (stat := _stat_directory(path)) is not None)


def _stat_directory(path: str) -> os.stat_result | None:
    try:
        return os.stat(path or ".")
    except OSError:
        return None


@lru_cache(maxsize=1)
def _libc() -> tuple[str, str]:
    return platform.libc_ver()


@lru_cache(maxsize=4)
def _packages(directories: Directories) -> dict[str, str]:
    found = {name: version for name, version, _ in installed(directory for directory, _ in directories)}
    return dict(sorted(found.items()))


def installed(directories: Iterable[str]) -> Iterator[tuple[str, str, Path]]:
    """Every package that can be imported from the directories: normalised name, version, its ``*-info``.

    Of several with one name, the first on the path is the one that is imported.
    """
    seen = set[str]()
    for directory in directories:
        try:
            # The folder's name says what reading every METADATA says, which costs a tenth of a second.
            entries = sorted(entry.name for entry in os.scandir(directory or ".") if entry.name.endswith("-info"))
        except OSError:
            continue
        for entry in entries:
            match, path = _INSTALLED.fullmatch(entry), Path(directory or ".") / entry
            described = (match["name"], match["version"]) if match else _described(path)
            if described is None:
                continue
            name = re.sub(r"[-_.]+", "-", described[0]).lower()
            if name not in seen:
                seen.add(name)
                yield name, described[1], path


def _described(path: Path) -> tuple[str, str] | None:
    """Name and version from the metadata itself, for folders whose name does not say them."""
    from importlib import metadata

    described = metadata.Distribution.at(path).metadata
    # A damaged folder, left by an interrupted installation, has no metadata at all.
    if described is None or "Name" not in described or "Version" not in described:
        return None
    return str(described["Name"]), str(described["Version"])


@lru_cache(maxsize=1)
def _hardware() -> dict[str, Any]:
    import psutil

    return {
        "machine": platform.machine(),
        "processor": _cpu_fact("model name") or platform.processor(),
        "isa": sorted(set((_cpu_fact("flags") or "").split()) & _ISA_FLAGS),
        "cpus": os.cpu_count(),
        "usable_cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "nvidia_driver": _nvidia_driver(),
        **({"gpus": models} if (models := _nvidia_models()) else {}),
    }


_ISA_FLAGS = frozenset(
    (
        *("sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni", "amx_tile", "amx_bf16"),
        *("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16"),
    )
)
"""Processor features that numeric libraries choose their code by, and so their rounding."""


@lru_cache(maxsize=8)
def _cpu_fact(key: str) -> str | None:
    try:
        with Path("/proc/cpuinfo").open() as file:
            for line in file:
                name, _, value = line.partition(":")
                if name.strip() == key:
                    return value.strip()
    except OSError:
        pass
    return None


def _nvidia_models(directory: Path = Path("/proc/driver/nvidia/gpus")) -> list[str]:
    """The model of each GPU of the machine, in the order of the bus, whether or not this process may use it."""
    found = []
    for path in sorted(directory.glob("*/information")):
        try:
            facts = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        found.append(facts.get("Model", "unknown").strip())
    return found


def _nvidia_driver() -> str | None:
    try:
        return Path("/proc/driver/nvidia/version").read_text().splitlines()[0]
    except (OSError, IndexError):
        return None
