"""Which attempt at a rerun counts: written by the queue's owner, obeyed by every machine.

An attempt on another machine may be given up while it still runs there: its machine was cut off, or slept. So
the owner writes down who counts, in ``<home>/reruns/<run_id>/tenure.json``; an attempt that reads another token
there ends itself, and what it wrote stays in a place of its own that nobody looks into. Clocks of two machines are
never compared.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from runlore.home import Home
from runlore_server.document import read_document, write_document


class Tenure(msgspec.Struct, frozen=True, kw_only=True):
    """``token`` is that of the attempt that counts, empty when none does; ``stop`` wishes that it ends.

    ``number`` is the attempt's.
    """

    token: str
    number: int
    stop: bool = False


def file(folder: Path) -> Path:
    """Where it is written down, in the folder of a rerun."""
    return folder / "tenure.json"


def read(home: Home, run_id: str) -> Tenure:
    """Who counts now.

    Raises:
        FileNotFoundError: there is no such rerun on this machine.
        OSError: the file cannot be read at the moment.
        JournalFormatError: it is damaged, or a later version's.
    """
    return read_document(file(home.rerun(run_id)), Tenure)


def grant(home: Home, run_id: str, token: str, number: int, *, stop: bool = False) -> None:
    """Let this attempt count, and no other one.

    Raises:
        OSError: it cannot be written.
    """
    write_document(file(home.rerun(run_id)), Tenure(token=token, number=number, stop=stop))


def revoke(home: Home, run_id: str, number: int) -> None:
    """Let no attempt count. Without a folder of the rerun there is none that could.

    Raises:
        OSError: it cannot be written.
    """
    if home.rerun(run_id).is_dir():
        grant(home, run_id, "", number)
