"""What evaluating an expression reads, changes and gives."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from runlore_server.slice import libraries
from runlore_server.slice.heap import NOTHING, Kind, Value, either
from runlore_server.slice.scopes import free
from runlore_server.slice.state import Scope, State

_DEEPEST = 8
"""Twice the number of calls within calls that are followed."""


class Expressions:
    """Evaluates expressions over a ``State``; statements, and so called functions, come with the subclass."""

    state: State

    def __init__(self, state: State) -> None:
        self.state = state
        self.own_attributes: set[str] = set()
        """Names of methods and attributes that classes of the session define: looking at one may run code."""
        self._context: tuple[object, ...] = ()
        """The calls that led here, so that each call of a function makes values of its own."""

    # -- values --------------------------------------------------------------------------------------------

    def site(self, node: ast.AST, kind: Kind) -> int:
        return self.state.heap.at((self.state.cell, self._context, id(node), kind), kind)

    def _reach(self, values: Sequence[Value]) -> set[int]:
        return self.state.heap.reach(either(values).regions, self.state.names)[0]

    def _runs_code(self, values: Sequence[Value]) -> bool:
        """Whether code of the session's, or anything unknown, may run when these are worked with."""
        return any(True for _ in self.state.heap.of_kind(self._reach(values), Kind.CODE, Kind.UNKNOWN))

    def made(self, node: ast.AST, values: Sequence[Value], kind: Kind = Kind.DATA) -> Value:
        """A new value that may hold others; something immutable when nothing mutable goes in."""
        held = self.state.held(values)
        if not held and kind is Kind.DATA:
            return NOTHING
        return self._new(node, held, kind)

    def _new(self, node: ast.AST, held: frozenset[int], kind: Kind) -> Value:
        number = self.site(node, kind)
        self.state.heap[number].holds |= held - {number}
        self.state.heap[number].writers.add(self.state.cell)
        return Value(frozenset({number}))

    def element(self, value: Value) -> Value:
        """Anything that can be got out of a value, or the value itself (a view)."""
        return Value(frozenset(self._reach([value])) | self.state.held([value]))

    def iterate(self, node: ast.AST, value: Value) -> Value:
        """One of the things that a value gives when it is looped over."""
        if self._runs_code([value]):
            return self.element(either([value, self.state.entangle([value], (self._context, id(node)))]))
        self.state.change_objects([value])
        return self.element(value)

    # -- expressions ---------------------------------------------------------------------------------------

    def evaluate(self, node: ast.AST | None) -> Value:
        if node is None:
            return NOTHING
        known = getattr(self, f"_{type(node).__name__.lower()}", None)
        if known is not None:
            found: Value = known(node)
            return found
        return self._operation(node)

    def _operation(self, node: ast.AST) -> Value:
        """Operators, comparisons, texts made of values: the operands' own methods run."""
        values = [self.evaluate(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        if self._runs_code(values):
            return self.state.entangle(values, (self._context, id(node)))
        if isinstance(node, ast.Compare) and any(isinstance(op, (ast.In, ast.NotIn)) for op in node.ops):
            self.state.change_objects(values)  # an iterator is used up by looking for something in it
        return NOTHING if isinstance(node, ast.JoinedStr) else self.made(node, values)

    def test(self, node: ast.expr) -> Value:
        """The truth of a value is asked for."""
        value = self.evaluate(node)
        if self._runs_code([value]):
            self.state.entangle([value], (self._context, id(node), "truth"))
        return value

    def shown(self, node: ast.expr) -> Value:
        """The value of a cell, which IPython shows by asking it for its forms."""
        value = self.evaluate(node)
        if self._runs_code([value]):
            return either([value, self.state.entangle([value], (self._context, id(node), "shown"))])
        return value

    def _constant(self, _node: ast.Constant) -> Value:
        return NOTHING

    def _name(self, node: ast.Name) -> Value:
        return self.state.read(node.id)

    def _namedexpr(self, node: ast.NamedExpr) -> Value:
        value = self.evaluate(node.value)
        self.state.bind_around(node.target.id, value)
        return value

    def _boolop(self, node: ast.BoolOp) -> Value:
        values = [self.evaluate(node.values[0])]
        with self.state.perhaps():
            values += [self.evaluate(child) for child in node.values[1:]]
        if self._runs_code(values):
            self.state.entangle(values, (self._context, id(node)))
        return either(values)

    def _ifexp(self, node: ast.IfExp) -> Value:
        self.test(node.test)
        with self.state.perhaps():
            one = self.evaluate(node.body)
        with self.state.perhaps():
            other = self.evaluate(node.orelse)
        return either([one, other])

    def _container(self, node: ast.AST) -> Value:
        values = [self.evaluate(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        return self._new(node, self.state.held(values), Kind.DATA)

    _list = _set = _dict = _container

    def _tuple(self, node: ast.Tuple) -> Value:
        return self.made(node, [self.evaluate(child) for child in node.elts])

    def _starred(self, node: ast.Starred) -> Value:
        return self.iterate(node, self.evaluate(node.value))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Value:
        self.state.locals.append(Scope(inner=True))
        try:
            for _ in range(2):  # what the first round changed, the second may see
                for generator in node.generators:
                    item = self.iterate(generator.iter, self.evaluate(generator.iter))
                    self.assign(generator.target, item)
                    for test in generator.ifs:
                        self.test(test)
                parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
                values = [self.evaluate(part) for part in parts]
        finally:
            self.state.locals.pop()
        if any(generator.is_async for generator in node.generators):
            self.state.effects.keep("runs asynchronously")
        if isinstance(node, ast.GeneratorExp):
            return self._deferred(node, values)
        return self._new(node, self.state.held(values), Kind.DATA)

    _listcomp = _setcomp = _dictcomp = _comprehension

    def _generatorexp(self, node: ast.GeneratorExp) -> Value:
        return self._comprehension(node)

    def _deferred(self, node: ast.GeneratorExp, values: Sequence[Value]) -> Value:
        """A generator reads its variables when it is used up, wherever that is."""
        number = self.site(node, Kind.UNKNOWN)
        region = self.state.heap[number]
        region.code, region.holds = (
            frozenset(free(node).loads),
            region.holds | set(either(values).regions) - {number},
        )
        for scope in self.state.locals:
            region.holds |= {r for bound in scope.values() for r in bound.value.regions} - {number}
        region.writers.add(self.state.cell)
        return Value(frozenset({number}))

    def assign(self, target: ast.expr, value: Value) -> None:
        raise NotImplementedError

    def _lambda(self, node: ast.Lambda) -> Value:
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]:
            self.evaluate(default)
        return self.code(node, [node.body])

    def code(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, body: Sequence[ast.AST]) -> Value:
        """A function: what it reads is read when it is called."""
        raise NotImplementedError

    def _await(self, node: ast.Await) -> Value:
        self.state.effects.keep("waits for something asynchronous")
        return self.state.entangle([self.evaluate(node.value)], (self._context, id(node)))

    def _attribute(self, node: ast.Attribute) -> Value:
        value = self.evaluate(node.value)
        if node.attr in libraries.FRAME_ATTRIBUTES:
            self.state.whole_session(f"looks at {node.attr}")
        if node.attr in libraries.SHELL_HOOKS and not value.path and self._runs_code([value]):
            self.state.let_loose(f"may hook into the shell's {node.attr}")
        if value.path:
            path = f"{value.path}.{node.attr}"
            if libraries.NAMESPACE_FUNCTIONS.match(path):
                self.state.whole_session(f"uses {path}")
            return Value(value.regions, path)
        if (
            any(True for _ in self.state.heap.of_kind(value.regions, Kind.UNKNOWN))
            and node.attr in self.own_attributes
        ):
            return self.element(self.state.entangle([value], (self._context, id(node))))  # a property, perhaps
        if node.attr in libraries.SCALAR_ATTRIBUTES and not self._runs_code([value]):
            return NOTHING
        if isinstance(node.ctx, ast.Load) and self._is_changing_method(value, node.attr):
            return self._new(node, self.element(value).regions, Kind.UNKNOWN)
        return self.element(value)

    def _is_changing_method(self, value: Value, name: str) -> bool:
        """Whether an attribute is a method that changes its object when it is called, wherever that is."""
        if name in libraries.CHANGING_METHODS:
            return True
        if not name.endswith("_") or name.startswith("_"):
            return False
        kinds = {self.state.heap[number].kind for number in value.regions}
        return kinds == {Kind.DATA}  # ``add_`` of a tensor, and not ``coef_`` of an estimator

    def _subscript(self, node: ast.Subscript) -> Value:
        if isinstance(node.value, ast.Name) and node.value.id in ("Out", "_oh") and "Out" in self.state.names:
            index = node.slice
            numbered = f"_{index.value!r}" if isinstance(index, ast.Constant) else ""
            return self.state.read(numbered if numbered in self.state.names else "Out")
        value, index_value = self.evaluate(node.value), self.evaluate(node.slice)
        if any(True for _ in self.state.heap.of_kind(value.regions, Kind.UNKNOWN)) or self._runs_code(
            [index_value]
        ):
            return self.element(self.state.entangle([value, index_value], (self._context, id(node))))
        return self.element(value)

    def _slice(self, node: ast.Slice) -> Value:
        return either([self.evaluate(part) for part in (node.lower, node.upper, node.step)])
