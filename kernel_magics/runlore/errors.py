"""Errors that Runlore raises to its callers.

Each is also a standard exception (``ValueError``, ``TypeError``, ...), so that code which does not know
Runlore can catch it.
"""

from __future__ import annotations


class RunloreError(Exception):
    """Base of every error raised on purpose; its text says what to do."""


class MetricError(RunloreError, TypeError):
    """A metric value is not one real number."""


class RunStateError(RunloreError, RuntimeError):
    """The call needs a run in another state: none is open, or it has ended already."""


class RunNotFound(RunloreError, LookupError):
    """No recorded run has this id."""


class JournalFormatError(RunloreError, ValueError):
    """A file was written by a newer Runlore, or is no Runlore file at all."""


class ObjectMissing(RunloreError, LookupError):
    """A content-addressed object is not there, or its content no longer has its hash."""


class PackageMissing(RunloreError, RuntimeError):
    """An optional package is not installed in this environment."""

    def __init__(self, package: str, what_for: str) -> None:
        super().__init__(f"{package}, which {what_for}, is not installed here; run: pip install {package}")
