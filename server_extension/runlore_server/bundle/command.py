"""What ``runlore bundle`` does and says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore_server.bundle.manifest import SUFFIX
from runlore_server.bundle.writing import write_bundle

_SHORT_ID = 8


def write(
    home: Home, run: RunRecord, session: SessionRecord, output: str | None, criteria: msgspec.Struct | None
) -> tuple[dict[str, Any], str, int]:
    """Bundle a run; what to print as JSON and as text, and the exit code.

    Raises:
        RerunRefused: the run cannot be repeated elsewhere.
        OSError: the file cannot be written.
    """
    name = re.sub(r"[^\w.-]+", "-", run.name).strip("-.") or "run"
    file = Path(output) if output is not None else Path(f"{name}-{run.run_id[:_SHORT_ID]}{SUFFIX}")
    made = write_bundle(home, run, session, file, None if criteria is None else msgspec.to_builtins(criteria))
    size = file.stat().st_size
    found = {
        "run_id": run.run_id,
        "file": str(file),
        "size": size,
        "root": made.root,
        "members": len(made.members),
    }
    lines = [
        f"{file}: {size} bytes, {len(made.members)} files",
        f"  paths below {made.root} count from the folder in which it is verified",
        f"  to repeat it there: runlore verify {file.name}",
    ]
    return found, "\n".join(lines), 0
