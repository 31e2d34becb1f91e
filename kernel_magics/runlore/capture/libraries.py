"""Settings of numeric libraries that change results: threads, precision, determinism, versions beneath them.

Only libraries that the user has loaded are asked, and only what they answer without starting a device.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

_TORCH = {
    "threads": "get_num_threads",
    "interop_threads": "get_num_interop_threads",
    "default_dtype": "get_default_dtype",
    "deterministic_algorithms": "are_deterministic_algorithms_enabled",
    "deterministic_warn_only": "is_deterministic_algorithms_warn_only_enabled",
    "deterministic_fill": "utils.deterministic.fill_uninitialized_memory",
    "float32_matmul_precision": "get_float32_matmul_precision",
    "matmul_allow_tf32": "backends.cuda.matmul.allow_tf32",
    "matmul_fp32_precision": "backends.cuda.matmul.fp32_precision",
    "matmul_fp16_reduction": "backends.cuda.matmul.allow_fp16_reduced_precision_reduction",
    "matmul_bf16_reduction": "backends.cuda.matmul.allow_bf16_reduced_precision_reduction",
    "cudnn_enabled": "backends.cudnn.enabled",
    "cudnn_deterministic": "backends.cudnn.deterministic",
    "cudnn_benchmark": "backends.cudnn.benchmark",
    "cudnn_allow_tf32": "backends.cudnn.allow_tf32",
    "cudnn_fp32_precision": "backends.cudnn.conv.fp32_precision",
    "mkldnn_enabled": "backends.mkldnn.enabled",
    "mkldnn_fp32_precision": "backends.mkldnn.fp32_precision",
    "flash_sdp": "backends.cuda.flash_sdp_enabled",
    "math_sdp": "backends.cuda.math_sdp_enabled",
    "mem_efficient_sdp": "backends.cuda.mem_efficient_sdp_enabled",
    "cudnn_sdp": "backends.cuda.cudnn_sdp_enabled",
    "cpu_capability": "backends.cpu.get_cpu_capability",
    "version": "__version__",  # with the local part (+cu130) that the package name may lack
    "cuda": "version.cuda",
}
_JAX = {
    "version": "__version__",
    "x64": "config.jax_enable_x64",
    "matmul_precision": "config.jax_default_matmul_precision",
    "threefry_partitionable": "config.jax_threefry_partitionable",
}
_TENSORFLOW = {
    "version": "__version__",
    "threads": "config.threading.get_intra_op_parallelism_threads",
    "interop_threads": "config.threading.get_inter_op_parallelism_threads",
    "tf32": "config.experimental.tensor_float_32_execution_enabled",
}
_PLAIN = (bool, int, float, str)


def capture() -> dict[str, dict[str, Any]]:
    """The settings as they are now, by library; a setting that a library refuses to tell is left out."""
    found = {}
    for name, questions in (("torch", _TORCH), ("jax", _JAX), ("tensorflow", _TENSORFLOW)):
        if (library := sys.modules.get(name)) is not None and (facts := _answers(library, questions)):
            found[name] = facts
    if "torch" in found:
        found["torch"] |= _cuda(sys.modules["torch"])
    if facts := _numpy():
        found["numpy"] = facts
    return found | _thread_pools()


def _answers(library: Any, questions: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for name, path in questions.items():
        try:
            answer = library
            for part in path.split("."):
                answer = getattr(answer, part)
            answer = answer() if callable(answer) else answer
        except Exception:  # noqa: BLE001, S112 - half imported, of another version, or refused: torch's TF32 flags
            continue
        if answer is not None:
            found[name] = answer if type(answer) in _PLAIN else str(answer)
    return found


def _cuda(torch: Any) -> dict[str, Any]:
    try:
        # A question about a device must not be what starts it.
        if not torch.cuda.is_initialized():
            return {}
        devices = range(torch.cuda.device_count())
        return {
            "cudnn": torch.backends.cudnn.version(),
            "devices": [torch.cuda.get_device_name(device) for device in devices],
            "devices_used": [device for device in devices if torch.cuda.max_memory_reserved(device)],
            "device_memory": [torch.cuda.get_device_properties(device).total_memory for device in devices],
            "capabilities": [".".join(map(str, torch.cuda.get_device_capability(device))) for device in devices],
        }
    except Exception:  # noqa: BLE001 - a half imported torch, or a device in trouble
        return {}


def _numpy() -> dict[str, Any]:
    numpy = sys.modules.get("numpy")
    try:
        built = numpy.show_config(mode="dicts") if numpy is not None else {}
        blas = built["Build Dependencies"]["blas"]
        return {"blas": f"{blas['name']} {blas['version']}", "simd": built["SIMD Extensions"].get("found", [])}
    except Exception:  # noqa: BLE001 - not loaded, half imported, or older than these words
        return {}


_controllers: dict[int, Any] = {}
"""threadpoolctl's look at the loaded libraries (2 ms), by how many modules were loaded then."""


def _thread_pools() -> dict[str, dict[str, Any]]:
    """Each BLAS and OpenMP library that threadpoolctl knows: version, threads, and the processor it chose."""
    threadpoolctl = sys.modules.get("threadpoolctl")
    if threadpoolctl is None:
        return {}
    try:
        loaded = len(sys.modules)
        if loaded not in _controllers:
            _controllers.clear()
            _controllers[loaded] = threadpoolctl.ThreadpoolController()
        return {
            f"{pool['internal_api']} ({pool['prefix']} in {_folder(pool)})": {
                key: pool[key]
                for key in ("version", "num_threads", "architecture", "threading_layer")
                if pool.get(key) is not None
            }
            for pool in _controllers[loaded].info()
        }
    except Exception:  # noqa: BLE001 - an older threadpoolctl, or a library that vanished
        return {}


def _folder(pool: Mapping[str, Any]) -> str:
    """NumPy, SciPy and torch bring a library of the same name each: ``numpy.libs`` tells whose it is."""
    return os.path.basename(os.path.dirname(str(pool.get("filepath", ""))))  # noqa: PTH119, PTH120 - text from there
