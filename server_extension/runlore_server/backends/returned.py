"""What comes back of an attempt that was carried out where the home is not seen.

The journals and documents speak of the folders of that machine; they are written anew there, as if all had
happened at the owner's. At the owner they wait in ``attempts/<token>/arrived/`` until the attempt is accepted.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from runlore import journal
from runlore.errors import JournalFormatError
from runlore.events import UncontrolledUsed, encode
from runlore.untrusted import from_json, read_regular
from runlore_server.backends.place import OWN, Place
from runlore_server.bundle.manifest import EVENTS, SESSION_ID, Member
from runlore_server.bundle.moving import Move
from runlore_server.bundle.reading import digest_of
from runlore_server.bundle.writing import means_something
from runlore_server.errors import RerunRefused
from runlore_server.whole import write_whole

_SESSIONS, _OBJECTS, _RERUN = "sessions", "objects", "rerun"
_DOCUMENTS = ("plan.json", "launch.json", "data.json", "verdict.json")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST = 4096


def collect(place: Place, moves: dict[str, str], known: set[str]) -> list[tuple[Member, Path]]:
    """What an attempt that has ended on this machine made, ready to be sent.

    Args:
        place: the attempt's, in a home of its own.
        moves: folders here, and what stands for them at the owner's.
        known: names of sessions and objects that came from there.

    Raises:
        OSError: it cannot be read or written.
    """
    home = place.home
    found: list[tuple[str, Path]] = []
    for session in _listed(home.sessions, known):
        found += [(f"{_SESSIONS}/{session.name}/{name}", path) for name, path in _files(session)]
    found += [(f"{_OBJECTS}/{path.name}", path) for path in _listed(home.objects, known)]
    found += [
        (f"{_RERUN}/{name}", path)
        for name, path in _files(place.folder.path)
        if PurePosixPath(name).parts[0] not in OWN
    ]
    members = []
    for name, path in found:
        if path.name == EVENTS:
            _move_journal(path, moves)
        elif path.name in _DOCUMENTS and name.startswith(f"{_RERUN}/"):
            _move_document(path, moves)
        with path.open("rb") as file:
            digest = digest_of(file)
        members.append((Member(name=name, size=path.stat().st_size, digest=digest), path))
    return members


def target(arrived: Path, member: Member) -> Path:
    """Where a member that comes back waits; its name leads nowhere else, whoever wrote it.

    Raises:
        RerunRefused: it has a name that none has.
    """
    parts = member.name.split("/")
    named = len(member.name) <= _LONGEST and "\0" not in member.name and not {"", ".", ".."} & set(parts)
    kind, rest = parts[0], parts[1:]
    if named and (
        (kind == _SESSIONS and len(rest) > 1 and SESSION_ID.fullmatch(rest[0]))
        or (kind == _OBJECTS and len(rest) == 1 and _DIGEST.fullmatch(rest[0]) and rest[0] == member.digest)
        or (kind == _RERUN and rest and rest[0] not in {*OWN, "tenure.json"})
    ):
        return arrived.joinpath(*parts)
    raise RerunRefused(f"the machine sends a file {member.name!r:.80}, as no attempt makes")


def install(place: Place) -> None:
    """Move what has arrived of an attempt that is accepted to where it would be had it been made here.

    To do it twice is no harm. A session that the home has already stays what it is.

    Raises:
        OSError: it cannot be moved.
    """
    home, arrived = place.home, place.arrived
    if not arrived.is_dir():
        return
    for kind, goal in ((_OBJECTS, home.objects), (_SESSIONS, home.sessions)):
        goal.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in _listed(arrived / kind, set()):
            if kind == _OBJECTS or not (goal / path.name).exists():
                os.replace(path, goal / path.name)
    for path in _listed(arrived / _RERUN, set()):
        there = place.folder.path / path.name
        if there.is_dir():
            shutil.rmtree(there)
        os.replace(path, there)
    shutil.rmtree(arrived, ignore_errors=True)


def _listed(folder: Path, known: set[str]) -> list[Path]:
    """What lies in a folder, but for what is known or half written."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.name not in known and not path.name.startswith("."))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder).as_posix(), path


def _move_journal(path: Path, moves: dict[str, str]) -> None:
    """A journal, with its paths; lines that are damaged, and a last one that is none, are left out."""
    staged = path.with_name(f".{path.name}.moved")
    try:
        with staged.open("wb") as out:
            for line in journal.lines(path):
                event = line.event
                if event is None or (isinstance(event, UncontrolledUsed) and not means_something(event)):
                    continue
                for here, there in moves.items():
                    event = Move(here, there, interpreter=True).event(event)
                out.write(encode(event))
    except JournalFormatError:
        staged.unlink()  # of a later Runlore in the kernel: it is sent as it is
        return
    os.replace(staged, path)


def _move_document(path: Path, moves: dict[str, str]) -> None:
    try:
        told = from_json(read_regular(path))
    except msgspec.DecodeError:
        return
    write_whole(path, msgspec.json.encode(_moved(told, moves)))


def _moved(value: Any, moves: dict[str, str]) -> Any:
    """All texts of a document, with the paths that they contain."""
    if isinstance(value, str):
        for here, there in moves.items():
            value = value.replace(here, there)
        return value
    if isinstance(value, dict):
        return {key: _moved(item, moves) for key, item in value.items()}
    return [_moved(item, moves) for item in value] if isinstance(value, list) else value
