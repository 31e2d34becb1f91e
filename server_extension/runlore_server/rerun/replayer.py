"""The kernel that replays: started first of all, told what to replay, and brought to its end."""

from __future__ import annotations

import asyncio
import os
import queue
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_core.utils import run_sync
from traitlets import Type

from runlore import journal
from runlore.capture.environment import ALLOWED_VARIABLES
from runlore.events import SessionEnded
from runlore.home import Home
from runlore_server.rerun.folder import Folder, Launch
from runlore_server.rerun.kernels import Kernel
from runlore_server.rerun.kernelspecs import LOCAL, provisioner_of
from runlore_server.rerun.outcome import ReplayNotStarted
from runlore_server.rerun.tree import clear_sockets, own_sockets

if TYPE_CHECKING:
    from runlore_server.rerun.remote import RemoteKernel

_START = "__import__('runlore.replay', fromlist=['start']).start(get_ipython(), {plan!r})"

_IMPORT = "__import__('runlore.replay', fromlist=['import_ahead']).import_ahead()"

_END_POOLS = "__import__('runlore.replay', fromlist=['end_pools']).end_pools()"

_PATIENCE = 300.0
"""Seconds for a kernel to answer; a cold disk or a busy machine is slow, and a dead kernel is noticed anyway."""

_FAREWELL = 6.0
"""Seconds for a kernel to end its session, which waits for what is hashed and looked up in the background."""

_SHORT_FAREWELL = 2.0
"""The same for a kernel that is stopped: whoever stops it kills everything soon after."""

_LOOK = 0.5
"""Seconds between two questions whether a silent kernel still lives."""

_BREATH = 0.003
_RECONNECT = 20
"""Milliseconds between two attempts to reach a kernel that boots; by default it would be found a tenth of a second
late."""

_LONGEST_SOCKET_FOLDER = 80
"""Characters; the system takes about a hundred for a socket, whose name and number are appended."""


_Receive = Callable[..., Awaitable[dict[str, Any]]]


class _Channel(AsyncZMQSocketChannel):
    """Looks for messages again and again: sending on it, as nbclient does for widgets, can eat the news of one."""

    async def get_msg(  # type: ignore[override]  # as its base, whose own base is synchronous
        self, timeout: float | None = None
    ) -> dict[str, Any]:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            rest = _LOOK if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                message: dict[str, Any] = await super().get_msg(timeout=min(rest, _LOOK))
                return message
            except queue.Empty:
                if deadline is not None and time.monotonic() >= deadline:
                    raise


class _Client(AsyncKernelClient):
    shell_channel_class = Type(_Channel)


def warm_up() -> None:
    """Do what every start has to do, before it is known what is to be started."""
    KernelProvisionerFactory.instance()  # looks through all that is installed


class Replayer:
    """The kernel of one rerun. It boots while its starter imports papermill; ``begin`` tells it what to replay.

    All methods are called from one thread, whose event loop ``jupyter_core.utils.run_sync`` keeps.
    """

    def __init__(self, home: Home, folder: Folder, mark: str) -> None:
        """Start the kernel of a prepared rerun's folder as a member of the tree ``mark``.

        Raises:
            ReplayNotStarted: there is no such program.
            OSError: the sockets' folder cannot be made.
        """
        self._home, self._mark = home, mark
        self._folder = folder
        self._session_id = folder.plan().session_id
        self._launch = folder.launch()
        self._asked: str | None = None
        # What its kernelspec sets would win over what it is started with.
        kernel = self._launch.kernel.without_any(self._launch.assigned)
        self._remote = _remote(home, folder, self._launch, mark) if kernel.gateway else None
        self.manager: Any = self._remote or _manager(kernel, mark)
        own_history = any("ipykernel" in word for word in self._launch.kernel.argv)
        # The replayed cells stay out of the user's history file.
        extra = ["--HistoryManager.hist_file=:memory:"] if own_history else []
        try:
            run_sync(self.manager.start_kernel)(
                extra_arguments=extra, env=_environment(self._launch), cwd=self._launch.cwd
            )
        except OSError as error:
            raise ReplayNotStarted("kernel not started", f"the kernel cannot be started: {error}") from error
        self.client: AsyncKernelClient = self.manager.client(context=self.manager.context)
        self.client.allow_stdin = False
        self.client.start_channels(stdin=False, hb=False)

    @property
    def lost(self) -> str | None:
        """Why a gateway's kernel cannot be reached any more; ``None`` as long as it can, and for local ones."""
        return self._remote.lost if self._remote is not None else None

    @property
    def exit_status(self) -> int | None:
        """Of a local kernel that has ended, negative where a signal ended it; ``None`` where nobody knows."""
        provisioner = getattr(self.manager, "provisioner", None)
        return getattr(getattr(provisioner, "process", None), "returncode", None)

    def import_ahead(self) -> None:
        """Let the kernel import what a replay needs, if there is time before ``begin``."""
        self.client.execute(self._opened(_IMPORT), silent=True, store_history=False, stop_on_error=False)

    def serves(self, folder: Folder) -> bool:
        """Whether the kernel lives, and is what the folder, which may have been prepared anew, asks for."""
        return folder.launch() == self._launch and run_sync(self.manager.is_alive)()

    def discard(self) -> None:
        """End the kernel at once; it has not begun."""
        self.client.stop_channels()
        run_sync(self.manager.shutdown_kernel)(now=True)
        clear_sockets([own_sockets(self._mark)])

    def begin(self) -> None:
        """Ask for the start of the replay, as soon as the kernel has booted; do not wait for it.

        Nothing that a cell of the replay may read should be touched in this process from here on: its watchers
        are at work.
        """
        self._session_id = self._folder.plan().session_id  # it may have been prepared anew meanwhile
        self._asked = self._ask(self._opened(_START.format(plan=str(self._folder.plan_file))))

    def wait(self) -> None:
        """Wait until the replay has begun and every message of the kernel arrives.

        Raises:
            ReplayNotStarted: the kernel died meanwhile, does not answer, or refuses the replay.
        """
        run_sync(self._wait)()

    def end(self, *, stopped: bool = False) -> None:
        """Let the kernel end its session; ``stopped``: interrupt it first.

        It may go on living: once its journal is complete, nobody waits for the end of its interpreter.
        """
        run_sync(self._end)(_SHORT_FAREWELL if stopped else _FAREWELL, interrupt=stopped)

    def _ask(self, source: str) -> str:
        """Have code of ours executed, leaving no trace in the user's session; the message's id."""
        message: str = self.client.execute(source, silent=True, store_history=False)
        return message

    def _opened(self, source: str) -> str:
        """``source``; for a gateway's kernel with what a local one is started with."""
        return self._remote.opened(source) if self._remote is not None else source

    async def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        answer = await self._answer(self.client.get_shell_msg, deadline)
        if answer["content"]["status"] != "ok":
            raise _refusal(self._launch.kernel, answer["content"])
        # Whatever is printed before the subscription has arrived is lost: a message must have come through.
        await self._answer(self.client.get_iopub_msg, deadline, ask_again=True)

    async def _answer(self, receive: _Receive, deadline: float, *, ask_again: bool = False) -> dict[str, Any]:
        """The first message on a channel that answers what was asked last."""
        while (answer := await self._next(receive)) is None:
            if not await self.manager.is_alive():
                raise ReplayNotStarted(
                    "kernel not started", self.lost or "the kernel died before it could start the replay"
                )
            if time.monotonic() > deadline:
                raise ReplayNotStarted("kernel not started", f"the kernel did not answer for {_PATIENCE:.0f} s")
            if ask_again:
                self._asked = self._ask("")
        return answer

    async def _next(self, receive: _Receive) -> dict[str, Any] | None:
        try:
            while True:
                message = await receive(timeout=_LOOK)
                if message["parent_header"].get("msg_id") == self._asked:
                    return message
        except queue.Empty:
            return None

    async def _end(self, patience: float, *, interrupt: bool) -> None:
        await _end_others()
        if not await self.manager.is_alive():
            return
        deadline = time.monotonic() + patience
        if interrupt:
            await self.manager.interrupt_kernel()
        # A kernel that is shut down while its cell still ends cannot answer, and complains at length.
        self._asked = self._ask(_END_POOLS)
        half = deadline - patience / 2
        while await self._next(self.client.get_shell_msg) is None and await self.manager.is_alive():
            if time.monotonic() > half:
                break
        events = self._home.events(self._session_id)
        offset = events.stat().st_size if events.exists() else 0
        await self.manager.request_shutdown()
        while await self.manager.is_alive() and time.monotonic() < deadline:
            found = journal.read(events, offset)
            if any(isinstance(event, SessionEnded) for event in found.events):
                return
            offset = found.offset
            await asyncio.sleep(_BREATH)


async def _end_others() -> None:
    """End what executed a cell when that was interrupted: it would take the messages that are waited for next."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=_LOOK)


def _refusal(kernel: Kernel, answer: dict[str, Any]) -> ReplayNotStarted:
    error, message = answer.get("ename", "error"), answer.get("evalue", answer["status"])
    python = (
        f"on {kernel.gateway}, in the environment of that kernel: python" if kernel.gateway else kernel.argv[0]
    )
    if error in {"ModuleNotFoundError", "ImportError"} and "runlore" in message:
        return ReplayNotStarted(
            "runlore missing",
            f"the kernel's environment has no Runlore that can replay: {message}. "
            f"Run: {python} -m pip install --upgrade runlore",
        )
    return ReplayNotStarted("kernel not started", f"the kernel cannot start the replay: {error}: {message}")


def _environment(launch: Launch) -> dict[str, str]:
    """The process's own environment, with the variables that Runlore records as the original had them."""
    fixed = {"PYTHONHASHSEED": launch.hash_seed, **launch.assigned}
    if launch.environ is None:
        return {**os.environ, **fixed}
    environ = {name: value for name, value in os.environ.items() if name not in ALLOWED_VARIABLES}
    return {**environ, **launch.environ, **fixed}


class _OneKernel(KernelSpecManager):
    """Knows the kernel to start under whatever name it is asked for."""

    kernel: Kernel

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002 - it has no other
        return KernelSpec(
            argv=self.kernel.argv,
            env=self.kernel.environ,
            display_name=self.kernel.display_name,
            language="python",
            interrupt_mode=self.kernel.interrupt_mode,
            metadata=self.kernel.metadata,
        )


def _remote(home: Home, folder: Folder, launch: Launch, mark: str) -> RemoteKernel:
    from runlore_server.rerun.remote import RemoteKernel

    return RemoteKernel(home, folder, launch, mark)


def _manager(kernel: Kernel, mark: str) -> AsyncKernelManager:
    specs = _OneKernel()
    specs.kernel = kernel
    folder = own_sockets(mark)
    clear_sockets([folder])  # one that was booted ahead and could not be started left it
    folder.mkdir(mode=0o700)
    # Sockets in a folder of our own: ports chosen for several kernels at a time may clash.
    local = (
        sys.platform != "win32"
        and provisioner_of(kernel.metadata) == LOCAL
        and len(str(folder)) < _LONGEST_SOCKET_FOLDER
    )
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.RECONNECT_IVL, _RECONNECT)
    return AsyncKernelManager(
        context=context,
        client_factory=_Client,
        kernel_name=kernel.name or "python3",
        kernel_spec_manager=specs,
        connection_file=str(folder / "kernel.json"),
        transport="ipc" if local else "tcp",
    )
