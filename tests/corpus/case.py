"""One case of the corpus: a text file with a head and cells.

The file is IPython code. Its head is comments, ``# key: value``:

    title     what happens in it, in a few words
    about     what it exercises; the table's groups are the folders' names
    needs     modules without which the case is skipped
    expect    the verdict that a perfect and honest tool gives; alternatives are joined with "or"
    cause     a regular expression (case ignored) found in what the tool says, unless it says BIT-EXACT
    only      the one thing that differs; then it is the first cause that the expression must be found in
    order     names of the cells as they are executed; by default each once, from top to bottom
    verify    the run that is verified; by default the last one
    env       NAME=VALUE pairs of the kernel
    kernel    NAME=VALUE pairs of another kernel, in which the rerun happens
    rerun     what else the rerun is asked for, as on the command line
    ci        "yes" where the case is quick enough for every push

Then come the cells, each after a line ``# %% name``. A word in brackets says who runs it:

    [before]              Python, in a process of its own, before the kernel starts
    [serve]               Python, in a process that lives from before the kernel starts until after the rerun
    [outside]             Python, in a process of its own, while the kernel waits; it has its place in the order
    [after]               Python, in a process of its own, between the session's end and the rerun
    [interrupt at TEXT]   the notebook; the user presses stop when the cell has printed TEXT
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

NOTEBOOKS = Path(__file__).with_name("notebooks")

_MARK = re.compile(r"^# %%[ ]*(?P<name>[\w-]*)[ ]*(?:\[(?P<note>[^\]]*)\])?[ ]*$")
_NAMES_NOTHING = re.compile(r"(No recorded difference explains it|Two reruns from the same states differ)[^|]*")
_KEYS = {"title", "about", "needs", "expect", "cause", "only", "order", "verify", "env", "kernel", "rerun", "ci"}
_VERDICTS = {"BIT-EXACT", "NUMERICALLY CLOSE", "DIVERGED", "FAILED", "UNVERIFIABLE", "REFUSED"}


@dataclass(frozen=True)
class Cell:
    """``role`` is empty for a cell of the notebook; ``stop_at`` is the printed text at which it is interrupted."""

    name: str
    source: str
    role: str = ""
    stop_at: str | None = None


@dataclass(frozen=True)
class Case:
    """``steps`` are the cells of the notebook and those from outside, in the order in which they are executed."""

    name: str
    title: str
    about: str
    expect: tuple[str, ...]
    steps: tuple[Cell, ...]
    cause: str = ""
    only: str = ""
    needs: tuple[str, ...] = ()
    verify: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    kernel: dict[str, str] = field(default_factory=dict)
    rerun: tuple[str, ...] = ()
    ci: bool = False
    before: str = ""
    serve: str = ""
    after: str = ""

    @property
    def lacking(self) -> list[str]:
        """Modules that the case needs and this environment does not have."""
        return [module for module in self.needs if find_spec(module) is None]

    @property
    def cells(self) -> list[Cell]:
        """What the notebook's kernel executes."""
        return [step for step in self.steps if not step.role]

    def meets(self, verdict: str, said: str) -> bool:
        """Whether this is what was to be said."""
        if verdict not in self.expect:
            return False
        told = _NAMES_NOTHING.sub("", said)  # a list of all that may be is no cause
        if self.only:
            told = " | ".join(told.split(" | ")[:2])  # the reason, and the first cause
        return verdict == "BIT-EXACT" or re.search(self.cause, told, re.IGNORECASE | re.DOTALL) is not None


def read_cases(names: list[str] | None = None) -> list[Case]:
    """The cases of the corpus whose name, or folder, is among ``names``; all without any.

    Raises:
        ValueError: there is no such case, or a file cannot be understood.
    """
    cases = {str(path.relative_to(NOTEBOOKS).with_suffix("")): path for path in sorted(NOTEBOOKS.rglob("*.ipy"))}
    for name in names or []:
        if not any(name in (case, case.split("/")[0], case.split("/")[-1]) for case in cases):
            raise ValueError(f"no case and no folder is called {name!r}; there are: {', '.join(cases)}")
    chosen = [case for case in cases if not names or {case, case.split("/")[0], case.split("/")[-1]} & set(names)]
    return [parse(case, cases[case].read_text()) for case in chosen]


def parse(name: str, text: str) -> Case:
    """The case that a file's text describes.

    Raises:
        ValueError: it does not follow the form above; the text says where.
    """
    head: dict[str, str] = {}
    cells: dict[str, Cell] = {}
    texts: dict[str, str] = {"before": "", "serve": "", "after": ""}
    blocks = re.split(r"(?m)^(?=# %%)", text)
    for line in blocks[0].strip().splitlines():
        key, found, value = line.removeprefix("# ").partition(": ")
        if not found or key not in _KEYS:
            raise ValueError(f"{name}: {line!r} is not a line of a head")
        head[key] = value.strip()
    for block in blocks[1:]:
        first, _, source = block.partition("\n")
        mark = _MARK.match(first)
        if mark is None:
            raise ValueError(f"{name}: {first!r} does not begin a cell")
        note, cell = mark["note"] or "", mark["name"] or f"cell{len(cells)}"
        source = source.strip("\n")
        if note in texts:
            texts[note] = source
        elif note.startswith("interrupt at "):
            cells[cell] = Cell(cell, source, stop_at=note.removeprefix("interrupt at "))
        elif note in ("", "outside"):
            cells[cell] = Cell(cell, source, role=note)
        else:
            raise ValueError(f"{name}: [{note}] says nothing")
    expect = tuple(word.strip() for word in head["expect"].split(" or "))
    if unknown := set(expect) - _VERDICTS:
        raise ValueError(f"{name}: {unknown} is no verdict")
    return Case(
        name=name,
        title=head["title"],
        about=head["about"],
        expect=expect,
        steps=tuple(cells[step] for step in head.get("order", " ".join(cells)).split()),
        cause=head.get("cause", ""),
        needs=tuple(head.get("needs", "").replace(",", " ").split()),
        verify=head.get("verify"),
        only=head.get("only", ""),
        env=_pairs(head.get("env", "")),
        kernel=_pairs(head.get("kernel", "")),
        rerun=tuple(head.get("rerun", "").split()),
        ci=head.get("ci") == "yes",
        **texts,
    )


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in text.split())
