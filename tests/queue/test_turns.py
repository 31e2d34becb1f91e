"""Whose turn it is: priority, age, devices, and nobody is passed by for ever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runlore_server.gpus.assignment import Lease
from runlore_server.gpus.device import Device
from runlore_server.gpus.simulated import simulated
from runlore_server.queue.request import Request
from runlore_server.queue.row import Row
from runlore_server.queue.turns import PATIENCE, Free, Turns

FOUR = simulated("4xH200:141GB")


def row(name: str, backend: str | None = None, **asked: Any) -> Row:
    values: dict[str, Any] = dict.fromkeys(
        ("sweep", "token", "handle", "process", "lease", "cell", "stage", "started", "ended", "error")
    )
    values |= dict.fromkeys(("priority", "held", "attempt", "failures", "cut_short", "cells_done", "change"), 0)
    values |= {"run_id": name, "rerun_of": "o", "name": name, "state": "queued", "number": 0, "submitted": 0.0}
    return Row(cells_total=1, backend=backend, request=Request(run_id="o", **asked), **values)


def chosen(
    turns: Turns, waiting: Sequence[Row], slots: int, taken: Sequence[Lease] = (), devices: Sequence[Device] = FOUR
) -> dict[str, Lease]:
    free = {"local": Free(slots, devices, list(taken))}
    return {row.run_id: lease for row, lease in turns.next(waiting, free, "local", ())}


def test_no_more_than_there_are_slots_and_in_order() -> None:
    assert list(chosen(Turns(), [row("a"), row("b"), row("c")], 2)) == ["a", "b"]
    assert chosen(Turns(), [row("a")], 0) == {}


def test_two_and_one_and_one_of_four_devices_are_disjoint() -> None:
    found = chosen(Turns(), [row("a", gpus=2), row("b", gpus=1), row("c", gpus=1), row("d", gpus=1), row("e")], 9)
    assert list(found) == ["a", "b", "c", "e"]
    held = [uuid for lease in found.values() for uuid in lease.devices]
    assert sorted(held) == sorted(device.uuid for device in FOUR)
    assert found["a"].environ["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert found["e"].environ == {}


def test_a_job_for_all_devices_gets_them_in_the_end() -> None:
    turns, large = Turns(), row("large", gpus=4)
    taken = list(chosen(Turns(), [row("long", gpus=2)], 1).values())
    overtaken = 0
    while True:
        found = chosen(turns, [large, row(f"small {overtaken}", gpus=1)], 2, taken)
        if not found:
            break
        overtaken += 1
        assert overtaken <= PATIENCE
    assert overtaken == PATIENCE
    # Without devices one may still go; and once all are free, it is the large one's turn.
    assert list(chosen(turns, [large, row("small", gpus=1), row("none")], 2, taken)) == ["none"]
    assert list(chosen(turns, [large, row("small", gpus=1)], 2)) == ["large"]
    assert list(chosen(turns, [row("other", gpus=4), row("small", gpus=1)], 2, taken)) == ["small"]


def test_a_backend_without_room_does_not_hold_up_another() -> None:
    free = {"local": Free(0, [], []), "cluster": Free(1, None, [])}
    waiting = [row("a"), row("b", backend="elsewhere"), row("c", backend="cluster", gpus=8), row("d", "cluster")]
    assert [found.run_id for found, _ in Turns().next(waiting, free, "local", ())] == ["c"]


def test_one_whose_time_has_not_come_is_passed_by() -> None:
    free = {"local": Free(1, [], [])}
    assert [found.run_id for found, _ in Turns().next([row("a"), row("b")], free, "local", {"a"})] == ["b"]
