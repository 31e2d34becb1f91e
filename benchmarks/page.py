"""``docs/performance.md``: tables that are written here, and prose that is not."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results import Results, Section
from benchmarks.table import table

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
PICTURE = PAGE.parent / "images" / "performance.svg"
MARKER = "<!-- Below this line the page is written by hand. -->"

_HEAD = """\
# Performance

The last run of `python -m benchmarks --write` on a shared machine with two cores, quiet at the time. Each block is
measured in one run, contestants in turn, so trust the ratios; the times move with the machine. Every figure is
checked by reading back what was written, in another process. `python -m benchmarks --install-peers` makes the
environments of the trackers that are compared; one that is missing or fails is a row that says so."""

_SHOWN = "![What other trackers and the machine's floors take, in multiples of Runlore](images/performance.svg)"


def write(page: Path, results: Results, titles: dict[str, str]) -> None:
    """Put the results into the page. Sections of suites that were not run, and the prose, stay as they are.

    Args:
        page: the file.
        results: what was measured.
        titles: the headings of all suites by their names, in the order of the page.

    Raises:
        ValueError: the page has no marker between its tables and its prose.
        OSError: it cannot be read or written.
    """
    written, found, prose = page.read_text().partition(MARKER)
    if not found:
        raise ValueError(f"{page} has no line {MARKER!r} above its prose")
    before = dict(_section(text) for text in written.split("\n## ")[1:])
    parts = [_HEAD, _SHOWN] if PICTURE.exists() else [_HEAD]
    for suite, title in titles.items():
        section = results.sections.get(suite)
        body = _body(section) if section else before.get(title, f"Not run; `python -m benchmarks {suite}` does.")
        parts.append(f"## {title}\n\n{body}")
    page.write_text("\n\n".join(parts) + f"\n\n{MARKER}{prose}")


def _body(section: Section) -> str:
    missing = sorted({row.who for row in section.rows if row.note == "not installed"})
    said = ", ".join(section.versions)
    if missing:
        said += f"; not installed: {', '.join(missing)}"
    warning = "; sizes so small that the figures say nothing" if section.quick else ""
    return f"{said}{warning}.\n\n{table(section.rows)}"


def _section(text: str) -> tuple[str, str]:
    title, _, body = text.partition("\n")
    return title.strip(), body.strip()
