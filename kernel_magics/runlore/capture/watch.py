"""``--watch``: log a variable as a metric each time it is assigned in the tracked cell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeVar

N = TypeVar("N")

OBSERVER = "__import__('runlore').observe"
"""What is called with the name and the value; spelled so that it needs no name in the user's namespace."""

_COMPILERS = frozenset({"cfunc", "compile", "guvectorize", "jit", "njit", "stencil", "vectorize"})


class WatchTransformer:
    """Makes every binding of a watched name in a tree call ``runlore.observe(name, value)``.

    Assignments of all kinds, loop variables, ``with ... as``, captures of ``case`` and ``:=`` count, at the cell's
    level and in the functions and classes it defines. A dotted name, such as ``self.loss``, is observed where
    it is assigned by ``=`` and ``+=``, spelled like that. ``found`` holds the names that are bound somewhere.
    Functions under a decorator that compiles them (``njit``, ``jax.jit``, ``torch.compile``) are left alone: a
    compiler may refuse a call that it does not know.

    No statement gets another meaning: what is assigned passes through the observer where it stands alone, and is
    looked up again after the statement where it does not.
    """

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self.found: set[str] = set()

    def rewrite(self, tree: ast.Module) -> None:
        """Change the tree in place."""
        for node in reachable(tree):
            for field in ("body", "orelse", "finalbody"):
                block = getattr(node, field, None)
                if isinstance(block, list):
                    at_top = node is tree
                    made = [new for statement in block for new in self._observed(statement, at_top=at_top)]
                    setattr(node, field, made)
            if isinstance(node, ast.match_case):
                node.body = [*self._observations(_captured(node.pattern), node.body[0]), *node.body]
            self._wrap_named_expressions(node)

    def _observed(self, statement: ast.stmt, *, at_top: bool) -> Iterator[ast.stmt]:
        yield statement
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            statement.value = self._wrap(statement.value)
            direct = {name for target in targets if (name := _dotted(target)) is not None}
            for name in self._watched(direct):
                statement.value = _observation(statement.value, name, statement.value)
            yield from self._observations(_bound_in(statement) - direct, statement)
        elif isinstance(statement, ast.AugAssign):
            for name in self._watched({_dotted(statement.target) or ""}):
                yield _after_update(statement, name, at_top=at_top)
        else:
            calls = self._observations(_bound_in(statement), statement)
            if isinstance(statement, (ast.For, ast.AsyncFor, ast.With, ast.AsyncWith)):
                statement.body = [*calls, *statement.body]  # bound anew on each entry of the block
            else:
                yield from calls

    def _watched(self, bound: set[str]) -> list[str]:
        watched = [name for name in self._names if name in bound]
        self.found.update(watched)
        return watched

    def _observations(self, bound: set[str], place: ast.stmt) -> list[ast.stmt]:
        return [_unshown(ast.Name(name, ast.Load()), name, place) for name in self._watched(bound)]

    def _wrap_named_expressions(self, node: ast.AST) -> None:
        """``:=`` may stand where no statement can follow: it is passed through the observer itself."""
        for field, value in ast.iter_fields(node):
            if isinstance(value, list):
                setattr(node, field, [self._wrap(item) for item in value])
            elif isinstance(value, ast.NamedExpr):
                setattr(node, field, self._wrap(value))

    def _wrap(self, item: N) -> N | ast.Call:
        if not isinstance(item, ast.NamedExpr) or item.target.id not in self._names:
            return item
        self.found.add(item.target.id)
        return _observation(item, item.target.id, item)


def reachable(tree: ast.AST) -> list[ast.AST]:
    """All nodes but those of functions that a decorator compiles, which may know no call of ours.

    Not by recursion: generated code may be nested very deep.
    """
    found: list[ast.AST] = [tree]
    for node in found:
        if not _is_compiled(node):
            found.extend(ast.iter_child_nodes(node))
    return [node for node in found if not _is_compiled(node)]


def _is_compiled(node: ast.AST) -> bool:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    called = (d.func if isinstance(d, ast.Call) else d for d in node.decorator_list)
    names = ((_dotted(decorator) or "").rpartition(".")[2] for decorator in called)
    return any(name in _COMPILERS for name in names)


def _dotted(target: ast.expr) -> str | None:
    """``loss`` or ``self.loss``, where the target is nothing else than that."""
    parts: list[str] = []
    while isinstance(target, ast.Attribute):
        parts.append(target.attr)
        target = target.value
    return ".".join([target.id, *reversed(parts)]) if isinstance(target, ast.Name) else None


def _bound_in(statement: ast.stmt) -> set[str]:
    """The names that the statement itself binds, leaving out ``:=`` and what the statements in it bind."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, getattr(ast, "TypeAlias", ()))):
        return set()
    found: set[str] = set()
    apart = (ast.stmt, ast.ExceptHandler, ast.match_case, ast.Lambda, ast.comprehension, ast.NamedExpr)
    waiting: list[ast.AST] = [] if isinstance(statement, ast.AnnAssign) else [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        waiting.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, apart))
    return found


def _captured(pattern: ast.pattern) -> set[str]:
    names = (getattr(node, "name", None) or getattr(node, "rest", None) for node in ast.walk(pattern))
    return {name for name in names if isinstance(name, str)}


def _after_update(statement: ast.AugAssign, name: str, *, at_top: bool) -> ast.stmt:
    """Observe what ``+=`` left; the object may have changed in place, so only afterwards."""
    if at_top and isinstance(statement.target, ast.Name):
        # Assigned to itself, which is no change here, so that a shell which shows last assignments shows this one.
        call = _observation(ast.Name(name, ast.Load()), name, statement)
        return ast.copy_location(ast.Assign([_name(name, ast.Store(), statement)], call), statement)
    first, *attributes = name.split(".")
    value: ast.expr = _name(first, ast.Load(), statement)
    for attribute in attributes:
        value = ast.copy_location(ast.Attribute(value, attribute, ast.Load()), statement)
    return _unshown(value, name, statement)


def _unshown(value: ast.expr, name: str, place: ast.stmt) -> ast.stmt:
    """The observation as a statement of its own, which a shell does not take for the cell's last expression."""
    call = _observation(value, name, place)
    test = ast.Compare(call, [ast.Is()], [ast.Constant(None)])
    statement = ast.If(test, [ast.Pass()], [])
    for node in (statement, test, test.comparators[0], statement.body[0]):
        ast.copy_location(node, place)
    return statement


def _name(name: str, context: ast.expr_context, place: ast.stmt) -> ast.Name:
    return ast.copy_location(ast.Name(name, context), place)


def _observation(value: ast.expr, name: str, place: ast.stmt | ast.expr) -> ast.Call:
    function = ast.parse(OBSERVER, mode="eval").body
    call = ast.Call(function, [ast.Constant(name), value], [])
    for node in (call, call.args[0], *ast.walk(function)):
        ast.copy_location(node, place)
    if not hasattr(value, "lineno"):
        ast.copy_location(value, place)
    return call
