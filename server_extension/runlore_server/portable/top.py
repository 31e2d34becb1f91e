"""The parameters of an exported notebook: one cell at its top, as papermill has it."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections import Counter
from collections.abc import Sequence

from runlore.record import CellRecord
from runlore_server.rerun.literals import Place, place, replaced, statements, written
from runlore_server.rerun.parameters import Parameter
from runlore_server.slice.scopes import binds


@dataclasses.dataclass(frozen=True)
class Top:
    """``source`` of the parameters' cell, empty where there are none, and the cells that take their values from
    it.

    ``variables`` maps each parameter that can be set there to its variable.
    """

    source: str
    cells: list[CellRecord]
    variables: dict[str, str]


def lifted(cells: Sequence[CellRecord], known: Sequence[Parameter]) -> Top:
    """Move parameters to one cell.

    A variable that only one plain assignment binds moves there with its line. The place of a value inside
    something else (``config.net.width``) gets the name of a new variable. Other parameters stay where they are.
    """
    trees = {cell.ordinal: statements(cell.source) for cell in cells}
    bound = Counter(name for tree in trees.values() for statement in tree for name in binds(statement))
    used = {node.id for tree in trees.values() for s in tree for node in ast.walk(s) if isinstance(node, ast.Name)}
    lines: list[str] = []
    changes: dict[int, dict[Place, str]] = {}
    variables: dict[str, str] = {}
    sources = {cell.ordinal: cell.source for cell in cells}
    for parameter in known:
        where = changes.setdefault(parameter.cell, {})
        if "." not in parameter.name:
            statement = _alone(trees.get(parameter.cell, []), parameter)
            if statement is None or bound[parameter.name] != 1:
                continue
            whole = _line(sources[parameter.cell], statement)
            lines.append(whole[1])
            where[whole[0]] = ""
            variables[parameter.name] = parameter.name
            continue
        variable = re.sub(r"\W", "_", parameter.name)
        if (
            parameter.place in where
            or variable in used
            or not variable.isidentifier()
            or variable in variables.values()
        ):
            continue
        lines.append(f"{variable} = {written(parameter.value)}")
        where[parameter.place] = variable
        variables[parameter.name] = variable
    plain = [_changed(cell, changes.get(cell.ordinal, {})) for cell in cells]
    kept = [cell for cell in plain if cell.ordinal not in changes or _has_code(cell.source)]
    return Top("\n".join(lines), [cell for cell in kept if cell.source.strip()], variables)


def _has_code(source: str) -> bool:
    """Whether more than comments is left."""
    return any(line.strip() and not line.lstrip().startswith("#") for line in source.split("\n"))


def _changed(cell: CellRecord, changes: dict[Place, str]) -> CellRecord:
    if not changes:
        return cell
    source = replaced(cell.source, changes.items())
    gone = {where.line for where, text in changes.items() if not text}
    lines = [line for number, line in enumerate(source.split("\n"), 1) if number not in gone or line.strip()]
    return dataclasses.replace(cell, source="\n".join(lines))


def _alone(tree: Sequence[ast.stmt], parameter: Parameter) -> ast.stmt | None:
    """The statement ``name = value`` that is the parameter's, on one line."""
    for statement in tree:
        if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
            continue
        value = statement.value
        if (
            value is None
            or place(parameter.cell, value) != parameter.place
            or statement.end_lineno != statement.lineno
        ):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            shared = any(
                other is not statement and other.lineno <= statement.lineno <= (other.end_lineno or 0)
                for other in tree
            )
            return None if shared else statement
    return None


def _line(source: str, statement: ast.stmt) -> tuple[Place, str]:
    text = source.split("\n")[statement.lineno - 1]
    return Place(0, statement.lineno, 0, statement.lineno, len(text.encode(errors="surrogatepass"))), text.strip()
