"""The format of curve files against any cut, and any order in which threads and readers take their turns."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlore.curve import HEADER, RECORD_SIZE, UNWRITTEN, points, read_records
from runlore.curve_writer import CurveWriter, PlainCurveWriter
from runlore_server.store.curves import read_points
from runlore_server.store.growth import CurveGrowth

Point = tuple[int, float, float]
POINT = st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats(0, 4e9), st.floats())


@st.composite
def stores(draw: st.DrawFn) -> tuple[int, list[tuple[int, Point]]]:
    """Stores of eight bytes: each thread takes a slot and fills it field by field.

    Returns:
        The capacity of the file, and for each store its slot and the point that the slot gets.
    """
    logged = draw(st.lists(POINT, min_size=1, max_size=12))
    threads = draw(st.integers(1, 4))
    turns = draw(st.lists(st.integers(0, threads - 1), max_size=3 * len(logged)))
    busy: dict[int, tuple[int, int]] = {}  # thread: its slot and how many of its fields are stored
    made, taken = [], 0
    for thread in turns:
        if thread not in busy:
            if taken == len(logged):
                continue
            busy[thread] = (taken, 0)
            taken += 1
        slot, fields = busy.pop(thread)
        made.append((slot, logged[slot]))
        if fields < 2:
            busy[thread] = (slot, fields + 1)
    return len(logged) + draw(st.integers(0, 3)), made


@given(stores(), st.integers(0, RECORD_SIZE - 1))
@settings(max_examples=80, deadline=None)
def test_a_reader_sees_what_was_stored_whole_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, written: tuple[int, list[tuple[int, Point]]], cut: int
) -> None:
    capacity, made = written
    path = tmp_path_factory.mktemp("curve") / "c.curve"
    content = bytearray(HEADER + UNWRITTEN * capacity)
    whole: dict[int, bytes] = {}
    fields: dict[int, int] = {}
    growth, grown = CurveGrowth(path), 0
    for slot, point in made:
        at = fields[slot] = fields.get(slot, -1) + 1
        packed = struct.pack("<qdd", *point)
        begin = len(HEADER) + slot * RECORD_SIZE + 8 * at
        content[begin : begin + 8] = packed[8 * at : 8 * at + 8]
        if at < 2:
            continue
        whole[slot] = packed
        path.write_bytes(bytes(content) + bytes(cut))  # and the file is just growing
        expected = b"".join(whole[slot] for slot in sorted(whole))
        assert read_records(path) == expected
        assert read_points(path).tobytes() == expected
        settled = next(slot for slot in range(capacity + 1) if slot not in whole)
        assert growth.grew() == (settled > grown)
        grown = settled
    for end in range(len(HEADER), len(content), 5):
        path.write_bytes(content[:end])
        kept = [packed for slot, packed in sorted(whole.items()) if len(HEADER) + (slot + 1) * RECORD_SIZE <= end]
        assert read_records(path) == b"".join(kept)


@given(st.lists(st.tuples(st.booleans(), st.lists(POINT, max_size=400)), min_size=1, max_size=5), st.data())
@settings(max_examples=60, deadline=None)
def test_writers_take_turns_at_one_file(
    tmp_path_factory: pytest.TempPathFactory, turns: list[tuple[bool, list[Point]]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("curve") / "c.curve"
    logged: list[Point] = []
    for number, (mapped, batch) in enumerate(turns):
        make = CurveWriter if mapped else PlainCurveWriter
        writer = make(path, continues=number > 0)
        look = data.draw(st.integers(0, len(batch)))
        for count, point in enumerate(batch):
            if count == look:
                assert [struct.pack("<qdd", *seen) for seen in points(read_records(path))] == _packed(logged)
            writer.append(*point)
            logged.append(point)
        writer.close()
    assert read_records(path) == b"".join(_packed(logged))


def _packed(logged: list[Point]) -> list[bytes]:
    return [struct.pack("<qdd", *point) for point in logged]


def test_a_reader_beside_a_writer_sees_a_growing_prefix(tmp_path: Path) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom runlore.curve_writer import CurveWriter\n"
        "writer, n, end = CurveWriter(Path(sys.argv[1])), 0, time.monotonic() + 1.5\n"
        "while time.monotonic() < end:\n    writer.append(n, n / 3, n / 7); n += 1\n"
        "writer.close(); print(n)\n"
    )
    path = tmp_path / "c.curve"
    writer = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE)
    count = looks = 0
    while writer.poll() is None:
        for found in (points(read_records(path)), read_points(path).tolist()):
            assert len(found) >= count
            assert found[count:] == [(n, n / 3, n / 7) for n in range(count, len(found))]
            count = len(found)
        looks += count > 0
        time.sleep(0.01)
    assert writer.stdout is not None
    assert len(points(read_records(path))) == int(writer.stdout.read())
    assert looks > 1


def test_a_reader_of_a_file_that_is_just_closed_sees_no_point_that_is_none(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom runlore.curve_writer import CurveWriter\n"
        "for number in range(300):\n"
        "    writer = CurveWriter(Path(sys.argv[1]) / f'{number}.curve')\n"
        "    for n in range(1, 500 + number): writer.append(n, n / 3, n / 7)\n"
        "    writer.close()\n"
        "print('all')\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE)
    number = 0
    while number < 300 and (writer.poll() is None or (tmp_path / f"{number}.curve").exists()):
        path = tmp_path / f"{number}.curve"
        for found in (points(read_records(path)), read_points(path).tolist()):
            assert found == [(n, n / 3, n / 7) for n in range(1, len(found) + 1)]
        number += (tmp_path / f"{number + 1}.curve").exists() or writer.poll() is not None
    assert writer.stdout is not None
    assert writer.stdout.read() == b"all\n"
