"""Archives of curves read without a server, whoever wrote them: points, or a clear error and nothing more."""

from __future__ import annotations

import random
import struct
import sys
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runlore import frames
from runlore.archive import FILE, KEY, Archive, archived
from runlore.curve import last_point, read_records
from runlore.errors import JournalFormatError, PackageMissing
from runlore.thrift import read_struct
from runlore_server.store.archive import archive_run
from runlore_server.store.runs import RunStore
from tests.journals import FakeKernel

POINTS = [(step, 1 / (step + 1)) for step in range(2000)]


WHOLE = b'{"metric":"loss","file":"loss.curve","first":0,"rows":2005,"digest":""}'


@pytest.fixture
def run(home):
    """An archived run whose curve files are gone."""
    kernel = FakeKernel(home)
    run_id = kernel.run("train", {"loss": POINTS, "acc": POINTS[:5]})
    kernel.end()
    store = RunStore(home)
    store.refresh()
    found = store.find(run_id)
    archive_run(found)
    for path in found.metrics.values():
        path.unlink()
    return found


@pytest.fixture
def path(run):
    return run.directory / FILE


def varint(number):
    found = b""
    while number > 127:
        found, number = found + bytes([number & 127 | 128]), number >> 7
    return found + bytes([number])


def kind(value):
    if isinstance(value, bool):
        return 1 if value else 2
    return {int: 6, float: 7, bytes: 8, list: 9, dict: 12}[type(value)]


def encoded(value):
    """A value in Thrift's compact protocol."""
    if isinstance(value, bool):
        return b""
    if isinstance(value, int):
        return varint((value << 1) ^ (value >> 63) if value < 0 else value << 1)
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, bytes):
        return varint(len(value)) + value
    if isinstance(value, list):
        of = kind(value[0]) if value else 6
        items = [bytes([kind(one)]) if isinstance(one, bool) else encoded(one) for one in value]
        return bytes([0xF0 | of]) + varint(len(value)) + b"".join(items)
    fields = [bytes([kind(one)]) + encoded(number) + encoded(one) for number, one in value.items()]
    return b"".join(fields) + b"\0"


def with_footer(content, change):
    """The file with its footer changed by a function."""
    length = int.from_bytes(content[-8:-4], "little")
    footer, _ = read_struct(content[-8 - length : -8])
    new = encoded(change(footer) or footer)
    return content[: -8 - length] + new + len(new).to_bytes(4, "little") + b"PAR1"


def with_index(content, change):
    def index(footer):
        for pair in footer[5]:
            if pair[1] == KEY:
                pair[2] = change(pair[2])

    return with_footer(content, index)


def test_runlore_reads_what_the_files_had(run, home):
    frame = frames.curves(run.run_id, home=home)
    assert frame.groupby("metric").size().to_dict() == {"acc": 5, "loss": 2000}
    assert frame["value"].tolist()[:3] == [1.0, 1 / 2, 1 / 3]
    assert frames.runs(home).loc[run.run_id, "metrics.loss"] == 1 / 2000


def test_a_curve_that_is_nowhere_is_told(run, path, home):
    path.unlink()
    with pytest.raises(JournalFormatError, match=r"'loss'.*not in the home"):
        frames.curves(run.run_id, "loss", home=home)


def test_without_pyarrow_the_numbers_are_known_and_the_points_say_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert last_point(run.metrics["loss"])[2] == 1 / 2000
    with pytest.raises(PackageMissing, match="pip install pyarrow"):
        read_records(run.metrics["loss"])


def test_the_own_footer_survives_being_written_anew(run, path):
    records = read_records(run.metrics["loss"])
    path.write_bytes(with_footer(path.read_bytes(), lambda _: None))
    assert archived(run.metrics["loss"]).curve.rows == 2000
    assert records


def deep(footer):
    footer[2] = [{4: b"schema", 5: 1}, *({4: b"x", 3: 0, 5: 1} for _ in range(20_000)), {1: 2, 3: 0, 4: b"leaf"}]


def elsewhere(footer):
    footer[4][0][1][1][1] = b"../../etc/passwd"


def more_rows(footer):
    footer[4][0][3] = footer[3] = 1 << 40


def outside(footer):
    footer[4][0][1][2][3][9] = 1 << 40


def negative(footer):
    footer[4][0][1][2][3][7] = -5


def no_groups(footer):
    footer[4] = []


def other_types(footer):
    footer[2] = 7


def nested_lists(footer):
    found = []
    for _ in range(200):
        found = [found]
    footer[9] = found


@pytest.mark.parametrize(
    "change", [deep, elsewhere, more_rows, outside, negative, no_groups, other_types, nested_lists]
)
def test_a_forged_footer_is_refused(run, path, change):
    path.write_bytes(with_footer(path.read_bytes(), change))
    with pytest.raises(JournalFormatError, match="no archive of curves"):
        read_records(run.metrics["loss"])


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (b"", "no archive"),
        (b"[" * 100_000, "no archive"),
        (b'{"format": 9, "curves": 1}', "upgrade Runlore"),
        (b'{"format":1,"curves":[{"metric":"loss","file":"loss.curve","first":-1,"rows":5,"digest":""}]}', "rows"),
        (
            b'{"format":1,"curves":[{"metric":"loss","file":"loss.curve","first":1990,"rows":99,"digest":""}]}',
            "rows",
        ),
        (b'{"format":1,"curves":[%b,%b]}' % (WHOLE, WHOLE), "twice"),
        (
            b'{"format":1,"curves":[{"metric":"loss","file":"loss.curve","first":0,"rows":%d,"digest":""}]}'
            % 2**62,
            "rows",
        ),
    ],
)
def test_a_forged_index_is_refused(run, path, index, said):
    path.write_bytes(with_index(path.read_bytes(), lambda _: index))
    with pytest.raises(JournalFormatError, match=said):
        read_records(run.metrics["loss"])


def test_what_unpacks_into_gigabytes_is_refused_before_it_does(run, path, tmp_path):
    rows, claimed = 1 << 22, 2005  # 32 MiB a column, in some kilobytes
    big = tmp_path / "big"
    schema = pq.read_schema(path).remove_metadata()
    zeros = pa.array(np.zeros(rows, "<i8"))
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, "<i4")), ["loss"])
    columns = [names, zeros, zeros, pa.array(np.zeros(rows))]
    with pq.ParquetWriter(
        big, schema, compression="zstd", use_dictionary=["metric"], data_page_size=1 << 30
    ) as writer:
        writer.write_table(pa.Table.from_arrays(columns, schema=schema), rows)
    own, _ = read_struct(path.read_bytes()[-8 - int.from_bytes(path.read_bytes()[-8:-4], "little") : -8])

    def change(footer):
        footer[5] = own[5]
        footer[3] = footer[4][0][3] = claimed
        for column in footer[4][0][1]:
            column[3][5] = claimed

    path.write_bytes(with_footer(big.read_bytes(), change))
    assert path.stat().st_size < 1 << 20
    tracemalloc.start()
    with pytest.raises(JournalFormatError, match="page"):
        read_records(run.metrics["loss"])
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


def test_another_file_in_its_place_is_refused(run, path):
    for content in (b"", b"PAR1PAR1", b"x" * 100, path.read_bytes()[:-1], b"PAR1" + b"\xff" * 4000 + b"PAR1"):
        path.write_bytes(content)
        with pytest.raises(JournalFormatError):
            read_records(run.metrics["loss"])
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        read_records(run.metrics["loss"])


def test_any_damage_is_an_error_or_nothing(run, path):
    content, chance = path.read_bytes(), random.Random(7)
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 3, 30))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        if chance.random() < 0.2:
            del damaged[chance.randrange(len(damaged)) :]
        path.unlink()
        path.write_bytes(damaged)
        try:
            archive = Archive.open(path)
            archive.verify()
        except JournalFormatError:
            continue
        assert [len(archive.records(curve)) for curve in archive.index.curves] == [2000 * 24, 5 * 24]
