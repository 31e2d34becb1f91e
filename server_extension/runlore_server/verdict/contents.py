"""What two files hold, compared number by number, in a process of its own.

``python -m runlore_server.verdict.contents ONE OTHER KIND`` prints a ``Finding``. Only readers that cannot execute
anything are used; where there is none for a format, or it is not installed, the hashes decide.
"""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from runlore.decodable import decodable
from runlore.undated import LARGEST, digest_undated, has_dates
from runlore_server.memory import limit_memory
from runlore_server.verdict.pixels import pixels
from runlore_server.verdict.tolerance import Limits, distance, of_dtype

Kind = Literal["torch", "numpy", "safetensors", "csv", "tsv", "json", "parquet", "image", "dated"]

_KINDS: dict[str, Kind] = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin"), "torch"),
    **dict.fromkeys((".npz", ".npy"), "numpy"),
    ".safetensors": "safetensors",
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".parquet": "parquet",
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"), "image"),
}
_TIMEOUT = 120.0
_LARGEST = 4 << 30
"""Bytes of a file above which only hashes are compared."""

IMAGE = Limits(rtol=0.0, atol=2.0)
"""Levels of 255 by which a pixel may be off where a line moved by a rounding error."""

Leaves = dict[str, Any]
"""Path in the file to a NumPy array, or to a plain value."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """``same``: every value has the same bits. ``close``: every number is within the tolerance of its type.

    ``first`` says where they part. ``unread`` says why the contents could not be compared.
    """

    same: bool = False
    close: bool = False
    values: int = 0
    first: str | None = None
    unread: str | None = None


def kind_of(path: str) -> Kind | None:
    """How the contents of a file of this name can be compared."""
    return "dated" if has_dates(path) else _KINDS.get(Path(path).suffix.lower())


def compare_files(one: Path, other: Path, kind: Kind, name: str = "") -> Finding:
    """Compare two files, at the cost of a process; ``name`` is what they were called."""
    try:
        if max(one.stat().st_size, other.stat().st_size) > _LARGEST:
            return Finding(unread="they are too large")
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-I", "-m", "runlore_server.verdict.contents", str(one), str(other), kind, name],
            capture_output=True,
            check=True,
            timeout=_TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
        return msgspec.json.decode(done.stdout, type=decodable(Finding))
    except subprocess.TimeoutExpired:
        return Finding(unread=f"reading them took more than {_TIMEOUT:.0f} s")
    except (OSError, subprocess.CalledProcessError, msgspec.DecodeError):
        return Finding(unread="reading them failed")


def compare_leaves(one: Leaves, other: Leaves, limits: Limits | None = None) -> Finding:
    """Compare by path: the same paths in both, and at each the same bits."""
    if list(one) != list(other):
        paths = [*(path for path in one if path not in other), *(path for path in other if path not in one)]
        return Finding(first=f"{paths[0]} is on one side only" if paths else "the order of the entries")
    first, same, close, values = None, True, True, 0
    for path, value in one.items():
        again = other[path]
        values += getattr(value, "size", 1)
        if _identical(value, again):
            continue
        same = False
        near, what = _near(value, again, limits)
        if first is None or (close and not near):
            first = f"{path}: {what}"
        close = close and near
    return Finding(same=same, close=close, values=values, first=first)


def leaves(value: Any, root: str = "") -> Leaves:
    """What mappings and lists within each other hold, by path; ``root`` is the path of the value itself."""
    found: dict[str, Any] = {}
    for where, leaf in _flat(value, root):
        path = where
        while path in found:  # a key with a dot in it
            path += "'"
        found[path] = leaf
    return found


def _identical(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        if one.dtype.hasobject:
            return bool(np.array_equal(one, other))
        return one.tobytes() == other.tobytes()
    if isinstance(one, float) and isinstance(other, float):
        return one.hex() == other.hex() and getattr(one, "digits", None) == getattr(other, "digits", None)
    return type(one) is type(other) and bool(one == other)


def _near(one: Any, other: Any, limits: Limits | None) -> tuple[bool, str]:
    a, b = np.asarray(one), np.asarray(other)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False, f"{a.dtype} {a.shape} on one side, {b.dtype} {b.shape} on the other"
    if a.dtype.kind not in "fciu" or (a.dtype.kind in "iu" and limits is None):
        unequal = np.flatnonzero(a.ravel() != b.ravel())
        place = int(unequal[0]) if len(unequal) else 0
        return False, f"{a.ravel()[place]!r} and {b.ravel()[place]!r}" if a.size else "empty"
    allowed = limits or of_dtype(str(a.dtype))
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    a, b = a.astype(wide).ravel(), b.astype(wide).ravel()
    off = distance(a, b)
    within = off <= allowed.atol + allowed.rtol * np.where(np.isfinite(off), np.abs(a), 0.0)
    return bool(within.all()), f"{int((off > 0).sum())} of {a.size} numbers, by up to {off.max():.3g}"


# -- readers ------------------------------------------------------------------------------------------------


def _read(path: Path, kind: Kind, name: str) -> Leaves:
    if kind == "dated":
        content = path.read_bytes() if path.stat().st_size <= LARGEST else b""
        if (digest := digest_undated(name, content)) is None:
            raise ValueError("they are too large, or not of the format that their name says")
        return {"the content apart from its dates": digest}
    if kind == "torch":
        import torch

        return leaves(torch.load(path, map_location="cpu", weights_only=True))
    if kind == "numpy":
        found = np.load(path, allow_pickle=False)
        return {"array": found} if isinstance(found, np.ndarray) else {name: found[name] for name in found.files}
    if kind == "safetensors":
        from safetensors import safe_open

        # NumPy has no bfloat16: as torch tensors where torch is there, else what NumPy knows.
        with safe_open(str(path), framework="np" if find_spec("torch") is None else "pt") as file:
            return leaves({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - no dictionary
    if kind in ("csv", "tsv"):
        with path.open(newline="", encoding="utf-8") as file:
            delimiter = "\t" if kind == "tsv" else ","
            return {
                f"row {number}, column {column}": _cell(text)
                for number, row in enumerate(csv.reader(file, delimiter=delimiter))
                for column, text in enumerate(row)
            }
    if kind == "json":
        return leaves(json.loads(path.read_text(encoding="utf-8"), parse_float=_number), "$")
    if kind == "parquet":
        from pyarrow import parquet

        # The index as the column that it is stored as; gaps as such, since NaN would make doubles of integers.
        frame = parquet.read_table(path).to_pandas(ignore_metadata=True, integer_object_nulls=True)
        return {str(name): frame[name].to_numpy() for name in frame.columns}
    return pixels(path)


class _Long(float):
    """A number that was written with more digits than its double has."""

    digits: Decimal


def _cell(text: str) -> float | str:
    try:
        return _number(text)
    except (ValueError, ArithmeticError):  # no number, or with an exponent beyond all that is computed with
        return text


def _number(text: str) -> float:
    number = float(text)
    shortest = repr(number)
    if text == shortest or not math.isfinite(number) or (exact := Decimal(text)) == Decimal(shortest):
        return number
    long = _Long(number)
    long.digits = exact
    return long


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield f"{path}.keys", repr(list(value))
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        yield f"{path}.length", len(value)
        for index, item in enumerate(value):
            yield from _flat(item, f"{path}[{index}]")
    elif hasattr(value, "untyped_storage"):
        yield path, _array(value)
    else:
        yield path, value


def _array(tensor: Any) -> Any:
    """The tensor for NumPy, which lacks some of torch's types: widened without loss."""
    plain = tensor.detach().cpu().resolve_conj().resolve_neg()
    if plain.is_sparse or plain.is_quantized:
        plain = plain.to_dense() if plain.is_sparse else plain.dequantize()
    try:
        return plain.contiguous().numpy()
    except TypeError:
        return plain.float().numpy()


def main(arguments: list[str]) -> None:
    one, other, kind, name = Path(arguments[0]), Path(arguments[1]), arguments[2], arguments[3]
    limit_memory()
    try:
        read = _read(one, kind, name), _read(other, kind, name)  # type: ignore[arg-type]
        found = compare_leaves(*read, IMAGE if kind == "image" else None)
    except ImportError as error:
        found = Finding(unread=f"reading them needs {error.name}, which is not installed here")
    except MemoryError:
        found = Finding(unread="reading them takes more memory than there is for it")
    except Exception as error:  # noqa: BLE001 - a file may hold anything
        found = Finding(unread=f"they cannot be read: {type(error).__name__}: {str(error)[:200]}")
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main(sys.argv[1:])
