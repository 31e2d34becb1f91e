"""Conditions that the points of a sweep must meet, such as ``layers * hidden <= 512``.

They are read with Python's grammar, and of that only comparisons, arithmetic and a few functions of numbers are
taken; they are evaluated here, by what each kind of node means, never by Python. Nothing in them can grow beyond
reason: there are no powers, and texts are only compared.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from runlore_server.errors import SpaceRefused
from runlore_server.filter.errors import near

_LONGEST = 500
_FORMS = "a condition compares numbers and parameters: 'layers * hidden <= 512', 'act != \"relu\" or lr < 0.1'"
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda one, several: one in several,
    ast.NotIn: lambda one, several: one not in several,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "min": min,
    "max": max,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "sqrt": math.sqrt,
}


class Constraint:
    """A condition on the values of parameters.

    Args:
        text: what it says.
        known: the names of the parameters.

    Raises:
        SpaceRefused: it is none, or names a parameter that is not known.
    """

    def __init__(self, text: str, known: Iterable[str]) -> None:
        self.text = text = text.strip()
        self._known = frozenset(known)
        self.names: set[str] = set()
        """The parameters that it speaks of."""
        if len(text) > _LONGEST:
            raise SpaceRefused(f"a condition has {_LONGEST} characters at the most", text, _LONGEST)
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            offset = getattr(error, "offset", None)
            position = min(offset - 1, len(text)) if offset else len(text)
            raise SpaceRefused(f"this is no condition; {_FORMS}", text, position) from None
        if not isinstance(self._tree, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
            raise self._refused(self._tree, f"this is no condition; {_FORMS}")
        self._check(self._tree)

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether the condition is met; a division by zero and the like meet none.

        Raises:
            SpaceRefused: the values are of kinds that cannot be compared or computed with.
        """
        try:
            return bool(self._value(self._tree, values))
        except (ArithmeticError, ValueError):
            return False
        except TypeError as error:
            raise SpaceRefused(
                f"the condition cannot be decided for {dict(values)}: {error}", self.text, 0
            ) from None

    def _refused(self, node: ast.AST, message: str, suggestions: Iterable[str] = ()) -> SpaceRefused:
        return SpaceRefused(message, self.text, getattr(node, "col_offset", 0), list(suggestions))

    def _check(self, node: ast.AST) -> None:
        """Refuse everything that ``_value`` does not know."""
        if isinstance(node, (ast.Name, ast.Attribute)):
            name = _dotted(node)
            if name not in self._known:
                raise self._refused(node, f"the run has no parameter {name!r}", near(name or "", self._known))
            self.names.add(name)
            return
        if isinstance(node, ast.Call) and ast.unparse(node.func) not in _FUNCTIONS:
            raise self._refused(node, f"a condition knows the functions {', '.join(_FUNCTIONS)}")
        parts = _parts(node)
        if parts is None:
            raise self._refused(node, f"{ast.unparse(node)[:40]!r} is nothing that a condition knows; {_FORMS}")
        for part in parts:
            self._check(part)

    def _value(self, node: ast.AST, values: Mapping[str, Any]) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, (ast.Name, ast.Attribute)):
            return values[_dotted(node) or ""]
        if isinstance(node, ast.BinOp):
            left, right = self._value(node.left, values), self._value(node.right, values)
            if isinstance(left, str) or isinstance(right, str):
                raise TypeError("texts can only be compared")
            return _ARITHMETIC[type(node.op)](left, right)
        if isinstance(node, ast.UnaryOp):
            value = self._value(node.operand, values)
            return (
                not value if isinstance(node.op, ast.Not) else -value if isinstance(node.op, ast.USub) else value
            )
        if isinstance(node, ast.BoolOp):
            decided = all if isinstance(node.op, ast.And) else any
            return decided(self._value(part, values) for part in node.values)
        if isinstance(node, ast.Call):
            return _FUNCTIONS[ast.unparse(node.func)](*(self._value(part, values) for part in node.args))
        if isinstance(node, ast.Compare):
            sides = [self._value(part, values) for part in (node.left, *node.comparators)]
            pairs = zip(node.ops, sides, sides[1:], strict=False)
            return all(_COMPARISONS[type(op)](left, right) for op, left, right in pairs)
        if isinstance(node, (ast.Tuple, ast.List)):
            return [self._value(part, values) for part in node.elts]
        raise AssertionError(node)  # _check lets nothing else through


def _parts(node: ast.AST) -> list[ast.expr] | None:
    """What a node is made of; ``None`` for kinds that no condition has."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float, str, bool, type(None)):
        return []
    if isinstance(node, ast.Call) and not node.keywords:
        return node.args
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd, ast.Not)):
        return [node.operand]
    if isinstance(node, ast.Compare) and all(type(op) in _COMPARISONS for op in node.ops):
        return [node.left, *node.comparators]
    if isinstance(node, ast.BoolOp):
        return node.values
    return node.elts if isinstance(node, (ast.Tuple, ast.List)) else None


def _dotted(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (owner := _dotted(node.value)) is not None:
        return f"{owner}.{node.attr}"
    return None
