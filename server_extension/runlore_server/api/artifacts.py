"""The content of a run's artifacts, in a way in which none of it can execute on the server's origin."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from runlore_server.api.base import FAILURES, RunloreHandler

if TYPE_CHECKING:
    from asyncio import Future

    from runlore.record import Artifact
    from runlore_server.provenance.tables import Table
    from runlore_server.services import Services

_CHUNK = 1 << 20
_LONGEST_NAME = 100
"""Characters of a name under which a file is saved: no file system takes more than 255 bytes."""
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)

_SHOWN = frozenset(
    (
        *("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"),
        *("text/plain", "text/csv", "text/markdown", "application/json"),
    )
)
"""Types that a browser may show as what they are. Others, such as HTML and SVG, are nothing but bytes to save."""


class ArtifactHandler(RunloreHandler):
    """``/runlore/runs/<id>/artifacts/<path>``: one artifact, or a range of its bytes."""

    @property
    def content_security_policy(self) -> str:
        """Nothing in it is executed, whatever it is taken for, and it has no origin."""
        return f"{super().content_security_policy}; sandbox"

    @web.authenticated
    @authorized
    async def get(self, run_id: str, path: str) -> None:
        try:
            artifact, file = await self._backend.call(lambda services: _opened(services, run_id, path))
        except FAILURES as error:
            self.refuse(error)
            return
        with file:
            await self._send(artifact, file)

    async def _send(self, artifact: Artifact, file: BinaryIO) -> None:
        self._describe(artifact)
        if self.unchanged(artifact.digest):
            self.set_status(304)
            self.finish()
            return
        self.set_header("ETag", f'"{artifact.digest}"')
        start, end = 0, artifact.size
        if (asked := self.request.headers.get("Range")) is not None and self._is_same(artifact):
            match = _RANGE.fullmatch(asked.strip())
            if match is not None and any(match.groups()):  # what is not understood is answered with everything
                span = _span(match[1], match[2], artifact.size)
                if span is None:
                    self.set_status(416)
                    self.set_header("Content-Range", f"bytes */{artifact.size}")
                    self.finish()
                    return
                start, end = span
                self.set_status(206)
                self.set_header("Content-Range", f"bytes {start}-{end - 1}/{artifact.size}")
        self.set_header("Content-Length", end - start)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, file.seek, start)
        try:
            while start < end:
                chunk = await loop.run_in_executor(None, file.read, min(_CHUNK, end - start))
                start += len(chunk)
                self.write(chunk)
                await self.flush()  # no more is read than the client takes
                if not chunk:
                    break  # cut while it was sent: the connection ends short of what was announced
        except StreamClosedError:
            return
        self.finish()

    def _is_same(self, artifact: Artifact) -> bool:
        """Whether a range is wanted of what there is; without ``If-Range`` of whatever there is."""
        return self.request.headers.get("If-Range", "").strip() in ("", f'"{artifact.digest}"')

    def _describe(self, artifact: Artifact) -> None:
        shown = artifact.media_type in _SHOWN and not self.get_query_arguments("download")
        self._kind = artifact.media_type if artifact.media_type in _SHOWN else "application/octet-stream"
        name = quote(_file_name(artifact.path), safe="")
        self.set_header("Content-Disposition", f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{name}")
        self.set_header("Content-Type", self._kind)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Cache-Control", "private, no-cache")

    def finish(self, *args: Any, **kwargs: Any) -> Future[Any]:
        """End the answer as what it is; an error is JSON."""
        return super().finish(*args, **{"set_content_type": getattr(self, "_kind", "application/json"), **kwargs})


class TableHandler(RunloreHandler):
    """``/runlore/runs/<id>/tables/<path>``: the first rows of an artifact that is a table."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str, path: str) -> None:
        await self.answer(lambda services: self._head(services, run_id, path))

    def _head(self, services: Services, run_id: str, path: str) -> Table:
        from runlore_server.provenance.contents import artifact_of
        from runlore_server.provenance.tables import head

        rows = self.number_query("rows", default=100, least=1, most=1000)
        artifact = artifact_of(services.store.find(run_id), path)
        return head(services.provenance.contents.path(artifact), artifact.path, rows)


def _opened(services: Services, run_id: str, path: str) -> tuple[Artifact, BinaryIO]:
    from runlore_server.provenance.contents import artifact_of

    artifact = artifact_of(services.store.find(run_id), path)
    return artifact, services.provenance.contents.open(artifact)


def _file_name(path: str) -> str:
    """Under which name an artifact is saved: one that shows as what it is, however the artifact is called.

    Signs that turn the direction of a text would have ``exe.gnp`` read as ``png.exe``.
    """
    name = "".join(sign for sign in path.rpartition("/")[2] if sign.isprintable()).strip().rstrip(".")
    return name[-_LONGEST_NAME:] or "artifact"


def _span(first: str, last: str, size: int) -> tuple[int, int] | None:
    """The bytes that a range names, as first and behind the last; ``None`` where there are none."""
    if first == "":
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None
