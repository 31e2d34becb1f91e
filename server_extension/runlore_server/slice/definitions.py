"""What importing and defining brings into being, and following a call into a function of the session."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from runlore_server.slice import libraries
from runlore_server.slice.calls import Calls
from runlore_server.slice.heap import Binding, Kind, Value, either
from runlore_server.slice.scopes import Function, binds, free, parameters
from runlore_server.slice.state import Scope, State

_SETTERS = frozenset({"setattr", "vars"})
_ASYNC = (ast.AsyncFor, ast.AsyncWith)


class Definitions(Calls):
    """Executes imports and definitions."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._returned: list[Value] = []

    def run(self, body: Sequence[ast.stmt]) -> None:
        """Execute statements one after the other."""
        raise NotImplementedError

    def discarded(self, node: ast.Expr) -> str:
        """The library function that a statement calls without use of its result: something must have changed."""
        path = self._static_path(node.value.func) if isinstance(node.value, ast.Call) else ""
        name = path.split(".")[-1]
        shows = path.startswith(libraries.OUTPUT_ROOTS) or path in libraries.HARMLESS
        shows = shows and ".rcParams." not in path
        return "" if shows or libraries.WRITERS.match(name) or libraries.MUTATORS.match(path) else path

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            name, path = (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
            self.state.effects.imports.add(alias.name.split(".")[0])
            self.state.modules.add(path)
            self.state.bind(name or path, self._module(alias.name, path))

    def _importfrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        self.state.effects.imports.add(module.split(".")[0])
        if module == "__future__":
            self.state.effects.keep("imports from __future__")
            return
        for alias in node.names:
            value = self._module("." * node.level + module, f"{module}.{alias.name}")
            if alias.name == "*":
                self.state.effects.keep(f"imports everything of {module}")
                self.state.heap[self.state.anything].writers.add(self.state.cell)
                if not libraries.is_known(module):
                    self.state.whole_session(f"imports everything of {module}")
            else:
                if (
                    value.path
                    and libraries.changes_the_process(value.path)
                    and alias.name.startswith(("enable", "use"))
                ):
                    self.state.effects.keep(f"imports {value.path}")
                self.state.bind(alias.asname or alias.name, value)

    def _module(self, module: str, path: str) -> Value:
        if module == "__main__":
            self.state.whole_session("imports __main__")
        if libraries.is_known(module):
            return self.state.library(path)
        self.state.effects.keep(f"imports {module}, which may change anything when it is loaded")
        self.state.heap[self.state.local_modules].writers.add(self.state.cell)
        return Value(frozenset({self.state.local_modules}))

    def code(self, node: Function, body: Sequence[ast.AST]) -> Value:
        number = self.site(node, Kind.CODE)
        region, names = self.state.heap[number], free(node)
        region.code, region.stores = frozenset(names.loads), frozenset(names.stores)
        region.hazards = frozenset(self._hazards(body))
        region.patches = frozenset(self._patches(body))
        region.writers.add(self.state.cell)
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]:
            region.holds |= self.state.held([self.evaluate(default)])
        if self.state.locals:  # a closure may use any variable around it
            for scope in self.state.locals:
                region.holds |= {r for bound in scope.values() for r in bound.value.regions} - {number}
                scope.closures.append(number)
        elif isinstance(node, ast.Lambda) or (isinstance(node, ast.FunctionDef) and not _is_generator(node)):
            region.function = node
        if isinstance(node, ast.FunctionDef) and not node.decorator_list and _cleans_up(node):
            self.state.let_loose("defines a generator that runs code when it is dropped")
        return Value(frozenset({number}))

    def _hazards(self, body: Sequence[ast.AST]) -> set[str]:
        """What code may do beside computing, judged by the calls and assignments in it."""
        found = set()
        for node in (inner for part in body for inner in ast.walk(part)):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                modules = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or "."]
                found |= {f"runs code that imports {m}" for m in modules if not libraries.is_known(m)}
            elif isinstance(node, ast.Expr) and (path := self.discarded(node)):
                found.add(f"runs code that calls {path} for its effect")
            elif isinstance(node, (ast.Await, *_ASYNC)):
                found.add("runs asynchronous code")
            elif isinstance(node, ast.Call):
                found |= self._hazards_of_call(node)
            elif isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
                path = self._static_path(node.value)
                if path and not path.startswith("builtins."):
                    found.add(f"runs code that changes {path}")
            elif isinstance(node, ast.Attribute) and node.attr in libraries.FRAME_ATTRIBUTES:
                found.add("all")
        return found

    def _patches(self, body: Sequence[ast.AST]) -> set[str]:
        """The libraries into which code may put more than a number or a text."""
        parts = [inner for part in body for inner in ast.walk(part)]
        plain = {
            id(target)
            for part in parts
            if isinstance(part, (ast.Assign, ast.AugAssign)) and _is_scalar(part.value)
            for target in (part.targets if isinstance(part, ast.Assign) else [part.target])
        }
        owners = [
            part.value
            for part in parts
            if isinstance(part, (ast.Attribute, ast.Subscript))
            and not isinstance(part.ctx, ast.Load)
            and id(part) not in plain
        ]
        owners += [
            part.args[0]
            for part in parts
            if isinstance(part, ast.Call) and part.args and _root(part.func) in _SETTERS
        ]
        own = {
            (alias.asname or alias.name).split(".")[0]: alias.name.split(".")[0]
            for part in parts
            if isinstance(part, ast.Import)
            for alias in part.names
        }
        roots = {self._static_path(owner) or own.get(_root(owner), "") for owner in owners}
        return {root.split(".")[0] for root in roots if root}

    def _hazards_of_call(self, node: ast.Call) -> set[str]:
        path = self._static_path(node.func)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else path.removeprefix("builtins.")
        found = set()
        if path.startswith("builtins.") and name in libraries.NAMESPACE_BUILTINS:
            found.add("all")
        if path and libraries.NAMESPACE_FUNCTIONS.match(path):
            found.add("all")
        if path.startswith("builtins.") and name == "open" and len(node.args) + len(node.keywords) > 1:
            found.add("writes")
        if libraries.WRITERS.match(name):
            found.add("writes")
        if name in libraries.PROBES:
            found.add("probes")
        if name in libraries.FRAME_READERS:
            found.add("all")
        if (
            libraries.changes_the_process(path)
            if path
            else libraries.names_an_effect(name) and self._may_be_module(node)
        ):
            found.add(f"runs code that calls {path or name}")
        return found

    def _may_be_module(self, node: ast.Call) -> bool:
        root: ast.expr = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        return isinstance(root, ast.Name) and root.id not in self.state.names and root.id not in ("self", "cls")

    def _static_path(self, node: ast.expr) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        bound = self.state.names.get(node.id)
        if bound is None:
            path = (
                f"builtins.{node.id}"
                if not parts and (node.id in libraries.NAMESPACE_BUILTINS or node.id == "open")
                else ""
            )
        else:
            path = bound.value.path
        return ".".join([path, *reversed(parts)]) if path else ""

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = [self.evaluate(decorator) for decorator in node.decorator_list]
        paths = [self._decorator_path(decorator) for decorator in node.decorator_list]
        for annotation in [
            node.returns,
            *(arg.annotation for arg in ast.walk(node.args) if isinstance(arg, ast.arg)),
        ]:
            self.evaluate(annotation)
        value = self.code(node, node.body)
        if not all(path in libraries.TRANSPARENT_DECORATORS for path in paths):
            (number,) = value.regions
            self.state.heap[number].function = None
            made = self.state.entangle([*decorators, value], (self._context, id(node)))
            value = Value(value.regions | made.regions)
        self.state.bind(node.name, value)

    _asyncfunctiondef = _functiondef

    def _decorator_path(self, node: ast.expr) -> str:
        return self._static_path(node.func if isinstance(node, ast.Call) else node) or (
            f"builtins.{node.id}" if isinstance(node, ast.Name) and node.id not in self.state.names else ""
        )

    def _classdef(self, node: ast.ClassDef) -> None:
        given = [
            self.evaluate(part) for part in [*node.decorator_list, *node.bases, *(k.value for k in node.keywords)]
        ]
        self.own_attributes |= {name for part in node.body for name in binds(part)}
        self.state.locals.append(Scope())
        try:
            self.run(node.body)
        finally:
            inside = self.state.locals.pop()
        number = self.site(node, Kind.CODE)
        region, names = self.state.heap[number], free(node)
        region.code, region.stores = frozenset(names.loads), frozenset(names.stores)
        region.hazards = frozenset(self._hazards(node.body))
        region.patches = frozenset(self._patches(node.body))
        if "__del__" in self.own_attributes:
            self.state.let_loose("defines __del__, which runs at any time")
        region.writers.add(self.state.cell)
        region.holds |= {r for bound in inside.values() for r in bound.value.regions} - {number}
        region.holds |= either(given).regions - {number}
        value = Value(frozenset({number}))
        if self._runs_code(given):  # a base class or a decorator of the session's may keep a list of its classes
            value = Value(value.regions | self.state.entangle([*given, value], (self._context, id(node))).regions)
        self.state.bind(node.name, value)

    def run_function(self, number: int, arguments: Sequence[Value], exact: bool) -> Value | None:
        state, node = self.state, self.state.heap[number].function
        if node is None:
            return None
        exact = exact and not (node.args.vararg or node.args.kwarg)
        default = Value(frozenset(state.heap[number].holds))
        anything = either([default, *(self.element(value) for value in arguments)])
        scope = Scope()
        for index, name in enumerate(parameters(node)):
            value = (arguments[index] if index < len(arguments) else default) if exact else Value(anything.regions)
            scope[name] = Binding(value, frozenset({state.cell}))
        outer = state.locals, state.declared, self._returned
        state.locals, state.declared, self._returned = [scope], set(), []
        try:
            if isinstance(node, ast.Lambda):
                return self.evaluate(node.body)
            with state.perhaps():
                self.run(node.body)
            return either(self._returned)
        finally:
            state.locals, state.declared, self._returned = outer

    def _return(self, node: ast.Return) -> None:
        self._returned.append(self.evaluate(node.value))

    def _global(self, node: ast.Global) -> None:
        if self.state.locals:
            self.state.declared |= set(node.names)

    def _nonlocal(self, _node: ast.Nonlocal) -> None:
        return


def _is_scalar(node: ast.expr) -> bool:
    """Whether an expression gives a number, a text or a truth value for certain."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in libraries.SCALAR_BUILTINS
    if isinstance(node, (ast.BinOp, ast.UnaryOp)):
        return all(_is_scalar(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
    return isinstance(node, (ast.Constant, ast.JoinedStr))


def _root(node: ast.expr) -> str:
    """The variable from whose attributes and items an expression takes one."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _cleans_up(node: ast.FunctionDef) -> bool:
    """Whether a generator may run code when nobody needs it any longer."""
    guards = {"Try", "TryStar", "With", "AsyncWith"}
    return _is_generator(node) and any(type(part).__name__ in guards for part in ast.walk(node))


def _is_generator(node: ast.FunctionDef) -> bool:
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        part = waiting.pop()
        if isinstance(part, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting += ast.iter_child_nodes(part)
    return False
