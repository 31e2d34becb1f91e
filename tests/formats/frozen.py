"""Homes that released versions of Runlore wrote, each in a folder beside this file."""

from __future__ import annotations

import socket
import tarfile
from pathlib import Path

from runlore.home import Home

FOLDER = Path(__file__).parent
ARCHIVE, EXPECTED = "home.tar.xz", "expected.json"
HOST = "frozen-host"
"""The name of the machine in frozen journals; it becomes that of the reader, who else could tell nobody dead."""


def releases() -> list[Path]:
    """The folder of every release that left a home."""
    return sorted(path.parent for path in FOLDER.glob(f"*/{ARCHIVE}"))


def unpack(release: Path, target: Path) -> Home:
    """The home of a release, as if it had been recorded on this machine before it was last started."""
    with tarfile.open(release / ARCHIVE) as archive:
        for member in archive.getmembers():
            path = target / member.name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            content = archive.extractfile(member)
            assert content is not None
            path.write_bytes(content.read())
            path.chmod(0o600)
    home = Home(target)
    for journal in home.sessions.glob("*/events.jsonl"):
        text = journal.read_bytes()
        journal.write_bytes(text.replace(f'"{HOST}"'.encode(), f'"{socket.gethostname()}"'.encode(), 1))
    return home
