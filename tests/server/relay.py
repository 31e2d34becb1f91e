"""A stretch of network between a client and a server on this machine, which can fail as networks do."""

from __future__ import annotations

import contextlib
import re
import socket
import threading

from tests.ports import free_port

_CHUNK = 1 << 16
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Relay:
    """Passes connections on to a port of this machine.

    Attributes:
        port: where it listens.
        swallow: the beginning of requests whose answers are lost; the server carries them out.
        hold: the beginning of requests that arrive only after ``release``, when their client has long given up.
        caught: how many requests were swallowed or held.
        passed: how often something passed from a client to the server.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._released = threading.Event()
        self._listener: socket.socket | None = None
        self.swallow: bytes | None = None
        self.hold: bytes | None = None
        self.caught = 0
        self.passed = 0
        self.port = free_port()
        self.join()

    def join(self) -> None:
        """Let connections through (again)."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Break every connection in the middle of whatever it carries, and refuse new ones."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            broken, self._open = self._open, set()
        for end in broken:
            _hang_up(end)

    def release(self) -> None:
        """Deliver what is held, and hold nothing more."""
        self.hold = None
        self._released.set()

    def close(self) -> None:
        self.release()
        self.cut()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except ConnectionRefusedError:
                _hang_up(client)
                continue
            except OSError:
                return
            with self._lock:
                self._open |= {client, server}
            lost = threading.Event()
            threading.Thread(target=self._ask, args=(client, server, lost), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client, lost), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while chunk := client.recv(_CHUNK):
                if self.hold is not None and chunk.startswith(self.hold):
                    self.caught += 1
                    request = _whole_request(client, chunk)
                    self._close(client, server)  # a server may wait on a connection that says nothing
                    self._deliver_later(request)
                    return
                if self.swallow is not None and chunk.startswith(self.swallow):
                    self.caught += 1
                    lost.set()
                server.sendall(chunk)
                self.passed += 1
        if not lost.is_set():
            self._close(client, server)

    def _deliver_later(self, request: bytes) -> None:
        self._released.wait()
        with socket.create_connection(("127.0.0.1", self._target)) as server:
            server.sendall(request)
            server.recv(_CHUNK)

    def _answer(self, server: socket.socket, client: socket.socket, lost: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while (chunk := server.recv(_CHUNK)) and not lost.is_set():
                client.sendall(chunk)
        self._close(client, server)

    def _close(self, *ends: socket.socket) -> None:
        with self._lock:
            self._open -= set(ends)
        for end in ends:
            _hang_up(end)


def _whole_request(client: socket.socket, start: bytes) -> bytes:
    request = start
    while b"\r\n\r\n" not in request:
        request += client.recv(_CHUNK)
    head, _, body = request.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    while length is not None and len(body) < int(length[1]):
        body += client.recv(_CHUNK)
    return head + b"\r\n\r\n" + body


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
