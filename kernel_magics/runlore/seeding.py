"""Where code gives seeds as numbers: found in its text, and rewritten for a replay with fresh ones.

A seed is what an argument of a well-known name gets (``random_state=42``, ``bagging_seed=3``, ``rng=0``), what the
first argument of a seeding function is (``manual_seed(0)``, ``RandomState(42)``, ``PCG64(7)``, ``PRNGKey(1)``,
``seed_everything(3)``), and what stands under such a name in the parameters of ``train`` and ``cv``. Whatever has
no such name, or is given by its place to another function, is no seed to anyone who reads the text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from runlore.capture.watch import reachable

Fresh = Callable[[Any], Any]
"""Gives the value that takes the place of a seed, or the value itself where it is no number."""

_ARGUMENT = re.compile(r"(\w+_)?(seed|random_state)s?|rng")
_SEEDERS = frozenset(
    (
        *("seed", "manual_seed", "manual_seed_all", "seed_all", "seed_everything", "seed_instance", "set_seed"),
        *("set_random_seed", "default_rng", "RandomState", "SeedSequence", "Random", "PRNGKey", "key"),
        *("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"),
    )
)
"""Functions, methods and classes whose first argument is a seed."""

_ONLY_IN = {"key": "jax"}
"""Of these, names that mean something else elsewhere."""

_WITH_PARAMETERS = frozenset(("train", "cv"))
"""Functions that take seeds within a dictionary."""

_LONGEST = 40


def seeds_in(tree: ast.AST) -> Iterator[str]:
    """The seeds that code gives as literal numbers, as written; in its own functions they are not counted."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    own = {node.name for node in ast.walk(tree) if isinstance(node, definitions)}
    for node in reachable(tree):
        if isinstance(node, ast.Call) and (name := _name(node.func)) not in own:
            for keyword in node.keywords:
                if keyword.arg is not None and is_seed(keyword.arg) and _is_number(keyword.value):
                    yield f"{keyword.arg}={_text(keyword.value)}"
            if name in _SEEDERS and name not in _ONLY_IN and node.args and _is_number(node.args[0]):
                yield f"{name}({_text(node.args[0])})"


def is_seed(name: str) -> bool:
    """Whether an argument of this name is a seed."""
    return _ARGUMENT.fullmatch(name) is not None


def rewrite(tree: ast.AST, caller: str) -> None:
    """Let the calls of a tree that may give a seed go through ``caller(function)``, an expression; in place."""
    for node in reachable(tree):
        if isinstance(node, ast.Call) and _may_give(node):
            through = ast.Call(ast.parse(caller, mode="eval").body, [node.func], [])
            for part in (through, *ast.walk(through.func)):
                ast.copy_location(part, node.func)
            node.func = through


def replaced(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], fresh: Fresh
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call with fresh seeds in place of those given."""
    name = str(getattr(function, "__name__", ""))
    given = list(args)
    if given and name in _SEEDERS and module_of(function).startswith(_ONLY_IN.get(name, "")):
        given[0] = fresh(given[0])
    if name in _WITH_PARAMETERS:
        given = [_in_parameters(value, fresh) for value in given]
    named = {key: fresh(value) if is_seed(key) else value for key, value in kwargs.items()}
    if name in _WITH_PARAMETERS and "params" in named:
        named["params"] = _in_parameters(named["params"], fresh)
    return given, named


def module_of(function: Any) -> str:
    """The name of the module that something callable comes from."""
    owner = getattr(function, "__self__", None)
    for candidate in (function, owner, type(owner), type(function)):
        name = getattr(candidate, "__module__", None)
        if isinstance(name, str) and name != "builtins":
            return name
    return "builtins"


def _in_parameters(value: Any, fresh: Fresh) -> Any:
    if type(value) is not dict:
        return value
    return {key: fresh(one) if isinstance(key, str) and is_seed(key) else one for key, one in value.items()}


def _may_give(node: ast.Call) -> bool:
    name = _name(node.func)
    if name == "super":
        return False  # it looks at the frame of its caller
    keywords = any(keyword.arg is None or is_seed(keyword.arg) for keyword in node.keywords)
    return keywords or name in _SEEDERS or name in _WITH_PARAMETERS


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_number(node: ast.expr) -> bool:
    parts: Iterable[ast.expr] = node.elts if isinstance(node, (ast.List, ast.Tuple)) and node.elts else [node]
    return all(isinstance(part, ast.Constant) and type(part.value) is int for part in parts)


def _text(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
