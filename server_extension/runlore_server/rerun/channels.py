"""The channels of a gateway's kernel: one WebSocket, in the form in which nbclient wants a kernel's client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import queue
import threading
import time
from typing import Any

import websocket
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.jsonutil import extract_dates
from jupyter_core.utils import ensure_event_loop

from runlore_server.errors import GatewayAway, GatewayRefused
from runlore_server.rerun.gateway import Gateway
from runlore_server.rerun.outcome import ReplayNotStarted

_GONE = (None, "dead")
_NAMES = ("shell", "iopub", "control", "stdin", "hb")

_SILENCE = 20.0
"""Seconds without a word after which the other end is asked whether it is there; after as many more it is not."""

_SETTLING = 5.0
"""Seconds after a new connection in which what the gateway kept comes; what has not come by then was lost."""

_LOOK = 10.0
"""Seconds without a word after which the gateway is asked whether it has the kernel still: it does not tell."""

_PAUSE = 0.5
_OPENING = 30.0

_log = logging.getLogger("runlore.rerun")


class Channel:
    """One channel: what came on it, in order; to be asked in the event loop alone."""

    def __init__(self, name: str, link: Link) -> None:
        self._name, self._link = name, link
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """The next message.

        Raises:
            queue.Empty: none came within ``timeout`` seconds.
        """
        try:
            return await asyncio.wait_for(self._messages.get(), timeout)
        except asyncio.TimeoutError:
            raise queue.Empty from None

    def send(self, message: dict[str, Any]) -> None:
        """Send a message; where the kernel is out of reach for good it is dropped, as asking after it tells."""
        self._link.send({**message, "channel": self._name})

    def put(self, message: dict[str, Any]) -> None:
        """Append what came."""
        self._messages.put_nowait(message)

    def is_alive(self) -> bool:
        """Always: the connection is looked after elsewhere."""
        return True

    is_beating = is_alive


class Link:
    """The WebSocket of a kernel, opened again when it breaks: the gateway keeps what comes meanwhile.

    ``lost`` says why the kernel cannot be reached any more, ``died`` that it is dead though the gateway may have
    started another one in its place.
    """

    def __init__(self, gateway: Gateway, kernel_id: str, session: str) -> None:
        self.lost: str | None = None
        self.died = False
        self._gateway, self._kernel_id, self._session = gateway, kernel_id, session
        self._loop = ensure_event_loop()
        self.channels = {name: Channel(name, self) for name in _NAMES}
        self._socket: websocket.WebSocket | None = None
        self._open = threading.Event()
        self._closing = threading.Event()
        self._reopened: float | None = None
        self._heard = time.monotonic()
        self._thread = threading.Thread(target=self._follow, name="gateway", daemon=True)

    def open(self) -> None:
        """Connect.

        Raises:
            GatewayRefused, GatewayAway: it is not let in, or nothing answers.
        """
        self._connect()
        self._thread.start()

    def close(self) -> None:
        """Leave the kernel to itself."""
        self._closing.set()
        if self._socket is not None:
            self._socket.close(timeout=1)
        if self._thread.is_alive():
            self._thread.join(2)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message, once there is a connection."""
        text = json.dumps(message, default=_plain)
        while not self._over() and not self._closing.is_set():
            if self._open.wait(_PAUSE) and self._socket is not None:
                with contextlib.suppress(OSError, websocket.WebSocketException):
                    self._socket.send(text)
                    return
                self._open.clear()

    async def is_alive(self) -> bool:
        """Whether an answer may still come; asked while one is awaited."""
        now, reopened = time.monotonic(), self._reopened
        settled = reopened is not None and now - reopened > _SETTLING
        if self._open.is_set() and not self._over() and (settled or now - self._heard > _LOOK):
            self._heard = now
            with contextlib.suppress(GatewayAway, GatewayRefused):  # if it is away, the thread will notice
                state = await asyncio.to_thread(self._gateway.state, self._kernel_id)
                if state in _GONE:
                    self.lost = self._gone()
                elif settled and state == "idle" and self._reopened == reopened:
                    self.lost = "what the kernel answered was lost while the connection to its gateway was broken"
        return not self._over()

    def _gone(self) -> str:
        return f"{self._gateway.url} has no such kernel any more: it was ended there, or culled"

    def _over(self) -> bool:
        return self.died or self.lost is not None

    # -- the thread --------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        while not self._closing.is_set() and not self._over():
            try:
                self._listen()
            except (OSError, websocket.WebSocketException, ValueError) as error:
                self._open.clear()
                if not self._closing.is_set():
                    _log.warning("the connection to %s broke: %s", self._gateway.url, type(error).__name__)
                    self._reconnect()

    def _listen(self) -> None:
        asked = False
        while self._socket is not None:
            try:
                kind, data = self._socket.recv_data(control_frame=True)
            except websocket.WebSocketTimeoutException:
                if asked:
                    raise
                self._socket.ping()
                asked = True
                continue
            asked = False
            if kind == websocket.ABNF.OPCODE_CLOSE:
                raise websocket.WebSocketConnectionClosedException
            if kind in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
                self._take(_message(kind, data))

    def _take(self, message: dict[str, Any]) -> None:
        self._heard = time.monotonic()
        channel = self.channels.get(message.get("channel", ""))
        if channel is None:
            return
        if message["msg_type"] == "status" and message["content"].get("execution_state") in ("restarting", "dead"):
            self.died = True
        elif channel is self.channels["shell"]:
            self._reopened = None
        self._loop.call_soon_threadsafe(channel.put, message)

    def _reconnect(self) -> None:
        why = None
        for pause in self._gateway.pauses():
            if self._closing.wait(pause):
                return
            try:
                if self._gateway.state(self._kernel_id) in _GONE:
                    self.lost = self._gone()
                    return
                self._connect()
            except GatewayAway as error:
                why = str(error)
            except GatewayRefused as error:
                self.lost = str(error)
                return
            else:
                self._reopened = time.monotonic()
                return
        self.lost = f"{why or 'its gateway may not be asked again'}; what the kernel did is lost"

    def _connect(self) -> None:
        options = {"context": self._gateway.tls()}
        try:
            self._socket = websocket.create_connection(
                self._gateway.channels(self._kernel_id, self._session),
                timeout=_OPENING,
                header=self._gateway.headers(),
                enable_multithread=True,
                sslopt=options,
                http_no_proxy=["*"],
                redirect_limit=0,
            )
        except websocket.WebSocketBadStatusException as error:
            if error.status_code in (401, 403):
                raise GatewayRefused(
                    f"the Jupyter gateway {self._gateway.url} refuses the token for the channels of its kernels"
                ) from None
            raise GatewayAway(
                f"the Jupyter gateway {self._gateway.url} answers HTTP {error.status_code} for a kernel's channels"
            ) from None
        except (OSError, websocket.WebSocketException) as error:
            raise GatewayAway(f"the Jupyter gateway {self._gateway.url} cannot be reached: {error}") from error
        self._socket.settimeout(_SILENCE)
        self._open.set()


class ChannelsClient(AsyncKernelClient):
    """What nbclient takes for a kernel's client."""

    def __init__(self, link: Link) -> None:
        super().__init__(allow_stdin=False)
        self._link = link

    shell_channel = property(lambda self: self._link.channels["shell"])
    iopub_channel = property(lambda self: self._link.channels["iopub"])
    control_channel = property(lambda self: self._link.channels["control"])
    stdin_channel = property(lambda self: self._link.channels["stdin"])
    hb_channel = property(lambda self: self._link.channels["hb"])

    def start_channels(self, *_: Any, **__: Any) -> None:
        """Connect.

        Raises:
            ReplayNotStarted: the gateway does not let us in, or does not answer.
        """
        try:
            self._link.open()
        except (GatewayRefused, GatewayAway) as error:
            raise ReplayNotStarted("kernel not started", str(error)) from error

    def stop_channels(self) -> None:
        """Disconnect."""
        self._link.close()

    async def is_alive(self) -> bool:
        """Whether the kernel can still answer."""
        return await self._link.is_alive()


def _message(kind: int, data: bytes) -> dict[str, Any]:
    if kind == websocket.ABNF.OPCODE_BINARY:  # with buffers, such as a widget's
        from jupyter_server.services.kernels.connection.base import deserialize_binary_message

        message: dict[str, Any] = deserialize_binary_message(data)  # type: ignore[no-untyped-call]
    else:
        message = json.loads(data)
    for part in ("header", "parent_header"):
        message[part] = extract_dates(message.get(part) or {})
    message.setdefault("msg_type", message["header"].get("msg_type", ""))
    message.setdefault("msg_id", message["header"].get("msg_id", ""))
    return message


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="replace")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
