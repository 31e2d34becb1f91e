"""A cell's source as Python: IPython's own translation, with the magics that only wrap code taken off."""

from __future__ import annotations

import ast
import re
import shlex
import warnings

from IPython.core.inputtransformer2 import TransformerManager

from runlore.tracking import rewrite_cell

_TRANSPARENT = frozenset({"time", "capture", "track"})
"""Cell magics that run the cell's own code in the user's namespace, once."""


def parse(source: str) -> list[ast.stmt] | None:
    """The statements of a cell, magics translated; ``None`` when it is no Python, so that nothing of it ran.

    ``%%time`` and ``%%capture`` are replaced by the code under them (and an assignment of what ``%%capture``
    binds), ``%time CODE`` by that code. Every other magic stays the call of ``get_ipython()`` that IPython makes
    of it.
    """
    manager = TransformerManager()  # type: ignore[no-untyped-call]
    manager.cleanup_transforms.append(rewrite_cell)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(manager.transform_cell(source))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    found: list[ast.stmt] = []
    for statement in tree.body:
        found += _unwrapped(statement)
    return found


def magic(node: ast.AST) -> tuple[str, list[str]] | None:
    """What a translated magic or shell line calls: the method of the shell, and its constant arguments."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return None
    shell = node.func.value
    if not (isinstance(shell, ast.Call) and isinstance(shell.func, ast.Name) and shell.func.id == "get_ipython"):
        return None
    texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return (node.func.attr, texts) if len(texts) == len(node.args) and texts else None


def _unwrapped(statement: ast.stmt) -> list[ast.stmt]:
    called = magic(statement.value) if isinstance(statement, ast.Expr) else None
    if called is None:
        return [statement]
    method, texts = called
    inner: list[ast.stmt] | None = None
    if method == "run_cell_magic" and len(texts) == 3 and texts[0] in _TRANSPARENT:
        inner = parse(texts[2])
        name = next((word for word in _words(texts[1]) if word.isidentifier()), None)
        if inner is not None and texts[0] == "capture" and name is not None:
            inner = [*inner, *ast.parse(f"{name} = object()").body]
        if texts[0] != "capture" and texts[1].strip() and texts[0] != "track":
            return [statement]  # %%time with options of a later IPython
    elif method == "run_line_magic" and len(texts) == 2 and texts[0] == "time" and not texts[1].startswith("-"):
        inner = parse(texts[1])
    return [statement] if inner is None else inner


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return re.split(r"\s+", text)
