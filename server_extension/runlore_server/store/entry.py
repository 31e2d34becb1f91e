"""A run as the index keeps it: the whole record, with nothing in it that depends on where the home lies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import CURVE, RUN_ID

_MOST_TEXTS = 1000
_DEEPEST = 20
_LONGEST_TEXT = 6000
"""What of a run's parameters is searched: so many texts, entries of dictionaries so deep, so many characters each.
The last is what MLflow keeps of one."""

_NOWHERE = Path()
_decoder = msgspec.json.Decoder(tuple[RunRecord, dict[str, str]], dec_hook=lambda _, name: Path(name))


class CurveFiles(MutableMapping[str, Path]):
    """Files in one directory by metric. A path is made when it is asked for: lists of runs with a thousand metrics
    each look at few of them.

    Args:
        directory: of all of them.
        names: of the files, by metric.
    """

    def __init__(self, directory: Path, names: dict[str, str]) -> None:
        self._directory = directory
        self._names = names

    def __getitem__(self, metric: str) -> Path:
        return self._directory / self._names[metric]

    def __setitem__(self, metric: str, file: Path) -> None:
        if file.parent != self._directory:
            raise ValueError(f"{file} is not in {self._directory}")
        self._names[metric] = file.name

    def __delitem__(self, metric: str) -> None:
        del self._names[metric]

    def __contains__(self, metric: object) -> bool:
        return metric in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def pack(run: RunRecord) -> bytes:
    """The record as JSON, and the names of the curve files by metric."""
    files = {metric: path.name for metric, path in run.metrics.items()}
    system = {metric: Path(path.name) for metric, path in run.system.items()}
    bare = replace(run, directory=_NOWHERE, metrics={}, system=system)
    return msgspec.json.encode((bare, files), enc_hook=str)


def unpack(content: bytes, home: Home) -> RunRecord:
    """The record that ``pack`` was given, for a home that may have moved.

    Raises:
        msgspec.DecodeError: it is none, or one whose files would lie elsewhere.
    """
    try:
        run, files = _decoder.decode(content)
    except (TypeError, RecursionError, UnicodeDecodeError) as error:
        raise msgspec.DecodeError(str(error)) from error
    _require_names(run, [*files.values(), *(file.name for file in run.system.values())])
    run.directory = directory = home.curves(run.session_id, run.run_id)
    run.metrics = CurveFiles(directory, files)
    run.system = {metric: directory / file.name for metric, file in run.system.items()}
    return run


def _require_names(run: RunRecord, files: Iterable[str]) -> None:
    ids = [run.run_id, *([run.rerun_of] if run.rerun_of is not None else [])]
    if not (all(map(RUN_ID.fullmatch, ids)) and all(map(CURVE.fullmatch, files)) and is_name(run.session_id)):
        raise msgspec.DecodeError(f"the record of run {run.run_id!r:.80} leads elsewhere")


def is_name(session_id: object) -> bool:
    """Whether this can be the id of a session, and so the name of its folder and of nothing else."""
    return isinstance(session_id, str) and session_id not in ("", ".", "..") and not set("/\\\0") & set(session_id)


def flat(params: dict[str, Any]) -> dict[str, str]:
    """Parameters as texts, as MLflow has them; of a dictionary its entries too: ``config.net.width``."""
    found = {name: _text(value) for name, value in params.items()}
    for name, value in params.items():
        if isinstance(value, dict):
            _add_entries(found, name, value, _DEEPEST)
    return found


def _add_entries(found: dict[str, str], prefix: str, entries: dict[str, Any], depth: int) -> None:
    for key, value in entries.items():
        if len(found) >= _MOST_TEXTS:
            return
        name = f"{prefix}.{key}"
        found.setdefault(name, _text(value))
        if isinstance(value, dict) and depth:
            _add_entries(found, name, value, depth - 1)


def _text(value: Any) -> str:
    try:
        return str(value)[:_LONGEST_TEXT]
    except (RecursionError, ValueError):  # nested too deeply, or an integer of thousands of digits
        return "..."
