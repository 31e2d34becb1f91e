"""What calling something reads, changes and gives."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from runlore_server.slice import libraries
from runlore_server.slice.expressions import Expressions
from runlore_server.slice.heap import NOTHING, Kind, Value, either
from runlore_server.slice.state import RUN

_DEEPEST = 8
"""Twice the number of calls within calls that are followed."""


class Calls(Expressions):
    """Evaluates calls: of functions of the session, which are followed; of libraries, known or not; of methods."""

    def run_function(self, number: int, arguments: Sequence[Value], exact: bool) -> Value | None:
        """Follow a call into a function of the session; ``None`` if that cannot be done.

        Args:
            number: the function's region.
            arguments: what it gets, in the order of its parameters when ``exact``, else in an unknown one.
        """
        raise NotImplementedError

    def _call(self, node: ast.Call) -> Value:
        receiver: Value | None = None
        method = ""
        if isinstance(node.func, ast.Attribute):
            owner = self.evaluate(node.func.value)
            if owner.path:
                callee = Value(owner.regions, f"{owner.path}.{node.func.attr}")
            else:
                receiver, method, callee = owner, node.func.attr, NOTHING
        else:
            callee = self.evaluate(node.func)
        arguments = [self._argument(node, child) for child in [*node.args, *(k.value for k in node.keywords)]]
        self._file_like(method or callee.path.split(".")[-1])
        if receiver is not None:
            return self._method(node, receiver, method, arguments)
        if callee.path:
            return self._library(node, callee, arguments)
        return self._value(node, callee, arguments)

    def _argument(self, call: ast.Call, node: ast.expr) -> Value:
        alone = len(call.args) == 1 and isinstance(node, ast.GeneratorExp)
        pure = isinstance(call.func, ast.Name) and call.func.id in libraries.PURE_BUILTINS - libraries.LAZY
        if alone and (pure or (isinstance(call.func, ast.Attribute) and call.func.attr == "join")):
            value = self._comprehension(node)  # type: ignore[arg-type]
            (number,) = value.regions
            held = frozenset(self.state.heap[number].holds)
            return self._new(call.args[0].elt, held, Kind.DATA)  # type: ignore[attr-defined]
        return self.evaluate(node)

    def _file_like(self, name: str) -> None:
        if libraries.WRITERS.match(name):
            self.state.effects.writes = True
        if name in libraries.PROBES:
            self.state.effects.probes = True

    def _value(self, node: ast.Call, callee: Value, arguments: Sequence[Value]) -> Value:
        if len(callee.regions) == 1:
            exact = not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args)
            result = self._followed(node, next(iter(callee.regions)), arguments, exact)
            if result is not None:
                return result
        involved = [callee, *arguments]
        self._hands_over(arguments)
        if not callee.regions or self._runs_code(involved):
            return self.state.entangle(involved, (self._context, id(node)))
        self.state.change_objects(involved)
        return self._new(node, either(involved).regions, Kind.DATA)

    def _hands_over(self, arguments: Sequence[Value]) -> None:
        for value in arguments:
            if value.path in self.state.modules:
                self.state.effects.keep(f"hands {value.path} to code that may change it")

    def _followed(self, node: ast.AST, number: int, arguments: Sequence[Value], exact: bool) -> Value | None:
        function = self.state.heap[number].function
        if function is None or len(self._context) >= _DEEPEST or id(function) in self._context:
            return None
        before = self._context
        self._context = (*before, id(node), id(function))
        try:
            return self.run_function(number, arguments, exact)
        finally:
            self._context = before

    def _callbacks(self, node: ast.Call, arguments: Sequence[Value], data: Sequence[Value]) -> bool:
        """Follow functions given as arguments, called with anything that was given; whether that covers all
        code."""
        others = [value for value in arguments if not self._runs_code([value])]
        given = either([self.element(value) for value in [*others, *data]])
        for value in arguments:
            if not self._runs_code([value]):
                continue
            if len(value.regions) != 1 or self._followed(node, next(iter(value.regions)), [given], False) is None:
                return False
        return not self._runs_code(list(data))

    def _method(self, node: ast.Call, receiver: Value, name: str, arguments: Sequence[Value]) -> Value:
        involved = [receiver, *arguments]
        if name in libraries.FRAME_READERS:
            self._names_in_text(node)
        mutes = (
            any(k.arg in ("inplace", "out") for k in node.keywords) or name in libraries.ARGUMENT_CHANGING_SORTS
        )
        pure = not mutes and name in libraries.PURE_METHODS
        if self._runs_code([receiver]) or not (
            not self._runs_code(arguments) or (pure and self._callbacks(node, arguments, [receiver]))
        ):
            self._hands_over(arguments)
            return self.element(self.state.entangle(involved, (self._context, id(node))))
        if pure:
            if (name in libraries.SCALAR_METHODS and name not in libraries.CHANGING_SOME_OBJECTS) or not either(
                involved
            ).regions:
                return NOTHING
            if name in libraries.CHANGING_SOME_OBJECTS:
                self.state.change_objects(involved)
            number = self._new(node, either(involved).regions, Kind.DATA)
            return Value(number.regions | self.element(either(involved)).regions)
        if not mutes and name in libraries.OBJECT_METHODS:
            heap = self.state.heap
            direct = [r for r in receiver.regions if not (name == "backward" and heap[r].kind is Kind.DATA)]
            self.state.change(direct, either(arguments).regions)
            self.state.change_objects(involved)
            made = self._new(node, either(involved).regions, Kind.DATA)
            return Value(made.regions | self.element(receiver).regions)
        regions = self._reach(involved)
        self.state.change(self._reach([receiver]), either(arguments).regions)
        self.state.change(regions)
        number = self._new(node, frozenset(regions), Kind.DATA)
        return Value(number.regions | regions)

    def _names_in_text(self, node: ast.Call) -> None:
        """The texts that a call gets may name variables, which it looks up."""
        texts = [child for arg in [*node.args, *(k.value for k in node.keywords)] for child in ast.walk(arg)]
        words = {word for part in texts if isinstance(part, ast.Constant) and isinstance(part.value, str)
                 for word in libraries.WORD.findall(part.value)}  # fmt: skip
        if any(isinstance(part, ast.Name) for part in texts) and not words:
            self.state.whole_session("looks up variables by names that only the run knows")
        for word in sorted(words & self.state.names.keys()):
            self.state.read(word)

    def _library(  # noqa: C901 - one rule after the other, in their order
        self, node: ast.Call, callee: Value, arguments: Sequence[Value]
    ) -> Value:
        path, name = callee.path, callee.path.split(".")[-1]
        if path.startswith("builtins."):
            found = self._builtin(node, name, arguments)
            if found is not None:
                return found
        if path.startswith("runlore."):
            self.state.read(RUN)
        if libraries.changes_the_process(path):
            self.state.effects.keep(f"calls {path}")
        if libraries.reads_the_caller(path):
            self._names_in_text(node)
        if any(True for _ in self.state.heap.of_kind(either(arguments).regions, Kind.UNKNOWN)) or (
            self._runs_code(arguments) and not self._callbacks(node, arguments, [])
        ):
            self._hands_over(arguments)
            return self.element(self.state.entangle(arguments, (self._context, id(node))))
        keywords = [keyword.arg for keyword in node.keywords]
        if libraries.MUTATORS.match(path) or "out" in keywords or "inplace" in keywords:
            self.state.change(self._reach(arguments), either(arguments).regions)
        if path.startswith("builtins.") and name in libraries.SCALAR_BUILTINS:
            return NOTHING
        held = either(arguments).regions
        if libraries.makes_iterator(path, keywords):
            lazy = path.startswith("builtins.") and name in libraries.LAZY
            return self._new(node, held, Kind.OBJECT if lazy or "tqdm" in path else Kind.UNKNOWN)
        if libraries.makes_object(path) or "requires_grad" in keywords:
            return self._new(node, held, Kind.OBJECT)
        data = self._new(node, held, Kind.DATA)
        return Value(data.regions | self.element(either(arguments)).regions)

    def _builtin(  # noqa: C901 - a case for each kind
        self, node: ast.Call, name: str, arguments: Sequence[Value]
    ) -> Value | None:
        """The builtins with a meaning of their own; ``None`` where the general rule holds."""
        if name in libraries.NAMESPACE_BUILTINS or (name in ("vars", "dir") and not node.args):
            self.state.whole_session(f"uses {name}()")
        elif name in ("vars", "super", "setattr", "delattr", "next", "anext"):
            if arguments and arguments[0].path and name in ("setattr", "delattr", "vars"):
                self.state.effects.keep(f"changes {arguments[0].path}")
        elif name == "open":
            modes = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "mode")]
            if any(not (isinstance(m, ast.Constant) and set(str(m.value)) <= set("rbtU")) for m in modes):
                self.state.effects.writes = True
            return self._new(node, either(arguments).regions, Kind.OBJECT)
        elif name in libraries.PURE_BUILTINS:
            if name in ("list", "tuple", "set", "sorted", "dict", "sum", "min", "max", "any", "all", "frozenset"):
                if not self._runs_code(arguments):
                    self.state.change_objects(arguments)
                if name in ("list", "set", "sorted", "dict") and not self._runs_code(arguments):
                    return self._new(node, frozenset(self._reach(arguments)), Kind.DATA)
            return None
        elif name[:1].isupper():  # an exception, or the like
            return self.made(node, arguments)
        else:
            self.state.effects.keep(f"calls {name}")
        return self.element(self.state.entangle(arguments, (self._context, id(node))))
