"""From a bundle to a home in which its run can be repeated. Nothing of the file is executed, whoever wrote it.

Every member has a name of a few forms, none of which leads anywhere; it is unpacked up to the size that the
manifest says of it and not a byte further, and hashed. Links, devices and modes of a ZIP file are not looked at:
all that is written are plain files.
"""

from __future__ import annotations

import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec
from blake3 import blake3

from runlore import journal
from runlore.errors import JournalFormatError
from runlore.events import SessionEnded, SessionStarted, encode
from runlore.home import Home
from runlore.untrusted import from_json, open_regular
from runlore_server.bundle.manifest import (
    CURVES,
    EVENTS,
    FORMAT,
    MANIFEST,
    MEMBER,
    OBJECTS,
    RUN_ID,
    SESSION_ID,
    STATES,
    Manifest,
    Member,
)
from runlore_server.bundle.moving import Move
from runlore_server.errors import BundleRefused

LARGEST = 16 << 30
"""Bytes that a bundle may hold."""

_LARGEST_MANIFEST = 64 << 20
_MOST = 200_000
"""Members."""

_CHUNK = 1 << 20


class Bundle:
    """An open bundle, as a context manager; ``manifest`` is what it says of itself.

    Raises:
        BundleRefused: it is no bundle, a damaged one, or one of a later version.
        OSError: it cannot be read.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._infos = {info.filename: info for info in archive.infolist()}
        self.manifest = self._read_manifest()

    def _read_manifest(self) -> Manifest:
        if len(self._infos) != len(self._archive.infolist()) or len(self._infos) > _MOST:
            raise BundleRefused("it has several members of one name, or far too many")
        content = self._content(MANIFEST, _LARGEST_MANIFEST)
        try:
            manifest = from_json(content, Manifest)
        except msgspec.MsgspecError as error:
            raise BundleRefused(f"its manifest is damaged: {error}") from error
        if manifest.format > FORMAT:
            raise BundleRefused(f"it has format {manifest.format}; upgrade Runlore to read it")
        named = [member.name for member in manifest.members]
        if not RUN_ID.fullmatch(manifest.run_id) or not SESSION_ID.fullmatch(manifest.session_id):
            raise BundleRefused("its ids are none")
        if unknown := [name for name in {*named, *self._infos} - {MANIFEST} if not MEMBER.fullmatch(name)]:
            raise BundleRefused(f"it has a member {min(unknown)!r:.80}, as no bundle has")
        if sorted([*named, MANIFEST]) != sorted(self._infos):
            raise BundleRefused("its manifest speaks of other members than it has")
        if not all(0 <= member.size <= LARGEST for member in manifest.members) or manifest.size > LARGEST:
            raise BundleRefused(f"it is larger than {LARGEST >> 30} GiB")
        return manifest

    def _content(self, name: str, most: int) -> bytes:
        try:
            with self._archive.open(self._infos[name]) as member:
                content = member.read(most + 1)
        except (KeyError, *_DAMAGE) as error:
            raise BundleRefused(f"its {name} cannot be read: {error}") from error
        if len(content) > most:
            raise BundleRefused(f"its {name} is larger than it may be")
        return content

    def unpack(self, home: Home, directory: Path, *, interpreter: bool = False) -> Path:
        """Write the run into an empty home, as if it had been recorded in ``directory``.

        Args:
            home: a home that is not there yet; it is there whole, or not at all.
            directory: the folder here that stands for the manifest's ``root``.
            interpreter: the machine is meant to have the interpreter that recorded the run.

        Returns:
            The working directory of the run.

        Raises:
            BundleRefused: it is damaged.
            OSError: the home cannot be written.
        """
        manifest = self.manifest
        staged = Home(home.path.with_name(f".{home.path.name}.{os.getpid()}.staged"))
        staged.path.mkdir(parents=True, mode=0o700)
        try:
            if shutil.disk_usage(staged.path).free < manifest.size:
                raise OSError(
                    f"there is no room for the {manifest.size} bytes of the bundle in {home.path.parent}"
                )
            session = staged.session(manifest.session_id)
            curves = staged.curves(manifest.session_id, manifest.run_id)
            for folder in (session, curves, staged.objects):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for member in manifest.members:
                self._unpack(member, _place(member.name, staged, session, curves))
            move = Move(manifest.root, str(directory), interpreter=interpreter)
            cwd = self._move(session / f".{EVENTS}", session / EVENTS, move)
            os.replace(staged.path, home.path)
        except BaseException:
            shutil.rmtree(staged.path, ignore_errors=True)
            raise
        return cwd

    def _unpack(self, member: Member, target: Path) -> None:
        hasher, left = blake3(), member.size
        try:
            with self._archive.open(self._infos[member.name]) as source, target.open("xb") as out:
                while chunk := source.read(min(_CHUNK, left + 1)):
                    left -= len(chunk)
                    if left < 0:
                        break
                    hasher.update(chunk)
                    out.write(chunk)
        except _DAMAGE as error:
            raise BundleRefused(f"its {member.name} cannot be unpacked: {error}") from error
        digest = str(hasher.hexdigest())
        misnamed = member.name.startswith(OBJECTS) and member.name != OBJECTS + digest
        if left != 0 or digest != member.digest or misnamed:
            raise BundleRefused(f"its {member.name} is not what it was: it has another size or hash")

    def _move(self, recorded: Path, target: Path, move: Move) -> Path:
        """Write the journal anew, with its paths here; the working directory that it then says."""
        manifest, cwd, last = self.manifest, None, None
        try:
            with target.open("wb") as out:
                for line in journal.lines(recorded):
                    if line.damage is not None:
                        raise BundleRefused(f"its journal is damaged: {line.damage}")
                    if line.event is None:
                        continue
                    event = move.event(line.event)
                    if isinstance(event, SessionStarted):
                        if cwd is not None or event.session_id != manifest.session_id:
                            raise BundleRefused("its journal is that of another session")
                        cwd = Path(event.cwd)
                    out.write(encode(event))
                    last = event
        except JournalFormatError as error:
            raise BundleRefused(str(error)) from error
        if cwd is None or not isinstance(last, SessionEnded):
            raise BundleRefused("its journal lacks its beginning or its end")
        recorded.unlink()
        return cwd


_DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, RuntimeError, ValueError)
"""What the ZIP reader says of damaged, encrypted and strange members."""


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Open a bundle for reading.

    Raises:
        BundleRefused: it is no bundle, a damaged one, or one of a later version.
        OSError: it cannot be read.
    """
    with open_regular(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                yield Bundle(archive)
        except BundleRefused as error:
            raise BundleRefused(f"{path} cannot be used as a bundle: {error}") from error
        except zipfile.BadZipFile as error:
            raise BundleRefused(f"{path} is no bundle: {error}") from error


def digest_of(file: BinaryIO) -> str:
    """The BLAKE3 of an open file, from where it stands."""
    hasher = blake3()
    while chunk := file.read(_CHUNK):
        hasher.update(chunk)
    return str(hasher.hexdigest())


def _place(name: str, home: Home, session: Path, curves: Path) -> Path:
    """Where a member goes; its name has been looked at."""
    if name == EVENTS:
        return session / f".{EVENTS}"  # its paths are yet another machine's
    if name == STATES:
        return session / STATES
    if name.startswith(CURVES):
        return curves / name.removeprefix(CURVES)
    return home.objects / name.removeprefix(OBJECTS)
