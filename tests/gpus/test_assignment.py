"""Which devices jobs get: whole ones alone, parts together, and never more than there is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlore_server.errors import OptionsRefused
from runlore_server.gpus.assignment import Lease, assign, check
from runlore_server.gpus.device import Device
from runlore_server.gpus.wish import wish


@dataclass
class Asked:
    gpus: float = 0
    gpu_type: str | None = None
    gpu_memory: str | None = None


def device(index: int, name: str = "NVIDIA H200", gb: int = 141, node: str = "a", *, part: bool = False) -> Device:
    return Device(
        index=index,
        uuid=f"GPU-{node}-{index}" if not part else f"MIG-{node}-{index}",
        name=name,
        memory=gb * 10**9,
        node=node,
        visible=str(index),
        part=part,
    )


FOUR = [device(index) for index in range(4)]

counts = st.one_of(st.integers(1, 5), st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5, 0.75, 0.9]))
requests = st.builds(
    Asked, counts, st.sampled_from([None, "h200", "A100"]), st.sampled_from([None, "40GB", "100GB"])
)


@st.composite
def machines(draw: st.DrawFn) -> list[Device]:
    found = []
    for node in draw(st.sampled_from(["a", "ab", "abc"])):
        for index in range(draw(st.integers(0, 5))):
            name, gb = draw(st.sampled_from([("NVIDIA H200", 141), ("NVIDIA A100", 80), ("NVIDIA A100", 40)]))
            found.append(device(index, name, gb, node, part=draw(st.integers(0, 5)) == 0))
    return found


@given(devices=machines(), asked=st.lists(requests, max_size=25), ended=st.lists(st.integers(0, 30), max_size=25))
def test_devices_are_never_given_twice(devices: list[Device], asked: list[Asked], ended: list[int]) -> None:
    by_id = {one.uuid: one for one in devices}
    taken: list[Lease] = []
    for number, request in enumerate(asked):
        lease = assign(request, devices, taken)
        if lease is not None:
            wanted = wish(request)
            assert wanted is not None
            given_ = [by_id[uuid] for uuid in lease.devices]
            assert len(set(lease.devices)) == len(given_) == max(1, int(request.gpus))
            assert lease.share == min(request.gpus, 1)
            assert {one.node for one in given_} == {lease.node}
            assert all(wanted.suits(one) for one in given_)
            assert lease.environ["CUDA_VISIBLE_DEVICES"] == ",".join(one.visible for one in given_)
            taken.append(lease)
        elif not taken:  # nobody else holds anything: it could never be had, and is refused when it is asked for
            with pytest.raises(OptionsRefused):
                check(request, devices)
        held: Counter[str] = Counter()
        for one in taken:
            for uuid in one.devices:
                held[uuid] += one.share  # type: ignore[assignment]
        assert all(share <= 1 + 1e-6 for share in held.values())
        if taken and number < len(ended):
            taken.pop(ended[number] % len(taken))


@given(devices=machines(), request=requests)
def test_what_is_let_through_can_be_had(devices: list[Device], request: Asked) -> None:
    try:
        check(request, devices)
    except OptionsRefused:
        assert assign(request, devices, []) is None
    else:
        assert assign(request, devices, []) is not None


def test_two_one_and_one_of_four_are_disjoint() -> None:
    taken: list[Lease] = []
    for count in (2, 1, 1):
        lease = assign(Asked(count), FOUR, taken)
        assert lease is not None
        taken.append(lease)
    assert [lease.environ["CUDA_VISIBLE_DEVICES"] for lease in taken] == ["0,1", "2", "3"]
    assert assign(Asked(1), FOUR, taken) is None
    assert assign(Asked(0.1), FOUR, taken) is None
    assert assign(Asked(2), FOUR, taken[1:]) is not None


def test_parts_share_a_device_before_they_take_another_one() -> None:
    taken: list[Lease] = []
    for _ in range(10):
        taken.append(assign(Asked(0.1), FOUR, taken) or pytest.fail("ten tenths are one"))
    assert {uuid for lease in taken for uuid in lease.devices} == {FOUR[0].uuid}
    further = assign(Asked(0.5), FOUR, taken)
    assert further is not None
    assert further.devices == [FOUR[1].uuid]
    assert assign(Asked(3), FOUR, [*taken, further]) is None, "of a device that is shared, nobody gets the whole"


def test_the_smallest_that_will_do() -> None:
    mixed = [*FOUR, device(4, "NVIDIA A100", 80), device(5, "NVIDIA A100", 80)]
    for asked, indices in (
        (Asked(1), "4"),
        (Asked(2), "4,5"),
        (Asked(3), "0,1,2"),
        (Asked(0.5), "4"),
        (Asked(1, gpu_memory="100GB"), "0"),
        (Asked(1, gpu_type="h200"), "0"),
        (Asked(5), "0,1,2,4,5"),
    ):
        lease = assign(asked, mixed, [])
        assert lease is not None
        assert lease.environ == {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": indices}, asked


def test_the_devices_of_one_job_lie_in_one_machine() -> None:
    two = [device(0, node="a"), device(0, node="b"), device(1, node="b"), device(2, node="b")]
    lease = assign(Asked(3), two, [])
    assert lease is not None
    assert lease.node == "b"
    single = assign(Asked(1), two, [])
    assert single is not None
    assert single.node == "a", "larger machines stay free for those that need them"
    with pytest.raises(OptionsRefused, match="in one machine"):
        check(Asked(4), two)


def test_a_job_that_asks_for_none_is_left_alone() -> None:
    assert assign(Asked(0), FOUR, []) == Lease()
    check(Asked(0), [])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(1.5), "whole ones"),
        (Asked(-1), "0 or more"),
        (Asked(float("nan")), "0 or more"),
        (Asked(float("inf")), "0 or more"),
        (Asked(1, gpu_memory="much"), "such as 40GB"),
        (Asked(1, gpu_memory="0GB"), "such as 40GB"),
        (Asked(0, gpu_type="h200"), "no number"),
        (Asked(8), "4 x NVIDIA H200 \\(141 GB\\)"),
        (Asked(1, gpu_type="B300"), "1 GPU of type 'b300' cannot be had"),
        (Asked(1, gpu_memory="200GB"), "with 200 GB at least"),
    ],
)
def test_what_cannot_be_had_is_refused(asked: Asked, said: str) -> None:
    with pytest.raises(OptionsRefused, match=said):
        check(asked, FOUR)


def test_without_devices_the_reason_is_told() -> None:
    with pytest.raises(OptionsRefused, match="there is no GPU here \\(NVIDIA's driver is not installed\\)"):
        check(Asked(1), [], "NVIDIA's driver is not installed")


def test_instances_of_a_divided_device_are_given_one_by_one() -> None:
    parts = [device(0, part=True), device(1, part=True)]
    assert assign(Asked(1), parts, []) is not None
    with pytest.raises(OptionsRefused):
        check(Asked(2), parts)
