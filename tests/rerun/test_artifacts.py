"""What a verdict says of artifacts, of files that cells wrote and of parameters that code logged."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet as pq

from runlore_server.verdict.verdict import Verdict
from tests.rerun.cases import made, written


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_artifacts_are_compared_number_by_number(told: Callable[..., Verdict]) -> None:
    weights = np.linspace(0, 1, 5, dtype=np.float32)
    moved = weights.copy()
    moved[2] = np.nextafter(moved[2], 2)
    same = told(artifacts=({"m.npz": npz(w=weights)}, {"m.npz": npz(w=weights)}))
    assert same.verdict == "BIT-EXACT"
    assert "1 artifact" in same.reason
    close = told(artifacts=({"m.npz": npz(w=weights)}, {"m.npz": npz(w=moved)}))
    assert close.verdict == "NUMERICALLY CLOSE"
    assert "1 of 5 numbers" in close.reason
    apart = told(artifacts=({"m.npz": npz(w=weights)}, {"m.npz": npz(w=weights + 1)}))
    assert apart.verdict == "DIVERGED"
    assert "Artifact 'm.npz' differs at w" in apart.reason
    other = told(artifacts=({"t.csv": b"a,b\n1,x\n"}, {"t.csv": b"a,b\n1.0,x\n"}))
    assert other.verdict == "BIT-EXACT"
    assert told(artifacts=({"m.bin": b"1"}, {})).verdict == "DIVERGED"


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.parquet"])
def test_numbers_beyond_a_double_are_compared_by_all_their_digits(name: str, told: Callable[..., Verdict]) -> None:
    def content(number: int, share: str) -> bytes:
        if name != "t.parquet":
            return (f"{number},{share}" if name == "t.csv" else f"[{number}, {share}]").encode()
        file = io.BytesIO()
        pq.write_table(pa.table({"number": [number, None], "share": [Decimal(share), None]}), file)
        return file.getvalue()

    share = "0.1000000000000000000000000001"
    for other in (content(2**53 + 1, share), content(2**53, f"{share[:-1]}2")):
        assert told(artifacts=({name: content(2**53, share)}, {name: other})).verdict != "BIT-EXACT"
    if name == "t.csv":
        same = told(artifacts=({name: content(2**53, share)}, {name: content(2**53, f"{share}0")}))
        assert same.verdict == "BIT-EXACT"


def test_the_index_of_a_table_is_a_part_of_it(told: Callable[..., Verdict]) -> None:
    tables = []
    for index in ("ab", "ac"):
        file = io.BytesIO()
        pd.DataFrame({"n": [1, 2]}, index=list(index)).to_parquet(file)
        tables.append({"t.parquet": file.getvalue()})
    assert told(artifacts=tuple(tables)).verdict == "DIVERGED"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": {}}, {"b": {}}),
        ({"a.b": 1}, {"a": {"b": 1}}),
        ({"a.b": 1, "a": {"b": 2}}, {"a.b": 3, "a": {"b": 2}}),
        ({"a": []}, {"a": {}}),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": None}, {}),
    ],
)
def test_data_of_another_form_is_other_data(
    one: dict[str, Any], other: dict[str, Any], told: Callable[..., Verdict]
) -> None:
    sides = ({"a.json": json.dumps(side).encode()} for side in (one, other))
    assert told(artifacts=tuple(sides)).verdict == "DIVERGED"
    sides = ({"a.json": json.dumps(one, indent=indent).encode()} for indent in (1, 2))
    assert told(artifacts=tuple(sides)).verdict == "BIT-EXACT"


def deep(red: int) -> bytes:
    """A PNG of one pixel with 16 bits a colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head, body = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0), zlib.compress(struct.pack(">xHHH", red, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def moving(last: int, duration: int = 100) -> bytes:
    """A GIF of two frames."""
    frames = [Image.new("L", (4, 4), shade) for shade in (10, last)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=duration)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("a.png", deep(0x0101), deep(0x0102)),
        ("a.gif", moving(20), moving(200)),
        ("a.gif", moving(20), moving(20, duration=200)),
    ],
)
def test_images_are_compared_as_deep_and_as_long_as_they_are(
    name: str, one: bytes, other: bytes, told: Callable[..., Verdict]
) -> None:
    assert told(artifacts=({name: one}, {name: other})).verdict == "DIVERGED"


def test_a_pickle_is_never_opened(told: Callable[..., Verdict], tmp_path: Path) -> None:
    import pickle

    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "sprung",))

    found = told(artifacts=({"m.pt": pickle.dumps(Trap())}, {"m.pt": b"other"}))
    assert found.verdict == "DIVERGED"
    assert "contents were not compared" in found.reason
    assert not (tmp_path / "sprung").exists()


def test_a_file_that_the_run_wrote_counts(told: Callable[..., Verdict]) -> None:
    found = told(facts=([written("a" * 64)], [written("b" * 64)]))
    assert found.verdict == "DIVERGED"
    assert "out.bin" in found.reason
    assert "1 written file" in told(facts=([written("a" * 64)], [written("a" * 64)])).reason
    dated = told(facts=([written("a" * 64, "c" * 64)], [written("b" * 64, "c" * 64)]))
    assert (dated.verdict, dated.masked) == ("BIT-EXACT", ["1 file's own date"])
    assert told(facts=([written("a" * 64, "c" * 64)], [written("b" * 64, "d" * 64)])).verdict == "DIVERGED"


@pytest.mark.parametrize(
    ("original", "rerun", "verdict"),
    [
        ({"salt": "a"}, {"salt": "b"}, "DIVERGED"),
        ({"best": 3}, {}, "DIVERGED"),
        ({"best": float("nan")}, {"best": float("nan")}, "BIT-EXACT"),
        ({"best": 0.1}, {"best": 0.1 + 1e-12}, "NUMERICALLY CLOSE"),
        ({"folder": "/tmp/a1/x"}, {"folder": "/tmp/b2/x"}, "BIT-EXACT"),
        ({"many": [1, {"a": None}]}, {"many": [1, {"a": None}]}, "BIT-EXACT"),
        ({"many": [1, {"a": 1}]}, {"many": [1, {"a": True}]}, "DIVERGED"),
    ],
)
def test_a_parameter_that_the_code_logged_counts(
    told: Callable[..., Verdict], original: dict[str, Any], rerun: dict[str, Any], verdict: str
) -> None:
    found = told(params=(original, rerun))
    assert found.verdict == verdict
    assert verdict == "BIT-EXACT" or f"Parameter '{next(iter(original))}'" in found.reason


def test_how_long_a_trainer_took_is_set_aside(told: Callable[..., Verdict]) -> None:
    sides = ({"loss": [(0, 1.0)], "train_runtime": [(0, seconds)]} for seconds in (1.5, 2.5))
    found = told(curves=tuple(sides))
    assert (found.verdict, found.masked) == ("BIT-EXACT", ["1 timing"])
    sides = ({"loss": [(0, 1.0)], "train_runtime": [(0, 1.5)] * count} for count in (1, 2))
    assert told(curves=tuple(sides)).verdict == "DIVERGED"


def test_a_file_to_which_each_rerun_adds_tells_two_reruns_apart(told: Callable[..., Verdict]) -> None:
    source = "open('out.bin', 'ab')"
    grown = ([made(True)], [msgspec.structs.replace(made(False), digest="b" * 64)])
    found = told(source=(source,) * 2, facts=grown)
    assert found.verdict == "DIVERGED"
    assert "already there" in found.causes[0]
