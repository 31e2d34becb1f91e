"""Which calls of libraries change what they are given, beyond what their names say."""

from __future__ import annotations

import ast

from runlore_server.slice import libraries

_UNARY = frozenset({
    "exp", "log", "sqrt", "abs", "absolute", "sin", "cos", "tan", "tanh", "negative", "square", "sign", "floor",
    "ceil", "rint", "log2", "log10", "log1p", "expm1", "reciprocal", "invert", "fabs", "trunc", "cbrt", "conj",
    "isnan", "isfinite", "isinf", "nan_to_num",
})  # fmt: skip
"""Functions of numpy whose second positional argument takes the result, or says whether to copy."""

_WITH_OUT = frozenset({
    "clip", "cumsum", "cumprod", "sum", "mean", "std", "var", "min", "max", "prod", "dot", "round", "argmax",
    "argmin", "all", "any", "take", "compress", "choose", "add", "subtract", "multiply", "divide", "power",
    "maximum", "minimum", "mod", "matmul", "floor_divide", "true_divide",
})  # fmt: skip
"""Functions and methods of which a later positional argument takes the result."""

_WITH_INPLACE = frozenset({
    "reset_index", "set_index", "drop", "dropna", "fillna", "rename", "sort_values", "sort_index", "replace",
    "drop_duplicates", "query", "eval", "ffill", "bfill", "interpolate", "clip", "where", "mask", "set_axis",
})  # fmt: skip
"""Methods of tables of which a positional argument may say that they work in place."""

HANDLES = frozenset({
    "default_rng", "RandomState", "Generator", "Random", "SystemRandom", "PCG64", "MT19937", "Philox", "SFC64",
    "open", "urlopen", "ZipFile", "TextIOWrapper", "File", "SeedSequence", "Lock", "local",
})  # fmt: skip
"""What makes something that moves on whenever a library gets it: a generator, an open file."""

EFFECTIVE_METHODS = frozenset({
    "__enter__", "__exit__", "setLevel", "addHandler", "removeHandler", "addFilter", "setFormatter", "propagate",
})  # fmt: skip
"""Methods of library objects that change the process."""

CURRENT = frozenset({"gcf", "gca", "get_fignums", "fignum_exists", "get_figlabels", "savefig", "axes", "sca"})
"""Functions of pyplot that look at the figures that are open."""


def function_changes(path: str, node: ast.Call) -> bool:
    """Whether calling the library's function ``path`` like this may change its arguments."""
    *owners, name = path.split(".")
    if _by_keyword(node):
        return True
    if path.startswith("torch.nn.functional.") and any(_is_true(arg) for arg in node.args[1:]):
        return True
    if owners[:1] == ["numpy"] and name in _UNARY:
        return len(node.args) > 1
    if owners[:1] == ["numpy"] and name in _WITH_OUT:
        return len(node.args) > 2
    of_class = owners and (owners[-1][:1].isupper() or owners[-1] == "ndarray")
    looks = name in libraries.PURE_METHODS - libraries.ARGUMENT_CHANGING_SORTS
    return bool(of_class) and not looks and not name.startswith("from_")


def method_changes(name: str, node: ast.Call) -> bool:
    """Whether calling a method that is known as harmless like this may change its object or arguments."""
    if _by_keyword(node):
        return True
    if name in _WITH_INPLACE and any(_is_true(arg) for arg in node.args):
        return True
    return name in _WITH_OUT and any(
        isinstance(arg, (ast.Name, ast.Attribute, ast.Subscript)) for arg in node.args[2:]
    )


def works_on_its_arguments(path: str) -> bool:
    """Whether a library's function changes what it is called with, wherever it is handed to."""
    name = path.rsplit(".", maxsplit=1)[-1]
    return libraries.MUTATORS.match(path) is not None or name in libraries.CHANGING_METHODS


def _by_keyword(node: ast.Call) -> bool:
    for keyword in node.keywords:
        name = keyword.arg or ""
        if name in ("inplace", "out") or name.startswith("overwrite"):
            return True
        if name == "copy" and not _is_true(keyword.value):
            return True
    return False


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
