import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlore.curve import HEADER, MAGIC, RECORD_SIZE, SENTINEL, read_records
from runlore.curve_writer import CurveWriter
from runlore.decimate import FEWEST, decimate
from runlore.errors import JournalFormatError
from runlore_server.store.curves import POINT, read_points
from runlore_server.store.summaries import CurveSummaries

VALUES = st.floats(width=64)


def write(path, points):
    writer = CurveWriter(path)
    for step, value in points:
        writer.append(step, 1e9 + step, value)
    return writer


def expected_summary(values):
    finite = [value for value in values if math.isfinite(value)]
    return min(finite, default=None), max(finite, default=None), len(values)


def test_an_absent_an_empty_and_a_cut_file_have_no_points(tmp_path):
    path = tmp_path / "loss.curve"
    assert len(read_points(path)) == 0
    for content in (b"", HEADER[:10], HEADER, HEADER + b"x" * (RECORD_SIZE - 1)):
        path.write_bytes(content)
        assert len(read_points(path)) == 0
        assert CurveSummaries().of(path) is None


def test_points_come_back_as_they_were_logged(tmp_path):
    path = tmp_path / "loss.curve"
    logged = [(0, 1.0), (5, math.nan), (3, -math.inf), (3, 0.25), (2**62, 5e-324)]
    writer = write(path, logged)
    for _ in range(2):
        points = read_points(path)
        assert points["step"].tolist() == [step for step, _ in logged]
        np.testing.assert_array_equal(points["value"], [value for _, value in logged])
        writer.close()


def test_a_strangers_file_is_refused(tmp_path):
    path = tmp_path / "loss.curve"
    path.write_bytes(b"PNG something else entirely, long enough")
    with pytest.raises(JournalFormatError, match="no Runlore curve"):
        read_points(path)
    path.write_bytes(struct.pack("<8sI12x", MAGIC, 99))
    with pytest.raises(JournalFormatError, match="upgrade"):
        CurveSummaries().of(path)


@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), VALUES), max_size=300), st.binary(max_size=23))
@settings(max_examples=60, deadline=None)
def test_arrays_agree_with_the_reader_of_the_kernel_side(tmp_path_factory, logged, torn):
    path = tmp_path_factory.mktemp("curve") / "loss.curve"
    write(path, logged).close()
    with path.open("ab") as file:
        file.write(torn)
    assert read_points(path).tobytes() == read_records(path)


def test_a_hole_left_by_a_slower_thread_is_passed_over_and_filled_later(tmp_path):
    path = tmp_path / "loss.curve"
    points = np.array([(0, 0.0, 4.0), (1, 0.0, 9.0), (2, 0.0, 1.0)], POINT)
    whole = points.tobytes()
    hole = struct.pack("<qd", 0, 0.0) + SENTINEL
    path.write_bytes(HEADER + whole[:24] + hole + whole[48:])
    summaries = CurveSummaries()
    assert read_points(path)["step"].tolist() == [0, 2]
    summary = summaries.of(path)
    assert (summary.count, summary.min, summary.max, summary.last) == (2, 1.0, 4.0, 1.0)
    path.write_bytes(HEADER + whole)
    summary = summaries.of(path)
    assert (summary.count, summary.min, summary.max, summary.step) == (3, 1.0, 9.0, 2)


@given(st.lists(st.lists(VALUES, min_size=1, max_size=120), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_the_summary_of_a_growing_curve_is_that_of_all_its_points(tmp_path_factory, batches):
    path = tmp_path_factory.mktemp("curve") / "loss.curve"
    writer = CurveWriter(path)
    summaries, values = CurveSummaries(), []
    for batch in batches:
        for value in batch:
            writer.append(len(values), 1.0, value)
            values.append(value)
        summary = summaries.of(path)
        assert (summary.min, summary.max, summary.count) == expected_summary(values)
        np.testing.assert_equal(summary.last, values[-1])
        assert summary.step == len(values) - 1
    writer.close()
    assert summaries.of(path).count == len(values)


def test_a_file_written_anew_is_summed_up_anew(tmp_path):
    path = tmp_path / "loss.curve"
    summaries = CurveSummaries()
    write(path, [(step, 100.0) for step in range(50)]).close()
    assert summaries.of(path).max == 100.0
    path.unlink()
    assert summaries.of(path) is None
    write(path, [(0, 1.0)]).close()
    assert (summaries.of(path).max, summaries.of(path).count) == (1.0, 1)


SERIES = st.lists(
    st.one_of(VALUES, st.sampled_from([math.nan, math.inf, -math.inf, 0.0])), min_size=1, max_size=400
)


@given(SERIES, st.integers(FEWEST, 120))
@settings(max_examples=300, deadline=None)
def test_decimation_keeps_ends_extremes_and_order_within_the_room(values, room):
    array = np.array(values)
    kept = decimate(array, room)
    assert len(kept) <= room
    assert np.all(np.diff(kept) > 0)
    assert kept[0] == 0
    assert kept[-1] == len(values) - 1
    finite = array[np.isfinite(array)]
    if len(finite):
        shown = array[kept][np.isfinite(array[kept])]
        assert shown.min() == finite.min()
        assert shown.max() == finite.max()


@given(SERIES, st.integers(FEWEST, 120))
@settings(max_examples=200, deadline=None)
def test_every_gap_stays_visible_while_there_are_few(values, room):
    array = np.array(values)
    finite = np.isfinite(array)
    begins = [at for at in range(len(values)) if not finite[at] and (at == 0 or finite[at - 1])]
    kept = decimate(array, room)
    if len(begins) <= room // 4 - 1 or len(values) <= room:
        assert set(begins) <= set(kept.tolist())


@given(st.integers(2_000, 20_000), st.integers(100, 1_000), st.data())
@settings(max_examples=50, deadline=None)
def test_every_spike_of_one_step_survives(count, room, data):
    """Where it was, as high as it was; of several in what becomes one column of the picture the highest."""
    values = np.sin(np.linspace(0, 20, count))
    spikes = data.draw(st.dictionaries(st.integers(0, count - 1), st.floats(10, 50), max_size=40))
    for at, height in spikes.items():
        values[at] = height
    kept = decimate(values, room)
    width = math.ceil(count / ((room - 2) // 2))
    for at, height in spikes.items():
        assert (values[kept[np.abs(kept - at) < width]] >= height).any()


def test_a_short_curve_stays_whole():
    assert decimate(np.array([1.0, math.nan, 2.0]), FEWEST).tolist() == [0, 1, 2]
    assert decimate(np.array([]), FEWEST).tolist() == []
