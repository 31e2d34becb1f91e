"""Python's rules of scope: which global names a function, lambda or class may read or bind when its code runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass
class Free:
    """The global names that code reads (``loads``) and binds or deletes (``stores``)."""

    loads: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)


def free(node: ast.AST) -> Free:
    """The global names of the code inside ``node``, nested code included.

    What it evaluates at once where it stands (decorators, defaults, bases) counts too.
    """
    found = Free()
    _visit(node, frozenset(), frozenset(), found)
    return found


def binds(node: ast.AST) -> set[str]:
    """The names that the statements directly in a scope bind; comprehensions' own variables excluded."""
    return set(_bound(node))


def parameters(node: Function) -> list[str]:
    """The names of a function's parameters."""
    args = node.args
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    return [arg.arg for arg in [*every, *(extra for extra in (args.vararg, args.kwarg) if extra is not None)]]


def _visit(  # noqa: C901, PLR0912 - a case for each kind of node
    node: ast.AST, local: frozenset[str], declared: frozenset[str], found: Free
) -> None:
    if isinstance(node, ast.Name):
        if node.id in declared or node.id not in local:
            (found.loads if isinstance(node.ctx, ast.Load) else found.stores).add(node.id)
            if isinstance(node.ctx, ast.Del):
                found.loads.add(node.id)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        _function(node, local, found)
    elif isinstance(node, ast.ClassDef):
        # A class's own names are unseen by its methods, so they count as global in them: too many, never too few.
        for outer in [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]:
            _visit(outer, local, declared, found)
        inner = Free()
        for statement in node.body:
            _visit(statement, local, declared, inner)
        found.loads |= inner.loads
        found.stores |= inner.stores & _declared(node)
    elif isinstance(node, _COMPREHENSIONS):
        own = {name.id for generator in node.generators for name in ast.walk(generator.target)
               if isinstance(name, ast.Name)}  # fmt: skip
        _visit(node.generators[0].iter, local, declared, found)
        for child in ast.iter_child_nodes(node):
            _visit(child, local | own, declared - own, found)
    elif isinstance(node, (ast.Import, ast.ImportFrom, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        found.stores |= {name for name in _own(node) if name in declared or name not in local}
        for child in ast.iter_child_nodes(node):
            _visit(child, local, declared, found)
    else:
        for child in ast.iter_child_nodes(node):
            _visit(child, local, declared, found)


def _function(node: Function, local: frozenset[str], found: Free) -> None:
    outside: list[ast.AST] = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
    if not isinstance(node, ast.Lambda):
        outside += node.decorator_list
    for child in outside:
        _visit(child, local, frozenset(), found)
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    declared = _declared(node)
    own = set(parameters(node))
    for statement in body:
        own |= set(_bound(statement))
    for statement in body:
        _visit(statement, (local | own) - declared, frozenset(declared), found)


def _declared(scope: ast.AST) -> set[str]:
    """The names that a scope, its nested ones aside, declares global."""
    names: set[str] = set()
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global):
            names |= set(node.names)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)
    return names


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.Lambda):
        return
    elif isinstance(node, _COMPREHENSIONS):
        for child in ast.walk(node):
            if isinstance(child, ast.NamedExpr) and isinstance(child.target, ast.Name):
                yield child.target.id
    else:
        yield from _own(node)
        for child in ast.iter_child_nodes(node):
            yield from _bound(child)


def _own(node: ast.AST) -> Iterator[str]:
    """Names that a node binds in other ways than by a ``Name``."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield (alias.asname or alias.name).split(".")[0]
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name is not None:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest is not None:
        yield node.rest
