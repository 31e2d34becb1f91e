"""The archive of an ended run: every bit of its curves, in one file, whole or not at all."""

from __future__ import annotations

import math
import os
import signal
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlore.archive import FILE, TICKS, Archive, archived
from runlore.curve import HEADER, SENTINEL, last_point, read_records
from runlore.errors import JournalFormatError
from runlore.record import RunRecord
from runlore_server.store.archive import archive_run, is_archived
from runlore_server.store.curves import POINT, read_points
from runlore_server.store.runs import RunStore
from runlore_server.store.summaries import CurveSummaries
from runlore_server.store.summing import closed_summary
from runlore_server.store.views import CurveViews, Window

BITS = st.one_of(
    st.integers(0, 2**64 - 1).filter(lambda bits: bits != int.from_bytes(SENTINEL, "little")),
    st.sampled_from([0, 1 << 63, 0x7FF8000000000001, 0xFFF0000000000000, 0x7FF4000000000002, 1]),
    st.floats(1.6e9, 1.9e9).map(lambda value: int.from_bytes(struct.pack("<d", value), "little")),
)
RECORD = st.tuples(st.integers(-(2**63), 2**63 - 1), BITS, BITS).map(lambda parts: struct.pack("<qQQ", *parts))
CURVES = st.lists(st.lists(RECORD, max_size=40).map(b"".join), min_size=1, max_size=5)


def walk(count, seed=0):
    """Points as a training loop logs them, with a clock."""
    chance = np.random.default_rng(seed)
    points = np.empty(count, POINT)
    points["step"] = np.arange(count)
    points["time"] = np.round((1.785e9 + np.cumsum(chance.normal(0.01, 0.001, count))) * TICKS) / TICKS
    points["value"] = np.exp(-np.arange(count) / count) * (1 + chance.normal(0, 0.1, count))
    return points


@pytest.fixture
def recorded(kernel):
    """A finished run whose curves have these records; its record, as the store has it."""

    def record(curves, status="finished"):
        session = kernel()
        run_id = session.run("train", {name: [(0, 1.0)] for name in curves})
        session.end()
        store = RunStore(session.home)
        store.refresh()
        run = store.find(run_id)
        run.status = status
        for name, content in curves.items():
            run.metrics[name].write_bytes(HEADER + (content if isinstance(content, bytes) else content.tobytes()))
        return run

    return record


def forget_files(run):
    for path in run.metrics.values():
        path.unlink(missing_ok=True)


def bare_run(directory, curves):
    run = RunRecord(
        run_id="r", session_id="s", directory=directory, name="n", experiment="e", kind="script", started=0.0,
        cell=None, index=0, seed=None, watch=[], rerun_of=None, prefix=False, status="finished",
    )  # fmt: skip
    for number, records in enumerate(curves):
        run.metrics[f"metric {number}"] = directory / f"{number}.curve"
        run.metrics[f"metric {number}"].write_bytes(HEADER + records)
    return run


@given(CURVES)
@settings(max_examples=60, deadline=None)
def test_every_bit_comes_back(tmp_path_factory, curves):
    run = bare_run(tmp_path_factory.mktemp("run"), curves)
    last = [last_point(path) for path in run.metrics.values()]
    archive_run(run)
    forget_files(run)
    assert [read_records(path) for path in run.metrics.values()] == curves
    assert [read_points(path).tobytes() for path in run.metrics.values()] == curves
    np.testing.assert_equal([last_point(path) for path in run.metrics.values()], last)


@pytest.mark.parametrize(
    ("values", "most"),
    [
        (lambda points: points["value"], 10),
        (lambda points: points["value"].astype("<f4"), 7),
        (lambda points: np.round(points["value"], 3), 5),
        (lambda points: np.full(len(points), 0.001), 2.5),
    ],
    ids=["float64", "float32", "rounded", "constant"],
)
def test_few_bytes_a_point(recorded, values, most):
    points = walk(100_000)
    points["value"] = values(points)
    run = recorded({"loss": points})
    assert archive_run(run).stat().st_size < most * len(points)
    forget_files(run)
    assert read_points(run.metrics["loss"]).tobytes() == points.tobytes()


def test_short_curves_share_row_groups_and_long_ones_have_several(recorded):
    curves = {f"short {number}": walk(50, number) for number in range(300)} | {"long": walk(300_000)}
    run = recorded(curves)
    archive_run(run)
    assert len(Archive.open(run.directory / FILE).layout.groups) == 3
    forget_files(run)
    for name, points in curves.items():
        assert read_points(run.metrics[name]).tobytes() == points.tobytes()


def test_it_is_made_once_and_the_same_each_time(recorded):
    run = recorded({"loss": walk(1000), "acc": walk(10)})
    assert not is_archived(run)
    path = archive_run(run)
    first, inode = path.read_bytes(), path.stat().st_ino
    assert is_archived(run)
    archive_run(run)
    assert path.stat().st_ino == inode
    path.unlink()
    assert archive_run(run).read_bytes() == first
    assert [entry.name for entry in run.directory.iterdir() if entry.name.startswith(".")] == []


def test_every_tool_reads_it(recorded):
    import pandas as pd

    run = recorded({"loss/ü": walk(100), "acc": walk(10)})
    found = pd.read_parquet(archive_run(run))
    assert found.columns.tolist() == ["metric", "step", "time", "value"]
    assert found["metric"].tolist() == ["loss/ü"] * 100 + ["acc"] * 10
    loss = found[found["metric"] == "loss/ü"]
    np.testing.assert_array_equal(loss["value"], walk(100)["value"])
    np.testing.assert_array_equal(loss["time"] / TICKS, walk(100)["time"])


def test_points_that_were_never_written_are_left_out(recorded):
    points = walk(6)
    hole = (
        points.tobytes()[: 2 * 24] + bytes(16) + SENTINEL + points.tobytes()[3 * 24 :] + (bytes(16) + SENTINEL) * 9
    )
    run = recorded({"loss": hole}, status="killed")
    archive_run(run)
    assert is_archived(run)
    forget_files(run)
    assert read_points(run.metrics["loss"])["step"].tolist() == [0, 1, 3, 4, 5]


def test_what_is_no_curve_is_named_and_left_alone(recorded):
    run = recorded({"loss": walk(10), "odd": walk(10), "pipe": b"", "gone": b""})
    run.metrics["odd"].write_bytes(b"something else entirely, quite long")
    for name in ("pipe", "gone"):
        run.metrics[name].unlink()
    os.mkfifo(run.metrics["pipe"])
    archive = Archive.open(archive_run(run))
    assert list(archive.curves) == ["loss.curve"]
    assert {left.metric for left in archive.index.left_out} == {"odd", "pipe", "gone"}
    assert run.metrics["odd"].exists()
    assert is_archived(run)


def test_what_came_later_is_added_to_what_only_the_archive_has(recorded):
    run = recorded({"loss": walk(10), "acc": walk(20)})
    late = run.metrics.pop("acc")
    archive_run(run)
    forget_files(run)
    run.metrics["acc"] = late
    assert not is_archived(run)
    archive_run(run)
    assert [curve.rows for curve in Archive.open(run.directory / FILE).index.curves] == [10, 20]
    assert read_points(run.metrics["loss"]).tobytes() == walk(10).tobytes()


def test_a_damaged_archive_is_told_and_never_replaced_by_less(recorded):
    run = recorded({"loss": walk(5000)})
    path = archive_run(run)
    content = path.read_bytes()
    forget_files(run)
    path.write_bytes(content[:500] + bytes(100) + content[600:])
    with pytest.raises(JournalFormatError, match="damaged"):
        Archive.open(path).verify()
    path.write_bytes(content[:-9])
    with pytest.raises(JournalFormatError):
        archive_run(run)
    assert path.read_bytes() == content[:-9]
    path.write_bytes(content)
    assert read_points(run.metrics["loss"]).tobytes() == walk(5000).tobytes()


def test_a_kill_in_the_middle_leaves_no_archive_and_the_next_attempt_makes_it(recorded, home):
    run = recorded({f"metric {number}": walk(100_000, number) for number in range(4)})
    script = (
        "import sys\n"
        "from runlore.home import Home\n"
        "from runlore_server.store.runs import RunStore\n"
        "from runlore_server.store.archive import archive_run\n"
        "store = RunStore(Home(sys.argv[1])); store.refresh()\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "archive_run(store.find(sys.argv[2])); print('done', flush=True)\n"
    )
    for delay in (0.0, 0.01, 0.03, 0.06):
        with subprocess.Popen(
            [sys.executable, "-c", script, str(home.path), run.run_id],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as child:
            child.stdout.readline()
            child.stdin.write(b"\n")
            child.stdin.flush()
            time.sleep(delay)
            child.send_signal(signal.SIGKILL)
        archive = Archive.open(run.directory / FILE)
        if archive is not None:
            archive.verify()
        assert all(path.exists() for path in run.metrics.values())
    archive_run(run)
    forget_files(run)
    for number, path in enumerate(run.metrics.values()):
        assert read_points(path).tobytes() == walk(100_000, number).tobytes()


def test_an_archived_curve_is_looked_at_as_its_file_was(recorded):
    points = walk(3000)
    points["value"][1234] = 99.0
    run = recorded({"loss": points, "empty": b""})
    path = run.metrics["loss"]
    asked = [(100, None), (100, Window("step", 500, 1500)), (50, Window("time", *points["time"][[7, 900]]))]
    files = CurveViews()
    expected = [files.view(path, room, window) for room, window in asked]
    new, summary, summed = files.since(path, 2990, 100), CurveSummaries().of(path), closed_summary(path)
    archive_run(run)
    forget_files(run)
    views = CurveViews()
    for _ in range(2):
        for (room, window), view in zip(asked, expected, strict=True):
            found = views.view(path, room, window)
            assert (found.count, found.points.tolist()) == (view.count, view.points.tolist())
    assert views.view(path, 100).points is views.view(path, 100).points
    since = views.since(path, 2990, 100)
    assert (since.count, since.since, since.points.tolist()) == (new.count, new.since, new.points.tolist())
    assert CurveSummaries().of(path) == summary
    assert closed_summary(path) == summed
    assert closed_summary(run.metrics["empty"]) is None
    assert views.view(run.metrics["empty"], 100).count == 0


def test_views_follow_from_the_file_to_the_archive(recorded):
    run = recorded({"loss": walk(3000)})
    views = CurveViews()
    before = views.view(run.metrics["loss"], 100).points.tolist()
    archive_run(run)
    forget_files(run)
    assert views.view(run.metrics["loss"], 100).points.tolist() == before


def test_numbers_that_json_lacks_are_in_the_index(recorded):
    points = walk(3)
    points["value"], points["time"] = [1.0, 2.0, -math.inf], [1.0, math.nan, math.nan]
    run = recorded({"loss": points})
    archive_run(run)
    forget_files(run)
    summary = CurveSummaries().of(run.metrics["loss"])
    assert (summary.last, summary.min, summary.max, summary.count) == (-math.inf, 1.0, 2.0, 3)
    assert math.isnan(summary.time)
    assert archived(run.metrics["loss"]).curve.last == "-Infinity"


def test_a_metric_that_got_another_name_is_archived_under_that(recorded):
    run = recorded({"loss": walk(10)})
    archive_run(run)
    run.metrics["worker-1/loss"] = run.metrics.pop("loss")
    archive_run(run)
    assert [curve.metric for curve in Archive.open(run.directory / FILE).index.curves] == ["worker-1/loss"]
