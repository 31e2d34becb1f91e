"""TensorBoard's page with all curves in one chart, opened as somebody does who wants to see them."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from benchmarks import browser
from benchmarks.peers.contestant import Contestant
from benchmarks.peers.values import SPIKE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_CHART = "scalar-card line-chart"
_PATIENCE = 300.0


class Seen(NamedTuple):
    """What the page took: seconds until the curves were drawn, how many have their spikes, frames, bytes."""

    drawn: float
    spikes: int
    frames: browser.Frames
    heap: float


def seen(chromium: Browser, contestant: Contestant, runs: int, steps: int, rounds: int) -> Seen:
    """Write curves, open the page, let the pointer go over them; of several rounds, the one that drew fastest.

    Raises:
        RuntimeError: the server or the page does not show them.
    """
    from playwright.sync_api import Error

    names = [f"run-{number}" for number in range(runs)]
    with contestant.opened() as process:
        process.ask("fill", names, steps)
    try:
        with _served(contestant) as url:
            spikes = sum(_has_spike(url, name, steps) for name in names)
            return min(_round(chromium, url, steps, spikes) for _ in range(rounds))
    except (Error, OSError) as error:
        raise RuntimeError(f"TensorBoard's page: {error}") from error


def _round(chromium: Browser, url: str, steps: int, spikes: int) -> Seen:
    page = browser.fresh_page(chromium)
    try:
        begin = time.perf_counter()
        page.goto(f"{url}#timeseries")
        # The values at the last step stand below the chart as soon as it is drawn.
        last = page.locator("scalar-card").get_by_text(f"{steps - 1:,}", exact=True)
        last.first.wait_for(timeout=browser.PATIENCE)
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        drawn = time.perf_counter() - begin
        page.wait_for_timeout(1_000)
        box = page.locator(_CHART).first.bounding_box()
        assert box is not None
        return Seen(drawn, spikes, browser.hover(page, box), browser.heap(page))
    finally:
        page.context.close()


def _has_spike(url: str, run: str, steps: int) -> bool:
    """Whether the points that the page gets of a run have its spike; waits until the server has read all of it."""
    deadline = time.monotonic() + _PATIENCE
    address = f"{url}data/plugin/scalars/scalars?{urlencode({'run': run, 'tag': 'loss'})}"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                points = json.load(answer)
        except urllib.error.HTTPError:
            points = []  # it does not know the run yet
        if points and points[-1][1] == steps - 1:
            return any(value == SPIKE for _, _, value in points)
        time.sleep(0.2)
    raise RuntimeError(f"TensorBoard has not read {run} within {_PATIENCE:.0f} s")


@contextmanager
def _served(contestant: Contestant) -> Iterator[str]:
    """A TensorBoard of what the contestant has written; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(contestant.python), "-m", "tensorboard.main", "--logdir", ".", "--port", str(port)]
    told = contestant.directory.with_suffix(".server.log")
    with told.open("wb") as log:
        process = subprocess.Popen(command, cwd=contestant.directory, stdout=log, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}/"
        deadline = time.monotonic() + _PATIENCE
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"TensorBoard does not start: {told.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False
