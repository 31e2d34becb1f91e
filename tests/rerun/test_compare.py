"""The comparison of curves: exact, bit by bit, and the first difference is the first."""

from __future__ import annotations

import math
import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runlore_server.store.curves import POINT, Points
from runlore_server.verdict.compare import compare

VALUES = st.floats(allow_nan=True, allow_infinity=True)
POINTS = st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), VALUES), max_size=30)
RUNS = st.dictionaries(st.sampled_from(["loss", "acc", "lr"]), POINTS)


def curve(points: list[tuple[int, float]], start: float = 0.0) -> Points:
    return np.array([(step, start + index, value) for index, (step, value) in enumerate(points)], dtype=POINT)


def curves(run: dict[str, list[tuple[int, float]]]) -> dict[str, Points]:
    return {metric: curve(points) for metric, points in run.items()}


@given(RUNS)
def test_a_run_equals_itself(run: dict[str, list[tuple[int, float]]]) -> None:
    found = compare(curves(run), curves(run))
    assert found.first is None
    assert found.compared == found.recorded == sum(len(points) for points in run.values())


@given(RUNS, st.data())
def test_one_flipped_bit_is_found_where_it_is(
    run: dict[str, list[tuple[int, float]]], data: st.DataObject
) -> None:
    places = [(metric, index) for metric, points in run.items() for index in range(len(points))]
    if not places:
        return
    metric, index = data.draw(st.sampled_from(places))
    other = curves(run)
    bits = other[metric]["value"].view(np.uint64)
    bits[index] ^= np.uint64(1 << data.draw(st.integers(0, 63)))
    first = compare(curves(run), other).first
    assert first is not None
    assert (first.metric, first.index) == (metric, index)
    assert first.original is not None
    assert first.original.step == run[metric][index][0]


@given(RUNS, RUNS)
def test_equal_exactly_when_the_logged_bytes_are(
    one: dict[str, list[tuple[int, float]]], other: dict[str, list[tuple[int, float]]]
) -> None:
    def logged(run: dict[str, list[tuple[int, float]]]) -> dict[str, bytes]:
        return {name: b"".join(struct.pack("<qd", *point) for point in run[name]) for name in run if run[name]}

    assert (compare(curves(one), curves(other)).first is None) == (logged(one) == logged(other))


@given(POINTS, POINTS)
def test_beyond_a_cut_off_original_nothing_differs(
    head: list[tuple[int, float]], rest: list[tuple[int, float]]
) -> None:
    original, rerun = {"loss": curve(head)}, {"loss": curve(head + rest), "acc": curve(rest)}
    assert compare(original, rerun, cut_off=True).first is None
    assert (compare(original, rerun).first is None) == (not rest)
    assert compare(rerun, original, cut_off=True).first is None or rest


def test_zero_has_a_sign_and_nan_has_a_payload() -> None:
    quiet, other = (struct.unpack("<d", struct.pack("<Q", bits))[0] for bits in (0x7FF8 << 48, (0x7FF8 << 48) | 1))
    assert compare({"x": curve([(0, 0.0)])}, {"x": curve([(0, -0.0)])}).first is not None
    assert compare({"x": curve([(0, quiet)])}, {"x": curve([(0, quiet)])}).first is None
    assert compare({"x": curve([(0, quiet)])}, {"x": curve([(0, other)])}).first is not None
    assert math.isnan(quiet)


def test_the_first_difference_over_all_metrics_is_the_earliest_logged() -> None:
    # Logged in turn: acc 0, loss 0, acc 1, loss 1; the dictionary says loss came first.
    original = {"loss": curve([(0, 1.0), (1, 2.0)], start=0.5), "acc": curve([(0, 0.1), (1, 0.2)])}
    rerun = {"loss": curve([(0, 1.0), (1, 9.0)], start=0.5), "acc": curve([(0, 0.1), (1, 0.9)])}
    first = compare(original, rerun).first
    assert first is not None
    assert (first.metric, first.index) == ("acc", 1)


def test_a_clock_set_back_does_not_change_the_order_within_a_metric() -> None:
    original = curve([(0, 1.0), (1, 2.0), (2, 3.0)])
    original["time"] = [10.0, 5.0, 6.0]
    rerun = original.copy()
    rerun["value"][1:] = 0.0
    first = compare({"loss": original}, {"loss": rerun}).first
    assert first is not None
    assert first.index == 1


def test_missing_and_additional_points() -> None:
    missing = compare({"loss": curve([(0, 1.0), (1, 2.0)])}, {"loss": curve([(0, 1.0)])}).first
    assert missing is not None
    assert missing.rerun is None
    assert missing.original is not None
    assert missing.original.step == 1
    added = compare({"loss": curve([(0, 1.0)])}, {"loss": curve([(0, 1.0)]), "acc": curve([(7, 0.5)])}).first
    assert added is not None
    assert added.original is None
    assert added.rerun is not None
    assert (added.metric, added.rerun.step) == ("acc", 7)


@given(st.lists(POINTS, min_size=1, max_size=4), st.data())
def test_which_process_logged_a_point_is_no_difference(
    logged: list[list[tuple[int, float]]], data: st.DataObject
) -> None:
    points = data.draw(st.permutations([point for curve in logged for point in curve]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(points)), min_size=1, max_size=3)))
    parts = [points[low:high] for low, high in zip([0, *cuts], [*cuts, len(points)], strict=True)]
    original = {f"worker-{number}/loss": curve(part) for number, part in enumerate(logged, 1)}
    rerun = {f"worker-{number}/loss": curve(part) for number, part in enumerate(parts, 1)}
    found = compare(original, rerun)
    assert found.first is None
    assert found.compared == found.recorded == len(points)
    if points:
        step, value = points[0]
        other = {**rerun, "worker-9/loss": curve([(step, value)])}
        assert compare(original, other).first is not None


def test_the_steps_that_each_process_counts_are_no_difference_either() -> None:
    def counted(values: list[float]) -> Points:
        return curve(list(enumerate(values)))

    original = {"worker-1/loss": counted([1.0, 2.0, 3.0]), "worker-2/loss": counted([4.0])}
    rerun = {"worker-1/loss": counted([4.0, 2.0]), "worker-2/loss": counted([1.0, 3.0])}
    assert compare(original, rerun).first is None
    assert compare(original, {"loss": counted([4.0, 3.0, 2.0, 1.0])}).first is None
    assert compare(original, {**rerun, "worker-2/loss": counted([1.0, 3.5])}).first is not None
    assert compare({"loss": counted([1.0, 2.0])}, {"loss": counted([2.0, 1.0])}).first is not None
