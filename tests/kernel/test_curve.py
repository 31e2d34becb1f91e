"""Curve files: what was appended is read, whatever happened to the writer."""

from __future__ import annotations

import math
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlore.curve import (
    HEADER,
    RECORD_SIZE,
    file_name,
    last_point,
    points,
    read_records,
)
from runlore.curve_writer import CurveWriter, PlainCurveWriter
from runlore.errors import JournalFormatError

point = st.tuples(
    st.integers(-(2**63), 2**63 - 1), st.floats(0, 4e9), st.floats(allow_nan=True, allow_infinity=True)
)


def bits(recorded: list[tuple[int, float, float]]) -> list[bytes]:
    return [struct.pack("<qdd", *values) for values in recorded]


@given(written=st.lists(point, max_size=600))
@settings(deadline=None)
def test_open_and_closed_files_give_what_was_appended(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[int, float, float]]
) -> None:
    path = tmp_path_factory.mktemp("curve") / "c.curve"
    writer = CurveWriter(path)
    for values in written:
        writer.append(*values)
    assert bits(points(read_records(path))) == bits(written)
    writer.close()
    assert path.stat().st_size == len(HEADER) + RECORD_SIZE * len(written)
    assert bits(points(read_records(path))) == bits(written)
    last = last_point(path)
    assert (last is None) if not written else bits([last or (0, 0, 0)]) == bits(written[-1:])


@given(cut=st.integers(0, len(HEADER) + 5 * RECORD_SIZE))
@settings(deadline=None)
def test_a_cut_file_gives_all_whole_points(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("curve") / "c.curve"
    writer = CurveWriter(path)
    for step in range(5):
        writer.append(step, 1.0, step / 2)
    writer.close()
    path.write_bytes(path.read_bytes()[:cut])
    assert len(points(read_records(path))) == max(0, (cut - len(HEADER)) // RECORD_SIZE)


def test_threads_share_a_curve(tmp_path: Path) -> None:
    path = tmp_path / "c.curve"
    writer = CurveWriter(path)
    threads = [
        threading.Thread(target=lambda k=k: [writer.append(k * 5000 + i, 1.0, 0.5) for i in range(5000)])
        for k in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert sorted(step for step, *_ in points(read_records(path))) == list(range(20_000))


def test_sigkill_loses_no_point_that_was_logged(tmp_path: Path) -> None:
    path = tmp_path / "c.curve"
    script = (
        "import sys, os\nfrom pathlib import Path\nfrom runlore.curve_writer import CurveWriter\n"
        "w = CurveWriter(Path(sys.argv[1]))\nn = 0\n"
        "while True:\n w.append(n, 1.0, float(n)); n += 1\n if n % 1000 == 0: os.write(1, b'%d\\n' % n)\n"
    )
    for round_ in range(5):
        target = path.with_name(f"{round_}.curve")
        child = subprocess.Popen([sys.executable, "-c", script, str(target)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        said = 0
        for _ in range(10 + round_ * 7):
            said = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        said = max([said, *map(int, child.stdout.read().split())])
        child.wait()
        found = points(read_records(target))
        assert len(found) >= said
        assert [values[0] for values in found] == list(range(len(found)))
        assert all(step == value for step, _, value in found)


def test_sigkill_leaves_no_half_written_point(tmp_path: Path) -> None:
    # The kill must hit the few instructions of a store, so the child does nothing else, and many are killed.
    script = (
        "import sys\nfrom pathlib import Path\nfrom runlore.curve_writer import CurveWriter\n"
        "w = CurveWriter(Path(sys.argv[1]))\nn = 0\nprint('go', flush=True)\n"
        "while True:\n n += 1\n w.append(n, float(n), float(n))\n"
    )
    for round_ in range(40):
        target = tmp_path / f"{round_}.curve"
        child = subprocess.Popen([sys.executable, "-c", script, str(target)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.0005 * round_)
        child.kill()
        child.communicate()
        found = points(read_records(target))
        assert found == [(n, float(n), float(n)) for n in range(1, len(found) + 1)]


def test_a_full_disk_is_an_error_and_keeps_the_points(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys\nfrom pathlib import Path\nfrom runlore.curve_writer import CurveWriter\n"
        "w = CurveWriter(Path(sys.argv[1]))\nresource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "n = 0\ntry:\n  while True:\n    w.append(n, 1.0, 2.0); n += 1\nexcept OSError as e: print(n)\nw.close()\n"
    )
    path = tmp_path / "c.curve"
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert len(points(read_records(path))) == int(done.stdout) > 1000


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.curve").write_bytes(b"something else entirely, long enough")
    with pytest.raises(JournalFormatError, match="no Runlore curve"):
        read_records(tmp_path / "x.curve")
    (tmp_path / "y.curve").write_bytes(HEADER[:8] + struct.pack("<I", 99) + HEADER[12:])
    with pytest.raises(JournalFormatError, match="upgrade"):
        read_records(tmp_path / "y.curve")
    assert read_records(tmp_path / "absent.curve") == b""


@given(st.text(min_size=1, max_size=400))
@settings(deadline=None)
def test_every_metric_name_is_a_safe_file_name(name: str) -> None:
    file = file_name(name)
    assert os.path.basename(file) == file  # noqa: PTH119 - the property is about the plain string
    assert not file.startswith(".")
    assert len(file.encode()) < 255


def test_metric_names_stay_apart() -> None:
    names = [
        "loss", "train/loss", "train%2Floss", "Loss", "LOSS", "verlust é", "Verlust É", "verlust e\u0301",
        "x" * 300, "x" * 301, "X" * 301, "..", ".", "a\nb", "loss.", "loss ", "loss!1",
        "con", "CON", "con.x", "nul", "🔥", "\x01",
    ]  # fmt: skip
    files = [file_name(name, process) for name in names for process in ("", "1", "1.1", "2")]
    assert len({file.casefold() for file in files}) == 4 * len(names)  # macOS and Windows take no note of case


@pytest.mark.parametrize("name", ["con", "PRN", "aux", "nul.x", "com1", "LPT9"])
def test_no_curve_has_the_name_of_a_device_of_windows(name: str) -> None:
    stem = file_name(name).split(".")[0].lower()
    assert stem not in {"con", "prn", "aux", "nul", "com1", "lpt9"}


def test_nan_is_a_value_like_any_other(tmp_path: Path) -> None:
    writer = CurveWriter(tmp_path / "c.curve")
    writer.append(0, 1.0, math.nan)
    writer.append(1, 1.0, -math.inf)
    (_, _, first), (_, _, second) = points(read_records(tmp_path / "c.curve"))
    assert math.isnan(first)
    assert second == -math.inf


@given(written=st.lists(point, max_size=20))
@settings(deadline=None)
def test_an_unmapped_writer_makes_the_same_file(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[int, float, float]]
) -> None:
    directory = tmp_path_factory.mktemp("curve")
    writers = CurveWriter(directory / "mapped"), PlainCurveWriter(directory / "unmapped")
    for number, values in enumerate(written):
        for writer in writers:
            writer.append(*values)
        assert last_point(directory / "unmapped") is not None
        assert len(points(read_records(directory / "unmapped"))) == number + 1
    for writer in writers:
        writer.close()
    assert (directory / "mapped").read_bytes() == (directory / "unmapped").read_bytes()


def test_a_full_disk_leaves_no_half_point(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from runlore.curve_writer import PlainCurveWriter\n"
        "writer = PlainCurveWriter(Path(sys.argv[1]))\nwriter.append(0, 1.0, 2.0)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (60, 60))\n"
        "try:\n    writer.append(1, 1.0, 3.0)\nexcept OSError:\n    print('said')\n"
    )
    file = tmp_path / "full.curve"
    done = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout == "said\n"
    assert file.stat().st_size == len(HEADER) + RECORD_SIZE
