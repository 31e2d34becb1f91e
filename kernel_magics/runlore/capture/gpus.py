"""What NVIDIA's GPUs are busy with that this process may use, asked of their driver without starting one.

It takes nvidia-ml-py, which is imported where there is a driver, and only then. Without one of them nothing is
measured. The driver tells the load of whole devices, whoever causes it, and of instances their memory alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

LIBRARY = "libnvidia-ml.so.1" if sys.platform != "win32" else "nvml.dll"
"""What the driver brings for questions about it."""


class Name(NamedTuple):
    """What a device can be called by: its number, unless it is an instance of a divided one, and its uuid."""

    number: int | None
    uuid: str


class Gpus:
    """The devices that the process may use, in the order in which CUDA counts them; asked from one thread.

    Attributes:
        lacking: why nothing is measured on a machine with a driver; ``None`` without one, and where it is.
        models: what each of the devices is called.
    """

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        self.lacking: str | None = None
        self.models: list[str] = []
        try:
            ctypes.CDLL(LIBRARY)  # quickly said where there is no driver, as on most machines
        except OSError:
            return
        try:
            import pynvml
        except ImportError:
            self.lacking = "the kernel's environment has no nvidia-ml-py; run there: pip install 'runlore[gpu]'"
            return
        try:
            pynvml.nvmlInit()
            found = list(handles(pynvml))
            names = [
                Name(None if part else index, text_of(pynvml.nvmlDeviceGetUUID(handle)))
                for index, handle, part in found
            ]
            models = [text_of(pynvml.nvmlDeviceGetName(handle)) for _, handle, _ in found]
        except pynvml.NVMLError as error:
            self.lacking = f"NVIDIA's driver does not answer: {error}"
            return
        setting = os.environ.get("CUDA_VISIBLE_DEVICES")
        among = range(len(names)) if setting is None else left_by(setting, names)
        self._handles = [found[position][1] for position in among]
        self.models = [models[position] for position in among]
        self._nvml = pynvml

    def measured(self) -> dict[str, float]:
        """What each is busy with now, by metric; nothing for what a device does not say."""
        values: dict[str, float] = {}
        for number, handle in enumerate(self._handles):
            load = asked(self._nvml, handle)
            values |= {f"system/gpu_{number}_{what}": value for what, value in load.items()}
        return values


def handles(nvml: Any) -> Iterator[tuple[int, Any, bool]]:
    """Index and handle of each device that can be used, and whether it is an instance of a divided one."""
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            whole = nvml.nvmlDeviceGetHandleByIndex(index)
        except nvml.NVMLError:
            continue  # not this user's, or broken
        try:
            divided = nvml.nvmlDeviceGetMigMode(whole)[0] == nvml.NVML_DEVICE_MIG_ENABLE
        except nvml.NVMLError:
            divided = False  # it cannot be
        if not divided:
            yield index, whole, False
            continue
        for number in range(nvml.nvmlDeviceGetMaxMigDeviceCount(whole)):
            with contextlib.suppress(nvml.NVMLError):  # there may be fewer instances than there can be
                yield index, nvml.nvmlDeviceGetMigDeviceHandleByIndex(whole, number), True


def asked(nvml: Any, handle: Any) -> dict[str, float]:
    """What a device says of its load, by the end of the metric's name."""
    found: dict[str, float] = {}
    with contextlib.suppress(nvml.NVMLError):
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        found["memory_usage_megabytes"] = memory.used / 1e6
        found["memory_usage_percentage"] = 100 * memory.used / memory.total if memory.total else 0.0
    with contextlib.suppress(nvml.NVMLError):
        found["utilization_percentage"] = float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    with contextlib.suppress(nvml.NVMLError):
        watts = nvml.nvmlDeviceGetPowerUsage(handle) / 1000
        found["power_usage_watts"] = watts
        found["power_usage_percentage"] = 100_000 * watts / nvml.nvmlDeviceGetEnforcedPowerLimit(handle)
    return found


def text_of(value: str | bytes) -> str:
    """What the bindings say; older ones give bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def left_by(setting: str, names: Sequence[Name]) -> list[int]:
    """The positions of the devices that a value of ``CUDA_VISIBLE_DEVICES`` leaves, in its order.

    As CUDA reads it: numbers, or uuids or the beginning of one, up to the first that is unknown or stands twice.
    """
    among: list[int] = []
    for text in setting.split(","):
        called = [position for position, name in enumerate(names) if _is_called(name, text.strip())]
        if len(called) != 1 or called[0] in among:
            break
        among += called
    return among


def _is_called(name: Name, text: str) -> bool:
    if text.isdecimal():
        return name.number == int(text)
    return text.startswith(("GPU-", "MIG-")) and name.uuid.startswith(text)
