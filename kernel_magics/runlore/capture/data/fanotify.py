"""Linux fanotify without privileges (kernel 5.13 and later), through libc."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator

from runlore.capture.data.notices import (
    IN_CLOSE_NOWRITE,
    IN_CLOSE_WRITE,
    IN_CREATE,
    IN_DIRECTORY,
    IN_MOVED_TO,
    IN_OPEN,
    IN_OVERFLOW,
    Notice,
    buffers,
    meaning,
)

_FLAGS = 0x1 | 0x2 | 0x400 | 0x800  # CLOEXEC, NONBLOCK, REPORT_DIR_FID, REPORT_NAME
_ON_CHILD = 0x08000000
_MASK = IN_OPEN | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE | IN_MOVED_TO | IN_CREATE | IN_DIRECTORY | _ON_CHILD
_ADD_DIRECTORY = 0x1 | 0x8  # MARK_ADD, MARK_ONLYDIR
_AT_CWD, _FOLLOW = -100, 0x400
_DIRECTORY_AND_NAME = 2
_HEADER, _INFO, _HANDLE = struct.Struct("=IBBHQii"), struct.Struct("=BBH8s"), struct.Struct("=Ii")


class _FileHandle(ctypes.Structure):
    _fields_ = (("size", ctypes.c_uint), ("type", ctypes.c_int), ("content", ctypes.c_ubyte * 128))


class Fanotify:
    """Notices about directories; tells this process's own from those of others.

    Raises:
        OSError: the system has none, or none for this user.
    """

    name = "fanotify"

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self._libc, "fanotify_init") or not hasattr(self._libc, "name_to_handle_at"):
            raise OSError("the C library has no fanotify")
        self._libc.fanotify_mark.argtypes = [
            ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p,
        ]  # fmt: skip
        self.fd = int(self._libc.fanotify_init(_FLAGS, os.O_RDONLY | os.O_CLOEXEC))
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        self._pid = os.getpid()

    def add(self, directory: str) -> bytes:
        """Watch the files of a directory; the key under which notices will name it.

        Raises:
            OSError: this directory cannot be watched so (a file system without handles, too many of them).
        """
        name = os.fsencode(directory)
        handle = _FileHandle(size=128)
        mount = ctypes.c_int()
        if self._libc.name_to_handle_at(_AT_CWD, name, ctypes.byref(handle), ctypes.byref(mount), _FOLLOW) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), directory)
        if self._libc.fanotify_mark(self.fd, _ADD_DIRECTORY, _MASK, _AT_CWD, name) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), directory)
        return _HANDLE.pack(handle.size, handle.type) + bytes(handle.content[: handle.size])

    def read(self) -> Iterator[Notice]:
        """What has happened since; nothing when nothing has."""
        for buffer in buffers(self.fd):
            yield from self._parse(buffer)

    def _parse(self, buffer: bytes) -> Iterator[Notice]:
        offset = 0
        while offset < len(buffer):
            length, _, _, head, mask, _, pid = _HEADER.unpack_from(buffer, offset)
            what = meaning(mask)
            if mask & IN_OVERFLOW:
                yield Notice(b"", "", what, True, None)
            elif length > head:
                kind, _, size, _ = _INFO.unpack_from(buffer, offset + head)
                if kind == _DIRECTORY_AND_NAME:
                    start = offset + head + _INFO.size
                    end = start + _HANDLE.size + int(_HANDLE.unpack_from(buffer, start)[0])
                    name = buffer[end : offset + head + size].split(b"\0", 1)[0]
                    yield Notice(buffer[start:end], os.fsdecode(name), what, pid == self._pid, pid)
            offset += length

    def close(self) -> None:
        os.close(self.fd)
