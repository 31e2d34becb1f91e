"""The server of a tracker's page."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from benchmarks.peers.contestant import Contestant
from benchmarks.viewers.viewer import Viewer

_PATIENCE = 300.0


@contextmanager
def served(viewer: Viewer, contestant: Contestant) -> Iterator[str]:
    """What the contestant has written, served while this lasts; the page's address.

    Raises:
        RuntimeError: it does not start; the text holds what it said.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    told = contestant.directory.with_suffix(".server.log")
    with told.open("wb") as log:
        process = subprocess.Popen(
            viewer.command(contestant.python, port),
            cwd=contestant.directory,
            env=contestant.environment() | viewer.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # some start processes of their own, which are to end with them
        )
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                said = told.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the server of {viewer.label} does not start: {said}")
            time.sleep(0.1)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # MLflow's workers outlive it for long
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True  # it is there, though it has no page of this address
    except OSError:
        return False
