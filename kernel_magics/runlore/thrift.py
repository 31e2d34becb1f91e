"""Reading Thrift's compact protocol, in which Parquet writes its footer and the headers of its pages.

Nothing is set aside because a length in the input says so, and depth and number of values are bounded: the input
may be a stranger's. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

_DEEPEST = 16
_MOST_VALUES = 1_000_000
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = (4, 5, 6)  # of 16, 32 and 64 bits


def read_struct(content: bytes, at: int = 0) -> tuple[dict[int, Any], int]:
    """The struct that begins at ``at``, by the numbers of its fields, and where it ends.

    Raises:
        ValueError: there is none, or it is larger or deeper than any that Parquet needs.
    """
    reader = _Reader(content, at)
    try:
        return reader.struct(0), reader.at
    except (IndexError, struct.error):
        raise ValueError("it ends too early") from None


class _Reader:
    def __init__(self, content: bytes, at: int) -> None:
        self._content = content
        self.at = at
        self._room = _MOST_VALUES
        self._kinds: dict[int, Callable[[int], Any]] = {
            _BYTE: self._signed_byte,
            **dict.fromkeys(_INTEGERS, self._integer),
            _DOUBLE: self._double,
            _BINARY: self._binary,
            _LIST: self._list,
            _SET: self._list,
            _MAP: self._map,
            _STRUCT: self.struct,
        }

    def struct(self, depth: int) -> dict[int, Any]:
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        fields: dict[int, Any] = {}
        number = 0
        while header := self._byte():
            kind = header & 15
            number = number + (header >> 4) if header >> 4 else self._integer(depth)
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth + 1)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        self._room -= 1
        if self._room < 0:
            raise ValueError("it holds too many values")
        read = self._kinds.get(kind)
        if read is None:
            raise ValueError(f"it holds a value of no known type: {kind}")
        return read(depth)

    def _list(self, depth: int) -> list[Any]:
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        header = self._byte()
        kind, count = header & 15, header >> 4
        if count == 15:
            count = self._varint()
        return [self._element(kind, depth) for _ in range(count)]

    def _element(self, kind: int, depth: int) -> Any:
        return self._value(_BYTE, depth) == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth + 1)

    def _map(self, depth: int) -> dict[Any, Any]:
        count = self._varint()
        kinds = self._byte() if count else 0
        found = {}
        for _ in range(count):
            key = self._element(kinds >> 4, depth)
            if not isinstance(key, (int, float, bytes)):
                raise ValueError("the key of a map is no plain value")
            found[key] = self._element(kinds & 15, depth)
        return found

    def _byte(self) -> int:
        found = self._content[self.at]
        self.at += 1
        return found

    def _signed_byte(self, _: int) -> int:
        return (self._byte() ^ 0x80) - 0x80

    def _varint(self) -> int:
        found = shift = 0
        while True:
            byte = self._byte()
            found |= (byte & 0x7F) << shift
            if byte < 0x80:
                return found
            shift += 7
            if shift > 63:
                raise ValueError("a number of it is too long")

    def _integer(self, _: int) -> int:
        found = self._varint()
        return (found >> 1) ^ -(found & 1)

    def _double(self, _: int) -> float:
        (found,) = struct.unpack_from("<d", self._content, self.at)
        self.at += 8
        return float(found)

    def _binary(self, _: int) -> bytes:
        length = self._varint()
        end = self.at + length
        if end > len(self._content):
            raise IndexError(end)
        found = self._content[self.at : end]
        self.at = end
        return found
