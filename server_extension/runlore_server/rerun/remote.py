"""A gateway's kernel, as its replayer starts, interrupts and ends it.

What a gateway lets through to a kernel are variables called ``KERNEL_*`` and those of its own settings, and the
working directory is not among what it does. So the kernel is told all of it once more by the first code that it
executes, before Runlore or anything of the user's is imported there. What counts before that, the seed of Python's
hashes, only comes by a kernelspec that maps it: ``"env": {"PYTHONHASHSEED": "${KERNEL_PYTHONHASHSEED}"}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import logging
import uuid
from pathlib import Path
from typing import Any

import msgspec

from runlore.capture.environment import ALLOWED_VARIABLES
from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore_server.document import read_document, write_document
from runlore_server.errors import GatewayAway, GatewayRefused
from runlore_server.rerun import tree
from runlore_server.rerun.channels import ChannelsClient, Link
from runlore_server.rerun.folder import Folder, Launch
from runlore_server.rerun.gateway import PREFIX, Gateway
from runlore_server.rerun.outcome import ReplayNotStarted

_OPENING = """
import os, sys
os.environ.update({variables!r})
for name in {absent!r}:
    os.environ.pop(name, None)
try:
    os.chdir({cwd!r})
    open({plan!r}).close()
    if not os.access({home!r}, os.W_OK):
        raise OSError("RUNLORE_HOME cannot be written")
except OSError as error:
    raise RuntimeError(
        "the gateway's kernel runs on " + os.uname().nodename + " and cannot work on the files of this machine: "
        + str(error) + "; the working directory of the run and RUNLORE_HOME must be at the same paths there"
    ) from None
shell = get_ipython()
shell.starting_dir = {cwd!r}  # what Runlore takes for the directory that the session began in
shell.history_manager.enabled = False  # the replayed cells stay out of the file of whoever this runs as
{then}
"""

_log = logging.getLogger("runlore.rerun")


class _Remote(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in ``remote.json``, beside where a local kernel has its sockets, while the kernel may live."""

    gateway: str
    kernel: str


class RemoteKernel:
    """One kernel on the gateway, with the methods of jupyter_client's kernel manager that nbclient and we use.

    Raises:
        ReplayNotStarted: no gateway is set up here, or another one than when the rerun was prepared.
    """

    context = None

    def __init__(self, home: Home, folder: Folder, launch: Launch, mark: str) -> None:
        self._launch, self._plan_file = launch, folder.plan_file
        self._record = tree.own_sockets(mark) / tree.REMOTE
        fixed = {"PYTHONHASHSEED": launch.hash_seed, "RUNLORE_HOME": str(home.path), tree.MARK: mark}
        self._variables = {**(launch.environ or {}), **fixed, **launch.assigned}
        self._home = home
        self._id: str | None = None
        self._link: Link | None = None
        try:
            self._gateway = Gateway()
        except GatewayRefused as error:
            raise ReplayNotStarted("kernel not started", str(error)) from error
        if self._gateway.url != launch.kernel.gateway:
            raise ReplayNotStarted(
                "kernel not started",
                f"the rerun was prepared for the Jupyter gateway {launch.kernel.gateway}, but this process is set "
                f"up for {self._gateway.url}",
            )

    @property
    def has_kernel(self) -> bool:
        """Whether one was started and not ended."""
        return self._id is not None

    @property
    def lost(self) -> str | None:
        """Why the kernel cannot be reached any more; ``None`` as long as it can."""
        return self._link.lost if self._link is not None else None

    async def start_kernel(self, **_: Any) -> None:
        """Start it; what it is given is what the launch says.

        Raises:
            ReplayNotStarted: the gateway does not start it.
        """
        name, kernel_id = (self._launch.kernel.name or "").removeprefix(PREFIX), str(uuid.uuid4())
        environ = self._gateway.passed_on({**self._variables, "WORKING_DIR": self._launch.cwd})
        environ.setdefault("KERNEL_USERNAME", getpass.getuser())  # an Enterprise Gateway wants it
        # Written first, so that whoever clears up knows it whatever happens from here on.
        self._record.parent.mkdir(mode=0o700, exist_ok=True)
        self._note(kernel_id)
        try:
            self._id = await asyncio.to_thread(self._gateway.start, name, environ, kernel_id)
        except (GatewayRefused, GatewayAway) as error:
            raise ReplayNotStarted("kernel not started", str(error)) from error
        if self._id != kernel_id:
            self._note(self._id)

    def client(self, **_: Any) -> ChannelsClient:
        """Its client, whose channels are not open yet."""
        assert self._id is not None  # noqa: S101 - it was started
        self._link = Link(self._gateway, self._id, uuid.uuid4().hex)
        return ChannelsClient(self._link)

    def opened(self, source: str) -> str:
        """``source``, to be executed in the surroundings that the launch asks for."""
        absent = () if self._launch.environ is None else set(ALLOWED_VARIABLES) - set(self._variables)
        code = _OPENING.format(
            variables=self._variables,
            absent=sorted(absent),
            cwd=self._launch.cwd,
            home=str(self._home.path),
            plan=str(self._plan_file),
            then=source,
        )
        return f"exec({code!r}, {{'get_ipython': get_ipython}})"

    async def is_alive(self) -> bool:
        """Whether it can still answer."""
        return self._id is not None and (self._link is None or await self._link.is_alive())

    async def interrupt_kernel(self) -> None:
        """Interrupt it, if the gateway can be reached."""
        if self._id is not None:
            with contextlib.suppress(GatewayRefused, GatewayAway):
                await asyncio.to_thread(self._gateway.interrupt, self._id)

    async def request_shutdown(self) -> None:
        """End it; it may end its session first, for as long as the gateway lets kernels."""
        if self._id is not None:
            self._id = None
            await asyncio.to_thread(end_left, self._record.parent)

    async def shutdown_kernel(self, **_: Any) -> None:
        """The same: a gateway knows one end."""
        await self.request_shutdown()

    def _note(self, kernel_id: str) -> None:
        write_document(self._record, _Remote(gateway=self._gateway.url, kernel=kernel_id))


def end_left(folder: Path) -> None:
    """End the gateway's kernel that ``folder`` tells of, if any; a gateway that is away is told in the log."""
    record = folder / tree.REMOTE
    try:
        told = read_document(record, _Remote)
    except (OSError, JournalFormatError):
        return
    try:
        gateway = Gateway()
        if gateway.url != told.gateway:
            raise GatewayRefused(f"this process is set up for {gateway.url}")
        gateway.delete(told.kernel)
    except (GatewayRefused, GatewayAway) as error:
        _log.warning("kernel %s may still run on the gateway %s: %s", told.kernel, told.gateway, error)
    record.unlink(missing_ok=True)
