"""What the analysis knows at one moment, and the marks that a cell leaves in it."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from runlore_server.slice.heap import Binding, Heap, Kind, Value, either, join

RUN = "%track"
"""Stands for the run that is open around several cells, as if it were a variable."""

_OF_ALL = re.compile(r"In|_ih|_oh|_dh|_i{1,3}|_i\d+|__+")


@dataclass
class Effects:
    """What one executed cell does to others.

    ``needs`` maps an earlier cell to the name by which this one needs it. ``kept`` are the reasons why the cell
    cannot be left out whatever follows. ``reads_all`` says that it may look at any variable, ``writes`` and
    ``probes`` that it looks like writing files, or like asking which there are; ``calls_local`` that it runs
    code of the user's own modules. ``uses`` are the names that it reads, and ``imports`` the modules that it uses.
    """

    needs: dict[int, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    reads_all: bool = False
    writes: bool = False
    probes: bool = False
    calls_local: bool = False
    uses: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)

    def keep(self, reason: str) -> None:
        if reason not in self.kept:
            self.kept.append(reason)


class Scope(dict[str, Binding]):
    """The variables of a called function or a class, or (``inner``) those of a comprehension alone."""

    def __init__(self, names: dict[str, Binding] | None = None, *, inner: bool = False) -> None:
        super().__init__(names or {})
        self.inner = inner
        self.closures: list[int] = []
        """The functions defined inside, which see the variables as they come to be."""

    def copy(self) -> Scope:
        made = Scope(self, inner=self.inner)
        made.closures = self.closures
        return made


_Snapshot = tuple[dict[str, Binding], list[Scope]]


class State:
    """Variables, values and scopes; one for a session, moved on from cell to cell."""

    def __init__(self) -> None:
        self.heap = Heap()
        self.names: dict[str, Binding] = {}
        self.locals: list[Scope] = []
        """Scopes of comprehensions, classes and called functions, the innermost last."""
        self.declared: set[str] = set()
        """Names that the called function declares global."""
        self.cell = 0
        self.effects = Effects()
        self.missing: str | None = None
        """The name that the running cell is known not to have found."""
        self.anything = self.heap.at("anything", Kind.UNKNOWN)
        """Where values live that came about unseen."""
        self.local_modules = self.heap.at("local modules", Kind.UNKNOWN)
        self.modules: set[str] = set()
        """The libraries that are bound to names as a whole."""
        self.libraries = self.heap.at("libraries", Kind.OBJECT)
        """Stands for a module, class or function of a library that is inside of something."""
        self.patched = self.heap.at("patched", Kind.DATA)
        """What the session has put into libraries; all names of such a library lead to it."""
        self._patches: set[str] = set()
        self.figures = {self.heap.at("figures", Kind.OBJECT)}
        """What pyplot has open, and what it gave: any plot may go there."""
        self.unruly = ""
        """Why code of the session may run in any later cell, whatever stands in that cell."""
        self._trails: list[dict[str, Binding]] = []

    # -- reading -------------------------------------------------------------------------------------------

    def read(self, name: str) -> Value:
        """The value of a name that the running cell reads."""
        for scope in reversed(self.locals):
            if name in scope and name not in self.declared:
                return scope[name].value
        self.effects.uses.add(name)
        bound = self.names.get(name)
        if bound is None and _OF_ALL.fullmatch(name):
            self.whole_session(f"reads {name}")
        if bound is None and name == self.missing:
            return Value()
        if bound is None:
            return Value(path=f"builtins.{name}") if hasattr(builtins, name) or name in _SHELL else self._unseen()
        self._depend(bound.cells, name)
        self.touch(bound.value, name)
        return bound.value

    def _unseen(self) -> Value:
        self.touch(Value(frozenset({self.anything})), "a variable of unknown origin")
        return Value(frozenset({self.anything}))

    def touch(self, value: Value, name: str) -> None:
        """The running cell may look at all that a value leads to, and run the code in it."""
        regions, through = self.heap.reach(value.regions, self.names)
        for number in regions:
            region = self.heap[number]
            self._depend(region.writers, name)
            for hazard in region.hazards:
                self.hazard(hazard)
            for library in region.patches:
                self.patch(library, Value(frozenset({number})))
        for other in through & self.names.keys():
            self.effects.uses.add(other)
            self._depend(self.names[other].cells, other)

    def _depend(self, cells: Iterable[int], name: str) -> None:
        for cell in cells:
            if cell != self.cell:
                self.effects.needs.setdefault(cell, name)

    def hazard(self, hazard: str) -> None:
        """Running code does more than compute; ``hazard`` is ``writes``, ``probes`` or ``all``, or says what."""
        if hazard == "writes":
            self.effects.writes = True
        elif hazard == "probes":
            self.effects.probes = True
        elif hazard == "all":
            self.whole_session("may reach any variable")
        else:
            self.effects.keep(hazard)

    def whole_session(self, why: str) -> None:
        """The running cell may read, change or bind every variable."""
        self.effects.reads_all = True
        self.effects.keep(why)
        self.heap[self.anything].writers.add(self.cell)
        for name, bound in self.names.items():
            value = Value(bound.value.regions | self.held([bound.value]) | {self.anything})
            self.names[name] = Binding(value, bound.cells | {self.cell})
            for number in bound.value.regions:
                self.heap[number].holds.add(self.anything)
                self.heap[number].writers.add(self.cell)

    def let_loose(self, why: str) -> None:
        """From now on code of the session may run at any time."""
        self.unruly = self.unruly or why
        self.whole_session(why)

    # -- changing ------------------------------------------------------------------------------------------

    def patch(self, path: str, value: Value) -> None:
        """The session puts a value of its own into a library: whoever uses the library may come upon it."""
        regions, through = self.heap.reach(value.regions, self.names)
        if not regions:
            return
        root = path.split(".", maxsplit=1)[0]
        self.change([self.patched], value.regions)
        self.heap[self.libraries].holds.add(self.patched)
        self._patches.add(root)
        for names in (self.names, *self.locals):
            names.update(self._patched_names(names))
        alone = not through & self.names.keys() and len(regions) == 1
        plain = all(self.heap[r].kind is Kind.CODE and not self.heap[r].hazards for r in regions)
        inert = alone and plain and not any(self.heap[r].stores for r in regions)
        if root == "builtins" or (any(self.heap[r].kind is not Kind.DATA for r in regions) and not inert):
            self.let_loose(f"puts code or objects of its own into {root}")

    def _patched_names(self, names: dict[str, Binding]) -> dict[str, Binding]:
        found = {}
        for name, bound in names.items():
            if bound.value.path.split(".")[0] in self._patches:
                value = Value(bound.value.regions | {self.patched}, bound.value.path)
                found[name] = Binding(value, bound.cells)
        return found

    def library(self, path: str) -> Value:
        """A library, or something of one, as an import gives it."""
        patched = path.split(".", maxsplit=1)[0] in self._patches
        return Value(frozenset({self.patched}) if patched else frozenset(), path)

    def bind(self, name: str, value: Value) -> None:
        """An assignment to a name in the innermost scope."""
        if name in self.declared:
            self.bind_maybe(name, value)
        elif self.locals:
            self._bind_in(self.locals[-1], name, value)
        else:
            self._note(name, Binding(value, frozenset({self.cell})))

    def bind_around(self, name: str, value: Value) -> None:
        """An assignment expression: comprehensions around it do not keep what it binds."""
        scope = next((scope for scope in reversed(self.locals) if not scope.inner), None)
        if scope is not None and name not in self.declared:
            self._bind_in(scope, name, value)
        elif self.locals:
            self.bind_maybe(name, value)
        else:
            self.bind(name, value)

    def _bind_in(self, scope: Scope, name: str, value: Value) -> None:
        bound = Binding(value, frozenset({self.cell}))
        perhaps = self._trails and not scope.inner
        scope[name] = join(scope.get(name), bound) if perhaps else bound
        for number in scope.closures:
            self.heap[number].holds |= value.regions - {number}

    def bind_maybe(self, name: str, value: Value) -> None:
        """A global name may have got this value, or kept the one that it had."""
        self._note(name, join(self.names.get(name), Binding(value, frozenset({self.cell}))))

    def _note(self, name: str, bound: Binding) -> None:
        for trail in self._trails:
            trail[name] = join(trail.get(name), bound)
        self.names[name] = bound

    def change(self, regions: Iterable[int], held: Iterable[int] = ()) -> None:
        """The running cell changes what lives there, and may put ``held`` into it."""
        regions, held = set(regions), set(held)
        if self.libraries in regions:
            self.effects.keep("may change a library")
        for number in regions:
            self.heap[number].writers.add(self.cell)
            self.heap[number].holds |= held - {number}

    def entangle(self, values: Iterable[Value], site: object) -> Value:
        """Unknown code got these values: it may change each, put each into each, and return any of them or a new
        one."""
        regions, through = self.heap.reach(either(values).regions, self.names)
        hub = self.heap.at((self.cell, "hub", site), Kind.UNKNOWN)
        self.change([*regions, hub], [hub])
        self.heap[hub].holds |= regions - {hub}
        if self.local_modules in regions:
            self.effects.calls_local = True
        result = Value(frozenset({hub}))
        for number in regions:
            for name in self.heap[number].stores:
                self.bind_maybe(name, result)
        for name in through & self.names.keys():
            self._depend(self.names[name].cells, name)
        return result

    def held(self, values: Iterable[Value]) -> frozenset[int]:
        """What something that holds these values leads to."""
        found = list(values)
        inside = {self.libraries} if any(v.path and not v.path.startswith("builtins.") for v in found) else set()
        return either(found).regions | inside

    def change_objects(self, values: Iterable[Value]) -> None:
        """Library objects work: they may change themselves and the objects that they hold."""
        regions, _ = self.heap.reach(either(values).regions, self.names)
        self.change(list(self.heap.of_kind(regions, Kind.OBJECT)))

    # -- paths through the code ----------------------------------------------------------------------------

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """What happens inside may happen in part, or not at all."""
        before = self.snapshot()
        trail: dict[str, Binding] = {}
        self._trails.append(trail)
        try:
            yield
        finally:
            self._trails.pop()
            self.join_with(before, trail)

    @property
    def version(self) -> object:
        """Equal at two moments between which nothing was learned."""
        return self.heap.size, dict(self.names), [dict(scope) for scope in self.locals]

    def join_with(self, other: _Snapshot, trail: dict[str, Binding] | None = None) -> None:
        """Join the present variables with those of another path."""
        for before, now in [(other[0], self.names), *zip(other[1], self.locals, strict=False)]:
            for name in before.keys() | now.keys():
                if before.get(name) != now.get(name):
                    now[name] = join(before.get(name), now.get(name))
        for name, bound in (trail or {}).items():
            self.names[name] = join(self.names.get(name), bound)

    def snapshot(self) -> _Snapshot:
        """The variables as they are now."""
        return dict(self.names), [scope.copy() for scope in self.locals]

    def go_back(self, to: _Snapshot) -> None:
        """Forget the variables since a snapshot: the other branch begins where this one began."""
        self.names = dict(to[0])
        self.locals = [scope.copy() for scope in to[1]]


_SHELL = frozenset({"display", "get_ipython", "exit", "quit"})
