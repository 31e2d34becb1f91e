"""``runlore gpus``: the GPUs here, what they are busy with, and which jobs hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from runlore_server.config import Config
from runlore_server.gpus.detection import detect
from runlore_server.gpus.device import Device, Usage, amount
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.status import Leased
from runlore_server.store.runs import RunStore

_HEAD = ("gpu", "name", "memory", "in use", "busy", "power", "jobs", "id")


def gpus(config: Config, store: RunStore) -> tuple[dict[str, Any], str, int]:
    """The JSON object, the text and the exit code of the command.

    Raises:
        SettingRefused: see ``detect``.
    """
    found, leased = detect(), _leased(config, store)
    held = {one.device.uuid: one.holders for one in leased}
    here = {device.uuid for device in found.devices}
    # Those of other machines, which a backend brought.
    devices = [*found.devices, *(one.device for one in leased if one.device.uuid not in here)]
    told = {
        "gpus": [
            {
                **msgspec.to_builtins(device),
                "usage": msgspec.to_builtins(found.usage.get(device.uuid, Usage())),
                "jobs": held.get(device.uuid, []),
            }
            for device in devices
        ],
        "why": found.why,
    }
    if not devices:
        return told, f"No GPU: {found.why}.", 0
    rows = [_HEAD, *(_row(device, found.usage.get(device.uuid, Usage()), held) for device in devices)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)
    return told, "\n".join(line.rstrip() for line in lines), 0


def _leased(config: Config, store: RunStore) -> list[Leased]:
    """The devices of the queue's backends; looking makes no queue where there is none."""
    if not (config.home.path / "jobs.sqlite").is_file():
        return []
    queue = JobQueue(config.home, store, lambda _: None)
    try:
        return [leased for place in queue.status().backends for leased in place.devices]
    finally:
        queue.shutdown()


def _row(device: Device, usage: Usage, held: Mapping[str, list[str]]) -> tuple[str, ...]:
    return (
        f"{device.index}" if not device.part else f"{device.index} (part)",
        device.name + (" (simulated)" if device.simulated else ""),
        amount(device.memory),
        "-" if usage.memory is None else amount(usage.memory),
        "-" if usage.utilisation is None else f"{usage.utilisation:.0f} %",
        "-" if usage.power is None else f"{usage.power:.0f} W",
        ", ".join(held.get(device.uuid, [])) or "-",
        device.uuid,
    )
