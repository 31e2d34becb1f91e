"""The code of a run beside what became of it: what of it the run needs, and what the notebook says by now."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore.untrusted import from_json, read_regular
from runlore_server.provenance.slices import Needed
from runlore_server.store.cells import ExecutedCell, executed_cells

_LARGEST = 64 << 20
"""Bytes of a notebook file that is read."""

Fate = Literal["same", "edited", "deleted"]


class CellMark(msgspec.Struct, frozen=True, kw_only=True):
    """One executed cell.

    ``needed`` is the reason why the run needs it; ``None`` where it does not, or nobody knows. ``now`` is what the
    notebook file says of it today; ``None`` where that cannot be told.
    """

    ordinal: int
    needed: str | None
    now: Fate | None


class CodeMarks(msgspec.Struct, frozen=True, kw_only=True):
    """Marks of all cells of a run.

    ``slice_unknown`` says why nobody knows which cells are needed, ``notebook_unknown`` why nobody knows what
    became of them; ``notebook`` is the file.
    """

    cells: list[CellMark]
    slice_unknown: str | None
    notebook: str | None
    notebook_unknown: str | None


class _Saved(msgspec.Struct):
    id: str | None = None
    source: str | list[str] = ""

    @property
    def text(self) -> str:
        return self.source if isinstance(self.source, str) else "".join(self.source)


class _Notebook(msgspec.Struct):
    cells: list[_Saved]


def code_marks(run: RunRecord, session: SessionRecord, needed: Needed) -> CodeMarks:
    """Compare the executed cells with the notebook file as it is now."""
    path = notebook_file(session)
    saved, unknown = _read(path)
    by_id = {cell.id: cell.text for cell in saved or () if cell.id is not None}
    texts = {cell.text for cell in saved or ()}
    return CodeMarks(
        cells=[
            CellMark(
                ordinal=cell.ordinal,
                needed=needed.reasons.get(cell.ordinal),
                now=_fate(cell, by_id, texts) if saved is not None else None,
            )
            for cell in executed_cells(run, session)
        ],
        slice_unknown=needed.unknown,
        notebook=str(path) if path is not None else None,
        notebook_unknown=unknown,
    )


def notebook_file(session: SessionRecord) -> Path | None:
    """The notebook in which the session ran; ``None`` where no front-end told."""
    if session.info is None or not session.info.notebook:
        return None
    return Path(session.info.cwd) / session.info.notebook


def _read(path: Path | None) -> tuple[list[_Saved] | None, str | None]:
    if path is None:
        return None, "nobody told which notebook this was"
    try:
        return from_json(read_regular(path, _LARGEST), _Notebook).cells, None
    except FileNotFoundError:
        return None, f"the notebook {path} is no longer there"
    except OSError as error:
        return None, f"the notebook {path} cannot be read: {error.strerror}"
    except msgspec.DecodeError:
        return None, f"the file {path} is no notebook"


def _fate(cell: ExecutedCell, by_id: dict[str, str], texts: set[str]) -> Fate | None:
    """A notebook without ids of cells can only tell whether the text is still in it."""
    if cell.cell_id is not None and cell.cell_id in by_id:
        return "same" if by_id[cell.cell_id].strip() == cell.source.strip() else "edited"
    if cell.source in texts or cell.source.strip() in {text.strip() for text in texts}:
        return "same"
    return "deleted" if cell.cell_id is not None and by_id else None
