"""The seed of Python's hashes, which orders sets."""

from __future__ import annotations

from runlore_server.verdict.evidence import Evidence

UNKNOWN_HASHES = (
    "The original's order of hashes is unknown (its kernel was started without PYTHONHASHSEED): sets may have had "
    "another order, those of text by their hashes, those of plain objects by their addresses."
)


def hash_seeds(evidence: Evidence) -> tuple[str | None, str | None]:
    """``PYTHONHASHSEED`` of the original's kernel and the rerun's; ``None`` where it had none."""
    one, other = evidence.session.info, evidence.rerun_session.info
    return one.hash_seed if one else None, other.hash_seed if other else None
