"""What every resource does alike: authorization, work in a thread, JSON, and errors as HTTP."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.base.handlers import APIHandler

from runlore.errors import JournalFormatError, ObjectMissing, RunloreError, RunNotFound
from runlore_server.backend import Backend
from runlore_server.errors import AmbiguousRun, InvalidRequest, JobNotFound, KernelMissing, RerunRefused

if TYPE_CHECKING:
    from runlore_server.services import Services

_STATUS: list[tuple[type[Exception], int]] = [
    (InvalidRequest, 400),
    (RunNotFound, 404),
    (JobNotFound, 404),
    (ObjectMissing, 404),
    (AmbiguousRun, 409),
    (RerunRefused, 409),
    (JournalFormatError, 409),
    (OSError, 503),
    (sqlite3.Error, 503),
]


class RunloreHandler(APIHandler):
    """Base of the handlers; each verb of theirs is ``@web.authenticated`` and ``@authorized``."""

    auth_resource = "runlore"

    def initialize(self, backend: Backend) -> None:
        """Called by Tornado with what the route says."""
        self._backend = backend

    async def answer(self, work: Callable[[Services], Any], status: int = 200) -> None:
        """Send what ``work`` returns, as JSON; it is called in a thread. What it raises becomes an error."""
        try:
            body = await self._backend.call(lambda services: msgspec.json.encode(work(services)))
        except (RunloreError, OSError, sqlite3.Error) as error:
            status, body = _status(error), msgspec.json.encode(_error_body(error))
        self.set_status(status)
        self.finish(body)

    def one_query(self, name: str) -> str | None:
        """A query parameter that may be given once; ``None`` without it.

        Raises:
            InvalidRequest: it is given several times.
        """
        values = self.get_query_arguments(name)
        if len(values) > 1:
            raise InvalidRequest(f"give {name!r} once, not {len(values)} times")
        return values[0] if values else None

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
    return body
