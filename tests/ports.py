"""Ports for the servers that tests start."""

from __future__ import annotations

import itertools
import secrets
import socket

_LOWEST, _COUNT = 20_000, 12_000
"""Below those that systems give to whoever asks for any port, or connects: such a one may be taken again before a
server that boots for seconds binds it."""

_next = itertools.count(secrets.randbelow(_COUNT))


def free_port() -> int:
    """A port on which nobody listens, and which this process has not been given before."""
    while True:
        port = _LOWEST + next(_next) % _COUNT
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
