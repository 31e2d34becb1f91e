"""The same curves in the pages of other trackers, as rows beside those of the panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.measure import Row, Unit
from benchmarks.peers.contestant import Contestant
from benchmarks.peers.field import Field
from benchmarks.viewers.catalog import VIEWERS
from benchmarks.viewers.served import served
from benchmarks.viewers.visit import Visit, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def rows(chromium: Browser, field: Field, runs: int, steps: int, rounds: int) -> list[Row]:
    """What each of the field's pages takes. A page has no Lab to open, and shows fewer points than there are.

    Args:
        chromium: where they are opened.
        field: with contestants that have a page; one that is missing or fails is a row that says so.
        runs: how many, of one curve each.
        steps: the points of a curve.
        rounds: how often each is opened; the time that counts is that of the fastest.
    """
    names = [f"run-{number}" for number in range(runs)]
    seen: dict[str, Visit] = {}
    for contestant in field.contestants:
        if contestant.name in VIEWERS:
            with field.trying(contestant):
                seen[contestant.name] = _seen(chromium, contestant, names, steps, rounds)
    work = f"{runs} curves of {steps:,} in a page of its own"
    limits = {name: f": {VIEWERS[name].limits}" for name in seen}

    def told(what: str, amount: Callable[[Visit], float], unit: Unit = "s") -> list[Row]:
        return field.rows(what, {name: amount(one) for name, one in seen.items()}, unit, labels=_LABELS)

    def tasks(what: str, amount: Callable[[Visit], float]) -> list[Row]:
        found = told(what, amount)
        return [replace(row, amount=None, note="none over 50 ms") if row.amount == 0 else row for row in found]

    return [
        *field.rows(work, {name: one.painted for name, one in seen.items()}, told=limits, labels=_LABELS),
        *told(f"spikes of {work}", lambda one: one.spikes, "points"),
        *told(f"points of a line of {work}", lambda one: one.points, "points"),
        *tasks(f"longest task until the {work} are painted", lambda one: one.task),
        *told(f"answers to the page with {work}", lambda one: one.sent, "B"),
        *_zooms(f"finer points of a part of {work}", seen),
        *told(f"a frame, 95 of 100 at the most, hovering over {work}", lambda one: one.frames.most),
        *tasks(f"longest task, hovering over {work}", lambda one: one.frames.task),
        *told(f"heap of {work}", lambda one: one.heap, "B"),
    ]


_LABELS = {name: viewer.label for name, viewer in VIEWERS.items()}


def _seen(chromium: Browser, contestant: Contestant, runs: list[str], steps: int, rounds: int) -> Visit:
    """Write curves and open the page; of several rounds, the one that painted fastest.

    Raises:
        RuntimeError: the server or the page does not show them.
    """
    from playwright.sync_api import Error

    viewer = VIEWERS[contestant.name]
    with contestant.opened() as process:
        process.ask("fill", runs, steps)
    try:
        with served(viewer, contestant) as url:
            viewer.wait(url, runs, steps)
            return min(visit(chromium, viewer, url, runs) for _ in range(rounds))
    except (Error, OSError) as error:
        raise RuntimeError(f"the page of {viewer.label}: {error}") from error


def _zooms(work: str, seen: dict[str, Visit]) -> list[Row]:
    note = "stretches those that it has"
    return [Row(work, VIEWERS[name].label, one.zoomed, "s", name, note=note) for name, one in seen.items()]
