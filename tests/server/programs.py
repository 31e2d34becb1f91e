"""Random sessions of small cells, over everything that makes one cell depend on another."""

# ruff: noqa: E501 - templates stand on one line each
from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_NAMES = "abcde"
_FUNCTIONS = ("f1", "f2", "f3")
_CLASSES = ("C1", "C2")


_LITERALS = (
    "<d>",
    "[<d>, <d>]",
    "[]",
    "[[<d>], [<d>]]",
    "{'x': <d>, 'y': [1]}",
    "(<d>, [2])",
    "'text'",
    "set()",
)
_EXPRESSIONS = (
    "<n>",
    "<n>",
    "<n>",
    "<l>",
    "<l>",
    "[<e>, <n>]",
    "{'x': <e>}",
    "(<n>, <e>)",
    "<n> if len(str(<o>)) % 2 else <e>",
    "[q for q in listed(<n>)]",
    "[[q, <o>] for q in listed(<e>)]",
    "sum(1 for q in listed(<n>))",
    "<f>(<e>)",
    "<f>(<n>, <e>)",
    "<n>[0]",
    "<n>['x']",
    "<n> + <o>",
    "<n> or <o>",
    "(w := <e>)",
    "w",
    "len(<n>)",
    "list(<n>)",
    "dict(<n>)",
    "sorted(<n>)",
    "(q * 2 for q in listed(<n>))",
    "next(<n>)",
    "iter(<e>)",
    "zip(<n>, <o>)",
    "<c>(<e>)",
    "<n>.v",
    "<n>.get()",
    "lambda q=0: (<n>, q)",
    "<n>.copy()",
    "f'{<n>}'",
    "max(listed(<n>), key=lambda q: str(<o>))",
    "<n>.pop()",
    "getattr(<n>, 'v')",
    "copy.deepcopy(<n>)",
    "copy.copy(<e>)",
    "_1",
    "<n> == <o>",
    "functools.partial(<f>, <n>)",
    "list(map(<f>, listed(<n>)))",
    "collections.deque(<n>)",
    "itertools.chain(<n>, <o>)",
    "<f>",
)
_STATEMENTS = (
    *("<n>.append(<o>)", "<n> = <o>", "<n> = [<o>]", "<n>.append(<d>)", "<n>[0] = <o>", "<n> = [<o>, <n>]") * 3,
    "<n> = <e>",
    "<n> = <e>",
    "<n> = <o>",
    "<n> = <l>",
    "<n> = <n>",
    "<n>.append(<e>)",
    "<n>.append(<o>)",
    "<n>[0] = <e>",
    "<n>['x'] = <o>",
    "<n> += <e>",
    "<n>.extend(<o>)",
    "<n>.update(<e>)",
    "<n>, <o> = <o>, <n>",
    "<n>, *<o> = <e>",
    "del <n>",
    "<n>.v = <e>",
    "<n>.add(1)",
    "<n> = <o> = <e>",
    "<n>: list = <e>",
    "<n>.sort()",
    "<n>.clear()",
    "setattr(<n>, 'v', <o>)",
    "<n>[0].append(<o>)",
    "<n>.put(<o>)",
    "heapq.heappush(<n>, <e>)",
    "random.Random(0).shuffle(<n>)",
    "<n>[1:] = <o>",
    "<n>.v.append(1)",
    "<e>",
    "<f>.extra = <e>",
    "<c>.shared = <o>",
    "operator.setitem(<n>, 0, <o>)",
    "bisect.insort(<n>, 3)",
    "assert <n>, <o>",
    "import string as <n>",
    "<n>[0] += <e>",
    "<n>.v += <e>",
)
_COMPOUND = (
    "for i in range(<d>):\n    <b>",
    "for <n> in listed(<e>):\n    <b>\nelse:\n    <b>",
    "if len(str(<n>)) % 2:\n    <b>\nelse:\n    <b>",
    "if <n>:\n    <b>",
    "try:\n    <b>\nexcept Exception as error:\n    <b>",
    "try:\n    <b>\nexcept TypeError:\n    <b>\nelse:\n    <b>\nfinally:\n    <b>",
    "with contextlib.suppress(Exception):\n    <b>",
    "count = 0\nwhile count < 2:\n    count += 1\n    <b>",
    "def <g>(p=0, q=<o>):\n    <b>\n    return <e>",
    "def <g>(p, *rest):\n    global <n>\n    <b>\n    return [p, <e>]",
    "def <g>(p=1):\n    p.append(<n>)\n    return p",
    "def <g>(p=[]):\n    p.append(len(p))\n    return p",
    "def <g>(p=<e>):\n    state = [p]\n    def inside(q=0):\n        state.append(q)\n        return [state, <n>]\n    return inside",
    "def <g>(p=0):\n    total = 0\n    def inside(q=0):\n        nonlocal total\n        total += 1\n        return total\n    return inside",
    "def <g>(p=3):\n    yield p\n    <b>\n    yield <e>",
    "def <g>(p=3):\n    try:\n        <b>\n    except Exception:\n        return p\n    return <n>",
    "def <g>(*p):\n    return <f>(*p)",
    "@functools.lru_cache\ndef <g>(p=0):\n    return [<n>]",
    "@<f>\ndef <g>(p=0, *rest):\n    <b>\n    return <e>",
    "class <c>:\n    shared = []\n    def __init__(self, v=0):\n        self.v = v\n        self.shared.append(v)\n"
    "    def get(self):\n        return [self.v, <n>]\n    def put(self, q):\n        <o>.append(q)\n        self.v = q",
    "class <c>:\n    def __init__(self, v=0):\n        self._v = v\n    @property\n    def v(self):\n"
    "        <n>.append(1)\n        return self._v\n    def __repr__(self):\n        <o>.append(2)\n        return 'C'\n"
    "    def __len__(self):\n        return len(<n>)\n    def __add__(self, o):\n        <n>.append(o)\n        return self",
    "class C2(C1):\n    def get(self):\n        return <e>",
    "match <n>:\n    case [q, *w]:\n        <o> = w\n    case {'x': <o>}:\n        pass\n    case <n>:\n        <o> = <e>",
    "<n> = [lambda q=0: [<o>, q, i] for i in range(2)]",
    "async def <g>(p=0):\n    return <n>",
    "global <n>\n<n> = <e>",
)
_HOLE = re.compile(r"( *)<([a-z])>")


class Programs:
    """Makes sessions; the same seed makes the same ones.

    In the templates stand ``<n>`` and ``<o>`` for two variables, ``<e>`` for an expression, ``<l>`` for a literal, ``<d>`` for
    a digit, ``<f>`` for a function, ``<g>`` for the one defined, ``<c>`` for a class, ``<b>`` for a block.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def session(self, fails: Callable[[list[str]], bool]) -> list[str]:
        """Sources of cells; the last one is the cell whose ``result`` counts.

        Args:
            fails: executes cells afresh and says whether the last one fails; few of those are taken.
        """
        cells = [PRELUDE, *(f"{name} = {self._fill(_LITERALS, 0)}" for name in self._random.sample(_NAMES, 4))]
        for _ in range(self._random.randint(3, 14)):
            for _ in range(6):
                cell = self._cell()
                if self._random.random() < 0.1 or not fails([*cells, cell]):
                    cells.append(cell)
                    break
        for _ in range(10):
            target = self._target()
            if not fails([*cells, target]):
                break
        return [*cells, target]

    def _cell(self) -> str:
        return "\n".join(self._statement(0) for _ in range(self._random.choice([1, 1, 1, 2, 3])))

    def _target(self) -> str:
        shown = self._fill(("<n>", "<n>", "<n>", "<f>", "<f>(<n>)", "<e>", "[<e>, <n>]"), 1)
        before = self._statement(0) + "\n" if self._random.random() < 0.2 else ""
        return f"{before}result = shown({shown})"

    def _statement(self, depth: int) -> str:
        compound = depth < 2 and self._random.random() < 0.3
        return self._fill(_COMPOUND if compound else _STATEMENTS, depth)

    def _fill(self, templates: Sequence[str], depth: int) -> str:
        fixed = {
            "n": self._random.choice(_NAMES),
            "o": self._random.choice(_NAMES),
            "g": self._random.choice(_FUNCTIONS),
        }

        def fill(hole: re.Match[str]) -> str:
            indent, what = hole.groups()
            return indent + self._part(what, fixed, depth, indent)

        return _HOLE.sub(fill, self._random.choice(templates))

    def _part(self, what: str, fixed: dict[str, str], depth: int, indent: str) -> str:
        if what in fixed:
            return fixed[what]
        if what == "e":
            return self._fill(_EXPRESSIONS if depth < 3 else ("<n>", "<l>"), depth + 1)
        if what == "b":
            lines = [self._statement(depth + 1) for _ in range(self._random.choice([1, 1, 2]))]
            return "\n".join(lines).replace("\n", f"\n{indent}")
        return {
            "l": lambda: self._fill(_LITERALS, depth),
            "d": lambda: str(self._random.randint(0, 4)),
            "f": lambda: self._random.choice(_FUNCTIONS),
            "c": lambda: self._random.choice(_CLASSES),
        }[what]()


PRELUDE = """\
import bisect, collections, contextlib, copy, functools, heapq, itertools, operator, random
def listed(p):
    return list(p[:4]) if isinstance(p, (list, tuple)) else [1, 2]
def shown(p, depth=4):
    if depth == 0 or isinstance(p, (int, str, type)):
        return str(p)
    if isinstance(p, dict):
        return {str(k): shown(v, depth - 1) for k, v in p.items()}
    if type(p).__name__ == "module":
        return shown([getattr(p, "v", None), getattr(p, "x", None)], depth - 1)
    if type(p).__name__ in ("function", "method", "partial", "_lru_cache_wrapper"):
        try:
            return ["called", shown(p(), depth - 1)]
        except Exception as error:
            return type(error).__name__
    if hasattr(p, "__dict__"):
        return [type(p).__name__, shown(vars(p), depth - 1)]
    try:
        return [type(p).__name__, *(shown(q, depth - 1) for q in itertools.islice(p, 5))]
    except Exception as error:
        return type(error).__name__
"""
"""What the cells take for granted; the first cell of every session."""
