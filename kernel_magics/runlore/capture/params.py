"""Parameters without asking: literals that the notebook assigns and the tracked cell reads."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from runlore.capture.configs import entries

_LONGEST = 1000
"""Characters of a literal's ``repr``; a longer one is data, not a parameter."""

_MOST_ENTRIES = 200
"""Of a dictionary that was read; a larger one is data."""

_READERS = frozenset({"dict", "safe_load", "full_load", "load", "loads", "asdict", "to_container", "vars"})
"""Functions that give a configuration as a dictionary."""

_NO_LITERAL = object()


@dataclass(frozen=True)
class _Outline:
    """What one cell means for parameters.

    ``bound`` maps each name that the cell binds at its own level to the literal, or to ``_NO_LITERAL``;
    ``needs`` maps each name bound otherwise (a function, a class, the value of an expression) to the names that
    its definition reads; ``reads`` are all names read. ``read_in`` are the names bound to what a call gives that
    reads a configuration file or makes a dictionary.
    """

    bound: dict[str, Any] = field(default_factory=dict)
    needs: dict[str, frozenset[str]] = field(default_factory=dict)
    reads: frozenset[str] = frozenset()
    read_in: frozenset[str] = frozenset()


def literal_params(
    history: Iterable[str], tracked: str, namespace: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The parameters of a tracked cell.

    Args:
        history: sources (plain Python, magics already translated) of the cells executed before, in order.
        tracked: the source of the tracked cell.
        namespace: the user's variables when the cell starts. A literal from ``history`` counts only if the
            variable still holds it.

    Returns:
        Name to value, in the order of assignment; then what configuration objects among the variables hold, as
        ``args.lr`` (see ``runlore.capture.configs``), and dictionaries that were read from a file or made by
        ``dict``. Values are what JSON can hold: numbers, strings, booleans, ``None``, and lists and dictionaries
        of these (tuples become lists).
    """
    own = _outline(tracked)
    before = _Outline({}, {}, frozenset())
    read_in: set[str] = set()
    for source in history:
        outline = _outline(source)
        read_in = (read_in - outline.bound.keys()) | outline.read_in
        for name, value in outline.bound.items():
            before.bound.pop(name, None)
            before.bound[name] = value
            before.needs.pop(name, None)
        before.needs.update(outline.needs)
    wanted = _closure(own.reads, {**before.needs, **own.needs})
    found = {
        name: value
        for name, value in before.bound.items()
        if name in wanted and value is not _NO_LITERAL and _still_holds(namespace, name, value)
    }
    for name, value in own.bound.items():
        found.pop(name, None)
        if name in wanted and value is not _NO_LITERAL:
            found[name] = value
    if namespace is not None:
        found |= _held(namespace, wanted - own.bound.keys() - found.keys(), read_in)
    return {name: _jsonable(value) for name, value in found.items() if not name.startswith("_")}


def config_params(tracked: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """What configurations hold that a tracked cell made itself, as it left them.

    Args:
        tracked: the source of the tracked cell, plain Python.
        namespace: the user's variables when the cell has ended.
    """
    own = _outline(tracked)
    made = {name for name, value in own.bound.items() if value is _NO_LITERAL and name in own.reads}
    return {name: _jsonable(value) for name, value in _held(namespace, made, own.read_in).items()}


def _held(namespace: Mapping[str, Any], names: Iterable[str], read_in: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in sorted(names):
        value = namespace.get(name)
        if name.startswith("_") or value is None:
            continue
        if name in read_in and type(value) is dict and len(value) <= _MOST_ENTRIES:
            held = {name: value}
        else:
            held = entries(name, value)
        found |= {key: item for key, item in held.items() if _is_parameter(item) and len(repr(item)) <= _LONGEST}
    return found


def _closure(names: frozenset[str], needs: Mapping[str, frozenset[str]]) -> set[str]:
    """The names, those that their definitions read, and so on."""
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend(needs.get(name, ()))
    return wanted


def _still_holds(namespace: Mapping[str, Any] | None, name: str, literal: Any) -> bool:
    if namespace is None:
        return True
    return _is_the_same(namespace.get(name, _NO_LITERAL), literal)


def _is_the_same(value: Any, literal: Any) -> bool:
    """Looks no further than the literal goes: a list that began empty may hold millions of objects by now."""
    if type(value) is not type(literal):
        return False
    if isinstance(literal, dict):
        return list(literal) == list(itertools.islice(value, len(literal) + 1)) and all(
            _is_the_same(value[key], item) for key, item in literal.items()
        )
    if isinstance(literal, (list, tuple)):
        return len(value) == len(literal) and all(map(_is_the_same, value, literal))
    return repr(value) == repr(literal)


@lru_cache(maxsize=4096)
def _outline(source: str) -> _Outline:
    try:
        tree = ast.parse(source)
    except (
        SyntaxError,
        ValueError,
        MemoryError,
        RecursionError,
    ):  # the last two: nested too deep
        return _Outline()
    bound: dict[str, Any] = {}
    needs: dict[str, frozenset[str]] = {}
    read_in: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names = {statement.name: _NO_LITERAL}
        else:
            names = _assigned_literal(statement) or dict.fromkeys(_stores(statement), _NO_LITERAL)
        if _reads_configuration(statement):
            read_in |= names.keys()
        for name, value in names.items():
            bound[name] = value
            if value is _NO_LITERAL:
                needs[name] = needs.get(name, frozenset()) | _reads(statement)
            else:
                needs.pop(name, None)
    return _Outline(bound, needs, _reads(tree), frozenset(read_in))


def _reads_configuration(statement: ast.stmt) -> bool:
    """Whether a statement assigns what one of ``_READERS`` gives."""
    value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
    if not isinstance(value, ast.Call):
        return False
    return (
        value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
    ) in _READERS


def _assigned_literal(statement: ast.stmt) -> dict[str, Any] | None:
    """Names and value of ``a = b = 3``, ``a: int = 3`` or ``a, b = 3, 4``; ``None`` for anything else."""
    targets: list[ast.expr]
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets, value = [statement.target], statement.value
    elif isinstance(statement, ast.Assign):
        targets, value = list(statement.targets), statement.value
    else:
        return None
    found: dict[str, Any] = {}
    for target in targets:
        if isinstance(target, ast.Name):
            pairs: list[tuple[ast.expr, ast.expr]] = [(target, value)]
        elif (
            isinstance(target, ast.Tuple)
            and isinstance(value, ast.Tuple)
            and len(target.elts) == len(value.elts)
            and all(isinstance(name, ast.Name) for name in target.elts)
        ):
            pairs = list(zip(target.elts, value.elts, strict=True))
        else:
            return None
        for name, node in pairs:
            found[ast.unparse(name)] = _literal(node)
    return found


def _literal(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NO_LITERAL
    return value if _is_parameter(value) and len(repr(value)) <= _LONGEST else _NO_LITERAL


def _is_parameter(value: Any) -> bool:
    kind = type(value)  # isinstance would ask the object, which may be anybody's
    if issubclass(kind, dict):
        return all(type(key) is str and _is_parameter(item) for key, item in value.items())
    if issubclass(kind, (list, tuple)):
        return all(_is_parameter(item) for item in value)
    return value is None or issubclass(kind, (bool, int, float, str))


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    return [_jsonable(item) for item in value] if isinstance(value, (list, tuple)) else value


def _reads(tree: ast.AST) -> frozenset[str]:
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return frozenset(name.id for name in names if not isinstance(name.ctx, ast.Store))


def _stores(statement: ast.stmt) -> set[str]:
    stored: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stored.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            stored.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    return stored
