"""A Dask cluster as the queue sees it: reached, looked after, and reached again when it was lost."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from typing import Any

import msgspec
from distributed import Client, Worker, WorkerPlugin
from distributed.core import Status

from runlore.decodable import decodable
from runlore_server.backends import depot
from runlore_server.backends.answer import Question, answer
from runlore_server.gpus.detection import devices
from runlore_server.gpus.device import Device

_AGAIN = 5.0
"""Seconds between two attempts to reach it."""

_LOOK = 1.0
"""Seconds between two looks at its workers."""

_FAREWELL = 10.0
"""Seconds for the end of a client, and of a cluster that it has for itself."""

_ANSWER = 10.0
"""Seconds for an answer of a worker; what it was told before it hung it hears when it goes on."""

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
        self._telling: set[Future[None]] = set()
        self._keeper = threading.Thread(target=self._keep, name=f"runlore backend {name}", daemon=True)
        self._keeper.start()

    def tell(self, what: Question) -> None:
        """Have something asked of the cluster and do not wait for it; nothing of it when there is none."""
        if (client := self.client) is not None:
            telling = asyncio.run_coroutine_threadsafe(_told(what, client), client.loop.asyncio_loop)
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

    def on_node(self, name: str) -> list[str]:
        """The addresses of the workers on a machine."""
        return [address for address, machine in self.machines.items() if machine.node == name]

    def close(self) -> None:
        """Let go of it, once what it was to be told is said. Blocks."""
        wait(set(self._telling), _ANSWER)
        self._closing.set()
        self._keeper.join()

    def _hear(self, event: tuple[float, list[str]]) -> None:
        self._heard(depot.Waits(*event[1]))

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
        try:
            answer(client, lambda client: client.register_plugin(NodePlugin()), _ANSWER)
        except asyncio.TimeoutError:
            _log.warning("a worker does not say that it has got the plugin; the others have it")
        client.subscribe_topic(depot.TOPIC, self._hear)
        while client.status == "running":
            threads = dict(client.nthreads())
            machines = {address: self.machines[address] for address in threads if address in self.machines}
            if new := [address for address in threads if address not in machines]:
                told = answer(client, partial(_machines, workers=new), 2 * _ANSWER)
                found = {address: one for address, one in told.items() if isinstance(one, bytes)}
                machines |= {
                    address: msgspec.json.decode(one, type=decodable(Machine)) for address, one in found.items()
                }
                _warn(told)
            self.threads = {address: count for address, count in threads.items() if address in machines}
            self.machines, self.client, self.trouble = machines, client, None
            if self._closing.wait(_LOOK):
                return


def _warn(told: dict[str, Any]) -> None:
    for address, said in told.items():
        if isinstance(said, Exception):
            _log.warning("the worker %s cannot be used: %s: %s", address, type(said).__name__, said)


async def _told(what: Question, client: Client) -> None:
    try:
        await asyncio.wait_for(what(client), _ANSWER)
    except Exception as error:  # noqa: BLE001 - whoever needs an answer looks for it elsewhere
        _log.warning("the cluster could not be told: %s: %s", type(error).__name__, error)


async def _machines(client: Client, workers: list[str]) -> dict[str, bytes | Exception]:
    """What each worker says of its machine, or why it does not; none waits for another."""

    async def ask(worker: str) -> bytes | Exception:
        try:
            said: dict[str, bytes] = await asyncio.wait_for(client.run(_machine, workers=[worker]), _ANSWER)
        except Exception as error:  # noqa: BLE001 - Dask, or the worker, may raise whatever it likes
            return error
        return said[worker]

    return dict(zip(workers, await asyncio.gather(*map(ask, workers)), strict=True))


async def _machine() -> bytes:
    found = await asyncio.to_thread(devices)  # a driver may take seconds to answer
    return msgspec.json.encode(Machine(node=socket.gethostname(), devices=found))
