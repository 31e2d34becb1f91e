"""A backend whose attempts do what the test says, when it says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from runlore_server.gpus.device import Device
from runlore_server.queue.backend import Attempt, Backend, Capacity, Ended, Event


@dataclass
class World:
    """Attempts that are at work, also while no owner of the queue looks after them, and what they have to tell."""

    slots: int = 2
    devices: Sequence[Device] = ()
    at_work: dict[str, Attempt] = field(default_factory=dict)
    wished: set[str] = field(default_factory=set)
    begun: list[Attempt] = field(default_factory=list)

    def backend(self) -> TestBackend:
        """Of a new owner: it knows no attempt, until it takes it over."""
        return TestBackend(self)


class TestBackend(Backend):
    """What one owner of the queue has of a world."""

    __test__ = False
    name = "test"
    bound = True

    def __init__(self, world: World) -> None:
        self.world = world
        self.events: list[Event] = []
        self.known: set[str] = set()

    def capacity(self) -> Capacity:
        return Capacity(self.world.slots, self.world.devices)

    def submit(self, attempt: Attempt) -> str:
        handle = f"{attempt.run_id}:{attempt.number}:{attempt.token}"
        self.world.at_work[handle] = attempt
        self.world.begun.append(attempt)
        self.known.add(handle)
        return handle

    def cancel(self, handle: str) -> None:
        self.world.wished.add(handle)

    def poll(self) -> list[Event]:
        found, self.events = self.events, []
        return found

    def reattach(self, handle: str, attempt: Attempt) -> bool:  # noqa: ARG002 - the handle says it all
        if handle in self.world.at_work:
            self.known.add(handle)
        return handle in self.world.at_work

    def close(self) -> None:
        for handle in list(self.world.at_work):
            self.end(handle, Ended(handle, stopped=True))

    def end(self, handle: str, event: Event) -> None:
        """An attempt is over."""
        self.world.at_work.pop(handle, None)
        self.events.append(event)
