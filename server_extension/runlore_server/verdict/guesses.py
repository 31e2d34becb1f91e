"""What processes of the cells may have run where nobody saw what they read: of files, only their times tell."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from runlore.record import CellRecord
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.surroundings import Found, shown

_MOST_FILES = 5_000
_SKIPPED = frozenset(("site-packages", "node_modules", "__pycache__"))


def changed_scripts(evidence: Evidence) -> Iterator[Found]:
    """Python files that a cell with processes of its own names, and that changed between it and the rerun.

    What the rerun wrote itself, and what the kernel imported (and a replay gives back), is none of them.
    """
    info = evidence.session.info
    cells = [pair.original for pair in evidence.pairs if _starts_processes(pair.original)]
    if info is None or not cells:
        return
    loaded = {loaded.path for loaded in evidence.session.outside.modules}
    loaded |= {one.path for pair in evidence.pairs for one in pair.original.facts.modules}
    again = min(pair.rerun.started for pair in evidence.pairs)
    files = [(file, time) for file, time in _python_files(Path(info.cwd)) if time < again]
    told: set[Path] = set()
    for cell in cells:
        ended = cell.started + (cell.duration or 0.0)
        for file, modified in files:
            if file in told or modified <= ended or str(file) in loaded or not _names(cell, file):
                continue
            told.add(file)
            text = (
                f"{shown(evidence, str(file))}, which a process of cell {cell.ordinal} may run, may have changed."
            )
            yield Found(text, cell.ordinal, telling=False)


def _starts_processes(cell: CellRecord) -> bool:
    return any(
        used.kind == "subprocess" or (used.kind == "schedule" and "process" in used.detail)
        for used in cell.facts.uncontrolled
    )


def _names(cell: CellRecord, file: Path) -> bool:
    name = re.escape(file.stem)
    asked = rf"\b{name}\.py\b|(\bimport|\bfrom|-m)\s+{name}\b|(__import__|import_module)\(\s*['\"]{name}\b"
    return re.search(asked, cell.source) is not None


def _python_files(root: Path) -> Iterator[tuple[Path, float]]:
    seen = 0
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _SKIPPED]
        for name in names:
            if name.endswith(".py"):
                path = Path(folder, name)
                try:
                    yield path, path.stat().st_mtime
                except OSError:
                    continue
        seen += len(names)
        if seen > _MOST_FILES:
            return
