"""Linux inotify, through libc: sees what fanotify sees, but not which process it was."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator

from runlore.capture.data.notices import (
    IN_CLOSE_NOWRITE,
    IN_CLOSE_WRITE,
    IN_CREATE,
    IN_MOVED_TO,
    IN_OPEN,
    Notice,
    buffers,
    meaning,
)

_ONLY_DIR = 0x01000000
_MASK = IN_OPEN | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE | IN_MOVED_TO | IN_CREATE | _ONLY_DIR
_HEADER = struct.Struct("=iIII")


class Inotify:
    """Notices about directories, of whichever process.

    Raises:
        OSError: the system has none, or no more for this user.
    """

    name = "inotify"

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self._libc, "inotify_init1"):
            raise OSError("the C library has no inotify")
        self.fd = int(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def add(self, directory: str) -> bytes:
        """As ``Fanotify.add``."""
        watch = self._libc.inotify_add_watch(self.fd, os.fsencode(directory), ctypes.c_uint32(_MASK))
        if watch < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), directory)
        return struct.pack("=i", watch)

    def read(self) -> Iterator[Notice]:
        """As ``Fanotify.read``; every notice counts as this process's own, for none says whose it is."""
        for buffer in buffers(self.fd):
            offset = 0
            while offset < len(buffer):
                watch, mask, _, length = _HEADER.unpack_from(buffer, offset)
                offset += _HEADER.size
                name = buffer[offset : offset + length].split(b"\0", 1)[0]
                offset += length
                what = meaning(mask)
                yield Notice(struct.pack("=i", watch), os.fsdecode(name), what, True, None)

    def close(self) -> None:
        os.close(self.fd)
