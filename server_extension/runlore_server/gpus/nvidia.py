"""What NVIDIA's driver says of its devices: ``python -m runlore_server.gpus.nvidia`` prints it as JSON.

It runs in a process of its own: a driver in trouble blocks whoever asks it, and while
somebody asks a device, it cannot be divided.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from typing import Any

import msgspec

from runlore.capture.gpus import asked, handles, text_of
from runlore_server.gpus.device import Device, Usage


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """All devices that this process may use, what they are busy with by uuid, and why there are none if so."""

    devices: list[Device] = []
    usage: dict[str, Usage] = {}
    why: str = ""


def ask() -> Found:
    """Ask the driver. Blocks, for seconds where it has to wake devices."""
    try:
        import pynvml
    except ImportError:
        return Found(why="nvidia-ml-py, which finds them, is not installed; run: pip install 'runlore[lab]'")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return Found(why=f"NVIDIA's driver does not answer: {error}")
    try:
        return _found(pynvml)
    except pynvml.NVMLError as error:
        return Found(why=f"NVIDIA's driver does not tell its devices: {error}")
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _found(nvml: Any) -> Found:
    devices: list[Device] = []
    usage: dict[str, Usage] = {}
    for index, handle, part in handles(nvml):
        uuid = text_of(nvml.nvmlDeviceGetUUID(handle))
        devices.append(
            Device(
                index=index,
                uuid=uuid,
                name=text_of(nvml.nvmlDeviceGetName(handle)),
                memory=int(nvml.nvmlDeviceGetMemoryInfo(handle).total),
                node=socket.gethostname(),
                visible=uuid,
                part=part,
            )
        )
        usage[uuid] = _usage(asked(nvml, handle))
    return Found(devices=_numbered(devices, nvml.nvmlDeviceGetCount()), usage=usage)


def _numbered(devices: list[Device], count: int) -> list[Device]:
    """The devices, called by their numbers where CUDA is sure to count as the driver does.

    Programs read numbers more often than uuids. But CUDA leaves out what a process may not use, and counts
    otherwise where a device is divided; there the uuids stay.
    """
    if len(devices) != count or any(device.part for device in devices):
        return devices
    return [msgspec.structs.replace(device, visible=str(device.index)) for device in devices]


def _usage(load: dict[str, float]) -> Usage:
    memory = load.get("memory_usage_megabytes")
    return Usage(
        utilisation=load.get("utilization_percentage"),
        memory=None if memory is None else round(memory * 1e6),
        power=load.get("power_usage_watts"),
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(ask()))
