"""Reading files that somebody else may have put into the home: nothing here waits, runs on or executes.

A home can be shared, unpacked from an archive, or damaged: in place of a file there may be a pipe that never
answers, a device that never ends, a hole of a terabyte, or JSON that is nested a million times.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, overload

import msgspec

from runlore.decodable import decodable

T = TypeVar("T")

LARGEST = 1 << 28
"""Bytes of a file that is taken into memory as a whole, where its reader sets no other limit."""


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading, if it is a regular one or leads to one.

    Raises:
        OSError: it cannot be read, or it is a pipe, a device or a socket.
    """
    file = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        mode = os.fstat(file).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        return os.fdopen(file, "rb")
    except BaseException:
        os.close(file)
        raise


def read_regular(path: Path, most: int = LARGEST) -> bytes:
    """The content of a regular file.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger than ``most`` bytes.
    """
    with open_regular(path) as file:
        content = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else None
    if content is None or len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes", str(path))
    return content


@overload
def from_json(content: bytes) -> Any: ...


@overload
def from_json(content: bytes, kind: type[T]) -> T: ...


def from_json(content: bytes, kind: Any = Any) -> Any:
    """What the JSON text says.

    Raises:
        msgspec.DecodeError: it is no JSON, or not of this kind.
    """
    try:
        return msgspec.json.decode(content, type=decodable(kind))
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error
