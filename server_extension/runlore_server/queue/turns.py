"""Whose turn it is: which of the waiting jobs are started with what is free."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from runlore_server.gpus.assignment import Lease, assign
from runlore_server.gpus.device import Device
from runlore_server.queue.row import Row

PATIENCE = 8
"""How many jobs with devices may be started before one that was in front of them and needs more than is free."""


@dataclass
class Free:
    """What a backend has to give: how many more attempts, and devices but for what ``leases`` hold.

    ``devices`` is ``None`` where the backend itself shares them out.
    """

    slots: int
    devices: Sequence[Device] | None
    leases: list[Lease]


class Turns:
    """Chooses by priority, then by age.

    A job that needs more devices than are free is overtaken by those that get by with them, so that none lies idle
    for it; but by ``PATIENCE`` of them only. From then on devices of its backend are kept together for it. Jobs
    without devices may always go.
    """

    def __init__(self) -> None:
        self._overtaken: dict[str, int] = {}

    def next(
        self, waiting: Iterable[Row], free: Mapping[str, Free], default: str, later: Container[str]
    ) -> Iterator[tuple[Row, Lease]]:
        """The jobs to start, each with its devices; what it takes is no longer ``free`` for those after it.

        Args:
            waiting: the jobs that may be started, the most urgent first; looked at while there are free slots.
            free: what there is, by backend.
            default: the backend of jobs that name none.
            later: the ids of those whose time has not come yet.
        """
        passed: list[Row] = []
        kept: set[str] = set()
        in_vain: set[tuple[str, float, str | None, str | None]] = set()
        for row in waiting if any(place.slots > 0 for place in free.values()) else ():
            name = row.backend or default
            place = free.get(name)
            if place is None or place.slots <= 0 or row.run_id in later:
                continue
            request = row.request
            wanted = (name, request.gpus, request.gpu_type, request.gpu_memory)
            lease = Lease()
            if request.gpus and place.devices is not None:
                found = None
                if name not in kept and wanted not in in_vain:
                    found = assign(request, place.devices, place.leases)
                if found is None:
                    in_vain.add(wanted)
                    passed.append(row)
                    if self._overtaken.get(row.run_id, 0) >= PATIENCE:
                        kept.add(name)
                    continue
                lease = found
                for other in passed:
                    if (other.backend or default) == name:
                        self._overtaken[other.run_id] = self._overtaken.get(other.run_id, 0) + 1
            self._overtaken.pop(row.run_id, None)
            place.slots -= 1
            place.leases.append(lease)
            yield row, lease
            if all(place.slots <= 0 for place in free.values()):
                return
