"""A run as a Python script, and several as a script that runs them one after the other."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

import nbformat

from runlore_server.errors import RerunRefused
from runlore_server.portable.pipeline import Step
from runlore_server.rerun.notebook import MAY_FAIL

_MAGIC = re.compile(r"\bget_ipython\(\)")

_PATH = """\
import sys as _sys

_sys.path.insert(0, "")  # modules of the working directory, as in a notebook
"""

_GIVEN = """\
# Other values: python {file} {example}
import ast as _ast

for _text in _sys.argv[1:]:
    _name, _, _value = _text.partition("=")
    if _name not in {names!r}:
        raise SystemExit(f"there is no parameter {{_name!r}}; there are: {named}")
    globals()[_name] = _ast.literal_eval(_value)
"""

_FAILS = """\
try:  # this cell failed when it was recorded, and is kept for what it did before
    exec(compile({source!r}, {name!r}, "exec"))
except Exception as _error:
    print(f"{{type(_error).__name__}}: {{_error}}")
"""


def script(notebook: str, file: str, variables: Mapping[str, str]) -> str:
    """An exported notebook as a script; the same notebook gives the same text.

    Args:
        notebook: as ``export`` gives it.
        file: the script's name.
        variables: parameter to the variable that stands for it at the notebook's top.

    Raises:
        RerunRefused: a cell is nothing that a script can hold, such as an ``await`` outside of a function.
    """
    cells = nbformat.reads(notebook, as_version=4).cells  # type: ignore[no-untyped-call]
    parts: list[str] = [_PATH]
    for cell in cells:
        if cell.cell_type == "markdown":
            parts.append("\n".join(f"# {line}".rstrip() for line in cell.source.splitlines()))
            continue
        source, tags = _python(cell.source), cell.metadata.get("tags", [])
        parts.append(_FAILS.format(source=source, name=cell.id) if MAY_FAIL in tags else source)
        if "parameters" in tags and variables:
            names = sorted(variables.values())
            parts.append(
                _GIVEN.format(file=file, example=f"{names[0]}=VALUE", names=tuple(names), named=", ".join(names))
            )
    text = "\n\n".join(part.rstrip("\n") for part in parts) + "\n"
    if _MAGIC.search(text):
        text = f"# It has commands of IPython: ipython {file}\nfrom IPython import get_ipython\n\n{text}"
    future = [line for line in text.splitlines() if line.startswith("from __future__ ")]
    if future:
        rest = "\n".join(line for line in text.splitlines() if line not in future)
        text = "\n".join([*dict.fromkeys(future), "", rest]) + "\n"
    try:
        compile(text, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise RerunRefused(
            f"the run is no plain script ({error}); export it as a notebook, without --as script"
        ) from error
    return text


def sequence(steps: Sequence[Step], given: Sequence[Mapping[str, Any]]) -> str:
    """A script that runs the scripts of several steps, each behind those that it waits for; it stops at a failure.

    Args:
        steps: in that order; the script of each is ``FILE.py`` beside this one.
        given: of each step, variable to value.
    """
    lines = [
        '"""Recorded runs, one after the other."""',
        "",
        "import subprocess",
        "import sys",
        "from pathlib import Path",
        "",
        "STEPS = [",
        *(
            f"    {[f'{step.file}.py', *(f'{name}={value!r}' for name, value in sorted(values.items()))]!r},"
            for step, values in zip(steps, given, strict=True)
        ),
        "]",
        "",
        "for script, *parameters in STEPS:",
        '    print(script, *parameters, sep=" ", flush=True)',
        "    subprocess.run([sys.executable, Path(__file__).with_name(script), *parameters], check=True)",
        "",
    ]
    return "\n".join(lines)


def is_plain(value: Any) -> bool:
    """Whether a value can be written down and read back as a literal."""
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def _python(source: str) -> str:
    """The source with IPython's magics as calls."""
    from IPython.core.inputtransformer2 import TransformerManager

    return str(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]
