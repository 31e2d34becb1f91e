"""A Dask cluster as the queue sees it: reached, looked after, and reached again when it was lost."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
from distributed import Client, Worker, WorkerPlugin
from distributed.core import Status

from runlore_server.backends import depot
from runlore_server.gpus.detection import devices
from runlore_server.gpus.device import Device

_AGAIN = 5.0
"""Seconds between two attempts to reach it."""

_LOOK = 1.0
"""Seconds between two looks at its workers."""

_FAREWELL = 10.0
"""Seconds for the end of a client, and of a cluster that it has for itself."""

_log = logging.getLogger(__name__)

Connect = Callable[[], Client]
"""Gives a client, and raises what Dask does where there is no cluster."""

Heard = Callable[[depot.Waits], None]
"""Told, from a thread, of each attempt that waits for its parcel, again and again."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where a worker is, and the devices that it may give to attempts."""

    node: str
    devices: list[Device]


class NodePlugin(WorkerPlugin):  # type: ignore[misc]  # not typed
    """Kills the attempts of a worker that ends, also where it does so because its scheduler died."""

    name = "runlore"

    def teardown(self, worker: Worker) -> None:
        """Called by a worker that ends, and by one that is given another plugin of this name, which is no end."""
        if worker.status not in {Status.running, Status.paused}:
            depot.abandon()


class Cluster:
    """Keeps a client of the cluster that ``connect`` gives.

    ``client`` is ``None`` while there is none, and ``trouble`` says why. ``threads`` are those of each worker,
    ``machines`` where they are, both by address.
    """

    def __init__(self, name: str, connect: Connect, heard: Heard) -> None:
        self.client: Client | None = None
        self.trouble: str | None = "it is being connected to"
        self.threads: dict[str, int] = {}
        self.machines: dict[str, Machine] = {}
        self._connect = connect
        self._heard = heard
        self._closing = threading.Event()
        self._teller = ThreadPoolExecutor(1, thread_name_prefix=f"runlore {name}")
        self._keeper = threading.Thread(target=self._keep, name=f"runlore backend {name}", daemon=True)
        self._keeper.start()

    def tell(self, what: Callable[[Client], object]) -> None:
        """Have something asked of the cluster, in a thread and in turn; nothing of it when there is none."""
        if (client := self.client) is not None:
            self._teller.submit(self._told, what, client)

    def on_node(self, name: str) -> list[str]:
        """The addresses of the workers on a machine."""
        return [address for address, machine in self.machines.items() if machine.node == name]

    def close(self) -> None:
        """Let go of it. Blocks."""
        self._closing.set()
        self._keeper.join()
        self._teller.shutdown()

    def _hear(self, event: tuple[float, list[str]]) -> None:
        self._heard(depot.Waits(*event[1]))

    @staticmethod
    def _told(what: Callable[[Client], object], client: Client) -> None:
        try:
            what(client)
        except Exception as error:  # noqa: BLE001 - whoever needs an answer looks for it elsewhere
            _log.warning("the cluster could not be told: %s: %s", type(error).__name__, error)

    def _keep(self) -> None:
        while not self._closing.is_set():
            try:
                client = self._connect()
            except Exception as error:  # noqa: BLE001 - Dask, or the user's function, may raise whatever it likes
                self.trouble = f"it cannot be reached: {type(error).__name__}: {error}"
                self._closing.wait(_AGAIN)
                continue
            try:
                self._look_after(client)
                self.trouble = "the connection to its scheduler was lost"
            except Exception as error:  # noqa: BLE001 - as above
                self.trouble = f"{type(error).__name__}: {error}"
                _log.warning("the cluster is given up: %s", self.trouble)
                self._closing.wait(_AGAIN)
            finally:
                self.client = None
                self.threads, self.machines = {}, {}
                self._leave(client)

    @staticmethod
    def _leave(client: Client) -> None:
        try:
            client.close(timeout=_FAREWELL)
        except Exception as error:  # noqa: BLE001 - nothing depends on it
            _log.info("the cluster was left without a farewell: %s: %s", type(error).__name__, error)

    def _look_after(self, client: Client) -> None:
        client.register_plugin(NodePlugin())
        client.subscribe_topic(depot.TOPIC, self._hear)
        while client.status == "running":
            threads = dict(client.nthreads())
            machines = {address: self.machines[address] for address in threads if address in self.machines}
            if new := [address for address in threads if address not in machines]:
                told = client.run(_machine, workers=new, on_error="return")
                found = {address: one for address, one in told.items() if isinstance(one, bytes)}
                machines |= {address: msgspec.json.decode(one, type=Machine) for address, one in found.items()}
                _warn(told)
            self.threads = {address: count for address, count in threads.items() if address in machines}
            self.machines, self.client, self.trouble = machines, client, None
            if self._closing.wait(_LOOK):
                return


def _warn(told: dict[str, object]) -> None:
    for address, answer in told.items():
        if isinstance(answer, Exception):
            _log.warning("the worker %s cannot be used: %s: %s", address, type(answer).__name__, answer)


async def _machine() -> bytes:
    found = await asyncio.to_thread(devices)  # a driver may take seconds to answer
    return msgspec.json.encode(Machine(node=socket.gethostname(), devices=found))
