"""What executing a statement reads, changes and binds."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from runlore_server.slice.definitions import Definitions
from runlore_server.slice.heap import NOTHING, Kind, Value, either
from runlore_server.slice.scopes import free

_MOST_ROUNDS = 8
_ASYNC = (ast.AsyncFor, ast.AsyncWith)


class Statements(Definitions):
    """Executes statements over a ``State``, following calls into functions of the session."""

    def run(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self.execute(statement)

    def execute(self, node: ast.stmt) -> None:
        """One statement, wherever it stands."""
        if isinstance(node, _ASYNC):
            self.state.effects.keep("runs asynchronously")
        handler = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is not None:
            handler(node)
        else:  # a kind of statement that this version does not know, or one without effect
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.evaluate(child)

    def _expr(self, node: ast.Expr) -> None:
        self.evaluate(node.value)
        if path := self.discarded(node):
            self.state.effects.keep(f"calls {path} for its effect")

    # -- assignments ---------------------------------------------------------------------------------------

    def assign(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.state.bind(target.id, value)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, self._new(target, self.state.held([value]), Kind.DATA))
        elif isinstance(target, (ast.Tuple, ast.List)):
            item = self.iterate(target, value)
            for part in target.elts:
                self.assign(part, item)
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            self._store(target, value)

    def _store(self, target: ast.Attribute | ast.Subscript, value: Value) -> None:
        owner = self.evaluate(target.value)
        involved = [owner, value]
        if isinstance(target, ast.Subscript):
            involved.append(self.evaluate(target.slice))
        if owner.path:
            self.state.effects.keep(f"changes {owner.path}")
            self.state.patch(owner.path, either(involved[1:]))
        if any(True for _ in self.state.heap.of_kind(owner.regions, Kind.UNKNOWN)):
            self.state.entangle(involved, (self._context, id(target)))
        self.state.change(owner.regions, self.state.held(involved[1:]))
        if isinstance(target, ast.Attribute) and target.attr == "requires_grad":
            for number in owner.regions:
                self.state.heap[number].kind = Kind.OBJECT
        if isinstance(target, ast.Attribute) and target.attr == "__code__":
            for number in owner.regions:
                self.state.heap[number].function = None

    def _assign(self, node: ast.Assign) -> None:
        if (
            len(node.targets) == 1
            and isinstance(node.targets[0], ast.Tuple)
            and isinstance(node.value, ast.Tuple)
            and len(node.targets[0].elts) == len(node.value.elts)
            and not any(isinstance(part, ast.Starred) for part in [*node.targets[0].elts, *node.value.elts])
        ):
            values = [self.evaluate(part) for part in node.value.elts]
            for target, value in zip(node.targets[0].elts, values, strict=True):
                self.assign(target, value)
            return
        value = self.evaluate(node.value)
        for target in node.targets:
            self.assign(target, value)

    def _annassign(self, node: ast.AnnAssign) -> None:
        self.evaluate(node.annotation)
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value))

    def _augassign(self, node: ast.AugAssign) -> None:
        if not isinstance(node.target, ast.Name):
            read = node.target
            value = self.evaluate(node.value)
            old = self._subscript(read) if isinstance(read, ast.Subscript) else self._attribute(read)
            if self._runs_code([old, value]):
                self.state.entangle([old, value], (self._context, id(node)))
            self.state.change(self._reach([old]), value.regions)
            self._store(node.target, either([old, value]))
            return
        old, value = self.state.read(node.target.id), self.evaluate(node.value)
        if self._runs_code([old, value]):
            old = either([old, self.state.entangle([old, value], (self._context, id(node)))])
        self.state.change(self._reach([old]), value.regions)
        self.assign(node.target, Value(either([old, self.made(node, [old, value])]).regions))

    def _typealias(self, _node: ast.stmt) -> None:
        self.state.effects.keep("defines a type alias")

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._unbind(target)

    def _unbind(self, target: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.state.read(target.id)
            self.state.bind(target.id, NOTHING)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for part in target.elts:
                self._unbind(part)
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            self._store(target, NOTHING)

    # -- paths ---------------------------------------------------------------------------------------------

    def _if(self, node: ast.If) -> None:
        self.test(node.test)
        before = self.state.snapshot()
        self.run(node.body)
        then = self.state.snapshot()
        self.state.go_back(before)
        self.run(node.orelse)
        self.state.join_with(then)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        source = self.evaluate(node.iter)
        with self.state.perhaps():
            for _ in self._rounds():
                self.assign(node.target, self.iterate(node.iter, source))
                with self.state.perhaps():
                    self.run(node.body)
            self.run(node.orelse)

    _asyncfor = _for

    def _while(self, node: ast.While) -> None:
        self.test(node.test)
        with self.state.perhaps():
            for _ in self._rounds():
                with self.state.perhaps():
                    self.run(node.body)
                self.test(node.test)
            self.run(node.orelse)

    def _rounds(self) -> Iterator[None]:
        """As many rounds of a loop as teach something."""
        for _ in range(_MOST_ROUNDS):
            before = self.state.version
            yield
            if self.state.version == before:
                return
        self.state.whole_session("has a loop that is too involved to follow")

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        with self.state.perhaps():
            managers = []
            for item in node.items:
                manager = self.evaluate(item.context_expr)
                managers.append(manager)
                entered = self.iterate(item.context_expr, manager)
                if item.optional_vars is not None:
                    self.assign(item.optional_vars, entered)
            self.run(node.body)
            for item, manager in zip(node.items, managers, strict=True):
                self.iterate(item.context_expr, manager)

    _asyncwith = _with

    def _try(self, node: ast.Try) -> None:
        with self.state.perhaps():
            self.run(node.body)
        before = self.state.snapshot()
        self.run(node.orelse)
        after = self.state.snapshot()
        for handler in node.handlers:
            self.state.go_back(before)
            self.evaluate(handler.type)
            if handler.name is not None:
                self.state.bind(handler.name, self._raised(node, handler))
            with self.state.perhaps():
                self.run(handler.body)
            self.state.join_with(after)
            after = self.state.snapshot()
        self.state.go_back(after)
        self.run(node.finalbody)

    _trystar = _try

    def _raised(self, node: ast.Try, handler: ast.ExceptHandler) -> Value:
        """What an exception may hold: anything that the code at work could come to."""
        names = {name for part in node.body for name in free(part).loads}
        values = [self.state.read(name) for name in sorted(names)]
        held = Value(self.state.held(values))
        return self._new(handler, held.regions, Kind.UNKNOWN if self._runs_code([held]) else Kind.DATA)

    def _match(self, node: ast.Match) -> None:
        subject = self.evaluate(node.subject)
        item = self.iterate(node.subject, subject)
        for case in node.cases:
            with self.state.perhaps():
                for part in ast.walk(case.pattern):
                    if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
                        self.state.bind(part.name, item)
                    elif isinstance(part, ast.MatchMapping) and part.rest:
                        self.state.bind(part.rest, item)
                    elif isinstance(part, ast.expr):
                        self.evaluate(part)
                if case.guard is not None:
                    self.test(case.guard)
                self.run(case.body)
