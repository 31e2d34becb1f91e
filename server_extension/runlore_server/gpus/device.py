"""A device that jobs can be given, and what it is busy with."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One GPU, or one instance of a GPU that is divided by MIG.

    Attributes:
        index: where the driver has it, in the order of the PCI bus; instances have that of their GPU.
        uuid: what tells it from every other one.
        name: as its maker calls it, such as ``NVIDIA H200``.
        memory: bytes.
        node: the name of the machine.
        visible: what ``CUDA_VISIBLE_DEVICES`` calls it.
        part: it is an instance; CUDA gives a process one of them at the most.
        simulated: it stands in ``RUNLORE_GPUS`` alone.
    """

    index: int
    uuid: str
    name: str
    memory: int
    node: str
    visible: str
    part: bool = False
    simulated: bool = False


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a device is busy with now, whoever keeps it so; ``None`` where it does not say.

    Attributes:
        utilisation: the share of time in which it computed lately, in percent.
        memory: bytes in use.
        power: watts.
    """

    utilisation: float | None = None
    memory: int | None = None
    power: float | None = None


def amount(memory: int) -> str:
    """Bytes as makers count them: ``141 GB``."""
    return f"{memory / 1e9:.3g} GB"


def listed(devices: Iterable[Device]) -> str:
    """What there is, in a few words: ``4 x NVIDIA H200 (141 GB)``."""
    kinds: dict[str, int] = {}
    for device in devices:
        kind = f"{device.name} ({amount(device.memory)})"
        kinds[kind] = kinds.get(kind, 0) + 1
    return ", ".join(f"{count} x {kind}" for kind, count in kinds.items())
