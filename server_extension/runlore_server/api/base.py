"""What every resource does alike: authorization, work in a thread, JSON, and errors as HTTP."""

from __future__ import annotations

import gzip
import math
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from jupyter_server.base.handlers import APIHandler

from runlore.errors import JournalFormatError, ObjectMissing, PackageMissing, RunloreError, RunNotFound
from runlore.untrusted import from_json
from runlore_server.backend import Backend
from runlore_server.errors import (
    AmbiguousRun,
    ArtifactNotFound,
    ChangedMeanwhile,
    ExportRefused,
    FilterNotFound,
    InvalidRequest,
    JobNotFound,
    KernelMissing,
    ModelRefused,
    NotebookMissing,
    NotInMlflow,
    OptionsRefused,
    ParameterRefused,
    RerunRefused,
    ScheduleNotFound,
    SpaceRefused,
    SweepNotFound,
    WeighingTooLong,
)
from runlore_server.pointing import Misread

if TYPE_CHECKING:
    from runlore_server.services import Services

T = TypeVar("T")
_STATUS: list[tuple[type[Exception], int]] = [
    (InvalidRequest, 400),
    (Misread, 400),
    (OptionsRefused, 400),
    (ParameterRefused, 400),
    (ModelRefused, 400),
    (RunNotFound, 404),
    (JobNotFound, 404),
    (ScheduleNotFound, 404),
    (SweepNotFound, 404),
    (FilterNotFound, 404),
    (ArtifactNotFound, 404),
    (NotebookMissing, 404),
    (ObjectMissing, 404),
    (AmbiguousRun, 409),
    (ChangedMeanwhile, 409),
    (RerunRefused, 409),
    (NotInMlflow, 409),
    (ExportRefused, 409),
    (WeighingTooLong, 409),
    (JournalFormatError, 409),
    (PackageMissing, 503),
    (OSError, 503),
    (sqlite3.Error, 503),
]


FAILURES = (RunloreError, OSError, sqlite3.Error)
"""What a client is told of; everything else is a defect of ours."""

_GZIP = b"\x1f\x8b"
"""How compressed bytes begin, and JSON never does."""

_LONG = 16 << 10
"""Bytes of an answer from which on it is compressed where that helps."""


class RunloreHandler(APIHandler):
    """Base of the handlers; each verb of theirs is ``@web.authenticated`` and ``@authorized``."""

    auth_resource = "runlore"

    def initialize(self, backend: Backend) -> None:
        """Called by Tornado with what the route says."""
        self._backend = backend
        self._tag: str | None = None

    async def answer(self, work: Callable[[Services], Any], status: int = 200) -> None:
        """Send what ``work`` returns, as JSON; it is called in a thread. What it raises becomes an error.

        Where it said ``unchanged``, that is all the client is told.
        """
        try:
            body = await self._backend.call(lambda services: self._encoded(work(services)))
        except FAILURES as error:
            status, body = _status(error), msgspec.json.encode(_error_body(error))
        if body is None:
            status = 304
        elif body.startswith(_GZIP):
            self.set_header("Content-Encoding", "gzip")
        self.set_status(status)
        self.set_header("Vary", "Accept-Encoding")
        self.finish(body)

    def refuse(self, error: Exception) -> None:
        """Send why a request, which is answered otherwise than by ``answer``, cannot be."""
        self.set_status(_status(error))
        self.finish(msgspec.json.encode(_error_body(error)))

    def unchanged(self, tag: str) -> bool:
        """Name the answer; whether the client has it already, so that it need not be made."""
        self._tag = f'"{tag}"'
        known = self.request.headers.get("If-None-Match", "")
        return self._tag in {one.strip().removeprefix("W/") for one in known.split(",")}

    def compute_etag(self) -> str | None:
        """The name that the answer was given; other answers are named by their bytes."""
        return self._tag or super().compute_etag()

    def _encoded(self, answer: Any) -> bytes | None:
        """An answer as it is sent; ``None`` for one that the client has."""
        if answer is None and self._tag is not None:
            return None
        body = msgspec.json.encode(answer)
        accepted = "gzip" in self.request.headers.get("Accept-Encoding", "")
        return gzip.compress(body, 1) if accepted and len(body) > _LONG and self._goes_far() else body

    def _goes_far(self) -> bool:
        """Whether the answer leaves the machine: else it is copied faster than it is compressed."""
        return "X-Forwarded-For" in self.request.headers or self.request.remote_ip not in ("127.0.0.1", "::1")

    def asked(self, kind: type[T], what: str) -> T:
        """The body of the request.

        Args:
            kind: as what it is read.
            what: what a client is told that it must be, such as ``a filter``.

        Raises:
            InvalidRequest: it is something else.
        """
        try:
            return from_json(self.request.body, kind)
        except msgspec.DecodeError as error:
            raise InvalidRequest(f"the body must be {what} as the API documents it: {error}") from error

    def one_query(self, name: str) -> str | None:
        """A query parameter that may be given once; ``None`` without it.

        Raises:
            InvalidRequest: it is given several times.
        """
        values = self.get_query_arguments(name)
        if len(values) > 1:
            raise InvalidRequest(f"give {name!r} once, not {len(values)} times")
        return values[0] if values else None

    def float_query(self, name: str) -> float | None:
        """A finite number in the query; ``None`` without it.

        Raises:
            InvalidRequest: it is none.
        """
        text = self.one_query(name)
        try:
            number = float(text) if text is not None else None
        except ValueError:
            number = math.nan
        if number is not None and not math.isfinite(number):
            raise InvalidRequest(f"{name!r} is a number, not {text!r:.40}")
        return number

    def number_query(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number in the query.

        Raises:
            InvalidRequest: it is none, or out of its range.
        """
        text = self.one_query(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
            raise InvalidRequest(f"{name!r} is a whole number from {least} to {most}, not {text!r:.40}")
        return int(text)


def _status(error: Exception) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def _error_body(error: Exception) -> dict[str, Any]:
    text = str(error)
    if not isinstance(error, RunloreError):
        text = f"Runlore cannot use its files at the moment: {text}"
    body: dict[str, Any] = {"message": text[:1].upper() + text[1:], "reason": type(error).__name__}
    if isinstance(error, KernelMissing):
        body["kernels"] = error.kernels
    if isinstance(error, (ParameterRefused, SpaceRefused)) and error.parameter is not None:
        body["parameter"] = error.parameter
    if isinstance(error, Misread):
        body |= {"text": error.text, "position": error.position, "suggestions": error.suggestions}
    return body
