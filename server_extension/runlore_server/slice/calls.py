"""What calling something reads, changes and gives."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from runlore_server.slice import changing, libraries
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
        self._handed_over(arguments)
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

    def _handed_over(self, arguments: Sequence[Value]) -> None:
        """Whoever gets a generator, an open file or a function that changes things may use it."""
        self.state.change(r for r in self._reach(arguments) if self.state.heap[r].moves)
        for path in {value.path for value in arguments if value.path}:
            if changing.works_on_its_arguments(path):
                self.state.change(self._reach(arguments))
            if libraries.changes_the_process(path) and path not in self.state.modules:
                self.state.effects.keep(f"hands on {path}")

    def _plots(self) -> None:
        self.state.change(self.state.figures)

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
        reached = self._reach([callee])
        if not callee.regions or self.state.libraries in reached or self._runs_code(involved):
            return self.state.entangle(involved, (self._context, id(node)))
        self.state.change_objects(involved)
        if any(self.state.heap[number].mutes for number in reached):
            self.state.change(self._reach(arguments))
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

    def _method(  # noqa: C901 - one rule after the other, in their order
        self, node: ast.Call, receiver: Value, name: str, arguments: Sequence[Value]
    ) -> Value:
        involved = [receiver, *arguments]
        if name in libraries.FRAME_READERS:
            self._names_in_text(node)
        mutes = changing.method_changes(name, node) or name in libraries.ARGUMENT_CHANGING_SORTS
        if name in changing.EFFECTIVE_METHODS:
            self.state.effects.keep(f"calls {name}")
        if name in libraries.PLOTTING:
            self._plots()
        if any(self.state.heap[r].mutes for r in self._reach([receiver])):
            self.state.change(self._reach(arguments))
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
        if name == "requires_grad_":
            for region in receiver.regions:
                self.state.heap[region].kind = Kind.OBJECT
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

    def _library(  # noqa: C901, PLR0912 - one rule after the other, in their order
        self, node: ast.Call, callee: Value, arguments: Sequence[Value]
    ) -> Value:
        path, name = callee.path, callee.path.split(".")[-1]
        if self.state.patched in callee.regions:
            return self.element(self.state.entangle([callee, *arguments], (self._context, id(node))))
        if libraries.runs_later(path) and self._runs_code(arguments):
            self.state.let_loose(f"hands code to {path}")
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
        if path.startswith(("matplotlib.pyplot.", "seaborn.")):
            self._plots()
            if name in changing.CURRENT:
                self.state.touch(Value(frozenset(self.state.figures)), "the figures that are open")
                return Value(frozenset(self.state.figures))
        if libraries.MUTATORS.match(path) or changing.function_changes(path, node):
            self.state.change(self._reach(arguments), either(arguments).regions)
        if path.startswith("builtins.") and name in libraries.SCALAR_BUILTINS:
            return NOTHING
        held = self.state.held(arguments) if name == "partial" else either(arguments).regions
        if libraries.makes_iterator(path, keywords):
            lazy = path.startswith("builtins.") and name in libraries.LAZY
            return self._new(node, held, Kind.OBJECT if lazy or "tqdm" in path else Kind.UNKNOWN)
        if libraries.makes_object(path) or "requires_grad" in keywords:
            made = self._new(node, held, Kind.OBJECT)
            for number in made.regions:
                self.state.heap[number].mutes |= self._in_place(node, path)
                self.state.heap[number].moves |= name in changing.HANDLES
            if path.startswith(("matplotlib.pyplot.", "seaborn.")):
                self.state.figures |= made.regions
            return made
        data = self._new(node, held, Kind.DATA)
        for number in data.regions:
            self.state.heap[number].moves |= name in changing.HANDLES
        return Value(data.regions | self.element(either(arguments)).regions)

    def _attribute_by_name(self, node: ast.Call, arguments: Sequence[Value]) -> Value | None:
        """``getattr``; ``None`` where it is no more than looking."""
        name = node.args[1].value if isinstance(node.args[1], ast.Constant) else None
        if isinstance(name, str) and arguments[0].path:
            return Value(arguments[0].regions, f"{arguments[0].path}.{name}")
        if isinstance(name, str) and not self._is_changing_method(arguments[0], name):
            return None
        return self._new(node, self.state.held(arguments), Kind.UNKNOWN)

    def _in_place(self, node: ast.Call, path: str) -> bool:
        """Whether a layer is made that works in place: ``ReLU(True)``, ``Dropout(0.5, inplace=True)``."""
        if not path.startswith("torch.nn."):
            return changing.function_changes("", node)
        given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "inplace")]
        return (
            path.startswith("torch.nn.")
            and any(not isinstance(value, ast.Constant) or value.value is True for value in given)
            and path.rsplit(".", maxsplit=1)[-1] in libraries.IN_PLACE_LAYERS
        )

    def _builtin(  # noqa: C901, PLR0912 - a case for each kind
        self, node: ast.Call, name: str, arguments: Sequence[Value]
    ) -> Value | None:
        """The builtins with a meaning of their own; ``None`` where the general rule holds."""
        if name in libraries.NAMESPACE_BUILTINS or (name in ("vars", "dir") and not node.args):
            self.state.whole_session(f"uses {name}()")
        elif name in ("vars", "super", "setattr", "delattr", "next", "anext"):
            if arguments and arguments[0].path and name in ("setattr", "delattr", "vars"):
                self.state.effects.keep(f"changes {arguments[0].path}")
                if name == "vars":
                    self.state.let_loose(f"reaches into {arguments[0].path}")
                self.state.patch(arguments[0].path, either(arguments[1:]))
        elif name == "open":
            modes = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "mode")]
            if any(not (isinstance(m, ast.Constant) and set(str(m.value)) <= set("rbtU")) for m in modes):
                self.state.effects.writes = True
            made = self._new(node, either(arguments).regions, Kind.OBJECT)
            for number in made.regions:
                self.state.heap[number].moves = True
                if self.state.effects.writes:
                    self.state.heap[number].hazards |= {"works with a file that is open for writing"}
            return made
        elif name == "getattr" and len(node.args) > 1:
            return self._attribute_by_name(node, arguments)
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
