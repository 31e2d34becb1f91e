"""The structure of a Parquet file of flat columns, checked before a reader that trusts it is let in.

A stranger's file can nest its schema until the stack ends, or unpack a page of kilobytes into gigabytes. So its
footer and the headers of its pages are read here first; what is not as an archive of curves is written is refused.
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

from runlore.thrift import read_struct

T = TypeVar("T")

INT64, DOUBLE, TEXT = 2, 5, 6
"""Physical types of columns."""

_MAGIC = b"PAR1"
_LARGEST_FOOTER = 32 << 20
_LARGEST_CHUNK = 16 << 20
"""Bytes of one column in one row group, unpacked and packed."""
_MOST_ROWS = 1 << 20
"""Rows of a row group."""
_MOST_PAGES = 1000
_REQUIRED = 0
_CODECS = (0, 6)  # none, and zstd


@dataclass(frozen=True)
class Group:
    """A row group: its rows, and where the packed columns lie, as first byte and length."""

    rows: int
    chunks: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Layout:
    """What the footer says.

    Attributes:
        columns: name and physical type of each.
        rows: of all groups.
        groups: in order.
        metadata: the key-value pairs of the writer.
    """

    columns: tuple[tuple[str, int], ...]
    rows: int
    groups: tuple[Group, ...]
    metadata: dict[bytes, bytes]


def read_layout(file: BinaryIO) -> Layout:
    """The layout of an open file.

    Raises:
        ValueError: it is no Parquet file, or none of flat, complete and reasonably small columns.
        OSError: it cannot be read.
    """
    size = os.fstat(file.fileno()).st_size
    tail = _bytes(file, size - 8, 8) if size >= 12 else b""
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or length > min(size - 12, _LARGEST_FOOTER) or _bytes(file, 0, 4) != _MAGIC:
        raise ValueError("it is no complete Parquet file")
    footer, _ = read_struct(_bytes(file, size - 8 - length, length))
    columns = _columns(_field(footer, 2, list))
    groups = tuple(_group(_struct(group), len(columns), size) for group in _field(footer, 4, list))
    rows = sum(group.rows for group in groups)
    if rows != _field(footer, 3, int):
        raise ValueError("its row groups do not add up")
    pairs = [_struct(pair) for pair in footer.get(5) or []]
    return Layout(columns, rows, groups, {_field(p, 1, bytes): p.get(2) or b"" for p in pairs})


def check_pages(file: BinaryIO, group: Group, columns: Sequence[int]) -> None:
    """Make sure that no page of these columns of a row group unpacks into more than a column may hold.

    Raises:
        ValueError: one does, or its header cannot be read.
        OSError: the file cannot be read.
    """
    for column in columns:
        start, length = group.chunks[column]
        packed = _bytes(file, start, length)
        at = unpacked = pages = 0
        while at < length:
            header, at = read_struct(packed, at)
            sizes = _field(header, 2, int), _field(header, 3, int)
            unpacked, at, pages = unpacked + sizes[0], at + sizes[1], pages + 1
            if min(sizes) < 0 or unpacked > _LARGEST_CHUNK or at > length or pages > _MOST_PAGES:
                raise ValueError("a page of it does not fit into its column")


def _columns(schema: list[Any]) -> tuple[tuple[str, int], ...]:
    root, *leaves = [_struct(element) for element in schema] or [{}]
    if root.get(5) != len(leaves) or any(leaf.get(5) or leaf.get(3) != _REQUIRED for leaf in leaves):
        raise ValueError("its columns are nested or have gaps")
    return tuple((_field(leaf, 4, bytes).decode(), _field(leaf, 1, int)) for leaf in leaves)


def _group(group: dict[int, Any], columns: int, size: int) -> Group:
    rows = _field(group, 3, int)
    chunks = tuple(_chunk(_struct(chunk), rows, size) for chunk in _field(group, 1, list))
    if not 0 <= rows <= _MOST_ROWS or len(chunks) != columns:
        raise ValueError("a row group of it is too large or incomplete")
    return Group(rows, chunks)


def _chunk(chunk: dict[int, Any], rows: int, size: int) -> tuple[int, int]:
    """First byte and length of a column chunk within the file of ``size`` bytes."""
    column = _struct(chunk.get(3))
    start, length = _field(column, 9, int), _field(column, 7, int)
    if column.get(11):  # pages begin with the dictionary where there is one
        start = min(start, _field(column, 11, int))
    packs_well = _field(column, 4, int) in _CODECS and 0 <= length <= _LARGEST_CHUNK
    if 1 in chunk or _field(column, 5, int) != rows or not packs_well or not 0 <= start <= size - length:
        raise ValueError("a column of it lies elsewhere, is packed otherwise or has another length")
    return start, length


def _struct(found: Any) -> dict[int, Any]:
    if not isinstance(found, dict):
        raise ValueError("its footer is none of Parquet's")
    return found


def _field(found: dict[int, Any], number: int, kind: type[T]) -> T:
    value = found.get(number)
    if not isinstance(value, kind):
        raise ValueError("its footer is none of Parquet's")
    return value


def _bytes(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    found = file.read(length)
    if len(found) < length:
        raise ValueError("it ends too early")
    return found
