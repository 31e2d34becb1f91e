"""Runlore: every notebook run recorded, compared, and repeated with a verdict.

In a notebook: ``%load_ext runlore``, then ``%%track`` at the top of a cell. In a script: ``start_run``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from runlore.api import (
        checkpoint,
        compare,
        curves,
        log,
        log_artifact,
        log_figure,
        log_params,
        note,
        observe,
        runs,
        set_tags,
        start_run,
    )

__all__ = [
    "checkpoint",
    "compare",
    "curves",
    "load_ipython_extension",
    "log",
    "log_artifact",
    "log_figure",
    "log_params",
    "note",
    "observe",
    "runs",
    "set_tags",
    "start_run",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    # When one is first used: the server imports parts of this package, and somebody waits for its start.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from runlore import api

    found = globals()[name] = getattr(api, name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext runlore``: record every cell from here on, and provide ``%track``."""
    from runlore.magics import connect

    connect(shell)


def unload_ipython_extension(_shell: InteractiveShell) -> None:
    """``%unload_ext runlore``: stop recording."""
    from runlore.magics import disconnect

    disconnect()


def _jupyter_labextension_paths() -> list[dict[str, Any]]:
    # Asked of the module that is named like the distribution; the panel itself lies beside the server side.
    return [{"src": "../../server_extension/runlore_server/labextension", "dest": "runlore"}]
