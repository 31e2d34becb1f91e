"""What is kept here of runs that others logged to MLflow: all of it can be fetched again."""

from __future__ import annotations

from runlore.errors import JournalFormatError
from runlore.session_record import SessionRecord
from runlore_server.doctor.checkup import Checkup
from runlore_server.doctor.findings import Kind

DAMAGED = Kind(
    "mirror-damaged",
    "warning",
    "mirrored runs of MLflow that cannot be read",
    "They are not shown here, or not all of them; MLflow has them.",
    "'runlore doctor --repair' removes them; they are fetched again.",
    mends=True,
)


def check(checkup: Checkup, session_id: str) -> SessionRecord | None:
    """Check one mirrored run; ``None`` where it cannot be read."""
    record = SessionRecord(checkup.home, session_id)
    path = checkup.home.events(session_id)
    try:
        record.refresh()
    except (JournalFormatError, OSError) as error:
        checkup.add(DAMAGED, path, str(error))
        return None
    if record.damaged_lines or record.info is None:
        checkup.add(DAMAGED, path, f"{record.damaged_lines} damaged lines")
        return None
    return record
