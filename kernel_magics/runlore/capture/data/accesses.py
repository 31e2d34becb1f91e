"""One file that a cell opened."""

from __future__ import annotations

from collections.abc import Callable

from runlore.capture.data.identity import Identity, Signature


class Read:
    """A file opened for reading in cell ``ordinal`` (none in a script); ``signature`` is as of that moment.

    ``by`` is the watcher that saw it. ``writer`` is the cell of this session that had written it. ``fresh`` says
    that it changed in this very cell, by what was not seen so far. ``identity`` is known once it was hashed;
    ``why`` is what is to be said of it beyond that. ``ask`` finds identity and version of what is no file here.
    ``script`` says that it is a Python file and that another process read it.
    """

    __slots__ = (
        "ask", "by", "fresh", "identity", "ordinal", "path", "script", "signature", "version", "why", "writer",
    )  # fmt: skip

    def __init__(self, ordinal: int | None, path: str, signature: Signature | None, by: str) -> None:
        self.ordinal, self.path, self.signature, self.by = ordinal, path, signature, by
        self.writer: int | None = None
        self.fresh = False
        self.script = False
        self.identity: Identity | None = None
        self.version: dict[str, str] = {}
        self.why: str | None = None
        self.ask: Callable[[], None] | None = None


class Written:
    """A file that a cell wrote; ``signature`` is as of the cell's end, ``new`` as in ``FileWritten``."""

    __slots__ = ("by", "identity", "new", "path", "signature", "why")

    def __init__(self, path: str, signature: Signature | None, by: str, why: str | None = None) -> None:
        self.path, self.signature, self.by, self.why = path, signature, by, why
        self.new: bool | None = None
        self.identity: Identity | None = None
