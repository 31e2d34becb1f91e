"""How ``%%track`` wraps a cell without becoming part of it.

The first line becomes one statement that opens the run; the rest of the cell is compiled just as it would be
without it, so top-level ``await``, the last expression's value, line numbers and the namespace are untouched.
The run is closed by the hook that follows the cell.
"""

from __future__ import annotations

import argparse
import ast
import re
import shlex
from typing import Any, NoReturn

from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import cell_magic, classic_prompt, ipython_prompt, leading_indent

from runlore.capture.watch import WatchTransformer
from runlore.session import RunRequest, Session
from runlore.values import as_pair, as_seed

_MAGIC = re.compile(r"%%track(?:\s+(?P<options>.*))?\s*$")
_OPEN = "__import__('runlore.tracking', fromlist=['open_run']).open_run"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"%track: {message}\n{self.format_usage().strip()}")


def _parser() -> _Parser:
    parser = _Parser("%%track", add_help=False, allow_abbrev=False)
    parser.add_argument("name", nargs="?", metavar="NAME", help="the run's name")
    parser.add_argument("--seed", type=_seed, metavar="N", help="seed Python, NumPy and torch first")
    parser.add_argument("--experiment", metavar="E", help="the experiment that the run belongs to")
    parser.add_argument("--watch", nargs="+", action="extend", type=_variable, default=[], metavar="NAME")
    parser.add_argument(
        "-p", "--param", nargs="+", action="extend", type=as_pair, default=[], metavar="NAME=VALUE"
    )
    parser.add_argument("--tag", nargs="+", action="extend", type=as_pair, default=[], metavar="K=V")
    parser.add_argument("--note", nargs="+", metavar="TEXT", help="what this run is to find out")
    return parser


def parse_options(line: str) -> RunRequest:
    """The options behind ``%%track`` or ``%track on``.

    Raises:
        UsageError: they are no such options; the text says which and how they are written.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"%track: {error} in: {line.strip()}") from None
    options = _parser().parse_args(words)
    return RunRequest(
        name=options.name,
        experiment=options.experiment,
        seed=options.seed,
        watch=list(dict.fromkeys(options.watch)),
        params={name: _value(text) for name, text in options.param},
        tags=dict(options.tag),
        note=" ".join(options.note) if options.note else None,
    )


def _seed(text: str) -> int:
    return as_seed(int(text))


_seed.__name__ = "seed (a whole number from 0)"


def _variable(text: str) -> str:
    import keyword

    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in text.split(".")):
        raise ValueError(text)
    return text


_variable.__name__ = "variable name (an identifier or dotted name to watch)"


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def rewrite_cell(lines: list[str]) -> list[str]:
    """IPython input transformer: turn a leading ``%%track`` line into a string of the same words.

    As a string it can stand where a docstring does, before everything that must come first in a cell, and a
    traceback shows it as it was written.
    """
    if not lines or _MAGIC.match(lines[0]) is None:
        return lines
    body = lines[1:]
    first = next((index for index, line in enumerate(body) if line.strip()), None)
    if first is not None:
        blank, body = body[:first], body[first:]
        for clean in (leading_indent, classic_prompt, ipython_prompt):  # as IPython did while %%track was above it
            body = clean(body)  # type: ignore[no-untyped-call]
        body = cell_magic(body) if body[0].startswith("%%") else [*blank, *body]  # type: ignore[no-untyped-call]
    return [f"{lines[0].strip()!r}\n", *body]


def open_run(line: str) -> None:
    """What the rewritten first line of a ``%%track`` cell calls.

    Raises:
        UsageError: the options are wrong; nothing of the cell is run then.
    """
    request = parse_options(line)
    session = Session.begin()
    session.open_run(request, "cell")


class TrackedCellTransformer(ast.NodeTransformer):
    """IPython AST transformer: make the string that ``rewrite_cell`` left the call that opens the run."""

    def visit(self, node: ast.AST) -> ast.AST:
        if not isinstance(node, ast.Module) or not node.body or (line := _marked(node.body[0])) is None:
            return node
        opening = ast.parse(f"{_OPEN}({line!r})").body[0]
        for part in ast.walk(opening):
            ast.copy_location(part, node.body[0])
        body = node.body[1:]
        future = [s for s in body if isinstance(s, ast.ImportFrom) and s.module == "__future__"]
        others = [statement for statement in body if statement not in future]
        node.body = [*future, opening, *others]
        try:
            names = parse_options(line).watch
        except UsageError:
            return node  # open_run will raise the same when the cell runs, where the user sees it
        if names:
            watcher = WatchTransformer(names)
            watcher.rewrite(node)
            for name in names:
                if name not in watcher.found:
                    Session.begin().warn(
                        f"--watch {name}: this cell never assigns {name!r}; only assignments that stand in the "
                        "tracked cell are seen, not those in compiled functions, earlier cells or modules",
                        key=f"watch {name}",
                    )
        return node


def _marked(statement: ast.stmt) -> str | None:
    """The options, when the statement is the string that ``rewrite_cell`` put there."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        text = statement.value.value
        if isinstance(text, str) and (match := _MAGIC.fullmatch(text)):
            return match["options"] or ""
    return None
