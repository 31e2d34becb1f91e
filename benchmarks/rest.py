"""Curves through a real Jupyter server: from the request to the numbers that plotly draws."""

from __future__ import annotations

import base64
import http.client
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import numpy as np
import numpy.typing as npt

from benchmarks.measure import Row
from benchmarks.peers.field import field
from benchmarks.peers.values import SPIKE
from benchmarks.plan import Plan
from benchmarks.server import TOKEN, Server
from runlore import archive
from runlore.home import Home
from runlore.session_record import sessions

T = TypeVar("T")
Curves = list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]

_SHOWN = 1000


class _Client:
    """A browser's connection, which stays open."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
        self._tags: dict[str, str] = {}

    def get(self, query: list[tuple[str, str]], again: bool = False) -> tuple[int, bytes]:
        """Status and body for some curves; ``again`` for what the browser has and asks whether it is still so."""
        path = f"/runlore/curves?{urlencode(query)}"
        headers = {"Authorization": f"token {TOKEN}"} | ({"If-None-Match": self._tags[path]} if again else {})
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status not in (200, 304):
            raise RuntimeError(f"{answer.status}: {body[:500]!r}")
        self._tags[path] = answer.headers["ETag"] or self._tags[path]  # a 304 says it by its status
        return answer.status, body


def rows(plan: Plan) -> list[Row]:
    runs, steps = plan.sized((50, 100_000), (3, 5_000))
    with field(plan, ["runlore"]) as contestants:
        (runlore,) = contestants.contestants
        with runlore.opened() as process:
            process.ask("fill", [f"run-{number}" for number in range(runs)], steps)
        home, place = Home(runlore.directory / "home"), runlore.directory / "jupyter"
        place.mkdir()
        with Server("server", place, RUNLORE_HOME=str(home.path)) as server:
            _wait_until_archived(home, runs)
            return _measured(_Client(server.url), home, steps, plan.rounds(15))


def _wait_until_archived(home: Home, runs: int) -> None:
    """Let the server finish what it does once in the life of a run that has ended.

    Raises:
        RuntimeError: it does not.
    """
    deadline = time.monotonic() + 120
    while len(list(home.path.glob(f"sessions/*/runs/*/{archive.FILE}"))) < runs:
        if time.monotonic() > deadline:
            raise RuntimeError("the server has not archived the runs within two minutes")
        time.sleep(0.1)


def _measured(client: _Client, home: Home, steps: int, rounds: int) -> list[Row]:
    ids = [run_id for session in sessions(home) for run_id in session.runs]
    asked = [("metric", "loss"), ("points", str(_SHOWN)), *(("run", run_id) for run_id in ids)]
    client.get([("run", ids[0])])  # the server has opened its home then
    first, curves = _timed(lambda: _drawn(client, asked))
    warm = [_timed(lambda: _drawn(client, asked))[0] for _ in range(rounds)]
    same = [_timed(lambda: client.get(asked, again=True))[0] for _ in range(rounds)]
    windows = [_timed(partial(_drawn, client, [*asked, *window]))[0] for window in _windows(steps, rounds)]
    if len(curves) != len(ids) or not all(len(values) <= _SHOWN and values.max() == SPIKE for _, values in curves):
        raise RuntimeError("curves or spikes are missing in what the server sends")
    work = f"{_SHOWN:,} points each of {len(ids)} curves of {steps:,}, by REST"
    return [
        Row(work, "first time", first),
        Row(work, "again", statistics.median(warm)),
        Row(work, "again, and the browser has them", statistics.median(same)),
        Row(work, f"another window of {steps // 20:,} steps", statistics.median(windows)),
    ]


def _windows(steps: int, rounds: int) -> list[list[tuple[str, str]]]:
    starts = np.linspace(0, steps * 0.9, rounds + 1).astype(int).tolist()
    return [[("from", str(start)), ("to", str(start + steps // 20))] for start in starts[1:]]


def _drawn(client: _Client, query: list[tuple[str, str]]) -> Curves:
    """Steps and values of each curve, as plotly decodes them."""
    _, body = client.get(query)
    return [(_array(curve["step"]), _array(curve["value"])) for curve in json.loads(body)["curves"]]


def _array(sent: dict[str, str]) -> npt.NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(sent["bdata"]), sent["dtype"])


def _timed(call: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result
