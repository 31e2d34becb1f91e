"""The files that a run read and wrote, as far as anybody saw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from runlore.events import FileRead, FileWritten, ScriptRead
from runlore.record import CellFacts, RunRecord
from runlore.session_record import SessionRecord
from runlore_server.provenance.slices import Needed
from runlore_server.store.cells import executed_cells


class RunFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file with one content; ``cell`` is the first that had to do with it, ``None`` in a script.

    Attributes:
        use: what was done with it; ``code`` was read by another process of the user's.
        digest: BLAKE3 of the content; ``None`` where it could not be hashed.
        size: bytes; ``None`` where nobody knows.
        why: what is doubtful about it.
        version: other identities of the same content, such as DVC's and git's.
        of_run: whether the run was open in that cell.
        needed: whether the run needs that cell; true where nobody knows.
        writer: the earlier cell of the session that wrote it.
    """

    use: Literal["read", "code", "wrote"]
    path: str
    digest: str | None
    size: int | None
    cell: int | None
    why: str | None
    version: dict[str, str]
    of_run: bool
    needed: bool
    writer: int | None


def run_files(run: RunRecord, session: SessionRecord, needed: Needed) -> list[RunFile]:
    """Every file that the cells up to the run's end read or wrote, in that order; each content of a file once."""
    found: dict[tuple[str, str, str | None], RunFile] = {}
    for ordinal, facts in _facts(run, session):
        of_run = ordinal is None or (run.cell is not None and ordinal >= run.cell)
        is_needed = ordinal is None or needed.unknown is not None or ordinal in needed.reasons
        seen: list[FileRead | FileWritten] = [*facts.reads, *facts.scripts, *facts.writes]
        for event in seen:
            use = _use(event)
            key = use, event.path, event.digest
            if key in found and (found[key].of_run or not of_run):
                continue
            found[key] = RunFile(
                use=use,
                path=event.path,
                digest=event.digest,
                size=event.size,
                cell=ordinal,
                why=event.why,
                version=event.version if isinstance(event, FileRead) else {},
                of_run=of_run,
                needed=is_needed,
                writer=event.writer if isinstance(event, FileRead) else None,
            )
    return list(found.values())


def _facts(run: RunRecord, session: SessionRecord) -> Iterator[tuple[int | None, CellFacts]]:
    if run.cell is None:
        yield None, session.outside
    for cell in executed_cells(run, session):
        yield cell.ordinal, session.cells[cell.ordinal].facts


def _use(event: FileRead | FileWritten) -> Literal["read", "code", "wrote"]:
    if isinstance(event, FileWritten):
        return "wrote"
    return "code" if isinstance(event, ScriptRead) else "read"
