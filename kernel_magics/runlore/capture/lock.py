"""The lock of an environment: what to install, from where, to have the same packages again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import msgspec

from runlore.decodable import decodable

FORMAT = 1

_CHANNEL_TOKEN = re.compile(r"/t/[^/]+/")
_CHECKSUM = re.compile(r"(?:^|&)((?:sha256|sha384|sha512|subdirectory)=[^&]+)")


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a package came from that no index gave.

    ``url`` has no credentials. ``hashes`` are those of an archive. ``path`` is a local folder, at ``commit`` of
    its repository with uncommitted changes if ``dirty``; ``tree`` is the object with the sources in it as they
    were (a zip), ``why`` says why there is none.
    """

    kind: Literal["vcs", "archive", "directory", "editable", "path"]
    url: str | None = None
    hashes: dict[str, str] = {}
    vcs: str | None = None
    commit: str | None = None
    path: str | None = None
    dirty: bool = False
    tree: str | None = None
    why: str | None = None


class LockedPackage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One installed package.

    ``contents`` is a digest of the names and hashes of its wheel's files. ``wheel`` is the object with a wheel
    made of the installed files, kept where no index has one. ``edited`` maps files changed after the
    installation to the objects with their present content (``None``: too large, or deleted).
    """

    name: str
    version: str
    installer: str | None = None
    requested: bool = False
    contents: str | None = None
    source: Source | None = None
    wheel: str | None = None
    edited: dict[str, str | None] = {}


class CondaPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package as conda installed it; ``url`` and ``md5`` are those of its archive."""

    name: str
    version: str
    build: str = ""
    channel: str = ""
    subdir: str = ""
    url: str | None = None
    md5: str | None = None
    sha256: str | None = None


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """``base`` is the interpreter beneath the virtual environment, ``python`` its version."""

    format: int
    python: str
    implementation: str
    system: str
    machine: str
    libc: str
    base: str
    packages: list[LockedPackage]
    conda: list[CondaPackage] = []


def decode(content: bytes) -> Lock:
    """A stored lock.

    Raises:
        msgspec.MsgspecError: it is none, or of a later format.
    """
    lock = msgspec.json.decode(content, type=decodable(Lock))
    if lock.format > FORMAT:
        raise msgspec.ValidationError(f"a later Runlore wrote this lock (format {lock.format})")
    return lock


class Difference(NamedTuple):
    """``text`` names the package; ``certain``, unless the change may well be in files that nobody imports."""

    text: str
    certain: bool


def differences(one: Lock, other: Lock) -> Iterator[Difference]:
    """Packages of one version that hold other files, but for Runlore itself."""
    again = {package.name: package for package in other.packages}
    for package in one.packages:
        found = again.get(package.name)
        if found is None or found.version != package.version or package.name == "runlore":
            continue
        before, after = package.edited, found.edited
        files = sorted(
            path for path in before.keys() | after.keys() if before.get(path, "") != after.get(path, "")
        )
        kinds = {part.source.kind for part in (package, found) if part.source is not None}
        if files:
            yield Difference(
                f"Files of {package.name} {package.version} were edited by hand: {', '.join(files)}.", True
            )
        elif "editable" in kinds:  # its own files only lead to the sources
            if _tree(package) and _tree(found) and _tree(package) != _tree(found):
                yield Difference(f"The sources of {package.name}, an editable installation, were changed.", False)
        elif package.contents and found.contents and package.contents != found.contents:
            yield Difference(f"{package.name} {package.version} was installed from other files.", True)


def _tree(package: LockedPackage) -> str | None:
    return package.source.tree if package.source is not None else None


def without_credentials(url: str) -> str:
    """A URL without user, password and query; of its fragment only checksums and the folder are kept."""
    split = urlsplit(url)
    user, _, host = split.netloc.rpartition("@")
    # A name without a password for ssh ("git") is the address of the service, no secret.
    if user and ":" not in user and split.scheme.endswith("ssh"):
        host = f"{user}@{host}"
    path = _CHANNEL_TOKEN.sub("/", split.path)
    return urlunsplit((split.scheme, host, path, "", "&".join(_CHECKSUM.findall(split.fragment))))
