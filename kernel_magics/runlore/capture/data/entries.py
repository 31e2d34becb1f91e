"""What was read and written, as the journal has it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from blake3 import blake3

from runlore import events as ev
from runlore.capture.data import manifest, versions
from runlore.capture.data.accesses import Read, Written
from runlore.capture.data.dvc import Content
from runlore.capture.data.identity import Identity
from runlore.undated import LARGEST, digest_undated, has_dates

if TYPE_CHECKING:
    from runlore.session import Session

_UNKNOWN = Identity(None, None)
_MOST_KEPT = 2**20
"""Bytes of a script whose content is kept."""


class Entries:
    """Appends ``FileRead`` and ``FileWritten``; where a cell opened very many files, one for a directory.

    Such an entry has a path that ends with a separator, the digest of the manifest (an object of the home, see
    ``manifest``), the size of all files together, and their number as ``version["files"]``.
    """

    def __init__(self, session: Session, content: Content) -> None:
        self._session = session
        self._content = content

    def add_reads(self, ordinal: int | None, reads: Sequence[Read]) -> None:
        """Write down files that were read in a cell, with their identities in git and DVC."""
        single, groups = manifest.group([read for read in reads if not read.script])
        scripts = [read for read in reads if read.script]
        try:
            versions.add([*single, *scripts], self._content)
        except subprocess.TimeoutExpired:
            self._session.not_captured("data", "git did not answer in time: what it knows of the files is missing")
        except Exception:  # noqa: BLE001, S110 - a damaged repository is no reason to lose the digests
            pass
        for read in [*single, *scripts]:
            digest, size, why = read.identity or _UNKNOWN
            self._read(ordinal, read, read.path, Identity(digest, size, why or read.why))
        for script in scripts:
            self._keep(script)
        for directory, found in groups.items():
            for writer in sorted({read.writer for read in found}, key=str):
                members = [read for read in found if read.writer == writer]
                one = members[0]
                one.version = {"files": str(len(members))}
                self._read(ordinal, one, directory + os.sep, self._together(directory, members))

    def _read(self, ordinal: int | None, read: Read, path: str, identity: Identity) -> None:
        event = ev.ScriptRead if read.script else ev.FileRead
        self._session.append(
            event(
                time=time.time(),
                ordinal=ordinal,
                path=path,
                digest=identity.digest,
                size=identity.size,
                seen_by=read.by,
                version=read.version,
                why=identity.why,
                writer=read.writer,
            )
        )

    def _keep(self, script: Read) -> None:
        digest, size, _ = script.identity or _UNKNOWN
        if digest is None or (size or 0) > _MOST_KEPT:
            return
        with contextlib.suppress(OSError):  # its digest is what counts
            content = b"".join(self._content(script.path))
            if blake3(content).hexdigest() == digest:
                self._session.store(lambda: self._session.objects.put(content))

    def add_writes(self, ordinal: int | None, writes: Sequence[Written]) -> None:
        """Write down files that a cell wrote."""
        single, groups = manifest.group(writes)
        for written in single:
            digest, size, why = written.identity or _UNKNOWN
            self._written(ordinal, written, written.path, Identity(digest, size, written.why or why))
        for directory, members in groups.items():
            one = members[0]
            if any(member.new != one.new for member in members):
                one.new = None
            self._written(ordinal, one, directory + os.sep, self._together(directory, members))

    def _written(self, ordinal: int | None, written: Written, path: str, identity: Identity) -> None:
        digest, size, why = identity
        self._session.append(
            ev.FileWritten(
                time=time.time(),
                ordinal=ordinal,
                path=path,
                digest=digest,
                size=size,
                seen_by=written.by,
                why=why,
                new=written.new,
                undated=self._undated(path, identity),
            )
        )

    def _undated(self, path: str, identity: Identity) -> str | None:
        if identity.digest is None or not has_dates(path) or (identity.size or 0) > LARGEST:
            return None
        try:
            content = b"".join(self._content(path))
        except OSError:  # it was there a moment ago; its digest is what counts
            return None
        return digest_undated(path, content) if blake3(content).hexdigest() == identity.digest else None

    def _together(self, directory: str, members: Sequence[Read] | Sequence[Written]) -> Identity:
        known = [member.identity or _UNKNOWN for member in members]
        lacking = [one.why for one in known if one.digest is None]
        content = manifest.encode(directory, members)
        digest = self._session.store(lambda: self._session.objects.put(content))
        why = f"{len(lacking)} of the files: {lacking[0]}" if lacking else None
        return Identity(digest, sum(one.size or 0 for one in known), why)
