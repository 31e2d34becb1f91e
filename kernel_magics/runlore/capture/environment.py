"""The environment of a run: interpreter, packages, hardware, settings that change results.

The object is JSON with the keys ``python``, ``platform``, ``packages`` (name to version), ``hardware``,
``libraries`` (settings of loaded libraries) and ``variables`` (environment variables from the allow-list;
others never enter the record, because they may hold secrets).
"""

from __future__ import annotations

import os
import platform
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

ALLOWED_VARIABLES = (
    "ATEN_CPU_CAPABILITY",
    "CUBLAS_WORKSPACE_CONFIG",
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


def capture() -> bytes:
    """The environment as it is now, as the JSON described above.

    Packages are listed anew only after an installation changed one of the directories on ``sys.path``.
    """
    directories = tuple(
        (path, stat.st_mtime_ns) for path in sys.path if (stat := _stat_directory(path)) is not None
    )
    found = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "packages": _packages(directories),
        "hardware": _hardware(),
        "libraries": _libraries(),
        "variables": {name: os.environ[name] for name in ALLOWED_VARIABLES if name in os.environ},
    }
    return msgspec.json.encode(found, order="deterministic")


def _stat_directory(path: str) -> os.stat_result | None:
    try:
        return os.stat(path or ".")
    except OSError:
        return None


@lru_cache(maxsize=4)
def _packages(directories: tuple[tuple[str, int], ...]) -> dict[str, str]:
    # Reading every METADATA file costs a tenth of a second; the name of its folder says the same.
    found: dict[str, str] = {}
    for directory, _ in directories:
        try:
            entries = [entry.name for entry in os.scandir(directory or ".") if entry.name.endswith("-info")]
        except OSError:
            continue
        for entry in entries:
            match = _INSTALLED.fullmatch(entry)
            if match:
                name, version = match["name"], match["version"]
            elif described := _described(Path(directory or ".") / entry):
                name, version = described
            else:
                continue
            # The first on the path is the one that is imported.
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return dict(sorted(found.items()))


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


def _nvidia_driver() -> str | None:
    try:
        return Path("/proc/driver/nvidia/version").read_text().splitlines()[0]
    except (OSError, IndexError):
        return None


def _libraries() -> dict[str, Any]:
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_num_threads"):
        return {}
    facts = {
        "version": str(torch.__version__),  # with the local part (+cu130) that the package name lacks
        "threads": torch.get_num_threads(),
        "interop_threads": torch.get_num_interop_threads(),
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "cudnn_deterministic": torch.backends.cudnn.deterministic,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cuda": torch.version.cuda,
    }
    if torch.cuda.is_initialized():
        facts["devices"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {"torch": facts}
