"""How a cell or a run ended, from the exception that ended it."""

from __future__ import annotations

import sys
import traceback

from runlore.events import ErrorInfo, RunOutcome

_LONGEST_TRACEBACK = 20_000
"""Characters; of a longer one the end is kept, which says what went wrong."""


def describe_error(error: BaseException) -> tuple[RunOutcome, ErrorInfo]:
    """The outcome and the error as they are recorded. A ``KeyboardInterrupt`` is an interruption."""
    # The frame that ran the cell is the notebook's machinery, not the user's code.
    trace = error.__traceback__.tb_next if error.__traceback__ is not None else None
    text = "".join(traceback.format_exception(type(error), error, trace or error.__traceback__))
    info = ErrorInfo(
        name=type(error).__name__,
        message=_message(error),
        traceback=text[-_LONGEST_TRACEBACK:],
    )
    asyncio = sys.modules.get("asyncio")
    stopped = isinstance(error, KeyboardInterrupt) or (
        asyncio is not None and isinstance(error, asyncio.CancelledError)
    )
    return ("interrupted" if stopped else "failed"), info


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001 - a broken __str__ of the user's must not break recording
        return f"<its message raised {type(second).__name__}>"
