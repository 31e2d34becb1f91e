"""The parameters of a run: the literals in its cells that can be set to other values for a rerun."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runlore.record import CellRecord
from runlore_server.rerun.literals import NO_LITERAL, Place, literal, place, statements

_CONTAINERS = frozenset({
    "dict", "SimpleNamespace", "Namespace", "EasyDict", "AttrDict", "ConfigDict", "DictConfig", "Munch", "Box",
    "OmegaConf",
})  # fmt: skip
"""What is called with keywords, or with a dictionary, and holds them under their names."""

_RECORD = re.compile(r"\b(dataclass|NamedTuple|BaseModel|BaseSettings)\b")
"""Decorators and bases that make a class of fields."""

_PASSED_THROUGH = frozenset({"create", "structured"})
"""Class methods of those that do the same."""


@dataclass(frozen=True)
class Parameter:
    """A value that a run reads, as its notebook states it.

    ``name`` is the variable's, followed by the keys or attributes that lead to the value (``config.net.width``).
    ``choices`` are the values allowed, ``None`` where any of the type is. ``cell`` is the ordinal of the cell in
    whose text the value stands at ``place``. ``option`` says that it was given with ``-p``, to be recorded only;
    there the place is that of ``name=value``. ``key`` is set where the place is a text ``key=value``, as Hydra
    takes them.
    """

    name: str
    value: Any
    place: Place
    choices: list[Any] | None = None
    option: bool = False
    key: str | None = None

    @property
    def type(self) -> str:
        """The name of the value's type."""
        return "None" if self.value is None else type(self.value).__name__

    @property
    def cell(self) -> int:
        return self.place.cell

    def described(self) -> dict[str, Any]:
        """For a reader of JSON."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"name": self.name, "value": value, "type": self.type, "choices": self.choices, "cell": self.cell}


def parameters(cells: Sequence[CellRecord], read: Collection[str]) -> list[Parameter]:
    """The parameters that cells state and read, in the order of their names' first appearance.

    Args:
        cells: in executed order. Of several statements of one value the last one counts, as it does for the run.
        read: the variables that the run reads.

    Found are literals assigned to variables at the level of the cell; the values in dictionaries,
    ``SimpleNamespace``, ``OmegaConf.create`` and their like; the fields of dataclasses, named tuples and pydantic
    models that the session defines, one within the other; the overrides given to Hydra's ``compose``; what a
    literal later puts in such a place; and the defaults of an ``argparse`` parser that parses an empty list.
    """
    finder = _Finder()
    for cell in cells:
        for statement in statements(cell.source):
            finder.look(cell.ordinal, statement)
    return [
        found
        for name, found in finder.found.items()
        if name.split(".")[0] in read and not name.startswith("_") and "._" not in name
    ]


@dataclass(frozen=True)
class _Field:
    """A field of a class: its default, the cell where that stands, and the values that its type allows."""

    cell: int
    value: ast.expr | None
    choices: list[Any] | None


@dataclass
class _Finder:
    found: dict[str, Parameter] = field(default_factory=dict)
    records: dict[str, dict[str, _Field]] = field(default_factory=dict)
    """Class to its fields, in their order."""
    parsers: dict[str, dict[str, Parameter]] = field(default_factory=dict)

    def look(self, cell: int, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                self._assigned(cell, target, statement.value)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            self._assigned(cell, statement.target, statement.value)
        elif isinstance(statement, ast.ClassDef):
            self._class(cell, statement)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            self._argument(cell, statement.value)
        elif isinstance(statement, ast.Delete):
            for target in statement.targets:
                self._forget(ast.unparse(target))

    def _assigned(self, cell: int, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
            for index, part in enumerate(target.elts):
                if len(values) == len(target.elts):
                    self._assigned(cell, part, values[index])
                elif (name := _dotted(part)) is not None:
                    self._forget(name)
            return
        name = _dotted(target)
        if name is None:
            return
        if (
            isinstance(target, ast.Name)
            or literal(value) is not NO_LITERAL
            or isinstance(value, (ast.Dict, ast.Call))
        ):
            self._forget(name)
            self._state(cell, name, value)

    def _forget(self, name: str) -> None:
        for known in [known for known in self.found if known == name or known.startswith(f"{name}.")]:
            del self.found[known]

    def _state(self, cell: int, name: str, node: ast.expr, choices: list[Any] | None = None) -> None:
        value = literal(node)
        if value in ([], ()):  # to be filled, not to be set
            return
        if value is not NO_LITERAL:
            known = [True, False] if isinstance(value, bool) else choices
            self.found[name] = Parameter(name, value, place(cell, node), known)
        elif isinstance(node, ast.Dict):
            for key, item in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    self._state(cell, f"{name}.{key.value}", item)
        elif isinstance(node, ast.Call):
            self._call(cell, name, node, choices)

    def _call(  # noqa: C901 - a case for each kind
        self, cell: int, name: str, node: ast.Call, choices: list[Any] | None
    ) -> None:
        callee = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if (
            callee == "parse_args"
            and isinstance(owner, ast.Name)
            and owner.id in self.parsers
            and _of_nothing(node)
        ):
            for dest, parameter in self.parsers[owner.id].items():
                full = f"{name}.{dest}"
                self.found[full] = Parameter(full, parameter.value, parameter.place, parameter.choices)
        elif callee == "ArgumentParser":
            self.parsers[name] = {}
        elif callee in self.records:
            self._instance(cell, name, node, self.records[callee])
        elif callee in ("field", "Field"):
            self._default(cell, name, node, choices)
        elif callee == "compose":
            self._overridden(cell, name, node)
        elif callee in _CONTAINERS or (callee in _PASSED_THROUGH and getattr(owner, "id", "") in _CONTAINERS):
            for argument in node.args[:1]:
                self._state(cell, name, argument)
            for keyword in node.keywords:
                if keyword.arg is not None:
                    self._state(cell, f"{name}.{keyword.arg}", keyword.value)

    def _instance(self, cell: int, name: str, node: ast.Call, fields: dict[str, _Field]) -> None:
        given = dict(fields)
        for attribute, argument in zip(fields, node.args, strict=False):
            given[attribute] = replace(given[attribute], cell=cell, value=argument)
        for keyword in node.keywords:
            if keyword.arg in given:
                given[keyword.arg] = replace(given[keyword.arg], cell=cell, value=keyword.value)
        for attribute, one in given.items():
            if one.value is not None:
                self._state(one.cell, f"{name}.{attribute}", one.value, one.choices)

    def _default(self, cell: int, name: str, node: ast.Call, choices: list[Any] | None) -> None:
        """``field(default=0.1)``, ``field(default_factory=Inner)`` and pydantic's ``Field(0.1)``."""
        options = {keyword.arg: keyword.value for keyword in node.keywords}
        value = next(iter(node.args), None) or options.get("default")
        factory = options.get("default_factory")
        if value is not None:
            self._state(cell, name, value, choices)
        elif isinstance(factory, ast.Lambda):
            self._state(cell, name, factory.body, choices)
        elif isinstance(factory, ast.Name) and factory.id in self.records:
            self._instance(cell, name, ast.Call(factory, [], []), self.records[factory.id])

    def _overridden(self, cell: int, name: str, node: ast.Call) -> None:
        """``compose(overrides=["lr=0.1"])``."""
        given = next((keyword.value for keyword in node.keywords if keyword.arg == "overrides"), None)
        for text in given.elts if isinstance(given, (ast.List, ast.Tuple)) else []:
            if not (isinstance(text, ast.Constant) and isinstance(text.value, str) and "=" in text.value):
                continue
            key, _, value = text.value.partition("=")
            full = f"{name}.{key.lstrip('+')}"
            self.found[full] = Parameter(full, _plain(value), place(cell, text), key=key)

    def _class(self, cell: int, node: ast.ClassDef) -> None:
        marks = [*node.decorator_list, *node.bases]
        inherited = [self.records[ast.unparse(base)] for base in node.bases if ast.unparse(base) in self.records]
        if not inherited and not any(_RECORD.search(ast.unparse(mark)) for mark in marks):
            self.records.pop(node.name, None)
            return
        fields: dict[str, _Field] = {}
        for base in inherited:
            fields.update(base)
        for part in node.body:
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                fields[part.target.id] = _Field(cell, part.value, _allowed(part.annotation))
        self.records[node.name] = fields

    def _argument(self, cell: int, node: ast.Call) -> None:
        """``parser.add_argument("--lr", default=0.1)``."""
        if not (isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument"):
            return
        known = self.parsers.get(ast.unparse(node.func.value))
        options = {keyword.arg: keyword.value for keyword in node.keywords}
        if known is None or "default" not in options:
            return
        value = literal(options["default"])
        names = list(_constants(node.args))
        dest = next(_constants([options["dest"]]), "") if "dest" in options else _dest(names)
        if value is NO_LITERAL or not dest:
            return
        choices = literal(options["choices"]) if "choices" in options else None
        allowed = list(choices) if isinstance(choices, (list, tuple)) else None
        known[dest] = Parameter(dest, value, place(cell, options["default"]), allowed)


def _allowed(annotation: ast.expr) -> list[Any] | None:
    """The values that ``Literal["a", "b"]`` allows."""
    if not (isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value).split(".")[-1] == "Literal"):
        return None
    value = literal(annotation.slice)
    if value is NO_LITERAL:
        return None
    return list(value) if isinstance(value, tuple) else [value]


def _plain(text: str) -> Any:
    """A number or truth value written in YAML, or the text itself."""
    if text.lower() in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text.lower()]
    try:
        value = literal(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return text
    return text if value is NO_LITERAL or isinstance(value, tuple) else value


def _constants(nodes: Sequence[ast.expr]) -> Iterator[str]:
    return (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _dest(names: Sequence[str]) -> str:
    chosen = next((name for name in names if name.startswith("--")), names[0] if names else "")
    return chosen.lstrip("-").replace("-", "_")


def _of_nothing(node: ast.Call) -> bool:
    """Whether the arguments that are parsed are an empty list, so that the defaults are what counts."""
    given = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "args"), None)
    return (isinstance(given, (ast.List, ast.Tuple)) and not given.elts) or (
        isinstance(given, ast.Constant) and given.value == ""
    )


def _dotted(node: ast.expr) -> str | None:
    """``config["net"]["width"]`` and ``config.net.width`` as ``config.net.width``; ``None`` for other targets."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value)
        return None if owner is None else f"{owner}.{node.attr}"
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    ):
        owner = _dotted(node.value)
        return None if owner is None else f"{owner}.{node.slice.value}"
    return None
