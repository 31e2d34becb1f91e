"""Attempts on the workers of a Dask cluster; needs ``runlore[dask]``.

An attempt is one task. Dask chooses the worker, grows the cluster with what waits where it can, and tells when a
task is over; all else is between the queue and ``node``. A task that Dask begins a second time, after its worker
died, finds the attempt claimed and ends: a further attempt is the queue's to make.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import Any

from distributed import Client, fire_and_forget

from runlore.errors import JournalFormatError, RunloreError
from runlore.home import Home
from runlore_server.backends import depot, node, tenure
from runlore_server.backends.cluster import Cluster, Connect
from runlore_server.backends.courier import Courier
from runlore_server.backends.depot import Waits
from runlore_server.backends.node import Order
from runlore_server.backends.place import Place
from runlore_server.backends.remote import Held, Over, RemoteBackend
from runlore_server.queue.backend import Capacity, Event

_FAREWELL = 10.0
"""Seconds for the attempts of a cluster of our own to end before it does."""

_BREATH = 0.05

_log = logging.getLogger(__name__)


class DaskBackend(RemoteBackend):
    """Runs attempts on a cluster that others keep, or on one of this process.

    Args:
        name: by which requests call it.
        connect: gives a client; called in a thread, and again when the cluster was lost.
        slots: how many attempts at once, whatever the workers are now: for a cluster that grows with what waits.
            By default as many as the workers have threads.
        own: the cluster ends with this process, and so do the attempts on it.
    """

    def __init__(self, name: str, connect: Connect, *, slots: int | None = None, own: bool = False) -> None:
        super().__init__(name)
        self._slots = slots
        self._own = own
        self._futures: dict[str, tuple[Client, Any]] = {}
        self._last: list[Event] = []
        self._waiting: deque[Waits] = deque()
        self._couriers: dict[str, Courier] = {}
        self._cluster = Cluster(name, connect, self._waiting.append)

    def capacity(self) -> Capacity:
        """The threads of all workers, and the devices of their machines."""
        if self._cluster.client is None:
            return Capacity(0, None, self._cluster.trouble)
        machines = list(self._cluster.machines.values())
        found = {device.uuid: device for machine in machines for device in machine.devices}
        slots = sum(self._cluster.threads.values()) if self._slots is None else self._slots
        return Capacity(slots, list(found.values()), None if slots else "it has no workers")

    def poll(self) -> list[Event]:
        """What happened since the last time."""
        held = {one.place.attempt.token: one for one in self._held.values()}
        while self._waiting:
            waits = self._waiting.popleft()
            if (one := held.get(waits.token)) is None:
                self._turn_away(waits)
            elif one.handle not in self._couriers:
                self._couriers[one.handle] = Courier(lambda: self._cluster.client, one.place, waits.address)
        events, self._last = [*self._last, *super().poll()], []
        return events

    @property
    def bound(self) -> bool:
        """Whether its attempts end with this process: where the cluster is its own."""
        return self._own

    def close(self) -> None:
        """Let go of the attempts; those on a cluster of this process are stopped, of which ``poll`` tells."""
        if self._own:
            for handle in list(self._held):
                self.cancel(handle)
            deadline = time.monotonic() + _FAREWELL
            while self._held and time.monotonic() < deadline:
                self._last += super().poll()
                time.sleep(_BREATH)
        for courier in self._couriers.values():
            courier.close()
        super().close()
        self._cluster.close()

    def _send(self, order: Order) -> str:
        attempt = order.attempt
        handle = f"runlore-{attempt.run_id}-{attempt.number}-{attempt.token}"
        self._submit(handle, order)
        return handle

    def _submit(self, handle: str, order: Order) -> None:
        client, where = self._cluster.client, order.attempt.node
        if client is None:
            return  # ``_over`` sends it once there is a cluster
        among = self._cluster.on_node(where) if where is not None else None
        # The key is the handle: what the cluster has already is not begun again.
        try:
            future = client.submit(depot.carry_out, order.text(), key=handle, pure=False, workers=among or None)
            fire_and_forget(future)  # or it would go with this process
        except Exception as error:  # noqa: BLE001 - Dask raises what it likes when a connection has just been lost
            _log.warning("%s could not be handed over yet: %s: %s", handle, type(error).__name__, error)
        else:
            self._futures[handle] = (client, future)

    def _over(self, held: Held) -> Over | None:
        client, future = self._futures.get(held.handle, (None, None))
        if client is not self._cluster.client or future is None:
            self._submit(held.handle, held.order)  # of another owner, or of a cluster that was lost
            return None
        if future.status == "pending" or client is None:
            return None
        if future.status != "error":
            return Over()
        error = future.exception(timeout=1)
        return Over(str(error) if isinstance(error, RunloreError) else f"{type(error).__name__}: {error}")

    def _stop(self, held: Held) -> None:
        token, known = held.place.attempt.token, self._futures.get(held.handle)
        self._cluster.tell(lambda client: client.run(depot.stop, token, on_error="ignore"))
        if known is not None and not held.place.claimed:
            self._cluster.tell(lambda client: client.cancel([known[1]], force=True))

    def _forget(self, held: Held) -> None:
        self._futures.pop(held.handle, None)
        self._couriers.pop(held.handle, None)  # it goes by itself, once the worker has heard of it

    def _kill(self, held: Held) -> None:
        mark, token = held.place.mark, held.place.attempt.token
        self._cluster.tell(lambda client: client.run(_kill, mark, token, on_error="ignore"))

    def _hold(self, handle: str, place: Place) -> None:
        super()._hold(handle, place)
        if place.errand.exists():  # another owner's courier had begun
            self._couriers[handle] = Courier(lambda: self._cluster.client, place)

    def _turn_away(self, waits: Waits) -> None:
        """Dask begins what was on a worker that died once more, although another attempt counts by then."""
        try:
            counts = tenure.read(Home(waits.home), waits.run_id).token == waits.token
        except (OSError, JournalFormatError):
            return  # another owner's
        if not counts:
            self._cluster.tell(lambda client: client.run(depot.release, waits.token, workers=[waits.address]))


async def _kill(mark: str, token: str) -> None:
    await asyncio.to_thread(node.kill, mark)
    await depot.release(token)
