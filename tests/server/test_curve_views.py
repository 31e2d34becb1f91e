"""What is sent of a curve: all of it, a window, or what is new."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlore.curve import HEADER, SENTINEL
from runlore.curve_writer import CurveWriter
from runlore.decimate import decimate
from runlore_server.store.curves import POINT, read_points
from runlore_server.store.views import CurveViews, Window

STEPS = st.lists(st.integers(0, 40), max_size=60)
STEPS = st.one_of(STEPS, STEPS.map(sorted))
BOUND = st.one_of(st.integers(-5, 45), st.floats(-5, 45), st.just(math.inf), st.just(-math.inf))


def write(path, steps):
    writer = CurveWriter(path)
    for number, step in enumerate(steps):
        writer.append(step, 1e9 + step, float(number % 7))
    return writer


def plainly(points, axis, low, high):
    """The points of a window with their neighbours, looked for one by one."""
    inside = [low <= x <= high for x in points[axis].tolist()]
    shown = {near for at, within in enumerate(inside) if within for near in (at - 1, at, at + 1)}
    return [points[at] for at in sorted(shown) if 0 <= at < len(points)]


@given(STEPS, BOUND, BOUND, st.sampled_from(["step", "time"]))
@settings(max_examples=150, deadline=None)
def test_a_window_holds_what_lies_in_it_and_its_neighbours(tmp_path_factory, steps, one, other, axis):
    path = tmp_path_factory.mktemp("curve") / "loss.curve"
    write(path, steps).close()
    shift = 1e9 if axis == "time" else 0
    window = Window(axis, min(one, other) + shift, max(one, other) + shift)
    views = CurveViews()
    first = views.view(path, 1000, window).points  # read as a whole
    views.view(path, 1000)
    again = CurveViews()
    again.view(path, 1000)
    second = again.view(path, 1000, window).points  # looked up, where the points ascend
    expected = plainly(read_points(path), axis, window.low, window.high)
    if expected:
        assert first.tolist() == second.tolist() == [tuple(point) for point in expected]
    else:
        assert len(first) <= 2 >= len(second)


def test_an_empty_window_between_two_points_shows_both(tmp_path):
    path = tmp_path / "loss.curve"
    write(path, [0, 10, 20, 30]).close()
    views = CurveViews()
    for _ in range(2):
        assert views.view(path, 1000, Window("step", 12, 18)).points["step"].tolist() == [10, 20]
        views.view(path, 1000)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=8), st.integers(4, 60), st.booleans())
@settings(max_examples=100, deadline=None)
def test_what_came_since_adds_up_to_the_curve(tmp_path_factory, chunks, room, closes):
    path = tmp_path_factory.mktemp("curve") / "loss.curve"
    writer, views = CurveWriter(path), CurveViews()
    held, written = [], 0
    for chunk in chunks:
        for _ in range(chunk):
            writer.append(written, 1e9, math.sin(written))
            written += 1
        seen = views.since(path, len(held), room)
        assert seen.count == written
        assert len(seen.points) <= room
        if seen.since:
            assert seen.since == len(held)
            held += seen.points["step"].tolist()
            assert held == list(range(written))
        else:
            assert chunk > room or not held
            whole = read_points(path)
            assert seen.points.tolist() == whole[decimate(whole["value"], room)].tolist()
            held = list(range(written))
    if closes:
        writer.close()
    assert len(views.since(path, written, room).points) == 0
    assert views.since(path, written + 1, room).since == 0  # of another curve, or of a file written anew


def test_a_view_is_kept_until_the_curve_grows(tmp_path):
    path = tmp_path / "loss.curve"
    writer, views = write(path, range(5000)), CurveViews()
    first = views.view(path, 100).points
    assert views.view(path, 100).points is first
    writer.append(5000, 1e9, 99.0)
    grown = views.view(path, 100)
    assert (grown.count, grown.points["value"].max()) == (5001, 99.0)
    writer.close()  # cuts the file
    assert views.view(path, 100).points is grown.points
    os.replace(write_other(tmp_path), path)
    assert views.view(path, 100).points["value"].max() == 3.0


def write_other(tmp_path):
    path = tmp_path / "other"
    write(path, range(4)).close()
    return path


def test_few_bytes_are_kept(tmp_path):
    views = CurveViews(most_held=10_000)
    paths = [tmp_path / f"{number}.curve" for number in range(20)]
    for path in paths:
        write(path, range(500)).close()
        views.view(path, 100)
        views.view(path, 100, Window("step", 10, 200))
    assert sum(views.view(path, 100).points is views.view(path, 100).points for path in paths[-3:]) == 3
    assert views.held <= 10_000


def test_a_hole_is_told_and_filled_later(tmp_path):
    path = tmp_path / "loss.curve"
    points = np.array([(number, 0.0, float(number)) for number in range(6)], POINT).tobytes()
    with_hole = points[: 2 * 24] + points[2 * 24 : 2 * 24 + 16] + SENTINEL + points[3 * 24 :]
    path.write_bytes(HEADER + with_hole)
    views = CurveViews()
    for view in (views.view(path, 100), views.since(path, 2, 100), views.view(path, 100, Window("step", 0, 9))):
        assert (view.since, view.has_hole, view.count) == (0, True, 5)
        assert view.points["step"].tolist() == [0, 1, 3, 4, 5]
    path.write_bytes(HEADER + points)
    assert views.view(path, 100).points["step"].tolist() == [0, 1, 2, 3, 4, 5]


def test_decimation_with_too_little_room_is_refused():
    with pytest.raises(ValueError, match="4 points"):
        decimate(np.zeros(10), 3)
