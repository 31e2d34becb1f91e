"""The random states of a session."""

from __future__ import annotations

from runlore.errors import ObjectMissing
from runlore.session_record import SessionRecord
from runlore.states import StateFile
from runlore_server.doctor.checkup import LATER_FORMAT, Checkup, is_later
from runlore_server.doctor.findings import Kind

LOST = Kind(
    "states-lost",
    "error",
    "sessions whose random states are lost or damaged",
    "Cells that drew random numbers from these states can no longer be repeated exactly.",
    "Nothing can; restore states.bin from a backup, if there is one.",
)
CUT_OFF = Kind(
    "states-cut-off",
    "note",
    "files of random states that end within one",
    "Their kernels were killed while they wrote it; readers leave it out.",
    "Nothing needs to be repaired.",
)

_FEW = 3


def check(checkup: Checkup, record: SessionRecord) -> None:
    """Check that every state that the cells name is there and has its hash."""
    path = checkup.home.states(record.session_id)
    wanted = {
        digest: f"cell {cell.ordinal}"
        for cell in record.cells.values()
        for digest in (*cell.rng.values(), *cell.generators.values(), *cell.imported_rng.values())
    }
    if not wanted and not path.exists():
        return
    states, lost, why = StateFile(path), [], ""
    for digest, cell in wanted.items():
        try:
            states.get(digest)
        except ObjectMissing as error:
            why = why or str(error)
            lost.append(cell)
        if is_later(Exception(why)):
            checkup.add(LATER_FORMAT, path, why)
            return
    if lost:
        some = ", ".join(dict.fromkeys(lost[:_FEW]))
        checkup.add(LOST, path, f"{len(lost)} of {len(wanted)} states, such as those of {some}: {why}")
        return
    try:
        if path.exists() and (torn := states.torn()) and record.closed:
            checkup.add(CUT_OFF, path, f"{torn} bytes at its end")
    except (ObjectMissing, OSError) as error:
        checkup.add(LOST, path, str(error))
