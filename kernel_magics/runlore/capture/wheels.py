"""Installed packages and source trees put into archives that can be installed again.

All archives are zip files with the same bytes for the same files: their digest says whether two are equal.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from runlore.capture import git

LIMIT = 32 * 2**20
"""Bytes of files; what is larger is not archived."""

_MOST_FILES = 20_000
_MADE_BY_INSTALLER = frozenset(
    ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")
)
_SKIPPED_FOLDERS = frozenset(
    (
        *(".git", ".hg", ".svn", ".venv", "venv", "__pycache__", "node_modules", ".tox", ".nox", ".eggs"),
        *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints"),
    )
)
_COMPILED = (".so", ".pyd", ".dylib", ".dll")


class TooLarge(Exception):
    """The files are more than is archived; the text says how much."""


class Entry:
    """A line of ``RECORD``: a path relative to the folder of packages, hash (``sha256=...``) and size if told."""

    __slots__ = ("hash", "path", "size")

    def __init__(self, path: str, hash_: str, size: int | None) -> None:
        self.path, self.hash, self.size = path, hash_, size

    @property
    def made_by_installer(self) -> bool:
        """Whether the file was not in the wheel, or not so."""
        path = self.path
        if not self.hash or path.startswith(("/", "..")) or "__pycache__/" in path or "/../" in path:
            return True
        folder, _, name = path.rpartition("/")
        return name in _MADE_BY_INSTALLER and folder.endswith(".dist-info")


def read_record(info: Path) -> list[Entry] | None:
    """The files of an installed package; ``None`` when nobody wrote them down."""
    try:
        text = (info / "RECORD").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    found = []
    for line in text.splitlines():
        # Nearly no path needs a CSV parser, and there may be a hundred thousand lines.
        row = next(csv.reader([line])) if line.startswith('"') else line.rsplit(",", 2)
        if len(row) == 3:
            found.append(Entry(row[0], row[1], int(row[2]) if row[2].isdecimal() else None))
    return found


def sha256(content: bytes) -> str:
    """As ``RECORD`` writes it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def pack(info: Path, entries: Iterable[Entry]) -> bytes:
    """A wheel of an installed package, as its files are now.

    Raises:
        TooLarge: they are more than ``LIMIT``.
        OSError: a file cannot be read.
    """
    files: dict[str, Path] = {}
    for entry in entries:
        path = PurePosixPath(entry.path)
        if not entry.made_by_installer:
            files[str(path)] = info.parent / entry.path
        elif ".." in path.parts and entry.hash and "__pycache__" not in path.parts:
            # Programs and data that the wheel put beside the packages; those of entry points are made anew.
            outside = [part for part in path.parts if part != ".."]
            kind = {"bin": "scripts", "Scripts": "scripts"}.get(outside[0], "data")
            rest = outside[1:] if kind == "scripts" else outside
            if kind == "data" or not _is_entry_point(info, rest[-1]):
                stem = info.name.removesuffix(".dist-info")
                files["/".join((f"{stem}.data", kind, *rest))] = info.parent / entry.path
    return write_wheel(_contents(files), info.name)


def write_wheel(contents: dict[str, bytes], info: str) -> bytes:
    """A wheel with these files and a fresh ``RECORD`` in its folder ``info``."""
    record = io.StringIO()
    lines = csv.writer(record, lineterminator="\n")
    for name, content in sorted(contents.items()):
        lines.writerow((name, sha256(content), len(content)))
    lines.writerow((f"{info}/RECORD", "", ""))
    return _archive({**contents, f"{info}/RECORD": record.getvalue().encode("utf-8", "surrogateescape")})


def pack_tree(root: Path) -> bytes:
    """The sources below ``root``: what git tracks or would track, with compiled modules, or else all files.

    Raises:
        TooLarge: they are more than ``LIMIT``.
        OSError: a file cannot be read.
    """
    return _archive(_contents({str(PurePosixPath(path)): root / path for path in _tree(root)}))


def tree_state(root: Path) -> str:
    """Something that changes whenever the sources below ``root`` do.

    Raises:
        TooLarge: they are too many files.
    """
    seen = hashlib.blake2b()
    for path in _tree(root):
        try:
            stat = (root / path).stat()
        except OSError:
            continue
        seen.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return seen.hexdigest()


def _tree(root: Path) -> list[str]:
    listed = git.ask(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    known = [os.fsdecode(path) for path in listed.split(b"\0") if path] if listed else None
    found = set(known or ())
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _SKIPPED_FOLDERS and not name.endswith(".egg-info")]
        relative = os.path.relpath(folder, root)
        found.update(
            os.path.normpath(os.path.join(relative, name))  # noqa: PTH118 - a thousand of them
            for name in names
            if name.endswith(_COMPILED) or (known is None and not name.endswith((".pyc", ".pyo")))
        )
        if len(found) > _MOST_FILES:
            raise TooLarge(f"more than {_MOST_FILES} files")
    return sorted(path for path in found if (root / path).is_file())


def _contents(files: dict[str, Path]) -> dict[str, bytes]:
    total = 0
    for path in files.values():
        total += path.stat().st_size
        if total > LIMIT:
            raise TooLarge(f"more than {LIMIT >> 20} MiB")
    return {name: path.read_bytes() for name, path in files.items()}


def _archive(contents: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in sorted(contents.items()):
            member = zipfile.ZipInfo(name)  # with the date of 1980, so that equal files give equal archives
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, content)
    return packed.getvalue()


def _is_entry_point(info: Path, program: str) -> bool:
    try:
        text = (info / "entry_points.txt").read_text(encoding="utf-8")
    except OSError:
        return False
    name = program.removesuffix(".exe")
    return any(line.split("=", 1)[0].strip() == name for line in text.splitlines())
