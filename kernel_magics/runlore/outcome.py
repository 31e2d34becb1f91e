"""How a cell or a run ended, from the exception that ended it."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

from runlore.events import ErrorInfo, Outcome, RunOutcome

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionResult

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
    stopped = isinstance(error, KeyboardInterrupt) or _is_cancelled(error)
    return ("interrupted" if stopped else "failed"), info


def _is_cancelled(error: BaseException) -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001 - a broken __str__ of the user's must not break recording
        return f"<its message raised {type(second).__name__}>"


def outcome_of(result: ExecutionResult | None) -> tuple[Outcome, ErrorInfo | None]:
    """How a cell ended.

    There is no result when an interrupt cancelled a cell with top-level await, or when showing its exception
    raised another one, which is on its way then.
    """
    if result is None:
        error = sys.exc_info()[1]
        if error is None or _is_cancelled(error):
            return "interrupted", None
    else:
        error = result.error_before_exec or result.error_in_exec
    if error is None:
        return "ok", None
    status, described = describe_error(error)
    return ("interrupted" if status == "interrupted" else "error"), described
