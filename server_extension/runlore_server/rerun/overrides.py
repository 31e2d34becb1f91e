"""Other values for a run's parameters: checked against what is known of them, and written into its cells."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from IPython.core.error import UsageError

from runlore.record import CellRecord
from runlore.tracking import parse_options
from runlore_server.errors import ParameterRefused
from runlore_server.rerun.literals import Place, literal, replaced, written
from runlore_server.rerun.parameters import Parameter

_MARK = "%%track"


def checked(known: Sequence[Parameter], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values asked for, each as a value of its parameter's type.

    Texts stand for what they would be in Python, except for a parameter that is a text. A whole number will do
    for a ``float``, ``None`` for everything, and everything for a parameter that was ``None``.

    Raises:
        ParameterRefused: there is no such parameter, or its type or choices forbid the value.
    """
    by_name = {parameter.name: parameter for parameter in reversed(known)}
    unknown = [name for name in asked if name not in by_name]
    if unknown:
        listed = ", ".join(f"{p.name} = {written(p.value)} ({p.type})" for p in known) or "none"
        near = difflib.get_close_matches(unknown[0], [*by_name, *_last_parts(by_name)], n=3)
        meant = [name for name in by_name if name in near or name.rsplit(".", maxsplit=1)[-1] in near]
        hint = f"; did you mean {' or '.join(meant)}?" if meant else ""
        text = f"the run has no parameter {unknown[0]!r}; its parameters: {listed}{hint}"
        raise ParameterRefused(text, unknown[0])
    return {name: _value(by_name[name], value) for name, value in asked.items()}


def _last_parts(names: Iterable[str]) -> list[str]:
    return [name.rsplit(".", maxsplit=1)[-1] for name in names]


def _value(parameter: Parameter, asked: Any) -> Any:
    value = _parsed(parameter, asked) if isinstance(asked, str) else asked
    recorded = parameter.value
    if isinstance(recorded, tuple) and isinstance(value, list):
        value = tuple(value)
    if isinstance(recorded, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if value is not None and recorded is not None and type(value) is not type(recorded):
        raise ParameterRefused(
            f"parameter {parameter.name} is {written(recorded)}, a {parameter.type}; {written(value)} is a "
            f"{type(value).__name__}",
            parameter.name,
        )
    if parameter.choices is not None and value is not None and value not in parameter.choices:
        allowed = ", ".join(map(written, parameter.choices))
        text = f"parameter {parameter.name} can be {allowed}; not {written(value)}"
        raise ParameterRefused(text, parameter.name)
    return value


def _parsed(parameter: Parameter, text: str) -> Any:
    recorded = parameter.value
    if isinstance(recorded, str):
        return None if text == "None" else text
    if isinstance(recorded, bool) and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        if isinstance(recorded, float):
            return float(text)
    except ValueError:
        pass
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return value if literal(ast.parse(written(value), mode="eval").body) == value else text


def options(cell: CellRecord) -> list[Parameter]:
    """What ``-p`` of the cell's own ``%%track`` line states."""
    first, _, _ = cell.source.partition("\n")
    if not first.startswith(_MARK):
        return []
    try:
        stated = parse_options(first.removeprefix(_MARK)).params
    except UsageError:
        return []  # the cell failed with it
    found = []
    for name, value in stated.items():
        for text in (f"{name}={value}", shlex.quote(f"{name}={value}")):
            match = re.search(rf"(?<=\s){re.escape(text)}(?=\s|$)", first)
            if match is not None:
                begin, end = (len(first[:at].encode(errors="surrogatepass")) for at in match.span())
                found.append(Parameter(name, value, Place(cell.ordinal, 1, begin, 1, end), option=True))
                break
    return found


def _in_yaml(value: Any) -> str:
    """A value as Hydra reads it on its command line."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def rewritten(
    cells: Sequence[CellRecord], known: Sequence[Parameter], values: Mapping[str, Any]
) -> list[CellRecord]:
    """The cells with other values in the places of parameters; the rest of their text stays as it is.

    Raises:
        ParameterRefused: two values are asked for in one place (``a = b = 1``).
    """
    changes: dict[int, dict[Place, str]] = {}
    for parameter in known:
        if parameter.name not in values:
            continue
        value = values[parameter.name]
        if parameter.option:
            text = shlex.quote(f"{parameter.name}={value}")
        else:
            text = written(value if parameter.key is None else f"{parameter.key}={_in_yaml(value)}")
        places = changes.setdefault(parameter.cell, {})
        if places.setdefault(parameter.place, text) != text:
            raise ParameterRefused(
                f"parameter {parameter.name} shares its value with another one that is to be changed",
                parameter.name,
            )
    return [
        dataclasses.replace(cell, source=replaced(cell.source, changes[cell.ordinal].items()))
        if cell.ordinal in changes
        else cell
        for cell in cells
    ]
