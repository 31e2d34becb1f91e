"""What of a run descends from the clock and its like, by the text of its cells.

Closeness is for rounding. A clock can pass for it: Unix time now and ten minutes from now differ by 4e-7 of it. So
a number that descends from something uncontrolled is never numerically close.

The cells' text is followed name by name, in no order: what is computed from such a call descends from it, and what
is bound where it decides whether or how often. Attributes count by their name, functions by what they return.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from runlore.capture.calls import imports_of, uncontrolled_nodes
from runlore_server.slice.scopes import binds, parameters
from runlore_server.slice.sources import magic, parse
from runlore_server.verdict.evidence import CellPair, Evidence
from runlore_server.verdict.findings import Apart

_UNSEEN = frozenset(("subprocess", "network", "directory listing"))
"""Kinds of use that are recorded as they happen and stand in no text: what the cell binds may come from them."""

_SHOW = frozenset(("print", "display", "pprint"))
_KEEP = ("dump", "log_artifact", "log_figure", "save", "to_", "write")
_TIMING = frozenset(("prun", "time", "timeit"))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LEAVING = (ast.Break, ast.Continue, ast.Return)


def no_rounding(evidence: Evidence, metrics: Iterable[str], apart: Iterable[Apart]) -> str | None:
    """A sentence where numbers that are close to each other descend from something uncontrolled; else ``None``.

    Args:
        evidence: both sides.
        metrics: those that differ within their tolerances.
        apart: what else differs so.
    """
    descent = Descent(evidence)
    for metric in metrics:
        if descent.of_metric(metric):
            return f"The values of {metric!r} are near each other, but descend from something uncontrolled."
    if any(descent.of_output(one.cell) if one.shown else descent.of_file(one.cell) for one in apart):
        return "These numbers are near each other, but descend from something uncontrolled."
    return None


class Descent:
    """Follows the cells that a run rests on."""

    def __init__(self, evidence: Evidence) -> None:
        pairs = [pair for pair in evidence.pairs if pair.ordinal in evidence.needed]
        self._bodies = {pair.ordinal: parse(pair.original.source) or [] for pair in pairs}
        self._watched = frozenset(evidence.run.watch)
        every = [node for body in self._bodies.values() for top in body for node in ast.walk(top)]
        self._calls = [node for node in every if isinstance(node, ast.Call)]
        self._defined = [node for node in every if isinstance(node, _FUNCTIONS)]
        self._origins: set[ast.AST] = {*uncontrolled_nodes(every), *filter(_is_timing, self._calls)}
        imported = imports_of(every)
        self._modules = frozenset(imported)
        self._decided: set[ast.AST] = set()
        """Statements that happen or not, or so many times, as something uncontrolled has it."""
        self._names: set[str] = set()
        """Names that descend, and attributes as ``.name``."""
        for pair in pairs:
            self._names |= _beyond_text(pair, self._bodies[pair.ordinal], imported)
        known = -1
        while known < (known := len(self._names) + len(self._decided)):
            for body in self._bodies.values():
                self._block(body, decided=False)

    def of_metric(self, metric: str) -> bool:
        """Whether a metric's values descend from something uncontrolled; yes where its origin cannot be seen."""
        if metric in self._watched:
            return metric.partition(".")[0] in self._names or f".{metric.rpartition('.')[2]}" in self._names
        logged = [(call, value) for call in self._calls for value in _logged(call, metric)]
        if not logged:
            return bool(self._names or self._origins)
        return any(self._descends(value) or call in self._decided for call, value in logged)

    def of_output(self, cell: int) -> bool:
        """Whether something that a cell shows does."""
        body = self._bodies.get(cell, [])
        calls = [*_calls_in(body), *_calls_in(self._defined)]
        shown: list[ast.AST] = [call for call in calls if _called(call) in _SHOW]
        return any(
            self._descends(node) or node in self._decided for node in [*shown, *body[-1:]] if _is_shown(node)
        )

    def of_file(self, cell: int) -> bool:
        """Whether something that a cell writes, or keeps as an artifact, does."""
        calls = [*_calls_in(self._bodies.get(cell, [])), *_calls_in(self._defined)]
        kept = [call for call in calls if _called(call).startswith(_KEEP)]
        return any(self._descends(call) or call in self._decided for call in kept)

    # -- following -----------------------------------------------------------------------------------------

    def _block(self, body: Iterable[ast.AST], *, decided: bool) -> None:
        for node in body:
            if decided and isinstance(node, ast.stmt):
                self._decided.update(ast.walk(node))
            self._statement(node, decided=decided)

    def _statement(self, node: ast.AST, *, decided: bool) -> None:
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            if decided or (node.value is not None and self._descends(node.value)):
                self._mark(node.targets if isinstance(node, ast.Assign) else [node.target])
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            if decided or self._descends(node.iter):
                self._mark([node.target])
        elif isinstance(node, _FUNCTIONS):
            self._function(node)
        decided = decided or self._decides(node)
        for expression in _own_expressions(node):
            self._expression(expression, decided=decided)
        blocks = (getattr(node, part, ()) for part in ("body", "orelse", "finalbody", "handlers", "cases"))
        for block in blocks:
            if isinstance(block, list):
                self._block(block, decided=decided)

    def _decides(self, node: ast.AST) -> bool:
        """Whether something uncontrolled has a say in how often the statements within are executed."""
        if isinstance(node, (ast.If, ast.While)) and self._descends(node.test):
            return True
        if isinstance(node, ast.Match):
            return self._descends(node.subject)
        if not isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            return False
        tests = (part for part in ast.walk(node) if isinstance(part, ast.If) and self._descends(part.test))
        return any(isinstance(part, _LEAVING) for test in tests for part in ast.walk(test))

    def _expression(self, node: ast.AST, *, decided: bool) -> None:
        for part in ast.walk(node):
            if isinstance(part, ast.NamedExpr) and (decided or self._descends(part.value)):
                self._mark([part.target])
            elif isinstance(part, ast.withitem) and part.optional_vars and self._descends(part.context_expr):
                self._mark([part.optional_vars])
            elif isinstance(part, ast.Call):
                self._call(part, decided=decided)

    def _call(self, node: ast.Call, *, decided: bool) -> None:
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(node.func, ast.Attribute) and (decided or any(map(self._descends, given))):
            root = _root(node.func.value)
            if root is not None and root not in self._modules:
                self._names.add(root)  # a method may keep what it is given
        for function in (function for function in self._defined if function.name == _called(node)):
            names = parameters(function)
            named = names[1:] if isinstance(node.func, ast.Attribute) else names
            pairs = [
                *zip(named, node.args, strict=False),
                *((word.arg or "", word.value) for word in node.keywords),
            ]
            self._names.update(name for name, value in pairs if self._descends(value))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        parts = [part for part in ast.walk(node) if isinstance(part, (ast.Return, ast.Yield, ast.YieldFrom))]
        if any((part.value is not None and self._descends(part.value)) or part in self._decided for part in parts):
            self._names |= {node.name, f".{node.name}"}

    def _mark(self, targets: Iterable[ast.AST]) -> None:
        for target in targets:
            if isinstance(target, ast.Name):
                self._names.add(target.id)
            elif isinstance(target, ast.Attribute):
                self._names.add(f".{target.attr}")
            elif isinstance(target, (ast.Subscript, ast.Starred)):
                self._mark([target.value])
            elif isinstance(target, (ast.Tuple, ast.List)):
                self._mark(target.elts)

    def _descends(self, node: ast.AST) -> bool:
        return any(
            part in self._origins
            or (isinstance(part, ast.Name) and part.id in self._names)
            or (isinstance(part, ast.Attribute) and f".{part.attr}" in self._names)
            for part in ast.walk(node)
        )


def _beyond_text(pair: CellPair, body: list[ast.stmt], imported: dict[str, str]) -> set[str]:
    """Names of a cell that may hold what its text does not tell of: a program's output, a module's clock."""
    uses = [*pair.original.facts.uncontrolled, *pair.rerun.facts.uncontrolled]
    found: set[str] = set()
    if any(used.kind in _UNSEEN for used in uses):
        found |= {name for statement in body for name in binds(statement)}
    modules = {used.detail.rpartition(" in module ")[2] for used in uses if " in module " in used.detail}
    return found | {name for name, origin in imported.items() if not modules.isdisjoint(_prefixes(origin))}


def _prefixes(path: str) -> Iterator[str]:
    words = path.split(".")
    return (".".join(words[: count + 1]) for count in range(len(words)))


def _own_expressions(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions of a statement itself, without those of the statements in it."""
    if isinstance(node, ast.expr):
        yield node
    elif isinstance(node, (ast.stmt, ast.match_case, ast.ExceptHandler)):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.expr, ast.withitem)):
                yield child


def _logged(call: ast.Call, metric: str) -> Iterator[ast.expr]:
    """What a call may log under the metric's name."""
    yield from (keyword.value for keyword in call.keywords if keyword.arg == metric)
    for argument in call.args:
        if isinstance(argument, ast.Dict):
            pairs = zip(argument.keys, argument.values, strict=True)
            yield from (value for key, value in pairs if isinstance(key, ast.Constant) and key.value == metric)
    if call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == metric:
        yield from call.args[1:]


def _calls_in(body: Iterable[ast.AST]) -> Iterator[ast.Call]:
    return (node for top in body for node in ast.walk(top) if isinstance(node, ast.Call))


def _is_timing(node: ast.AST) -> bool:
    called = magic(node)
    return called is not None and called[1][0] in _TIMING


def _is_shown(node: ast.AST) -> bool:
    return isinstance(node, (ast.Expr, ast.Call))


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _root(node: ast.AST) -> str | None:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
