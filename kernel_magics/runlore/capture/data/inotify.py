"""Linux inotify, through libc: sees what fanotify sees, but not which process it was."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator

from runlore.capture.data.notices import CLOSED, CREATED, DIRECTORY, MOVED_IN, OPENED, OVERFLOW, WRITTEN, Notice

_OPEN, _CLOSE_WRITE, _CLOSE_NOWRITE, _MOVED_TO, _CREATE = 0x20, 0x8, 0x10, 0x80, 0x100
_IS_DIR, _ONLY_DIR, _Q_OVERFLOW = 0x40000000, 0x01000000, 0x4000
_MASK = _OPEN | _CLOSE_WRITE | _CLOSE_NOWRITE | _MOVED_TO | _CREATE | _ONLY_DIR
_MEANING = (
    (_OPEN, OPENED), (_CLOSE_WRITE, WRITTEN), (_CLOSE_NOWRITE, CLOSED), (_MOVED_TO, MOVED_IN), (_CREATE, CREATED),
    (_IS_DIR, DIRECTORY), (_Q_OVERFLOW, OVERFLOW),
)  # fmt: skip
_HEADER = struct.Struct("=iIII")


class Inotify:
    """Notices about directories, of whichever process.

    Raises:
        OSError: the system has none, or no more for this user.
    """

    name = "inotify"

    def __init__(self) -> None:
        self._meanings: dict[int, int] = {}
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
        while True:
            try:
                buffer = os.read(self.fd, 1 << 16)
            except OSError:
                return
            offset = 0
            while offset < len(buffer):
                watch, mask, _, length = _HEADER.unpack_from(buffer, offset)
                offset += _HEADER.size
                name = buffer[offset : offset + length].split(b"\0", 1)[0]
                offset += length
                what = self._meanings.get(mask) or self._mean(mask)
                yield Notice(struct.pack("=i", watch), os.fsdecode(name), what, True)

    def _mean(self, mask: int) -> int:
        what = sum(meaning for bit, meaning in _MEANING if mask & bit)
        self._meanings[mask] = what
        return what

    def close(self) -> None:
        os.close(self.fd)
