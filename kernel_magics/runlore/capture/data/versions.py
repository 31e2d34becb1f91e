"""Other identities of a file's content, by which it can be brought back: git's and DVC's.

Only what was checked against the content itself is recorded.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from runlore.capture import git
from runlore.capture.data import dvc
from runlore.capture.data.accesses import Read
from runlore.capture.data.identity import LARGEST, sign

_LARGEST_IN_GIT = 256 * 2**20
_AT_A_TIME = 500


def add(reads: Sequence[Read], content: dvc.Content) -> None:
    """Give each read its identities in the repository around it; git is asked once for each repository.

    ``version`` gets ``git`` (the blob's id at ``commit``) or ``dvc`` (the MD5, as DVC counts it), and with them
    ``repository`` (absolute), ``path`` (of the file, in the repository) and ``commit``. ``content`` reads files.
    """
    roots: dict[str, str | None] = {}
    by_root: dict[str, list[Read]] = defaultdict(list)
    for read in reads:
        if read.identity is not None and read.identity.digest is not None and read.writer is None:
            directory = os.path.dirname(read.path)
            if os.path.isabs(directory) and (root := _root(directory, roots)) is not None:
                by_root[root].append(read)
    for root, found in by_root.items():
        _add_in(root, found, content)


def _root(directory: str, known: dict[str, str | None]) -> str | None:
    """The repository around a directory, found without git: most data lies in none."""
    if directory not in known:
        parent = os.path.dirname(directory)
        if os.path.lexists(os.path.join(directory, ".git")):
            known[directory] = directory
        else:
            known[directory] = None if parent == directory else _root(parent, known)
    return known[directory]


def _add_in(root: str, reads: Sequence[Read], content: dvc.Content) -> None:
    head = git.ask(Path(root), "rev-parse", "--verify", "-q", "HEAD")
    if not head:
        return
    commit = head.decode().strip()
    names = {read.path: os.path.relpath(read.path, root).replace(os.sep, "/") for read in reads}
    entries = {path: dvc.entry(path, root, content) for path in names}
    wanted = {*names.values(), *(entry.file for entry in entries.values() if entry is not None)}
    blobs = _blobs(Path(root), sorted(wanted))
    for read in reads:
        name, entry = names[read.path], entries[read.path]
        place = {"repository": root, "path": name, "commit": commit}
        if (blob := blobs.get(name)) is not None:
            if _blob_id(read.path, len(blob), content) == blob:
                read.version = {"git": blob, **place}
        elif entry is not None and _unchanged(read.path, partial(dvc.md5, entry), content) == entry.md5:
            where = os.path.join(root, entry.file)
            if (known := blobs.get(entry.file)) is None or _blob_id(where, len(known), content) != known:
                del place["commit"]  # what DVC says of it was not committed, so no commit brings it back
            read.version = {"dvc": entry.md5, **place}


def _blobs(root: Path, names: Sequence[str]) -> dict[str, str]:
    """Blob ids at HEAD by path in the repository."""
    found = {}
    for start in range(0, len(names), _AT_A_TIME):
        answer = git.ask(root, "ls-tree", "-z", "--full-tree", "HEAD", "--", *names[start : start + _AT_A_TIME])
        for line in (answer or b"").split(b"\0"):
            head, _, name = line.partition(b"\t")
            words = head.split()
            if len(words) == 3 and words[1] == b"blob":
                found[os.fsdecode(name)] = words[2].decode()
    return found


def _blob_id(path: str, length: int, content: dvc.Content) -> str | None:
    """git's id of a file's present content, by SHA-1 or, for ids of 64 digits, SHA-256."""
    signature = sign(path)
    if signature is None or signature.size > _LARGEST_IN_GIT:
        return None
    head = b"blob %d\0" % signature.size
    hasher = hashlib.sha256(head) if length == 64 else hashlib.sha1(head, usedforsecurity=False)

    def digest(chunks: Iterable[bytes]) -> str:
        for chunk in chunks:
            hasher.update(chunk)
        return hasher.hexdigest()

    return _unchanged(path, digest, content)


def _unchanged(path: str, digest: Callable[[Iterable[bytes]], str], content: dvc.Content) -> str | None:
    """A digest of a regular file that did not change meanwhile."""
    before = sign(path)
    if before is None or before.size > LARGEST:
        return None
    try:
        found = digest(content(path))
    except OSError:
        return None
    return found if sign(path) == before else None
