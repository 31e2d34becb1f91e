"""Fetching the archive of a run's curves from MLflow in a process of its own: MLflow stays out of the server's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import msgspec

from runlore_server.config import Config
from runlore_server.errors import ExportRefused, TrackingStoreAway
from runlore_server.export.connection import SETTINGS

_START = (
    "import sys; sys.path = [place for place in sys.path if place]; "
    "from runlore_server.mirror.archives import main; main()"
)
_LONGEST = 600.0
"""Seconds that fetching an archive may take."""


class _Task(msgspec.Struct, frozen=True):
    home: str
    tracking_uri: str
    mlflow_run_id: str
    target: str


class _Answer(msgspec.Struct, frozen=True):
    outcome: Literal["done", "absent", "away", "refused"]
    reason: str = ""


def fetch_archive(config: Config, mlflow_run_id: str, target: Path) -> bool:
    """Bring the curves that were exported with a run to the path ``target``; false where MLflow has none of it.

    Raises:
        TrackingStoreAway: MLflow or its artifact store cannot be reached, or takes too long.
        ExportRefused: MLflow does not take the question.
        OSError: no process can be started.
    """
    task = _Task(str(config.home.path), config.tracking_uri, mlflow_run_id, str(target))
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-c", _START],
            input=msgspec.json.encode(task),
            stdout=subprocess.PIPE,
            env={**os.environ, **SETTINGS},
            timeout=_LONGEST,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise TrackingStoreAway(f"MLflow has not sent the curves within {_LONGEST:.0f} s") from None
    try:
        answer = msgspec.json.decode(done.stdout, type=_Answer)
    except msgspec.DecodeError:
        raise TrackingStoreAway(
            f"the process that fetches curves from MLflow ended with status {done.returncode}"
        ) from None
    if answer.outcome == "away":
        raise TrackingStoreAway(answer.reason)
    if answer.outcome == "refused":
        raise ExportRefused(answer.reason)
    return answer.outcome == "done"


def main() -> None:
    """What the process does: one task from standard input, one answer to standard output."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what anything prints by the way is no answer
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=_Task)
    answers.write(msgspec.json.encode(_carry_out(task)))


def _carry_out(task: _Task) -> _Answer:
    from runlore_server.mirror.source import Source

    try:
        source = Source(Config.resolve(task.home, task.tracking_uri))
        return _Answer("done" if source.curves(task.mlflow_run_id, Path(task.target)) else "absent")
    except (TrackingStoreAway, OSError) as error:
        return _Answer("away", str(error))
    except ExportRefused as error:
        return _Answer("refused", str(error))
