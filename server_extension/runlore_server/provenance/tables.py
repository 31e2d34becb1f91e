"""The first rows of a table file, as text. Parquet is read in a process of its own: it may be a stranger's."""

from __future__ import annotations

import csv
import io
import itertools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from runlore.decodable import decodable
from runlore.untrusted import open_regular
from runlore_server.errors import InvalidRequest
from runlore_server.memory import limit_memory

MOST_COLUMNS = 200
_LONGEST = 500
"""Characters of one value."""
_READ = 4 << 20
"""Bytes of a text file in which the rows are looked for."""
_DELIMITERS = {".csv": ",", ".tsv": "\t", ".parquet": None}
_TIMEOUT = 30.0
_MEMORY = 2 << 30
"""Bytes that reading a Parquet file may take."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a table.

    Attributes:
        columns: their names; at most ``MOST_COLUMNS``.
        rows: the first ones, each value as text; ``None`` for none.
        more: whether more rows follow.
        total: rows in all; ``None`` where that takes reading all of it.
        left_out: columns that are not shown.
    """

    columns: list[str]
    rows: list[list[str | None]]
    more: bool
    total: int | None
    left_out: int


def head(path: Path, name: str, count: int) -> Table:
    """The first rows of a file that is called ``name``. Blocks.

    Raises:
        InvalidRequest: it is no table, or none that can be read; it says why.
        OSError: the file cannot be read.
    """
    kind = Path(name).suffix.lower()
    if kind not in _DELIMITERS:
        raise InvalidRequest(f"{name} is no table: give one that ends with {', '.join(_DELIMITERS)}")
    delimiter = _DELIMITERS[kind]
    return _of_text(path, delimiter, count) if delimiter is not None else _of_parquet(path, count)


def _of_text(path: Path, delimiter: str, count: int) -> Table:
    with open_regular(path) as file:
        content = file.read(_READ + 1)
    is_cut = len(content) > _READ
    text = content[:_READ].decode("utf-8-sig", errors="replace")
    if is_cut:
        text = text[: text.rfind("\n") + 1]
    try:
        found = list(itertools.islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), count + 2))
    except csv.Error as error:
        raise InvalidRequest(f"the table cannot be read: {error}") from error
    columns, rows = (found[0], found[1:]) if found else ([], [])
    more = len(rows) > count or (is_cut and len(rows) <= count)
    return _table(columns, rows[:count], more=more, total=None if more else len(rows))


def _of_parquet(path: Path, count: int) -> Table:
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-I", "-m", "runlore_server.provenance.tables", str(path), str(count)],
            capture_output=True,
            check=True,
            timeout=_TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
        return msgspec.json.decode(done.stdout, type=decodable(Table))
    except subprocess.TimeoutExpired as error:
        raise InvalidRequest(f"reading the table took more than {_TIMEOUT:.0f} s") from error
    except (subprocess.CalledProcessError, msgspec.DecodeError) as error:
        raise InvalidRequest("the table cannot be read: it is no Parquet file, or a damaged one") from error


def _parquet(path: str, count: int) -> Table:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        names = file.schema_arrow.names[:MOST_COLUMNS]
        batch = next(file.iter_batches(batch_size=count, columns=names), None)
        columns = [column.to_pylist() for column in batch.columns] if batch is not None else []
        rows = [[None if value is None else str(value) for value in row] for row in zip(*columns, strict=True)]
        total = file.metadata.num_rows
        table = _table(names, rows, more=total > len(rows), total=total)
        return msgspec.structs.replace(table, left_out=len(file.schema_arrow.names) - len(names))


def _table(columns: list[str], rows: Sequence[Sequence[str | None]], *, more: bool, total: int | None) -> Table:
    width = max([len(columns), *map(len, rows)])
    names = [*columns, *[""] * (width - len(columns))][:MOST_COLUMNS]
    return Table(
        columns=[_short(name) or "" for name in names],
        rows=[[*map(_short, row[:MOST_COLUMNS]), *[None] * (len(names) - len(row))] for row in rows],
        more=more,
        total=total,
        left_out=max(width - MOST_COLUMNS, 0),
    )


def _short(value: str | None) -> str | None:
    return value if value is None or len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"


if __name__ == "__main__":
    limit_memory(_MEMORY)
    sys.stdout.buffer.write(msgspec.json.encode(_parquet(sys.argv[1], int(sys.argv[2]))))
