"""The corpus's results as a person reads them."""

from __future__ import annotations

import statistics
from itertools import groupby

from tests.corpus.case import Case
from tests.corpus.playing import Played

_LONGEST_CAUSE = 200
_HEAD = """# The corpus

Notebooks and sessions written for this project, run as a person runs them: a kernel, `%load_ext runlore` on top,
the cells in the order in which they were executed (edited, repeated, failed, interrupted). The last run of each
is then verified from the command line. *Expected* is what a perfect and honest tool says: `BIT-EXACT` for what can
be given back, otherwise the verdict and a pattern that finds the true cause in what was said. Expectations do not
follow what Runlore says; a miss is shown as a miss.

`python -m tests.corpus --write` makes this page; `python -m tests.corpus NAME` runs one case or one folder.

{where}.

**{summary}**

*hooks* is the median that Runlore's hooks took around a cell of the session and, after the slash, the longest;
*journal* is what the session wrote about itself, *contents* what it added to the store of contents (states,
sources, environment, outputs), *rerun* is `runlore verify` from its start to its verdict, *papermill* the same
cells in the same order through papermill, where that comes to their end.
"""
_COLUMNS = (
    "case",
    "expected",
    "given",
    "",
    "cells",
    "hooks, ms",
    "journal, KB",
    "contents, KB",
    "rerun, s",
    "papermill, s",
    "what Runlore said",
)


def line(case: Case, played: Played) -> str:
    """One result on one line, for a terminal."""
    mark = "ok  " if played.met else "MISS"
    expected = "" if played.met else f" (expected {' or '.join(case.expect)}{_of(case)})"
    cost = f" [{_ms(played.capture)} ms, {_s(played.rerun)} s / {_s(played.plain)} s]"
    said = "" if played.met and played.verdict == "BIT-EXACT" else f"\n       {_short(played.said, 600)}"
    trouble = f"\n       {_short(played.trouble, 600)}" if played.trouble else ""
    return f"{mark} {case.name}: {played.verdict}{expected}{cost}{said}{trouble}"


def _of(case: Case) -> str:
    return f", /{case.cause}/" if case.cause else ""


def summary(found: list[Played]) -> str:
    """How many were as expected, how many were wrong in which way, and what it cost."""
    done = [played for played in found if played.verdict != "SKIPPED"]
    met = sum(played.met for played in done)
    skipped = f", {len(found) - len(done)} skipped" if len(done) < len(found) else ""
    false_exact = sum(played.verdict == "BIT-EXACT" and not played.met for played in done)
    hooks = [played.capture for played in done if played.capture is not None]
    ratios = [played.rerun / played.plain for played in done if played.rerun and played.plain]
    words = [
        f"{met} of {len(done)} as expected{skipped}.",
        f"BIT-EXACT was given {false_exact} times where something else was expected.",
    ]
    if hooks:
        words.append(f"The hooks took {_ms(statistics.median(hooks))} ms around a cell (median of the cases).")
    if ratios:
        words.append(f"A rerun took {statistics.median(ratios):.2f} times as long as papermill (median).")
    return " ".join(words)


def page(cases: list[Case], found: list[Played], where: str) -> str:
    """The whole table as Markdown, a section for each folder."""
    pairs = list(zip(cases, found, strict=True))
    parts = [_HEAD.format(where=where, summary=summary(found)), *_causes(pairs)]
    for folder, members in groupby(pairs, key=lambda pair: pair[0].name.split("/")[0]):
        parts += [f"\n## {folder.capitalize()}\n", _row(_COLUMNS), _row(["---"] * len(_COLUMNS))]
        parts += [_row(_cells(case, played)) for case, played in members]
    return "\n".join(parts) + "\n"


def _causes(pairs: list[tuple[Case, Played]]) -> list[str]:
    """One case a line in which only one thing differs from the original, and what was named first."""
    alone = sorted((pair for pair in pairs if pair[0].only), key=lambda pair: pair[0].only)
    if not alone:
        return []
    parts = ["## One cause at a time\n", "Only one thing differs in each; the first cause must name it.\n"]
    parts += [_row(["what differs", "case", "given", "", "named first"]), _row(["---"] * 5)]
    for case, played in alone:
        told = played.said.split(" | ")[1:2] or [played.said]
        met = "✓" if played.met else "**miss**"
        parts.append(_row([case.only, case.name, played.verdict, met, _short(told[0], _LONGEST_CAUSE)]))
    return parts


def _cells(case: Case, played: Played) -> list[str]:
    expected = " or ".join(case.expect) + (f", `{case.cause}`" if case.cause else "")
    hooks = f"{_ms(played.capture)} / {_ms(played.capture_most)}" if played.capture is not None else ""
    return [
        f"**{case.name.split('/')[-1]}**: {case.title}",
        expected,
        played.verdict,
        "✓" if played.met else "**miss**",
        str(played.cells or ""),
        hooks,
        _kb(played.journal),
        _kb(played.objects),
        _s(played.rerun),
        _s(played.plain),
        _short(played.said, _LONGEST_CAUSE),
    ]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _short(text: str, longest: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _ms(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1e3:.2f}"


def _s(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"


def _kb(size: int | None) -> str:
    return "" if size is None else f"{size / 1e3:.1f}"
