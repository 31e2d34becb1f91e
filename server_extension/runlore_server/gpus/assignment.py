"""Which devices a job gets: a pure function of what it asks, what there is, and what others hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import msgspec

from runlore_server.errors import OptionsRefused
from runlore_server.gpus.device import Device, listed
from runlore_server.gpus.wish import Asking, Wish, wish

_ROUNDING = 1e-9
"""By which ten tenths of a device may be more than the whole of it."""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """What a job holds until it has ended: ``share`` of each of these devices, by their uuid, on ``node``.

    ``environ`` is what its kernel has to be started with.
    """

    devices: list[str] = []
    share: float = 1.0
    node: str | None = None
    environ: dict[str, str] = {}


def assign(asked: Asking, devices: Sequence[Device], taken: Collection[Lease]) -> Lease | None:
    """The lease of a job that asks for GPUs now; ``None`` when it has to wait for what others hold.

    Whole devices are held by one job each and lie in one machine, of one kind where that can be had. Parts of a
    device go where others are already, so that whole ones stay free. The smallest devices that will do are taken.
    A job that asks for none gets a lease of nothing that changes nothing.

    Args:
        asked: see ``wish``.
        devices: all that there are.
        taken: what is held by others.

    Raises:
        OptionsRefused: see ``wish``.
    """
    wanted = wish(asked)
    if wanted is None:
        return Lease()
    held: dict[str, float] = defaultdict(float)
    for lease in taken:
        for uuid in lease.devices:
            held[uuid] += lease.share
    suiting = [device for device in devices if wanted.suits(device)]
    if wanted.count < 1:
        return _part(wanted, suiting, held)
    return _whole(int(wanted.count), [device for device in suiting if not held.get(device.uuid)])


def check(asked: Asking, devices: Sequence[Device], why: str = "") -> None:
    """Refuse what no machine here could ever give, also when nobody else holds anything.

    Args:
        asked: what a job asks for.
        devices: all that there are.
        why: why there are none, where there are none.

    Raises:
        OptionsRefused: see ``wish``; or there is no such device, or are not enough of them in one machine.
    """
    asked_for = wish(asked)
    if asked_for is None or assign(asked, devices, []) is not None:
        return
    if not devices:
        reason = f" ({why})" if why else ""
        raise OptionsRefused(f"{asked_for} cannot be had: there is no GPU here{reason}; ask for none")
    suiting = [device for device in devices if asked_for.suits(device)]
    hint = " in one machine" if len(suiting) >= asked_for.count else ""
    raise OptionsRefused(f"{asked_for} cannot be had{hint}; there are: {listed(devices)}")


def visible(devices: Iterable[Device]) -> dict[str, str]:
    """The environment in which a process sees these devices, in this order, and no others."""
    names = ",".join(device.visible for device in devices)
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": names}


def _part(wanted: Wish, devices: list[Device], held: dict[str, float]) -> Lease | None:
    room = [device for device in devices if held.get(device.uuid, 0.0) + wanted.count <= 1 + _ROUNDING]
    if not room:
        return None
    # The fullest first; of free ones, the smallest.
    best = min(room, key=lambda device: (-held.get(device.uuid, 0.0), device.memory, device.node, device.index))
    return _lease([best], wanted.count)


def _whole(count: int, free: list[Device]) -> Lease | None:
    nodes: dict[str, list[Device]] = defaultdict(list)
    kinds: dict[tuple[str, str], list[Device]] = defaultdict(list)
    for device in sorted(free, key=lambda device: (device.memory, device.index)):
        nodes[device.node].append(device)
        kinds[device.node, device.name].append(device)
    for groups in (list(kinds.values()), list(nodes.values())):
        if enough := [group for group in groups if len(group) >= count]:
            # Among equally small devices, the machine that has the fewest more of them.
            best = min(enough, key=lambda group: (_memory(group[:count]), len(group), group[0].node))
            return _lease(best[:count], 1.0)
    return None


def _memory(devices: list[Device]) -> int:
    return sum(device.memory for device in devices)


def _lease(devices: list[Device], share: float) -> Lease:
    devices = sorted(devices, key=lambda device: device.index)
    return Lease(
        devices=[device.uuid for device in devices],
        share=share,
        node=devices[0].node,
        environ=visible(devices),
    )
