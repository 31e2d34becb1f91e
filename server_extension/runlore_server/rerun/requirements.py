"""A lock in the words of an installer. A lock may come from a stranger: nothing in it is taken for an option."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

from runlore.capture import wheels
from runlore.capture.lock import Lock, LockedPackage
from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore_server.errors import EnvironmentNotRebuildable

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.IGNORECASE)
_VERSION = re.compile(r"[a-z0-9]+([.!+_-][a-z0-9]+)*", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_URL = re.compile(r"(https?|ssh|git|file)://[^\s'\"\\;$]+")  # uv would put variables of the environment for "$"
_TAG = re.compile(r"[\w.]+-[\w.]+-[\w.]+")
_TEXT = (".pth", ".py")
_LARGEST = 16 * wheels.LIMIT
"""Bytes of an unpacked archive; what is recorded has no more than ``wheels.LIMIT``."""


class Requirements(NamedTuple):
    """``pinned`` come from the index, ``direct`` from elsewhere, ``linked`` are folders to put on the path.

    ``edited`` are the objects to lay over installed files (``None``: remove). ``notes`` say what is not as it was.
    """

    pinned: list[str]
    direct: list[str]
    linked: list[str]
    edited: dict[str, str | None]
    notes: list[str]


class _Lost(Exception):
    """A package cannot be had again; the text says why."""


def of(lock: Lock, objects: ObjectStore, place: Path) -> Requirements:
    """What to install for ``lock``; wheels and sources from the journal are laid out below ``place``.

    Raises:
        EnvironmentNotRebuildable: a package came from where nobody can get it again, or the record of it is lost.
        OSError: ``place`` cannot be written.
    """
    found = Requirements([], [], [], {}, [])
    lost: dict[str, str] = {}
    for package in lock.packages:
        if package.name == "runlore":
            continue
        if not _is_package(package):
            found.notes.append(f"{package.name[:60]!r} {package.version[:60]!r} is no package and was left out")
            continue
        try:
            _add(package, found, objects, place)
        except _Lost as error:
            lost[_pinned(package)] = str(error)
        except (ObjectMissing, zipfile.BadZipFile, KeyError, ValueError) as error:
            lost[_pinned(package)] = f"what was recorded of it is damaged ({error})"
        found.edited.update(package.edited)
    if lost:
        raise EnvironmentNotRebuildable(lost)
    return found


def of_index(lock: Lock) -> list[str]:
    """The packages of ``lock`` that come from an index, each as ``name==version``."""
    return [
        _pinned(package)
        for package in lock.packages
        if package.source is None and package.name != "runlore" and _is_package(package)
    ]


def _is_package(package: LockedPackage) -> bool:
    return bool(_NAME.fullmatch(package.name) and _VERSION.fullmatch(package.version))


def _pinned(package: LockedPackage) -> str:
    return f"{package.name}=={package.version}"


def _add(package: LockedPackage, found: Requirements, objects: ObjectStore, place: Path) -> None:
    source = package.source
    if source is None:
        found.pinned.append(_pinned(package))
    elif source.kind == "path":
        if Path(source.path or "").is_dir():
            found.linked.append(str(source.path))
        found.notes.append(f"{package.name} {package.version} is taken from {source.path} as that is now")
    elif package.wheel is not None:
        content = objects.get(package.wheel)
        if source.kind == "editable":
            content = _with_sources(package, content, objects, place, found.notes)
        found.direct.append(_local(package, content, place))
    elif source.kind == "vcs" and _COMMIT.fullmatch(source.commit or "") and _URL.fullmatch(source.url or ""):
        found.direct.append(f"{package.name} @ {source.vcs}+{source.url}@{source.commit}")
    elif source.kind == "archive" and _URL.fullmatch(source.url or ""):
        digest = source.hashes.get("sha256", "")
        checked = f"#sha256={digest}" if re.fullmatch(r"[0-9a-f]{64}", digest) else ""
        found.direct.append(f"{package.name} @ {(source.url or '').partition('#')[0]}{checked}")
    else:
        raise _Lost(f"it was installed from {source.url or source.path} and not kept ({source.why})")


def _with_sources(
    package: LockedPackage, wheel: bytes, objects: ObjectStore, place: Path, notes: list[str]
) -> bytes:
    """The wheel of an editable installation, leading to the sources as they were recorded."""
    source = package.source
    assert source is not None  # noqa: S101 - it is editable
    if source.tree is None:
        if source.path is None or not Path(source.path).is_dir():
            raise _Lost(f"its sources in {source.path} are gone, and were not kept ({source.why})")
        notes.append(f"{package.name} is taken from {source.path} as that is now: its sources were not kept")
        return wheel
    folder = place / "sources" / package.name
    extract(objects.get(source.tree), folder)
    with _opened(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}
    old, new = str(source.path).encode(), str(folder).encode()
    moved = {
        name: content.replace(old, new) if name.endswith(_TEXT) else content for name, content in contents.items()
    }
    return wheels.write_wheel(moved, _info(moved))


def _local(package: LockedPackage, content: bytes, place: Path) -> str:
    """Write a wheel under the name that its metadata gives it; return the requirement for it."""
    with _opened(content) as archive:
        info = _info(archive.namelist())
        told = archive.read(f"{info}/WHEEL").decode(errors="replace")
    tags = [line.partition(":")[2].strip() for line in told.splitlines() if line.startswith("Tag:")]
    parts = [".".join(dict.fromkeys(part)) for part in zip(*(tag.split("-") for tag in tags), strict=True)]
    tag = "-".join(parts)
    if not _TAG.fullmatch(tag):
        raise ValueError("its wheel names no platform")
    file = place / "wheels" / f"{info.removesuffix('.dist-info')}-{tag}.whl"
    if file.parent != place / "wheels":
        raise ValueError("its wheel has no name")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return f"{package.name} @ {'file://' + quote(file.as_posix())}"


def _info(names: list[str] | dict[str, bytes]) -> str:
    folders = {name.partition("/")[0] for name in names}
    (info,) = [folder for folder in folders if folder.endswith(".dist-info")]
    return info


def extract(content: bytes, folder: Path) -> None:
    """Unpack a recorded archive into a folder and nowhere else.

    Raises:
        ValueError: a member would leave the folder, or all of them are more than was ever recorded.
        zipfile.BadZipFile: it is no archive.
    """
    with _opened(content) as archive:
        for name in archive.namelist():
            target = folder / safe(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(name))


def _opened(content: bytes) -> zipfile.ZipFile:
    """An archive whose members take no more than was ever recorded of a package: zipfile reads none further than
    the size that it is said to have."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    if (size := sum(info.file_size for info in archive.infolist())) > _LARGEST:
        raise ValueError(f"it unpacks to {size:,} bytes")
    return archive


def safe(name: str) -> PurePosixPath:
    """A path that stays below where it is put.

    Raises:
        ValueError: it would not.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in name or ":" in name or "\0" in name:
        raise ValueError(f"{name!r} leads elsewhere")
    return path
