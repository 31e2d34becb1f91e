"""A session's cells followed one after the other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from runlore.record import CellRecord
from runlore_server.slice import libraries, sources
from runlore_server.slice.heap import Binding, Value
from runlore_server.slice.state import RUN, Effects, State
from runlore_server.slice.statements import Statements

_SILENT_MAGICS = frozenset(
    {"timeit", "memit", "who", "whos", "pinfo", "pinfo2", "history", "precision", "time", "track", "html", "HTML",
     "javascript", "js", "svg", "SVG", "latex", "markdown", "lsmagic", "quickref", "xmode"}
)  # fmt: skip
_SETTING_MAGICS = frozenset({
    "matplotlib", "config", "load_ext", "reload_ext", "env", "set_env", "cd", "autoreload", "pip", "conda", "pwd",
    "ls", "bash", "sh", "writefile", "watermark", "tensorboard", "colors", "script",
})  # fmt: skip
"""Magics that change the process or files, and no variable."""

_MISSING = re.compile(r"name '(\w+)' is not defined")
_PROGRAM_ENDS = frozenset({"SyntaxError", "IndentationError", "TabError"})


def effects(cells: Iterable[CellRecord]) -> dict[int, Effects]:
    """What each of a session's executions does to the later ones, by ordinal; the cells come in executed order."""
    state = State()
    statements = Statements(state)
    trees: list[list[ast.stmt]] = []  # a place in the code is known by its node, which must outlive the analysis
    found: dict[int, Effects] = {}
    for cell in cells:
        state.cell, state.effects, state.missing = cell.ordinal, Effects(), _missing(cell)
        found[cell.ordinal] = state.effects
        if state.unruly:
            state.whole_session(state.unruly)
        body = sources.parse(cell.source)
        if body is None:
            if not _nothing_ran(cell):
                state.whole_session("cannot be read as Python")
            continue
        trees.append(body)
        try:
            _execute(statements, cell, body)
        except RecursionError:
            state.whole_session("is nested too deep to follow")
        finally:
            state.locals, state.declared = [], set()
    return found


def _missing(cell: CellRecord) -> str | None:
    if cell.error is None or cell.error.name != "NameError":
        return None
    found = _MISSING.match(cell.error.message)
    return found[1] if found is not None else None


def _nothing_ran(cell: CellRecord) -> bool:
    return not cell.source.strip() or (cell.error is not None and cell.error.name in _PROGRAM_ENDS)


def _execute(statements: Statements, cell: CellRecord, body: list[ast.stmt]) -> None:
    state = statements.state
    if cell.outcome == "interrupted" or cell.outcome is None:
        state.effects.keep("was interrupted")
    if cell.outcome == "ok":
        _run(statements, cell, body)
        return
    if cell.outcome == "error" and any(
        isinstance(part, (ast.Import, ast.ImportFrom)) for s in body for part in ast.walk(s)
    ):
        state.effects.keep("failed, perhaps in the middle of an import")
    with state.perhaps():  # it went some way, nobody knows how far
        _run(statements, cell, body)


def _run(statements: Statements, cell: CellRecord, body: list[ast.stmt]) -> None:
    for index, node in enumerate(body):
        if (magic := _magic(node)) is not None:
            _run_magic(statements, node, *magic)
        elif index == len(body) - 1 and isinstance(node, ast.Expr):
            _display(statements, cell, node)
        else:
            statements.execute(node)


def _display(statements: Statements, cell: CellRecord, node: ast.Expr) -> None:
    """The last expression of a cell: IPython shows its value and keeps it in ``_``, ``_n`` and ``Out``."""
    state = statements.state
    value = statements.shown(node.value)
    kept = {"_", "Out", *([f"_{cell.execution_count}"] if cell.execution_count is not None else [])}
    for name in kept:
        state.bind_maybe(name, value)
    for later, earlier in (("___", "__"), ("__", "_")):
        state.bind_maybe(later, state.names[earlier].value if earlier in state.names else value)
        state.names[later] = Binding(state.names[later].value, state.names[later].cells | state.names["_"].cells)


def _magic(node: ast.stmt) -> tuple[str, list[str]] | None:
    value = node.value if isinstance(node, (ast.Expr, ast.Assign)) else None
    return sources.magic(value) if value is not None else None


def _run_magic(statements: Statements, node: ast.stmt, method: str, texts: list[str]) -> None:
    """A magic or a shell line that is more than a wrapper of code."""
    state = statements.state
    name, rest = texts[0].split(" ")[0], " ".join(texts)
    if method == "run_line_magic" and name == "track":
        word = (texts[1:] or [""])[0].split(" ")[0]
        if word in ("on", "off"):
            if RUN in state.names:
                state.read(RUN)
            state.bind(RUN, Value())
        return
    for word in sorted(set(libraries.WORD.findall(rest)) & state.names.keys()):
        state.read(word)  # $name and {name} stand for variables, and the code of %timeit for code
    if method in ("system", "getoutput"):
        state.effects.keep("runs a command")
    elif method.startswith("run_") and name in _SILENT_MAGICS:
        state.entangle(
            [state.names[w].value for w in set(libraries.WORD.findall(rest)) & state.names.keys()], "magic"
        )
    elif method.startswith("run_") and name in _SETTING_MAGICS:
        state.effects.keep(f"uses %{name}")
    else:
        state.whole_session(f"uses %{name}")
    if isinstance(node, ast.Assign):
        for target in node.targets:
            statements.assign(target, Value(frozenset({state.anything})))
