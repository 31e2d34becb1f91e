"""Taking the lock of an environment, in a process of its own: it looks at every installed file.

Not for people: the process reads an ``Order`` from standard input and prints a ``Taken``, both JSON.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from runlore.capture import git, indexes, lockfiles, wheels
from runlore.capture.environment import installed
from runlore.capture.lock import FORMAT, CondaPackage, Lock, LockedPackage, Source, without_credentials
from runlore.capture.records import Listing, Records, is_settled, stamp
from runlore.objects import ObjectStore

_EDIT_LIMIT = 2**20
_SLACK = 2_000_000_000
"""Nanoseconds by which the files of one installation differ in age."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """``directories`` are the kernel's ``sys.path``, ``objects`` the store to write to.

    ``lockfiles`` are those of the project that the kernel works in. ``remembered`` is the file that makes the next
    look at the environment a shorter one.
    """

    directories: list[str]
    objects: str
    prefix: str
    base: str
    lockfiles: lockfiles.State = ()
    remembered: str | None = None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """``sources`` are the local folders that packages are imported from; ``problems`` pairs of what and why.

    ``lockfiles`` maps the project's lock files to the objects with their text, ``indexes`` is where packages are
    configured to come from; neither holds credentials.
    """

    lock: str
    edited: dict[str, str | None]
    sources: list[str]
    problems: list[tuple[str, str]]
    lockfiles: dict[str, str] = {}
    indexes: list[str] = []


def take(order: Order) -> Taken:
    """Take the lock of the environment and store it.

    Raises:
        OSError: the store cannot be written.
    """
    objects = ObjectStore(Path(order.objects))
    records = Records(Path(order.remembered) if order.remembered else None)
    problems: list[tuple[str, str]] = []
    packages = []
    for name, version, info in installed(order.directories):
        try:
            packages.append(_package(name, version, info, objects, order.prefix, records))
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            problems.append((f"package {name}", f"{type(error).__name__}: {error}"))
            packages.append(LockedPackage(name=name, version=version))
    records.save()
    lock = Lock(
        format=FORMAT,
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        system=sys.platform,
        machine=platform.machine(),
        libc=" ".join(platform.libc_ver()),
        base=order.base,
        packages=sorted(packages, key=lambda package: package.name),
        conda=_conda(Path(order.prefix)),
    )
    local = [package.source for package in packages if package.source is not None and package.source.path]
    problems += [(f"sources in {source.path}", source.why) for source in local if source.why]
    edited = {path: digest for package in packages for path, digest in package.edited.items()}
    return Taken(
        lock=objects.put(msgspec.json.encode(lock)),
        edited=dict(sorted(edited.items())),
        sources=sorted(
            package.source.path
            for package in packages
            if package.source is not None and package.source.path and (package.source.tree or package.source.why)
        ),
        problems=problems,
        lockfiles=lockfiles.keep(order.lockfiles, objects),
        indexes=indexes.configured(os.environ, order.prefix),
    )


def _package(  # noqa: PLR0917 - all of it is needed
    name: str, version: str, info: Path, objects: ObjectStore, prefix: str, records: Records
) -> LockedPackage:
    listing = records.listing(info)
    source = _source(name, info, objects, prefix)
    edited = _edited(info, listing, objects) if listing is not None else {}
    wheel = None
    if source is not None and source.kind != "path" and listing is not None and name != "runlore":
        try:
            wheel = objects.put(wheels.pack(info, wheels.read_record(info) or ()))
        except wheels.TooLarge as error:
            source = msgspec.structs.replace(source, why=source.why or f"the installed files are {error}")
    return LockedPackage(
        name=name,
        version=version,
        installer=_line(info / "INSTALLER"),
        requested=(info / "REQUESTED").exists(),
        contents=listing.contents if listing is not None else None,
        source=source,
        wheel=wheel,
        edited=edited,
    )


def _edited(info: Path, listing: Listing, objects: ObjectStore) -> dict[str, str | None]:
    """Python files that are not as they were installed.

    Only those are read whose size or age gives them away. The age is compared with that of the metadata, which
    an installer that links files from its cache links as well.
    """
    found: dict[str, str | None] = {}
    try:
        installed_at = (info / "METADATA").stat().st_mtime_ns
    except OSError:
        return found
    folder = f"{info.parent}{os.sep}"
    hashes: dict[str, str] = {}
    for name, size in listing.sources:
        try:
            stat = os.stat(folder + name)  # tens of thousands of them
        except OSError:
            found[name] = None
            continue
        aged = stat.st_mtime_ns > installed_at + _SLACK
        if not aged and (size is None or stat.st_size == size):
            continue
        seen = stamp(stat)
        if listing.unchanged.get(name) == seen:
            continue
        if stat.st_size > _EDIT_LIMIT:
            found[name] = None
            continue
        content = Path(folder + name).read_bytes()
        hashes = hashes or {entry.path: entry.hash for entry in wheels.read_record(info) or ()}
        if hashes.get(name, "").startswith("sha256=") and wheels.sha256(content) != hashes[name]:
            found[name] = objects.put(content)
        elif is_settled(seen):
            listing.unchanged[name] = seen
    return found


def _source(name: str, info: Path, objects: ObjectStore, prefix: str) -> Source | None:
    try:
        told: dict[str, Any] = msgspec.json.decode((info / "direct_url.json").read_bytes(), type=dict[str, Any])
    except OSError:
        # Metadata outside of every installation lies beside sources, in a folder that someone put on the path.
        inside = Path(prefix) in info.parents or info.parent.name in {"site-packages", "dist-packages"}
        return None if inside else Source(kind="path", path=str(info.parent))
    url = without_credentials(str(told.get("url", "")))
    if isinstance(told.get("vcs_info"), dict):
        vcs = told["vcs_info"]
        return Source(kind="vcs", url=url, vcs=str(vcs.get("vcs")), commit=str(vcs.get("commit_id")))
    if isinstance(told.get("dir_info"), dict):
        from urllib.request import url2pathname  # 30 ms that few environments need

        path = Path(url2pathname(urlsplit(url).path))
        if not told["dir_info"].get("editable"):
            return Source(kind="directory", url=url)
        return Source(kind="editable", path=str(path)) if name == "runlore" else _editable(path, objects)
    archive = told.get("archive_info") or {}
    hashes = archive.get("hashes") or dict([str(archive.get("hash") or "=").split("=", 1)])
    hashes = {str(key): str(value) for key, value in hashes.items() if key and value}
    return Source(kind="archive", url=url, hashes=hashes)


def _editable(path: Path, objects: ObjectStore) -> Source:
    state, why, tree = None, None, None
    try:
        state = git.read_state(path)
        tree = objects.put(wheels.pack_tree(path))
    except wheels.TooLarge as error:
        why = str(error)
    except OSError as error:
        why = error.strerror or str(error)
    except subprocess.TimeoutExpired:
        why = "git did not answer"
    return Source(
        kind="editable",
        path=str(path),
        vcs="git" if state else None,
        commit=state.commit if state else None,
        dirty=bool(state and state.dirty),
        tree=tree,
        why=why,
    )


def _line(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _conda(prefix: Path) -> list[CondaPackage]:
    found = []
    for file in sorted((prefix / "conda-meta").glob("*.json")):
        try:
            package = msgspec.json.decode(file.read_bytes(), type=CondaPackage)
        except (OSError, msgspec.MsgspecError):
            continue
        url = without_credentials(package.url) if package.url else None
        found.append(msgspec.structs.replace(package, channel=without_credentials(package.channel), url=url))
    return found


def main() -> None:
    """Take the lock that standard input orders, out of the user's way."""
    if hasattr(os, "nice"):
        os.nice(5)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(take(order)))
