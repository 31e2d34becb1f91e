"""The command ``runlore``: list recorded runs, show one, rerun it, verify it, without JupyterLab."""

from __future__ import annotations

import argparse
import gc
import os
import sqlite3
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from runlore.errors import RunloreError
from runlore_server import interrupts, report
from runlore_server.arguments import parser
from runlore_server.commands import COMMANDS
from runlore_server.config import Config
from runlore_server.errors import KernelMissing
from runlore_server.pointing import Misread

_NOTHING_PROVED = 2
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code (see ``runlore --help``)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    if arguments is None:
        interrupts.listen()
    try:
        options = parser(as_json=as_json).parse_args(given, argparse.Namespace(json=False, home=None))
        found, text, code = COMMANDS[options.command](Config.resolve(options.home), options)
    except KeyboardInterrupt:
        return _fail(as_json, "Interrupted", "stopped", _INTERRUPTED)
    except RunloreError as error:
        if isinstance(error, KernelMissing):
            text = f"{error} (--kernel NAME chooses another one.)"
            return _fail(as_json, "KernelMissing", text, _NOTHING_PROVED, kernels=error.kernels)
        if isinstance(error, Misread):
            place = {"text": error.text, "position": error.position, "suggestions": error.suggestions}
            reason = type(error).__name__
            return _fail(as_json, reason, str(error), _NOTHING_PROVED, error.pointed_out(), **place)
        return _fail(as_json, type(error).__name__, str(error), _NOTHING_PROVED)
    except (OSError, sqlite3.Error) as error:
        return _fail(as_json, type(error).__name__, str(error), _NOTHING_PROVED)
    except Exception as error:  # noqa: BLE001 - a reader of --json gets its object whatever happens
        traceback.print_exc()
        return _fail(as_json, type(error).__name__, f"unexpected: {error}", _NOTHING_PROVED)
    if arguments is None:
        gc.freeze()  # this process is about to end: there is no need to search all that it imported for garbage
    return _print(report.as_json(found) if as_json else text) or code


def _print(text: str) -> int:
    """Write the answer; 0, or what to exit with when that could not be done."""
    try:
        if sys.stdout is not None:
            text = report.for_terminal(text)
            print(text.encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding), flush=True)
    except BrokenPipeError:
        _abandon_stdout()  # "runlore runs | head" has read enough
    except OSError as error:
        _abandon_stdout()
        sys.stderr.write(f"runlore: the answer could not be written: {error}\n")
        return _NOTHING_PROVED
    return 0


def _abandon_stdout() -> None:
    """What was not written is dropped: the interpreter would try again at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(as_json: bool, reason: str, message: str, code: int, detail: str = "", **extra: Any) -> int:
    print(report.for_terminal(f"runlore: {message}\n{detail}".rstrip("\n")), file=sys.stderr)
    if as_json:
        print(report.as_json({"error": {"reason": reason, "message": message, **extra}}))
    return code


if __name__ == "__main__":
    sys.exit(main())
