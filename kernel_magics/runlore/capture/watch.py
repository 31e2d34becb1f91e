"""``--watch``: log a variable as a metric each time it is assigned in the tracked cell."""

from __future__ import annotations

import ast
from collections.abc import Iterator

OBSERVER = "__import__('runlore').observe"
"""What is called with the name and the value; spelled so that it needs no name in the user's namespace."""


class WatchTransformer:
    """Makes every binding of a watched name in a tree call ``runlore.observe(name, value)``.

    Assignments of all kinds, loop variables, ``with ... as``, captures of ``case`` and ``:=`` count, at the cell's
    level and in the functions it defines. ``found`` holds the names that are bound somewhere.
    """

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self.found: set[str] = set()

    def rewrite(self, tree: ast.Module) -> None:
        """Change the tree in place."""
        for node in list(ast.walk(tree)):  # not by recursion: generated code may be nested very deep
            for field in ("body", "orelse", "finalbody"):
                block = getattr(node, field, None)
                if isinstance(block, list):
                    setattr(node, field, [made for statement in block for made in self._observed(statement)])
            if isinstance(node, ast.match_case):
                node.body = [*self._observations(_captured(node.pattern), node.body[0]), *node.body]
            self._wrap_named_expressions(node)

    def _observed(self, statement: ast.stmt) -> Iterator[ast.stmt]:
        calls = self._observations(_assigned(statement), statement)
        if calls and isinstance(statement, (ast.For, ast.AsyncFor, ast.With, ast.AsyncWith)):
            statement.body = [*calls, *statement.body]  # bound anew on each entry of the block
            yield statement
        else:
            yield statement
            yield from calls

    def _observations(self, bound: set[str], place: ast.stmt) -> list[ast.stmt]:
        watched = [name for name in self._names if name in bound]
        self.found.update(watched)
        return [ast.Expr(_observation(ast.Name(name, ast.Load()), name, place)) for name in watched]

    def _wrap_named_expressions(self, node: ast.AST) -> None:
        """``:=`` may stand where no statement can follow: it is passed through the observer itself."""
        for field, value in ast.iter_fields(node):
            if isinstance(value, list):
                setattr(node, field, [self._wrapped(item) for item in value])
            elif isinstance(value, ast.NamedExpr):
                setattr(node, field, self._wrapped(value))

    def _wrapped(self, item: object) -> object:
        if not isinstance(item, ast.NamedExpr) or item.target.id not in self._names:
            return item
        self.found.add(item.target.id)
        return _observation(item, item.target.id, item)


def _assigned(statement: ast.stmt) -> set[str]:
    """The names that the statement itself binds, leaving out ``:=`` and what the statements in it bind."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return set()
    if isinstance(statement, ast.AnnAssign) and statement.value is None:
        return set()  # an annotation alone binds nothing
    found: set[str] = set()
    apart = (ast.stmt, ast.ExceptHandler, ast.match_case, ast.Lambda, ast.comprehension, ast.NamedExpr)
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        waiting.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, apart))
    return found


def _captured(pattern: ast.pattern) -> set[str]:
    names = (getattr(node, "name", None) or getattr(node, "rest", None) for node in ast.walk(pattern))
    return {name for name in names if isinstance(name, str)}


def _observation(value: ast.expr, name: str, place: ast.stmt | ast.expr) -> ast.Call:
    function = ast.parse(OBSERVER, mode="eval").body
    call = ast.Call(function, [ast.Constant(name), value], [])
    for node in (call, call.args[0], value, *ast.walk(function)):
        ast.copy_location(node, place)
    return call
