"""Criteria in a file that a repository holds: ``runlore.toml``, or ``pyproject.toml`` below ``tool.runlore``.

::

    [criteria."my experiment"]
    verdict = "close"
    conditions = ["metrics.val_acc >= 0.97"]

    [criteria."my experiment".tolerances]
    "loss*" = { rtol = 1e-3 }
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from runlore.decodable import decodable
from runlore.untrusted import read_regular
from runlore_server.automation.criteria import Criteria
from runlore_server.errors import InvalidRequest
from runlore_server.filter.errors import FilterError

FILE = "runlore.toml"
_PROJECT = "pyproject.toml"
_LARGEST = 1 << 20


def in_directory(directory: Path) -> dict[str, Criteria]:
    """The criteria by experiment that the files of a directory declare; ``runlore.toml`` goes before the other.

    Raises:
        InvalidRequest: a file says something else than criteria.
        OSError: a file cannot be read.
    """
    found: dict[str, Criteria] = {}
    for name in (_PROJECT, FILE):
        if (file := directory / name).is_file():
            found |= in_file(file)
    return found


def in_file(file: Path) -> dict[str, Criteria]:
    """The criteria by experiment that one file declares; raises what ``in_directory`` raises."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        content = tomllib.loads(read_regular(file, _LARGEST).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"{file} is no TOML: {error}") from error
    if file.name == _PROJECT:
        content = _table(_table(content, "tool"), "runlore")
    found = {}
    for experiment, table in _table(content, "criteria").items():
        try:
            found[experiment] = msgspec.convert(table, decodable(Criteria)).checked()
        except (msgspec.ValidationError, InvalidRequest, FilterError) as error:
            raise InvalidRequest(f"{file}, criteria of {experiment!r}: {error}") from error
    return found


def as_toml(criteria: Mapping[str, Criteria]) -> str:
    """The text of a ``runlore.toml`` with these criteria; reading it gives the same."""
    lines: list[str] = []
    for experiment, asked in criteria.items():
        name = f"criteria.{_text(experiment)}"
        lines += [f"[{name}]", f"verdict = {_text(asked.verdict)}"]
        lines += ["conditions = [", *(f"  {_text(condition)}," for condition in asked.conditions), "]"]
        if asked.tolerances:
            lines += ["", f"[{name}.tolerances]"]
            lines += [
                f"{_text(metric)} = {{ rtol = {limit.rtol!r}, atol = {limit.atol!r} }}"
                for metric, limit in asked.tolerances.items()
            ]
        lines.append("")
    return "\n".join(lines)


def _table(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name, {})
    return found if isinstance(found, dict) else {}


def _text(value: str) -> str:
    """A basic string: JSON's escapes are TOML's, but that TOML has no pairs of surrogates."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
