"""The queue as a whole, as anybody on the home sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from runlore.decodable import decodable
from runlore_server.gpus.device import Device
from runlore_server.gpus.giving import Giving
from runlore_server.queue.row import Row


@dataclass(frozen=True)
class Leased:
    """A device that jobs may be given; ``holders`` are the runs of those that have it, or a part of it."""

    device: Device
    holders: list[str]


@dataclass(frozen=True)
class Place:
    """A backend: how many attempts it carries out at once, how many it does, its devices, and what ails it."""

    name: str
    slots: int
    running: int
    devices: list[Leased]
    trouble: str | None


@dataclass(frozen=True)
class QueueStatus:
    """What the queue is at.

    ``owner`` says whether this process carries jobs out, ``owned`` whether any does. ``waiting`` counts the queued
    jobs that are not held. ``slots`` is how many go on at once by the default backend, which is the first. Without
    an owner, what the last one offered is told.
    """

    paused: bool
    owner: bool
    owned: bool
    slots: int
    running: int
    waiting: int
    held: int
    backends: list[Place]

    def slots_of(self, backend: str | None) -> int:
        """How many go on at once by a backend; the default one without a name."""
        return next((place.slots for place in self.backends if place.name == backend), self.slots)


class Offer(msgspec.Struct, frozen=True):
    """What a backend has in all, as the queue's owner writes it into the ledger; see ``Capacity``."""

    slots: int
    devices: list[Device] | None = []
    trouble: str | None = None
    giving: Giving = "any"


def offers(told: Any) -> dict[str, Offer]:
    """The owner's note, by the names of backends; empty where there is none, or a later version's."""
    try:
        return msgspec.convert(told or {}, decodable(dict[str, Offer]))
    except msgspec.ValidationError:
        return {}


def places(offered: dict[str, Offer], working: Sequence[Row]) -> list[Place]:
    """Each backend with those of the jobs that it is at work on."""
    found = []
    for name, offer in offered.items():
        own = [row for row in working if row.backend == name]
        devices = [
            Leased(device, [row.run_id for row in own if device.uuid in leased(row)])
            for device in offer.devices or []
        ]
        found.append(Place(name, offer.slots, len(own), devices, offer.trouble))
    return found


def gpus(row: Row) -> float:
    """How many GPUs a job got, or asks for while it has none; a part of one below 1."""
    lease = row.lease
    return len(lease["devices"]) * lease["share"] if lease is not None and lease["devices"] else row.request.gpus


def leased(row: Row) -> list[str]:
    """The uuids of the devices that a job has."""
    return list(row.lease["devices"]) if row.lease is not None and row.state in ("running", "stopping") else []
