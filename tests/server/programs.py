"""Random sessions of small cells, over everything that makes one cell depend on another."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from tests.server import templates

_NAMES = "abcde"
_FUNCTIONS = ("f1", "f2", "f3")
_CLASSES = ("C1", "C2")
_WILD = 0.3
"""Share of sessions that are wild."""
_HOLE = re.compile(r"( *)<([a-z])>")


class Programs:
    """Makes sessions; the same seed makes the same ones.

    In the templates stand ``<n>`` and ``<o>`` for two variables, ``<e>`` for an expression, ``<l>`` for a literal,
    ``<d>`` for a digit, ``<f>`` for a function, ``<g>`` for the one defined, ``<c>`` for a class, ``<b>`` for a
    block. Only a wild session reaches past its variables: into namespaces by name, libraries, the process, or the
    end of an object.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        wild = self._random.random() < _WILD
        more = (templates.WILD_EXPRESSIONS, templates.WILD_STATEMENTS, templates.WILD_COMPOUND)
        expressions, statements, compound = more if wild else ((), (), ())
        self._expressions = templates.EXPRESSIONS + expressions
        self._statements = templates.STATEMENTS + statements
        self._compound = templates.COMPOUND + compound

    def session(self, fails: Callable[[list[str]], bool]) -> list[str]:
        """Sources of cells; the last one is the cell whose ``result`` counts.

        Args:
            fails: executes cells afresh and says whether the last one fails; few of those are taken.
        """
        cells = [
            templates.PRELUDE,
            *(f"{name} = {self._fill(templates.LITERALS, 0)}" for name in self._random.sample(_NAMES, 4)),
        ]
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
        return self._fill(self._compound if compound else self._statements, depth)

    def _fill(self, pieces: Sequence[str], depth: int) -> str:
        fixed = {
            "n": self._random.choice(_NAMES),
            "o": self._random.choice(_NAMES),
            "g": self._random.choice(_FUNCTIONS),
        }

        def fill(hole: re.Match[str]) -> str:
            indent, what = hole.groups()
            return indent + self._part(what, fixed, depth, indent)

        return _HOLE.sub(fill, self._random.choice(pieces))

    def _part(self, what: str, fixed: dict[str, str], depth: int, indent: str) -> str:
        if what in fixed:
            return fixed[what]
        if what == "e":
            return self._fill(self._expressions if depth < 3 else ("<n>", "<l>"), depth + 1)
        if what == "b":
            lines = [self._statement(depth + 1) for _ in range(self._random.choice([1, 1, 2]))]
            return "\n".join(lines).replace("\n", f"\n{indent}")
        return {
            "l": lambda: self._fill(templates.LITERALS, depth),
            "d": lambda: str(self._random.randint(0, 4)),
            "f": lambda: self._random.choice(_FUNCTIONS),
            "c": lambda: self._random.choice(_CLASSES),
        }[what]()
