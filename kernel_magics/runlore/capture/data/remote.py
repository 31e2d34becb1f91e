"""Objects of stores, opened through fsspec (S3, GCS, HTTP, ..): URL, ETag, version and size.

fsspec is never imported here; once the user's code has loaded it, its base class is wrapped.
"""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from blake3 import blake3

from runlore.capture import audit
from runlore.capture.data.accesses import Read, Written
from runlore.capture.data.identity import Identity
from runlore.capture.data.ledger import Ledger
from runlore.capture.data.spool import Spool
from runlore.capture.imports import ImportWatcher

_LAYERS = (
    "file", "local", "abstract", "dir", "simplecache", "filecache", "blockcache", "cached", "reference", "zip",
    "tar", "libarchive", "generic", "async_wrapper", "data",
)  # fmt: skip
"""Local files, which are seen as such, and layers over another file system, which is seen itself."""

_PATIENCE = 5.0
"""Seconds for a store to answer about an object, in the background."""

_LARGEST_IN_MEMORY = 64 * 2**20
_VERSIONS = {
    "ETag": "etag",
    "etag": "etag",
    "VersionId": "version",
    "version_id": "version",
    "generation": "version",
    "Content-MD5": "md5",
    "md5Hash": "md5",
    "Last-Modified": "modified",
    "LastModified": "modified",
    "updated": "modified",
}
"""What stores call a version of an object, and what it is called in the journal."""


def redacted(url: str) -> str:
    """A URL without user, password and the values of its query, any of which may be a secret."""
    parts = []
    for part in url.split("::"):
        split = urlsplit(part)
        host = split.netloc.rpartition("@")[2]
        names = [pair.partition("=")[0] for pair in split.query.split("&") if "=" in pair]
        query = "&".join(f"{name}=..." for name in names) or ("..." if split.query else "")
        scheme = f"{split.scheme}://" if split.scheme else ""
        parts.append(f"{scheme}{host}{split.path}{'?' * bool(query)}{query}")
    return "::".join(parts)


class RemoteWatcher:
    """Tells the ledger what is opened through fsspec, as long as it is attached."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.worker: Spool | None = None
        """In a forked worker, what is told instead of the ledger."""
        self._wrapped: list[tuple[type, str, Any, Any]] = []
        self._imports = ImportWatcher(["fsspec.spec"], lambda _: self.attach())
        self._imports.install()

    def attach(self) -> None:
        """Wrap fsspec's base class, if it is loaded and not wrapped yet."""
        spec = sys.modules.get("fsspec.spec")
        if spec is None or self._wrapped or not hasattr(spec, "AbstractFileSystem"):
            return
        base = spec.AbstractFileSystem
        self._wrap(base, "open", self._around_open)
        self._wrap(base, "__init__", self._around_init)

    def detach(self) -> None:
        self._imports.remove()
        for owner, name, original, ours in reversed(self._wrapped):
            if vars(owner).get(name) is ours:
                setattr(owner, name, original)

    def read_in_worker(self, url: str) -> None:
        """A forked worker has read an object."""
        read = Read(None, url, None, "forked worker")
        read.identity = Identity(
            None, None, "an object of a store, read by a forked worker: its version is unknown"
        )
        self._ledger.read_remote(read)

    def _wrap(self, owner: type, name: str, around: Callable[[Any], Any]) -> None:
        original = vars(owner).get(name)
        if original is not None and callable(original):
            ours = functools.wraps(original)(around(original))
            setattr(owner, name, ours)
            self._wrapped.append((owner, name, original, ours))

    def _around_open(self, original: Any) -> Any:
        def open_(system: Any, path: Any, mode: str = "rb", *args: Any, **options: Any) -> Any:
            file = original(system, path, mode, *args, **options)
            self._quietly(self._opened, system, path, mode, file)
            return file

        return open_

    def _around_init(self, original: Any) -> Any:
        def init(system: Any, *args: Any, **options: Any) -> None:
            original(system, *args, **options)
            self._quietly(self._made, type(system))

        return init

    def _around_fetch(self, original: Any) -> Any:
        async def fetch(system: Any, path: Any, *args: Any, **options: Any) -> Any:
            self._quietly(self._read, system, path, None)
            return await original(system, path, *args, **options)

        return fetch

    def _quietly(self, call: Callable[..., None], *args: Any) -> None:
        with audit.muted():
            try:
                call(*args)
            except Exception as error:  # noqa: BLE001 - the user's read must go on
                self._ledger.problem = f"an object opened through fsspec: {type(error).__name__}"

    def _made(self, kind: type) -> None:
        """A file system that fetches whole objects without opening them has these two methods of its own."""
        if _protocol(kind) in _LAYERS or any(owner is kind for owner, *_ in self._wrapped):
            return
        for name in ("_cat_file", "_get_file"):
            self._wrap(kind, name, self._around_fetch)

    def _opened(self, system: Any, path: Any, mode: str, file: Any) -> None:
        if _protocol(type(system)) in _LAYERS:
            return
        if "r" in mode:
            self._read(system, path, file)
        elif self.worker is None:
            url = _url(system, path)
            written = Written(url, None, "fsspec")
            written.identity = Identity(None, None, "an object of a store: not hashed")
            self._ledger.write_remote(written)

    def _read(self, system: Any, path: Any, file: Any) -> None:
        read = Read(None, _url(system, path), None, "fsspec")
        if self.worker is not None:
            self.worker.reading_remote(read.path)
            return
        if self._ledger.knows(read.path):
            return
        details = getattr(file, "_details", None)
        if isinstance(file, io.BytesIO) and len(file.getbuffer()) <= _LARGEST_IN_MEMORY:
            with file.getbuffer() as content:
                read.identity = Identity(str(blake3(content).hexdigest()), len(content))
        elif isinstance(details, dict) and not _VERSIONS.keys().isdisjoint(details):
            _describe(read, details)
        else:
            read.ask = functools.partial(_ask, read, system, path)
        self._ledger.read_remote(read)


def _protocol(kind: type) -> str:
    protocol = getattr(kind, "protocol", "abstract")
    return str(protocol if isinstance(protocol, str) else protocol[0])


def _url(system: Any, path: Any) -> str:
    return redacted(str(system.unstrip_protocol(system._strip_protocol(path))))


def _ask(read: Read, system: Any, path: Any) -> None:
    """Ask the store about the object; in the background, and not for long."""
    try:
        if hasattr(system, "_info"):
            asyn = sys.modules["fsspec.asyn"]
            details = asyn.sync(system.loop, system._info, path, timeout=_PATIENCE)
        else:
            details = system.info(path)
    except Exception as error:  # noqa: BLE001 - whatever the store or its library says
        read.identity = Identity(None, None, f"the store does not tell of it: {type(error).__name__}")
        return
    _describe(read, details)


def _describe(read: Read, details: dict[str, Any]) -> None:
    for name, value in details.items():
        if name in _VERSIONS and value:
            read.version.setdefault(_VERSIONS[name], str(value).strip('"'))
    size = details.get("size")
    known = "etag" in read.version or "version" in read.version
    why = "an object of a store, known by its version" if known else "an object of a store that tells no version"
    read.identity = Identity(None, int(size) if isinstance(size, int | float) else None, why)
