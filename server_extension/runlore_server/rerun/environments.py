"""The command ``runlore environments``: which have been built, and removing those that nobody uses."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

from runlore.home import Home
from runlore_server.rerun.environment import LockedEnvironment, all_of

_DAY = 86_400.0


def environments(home: Home, *, prune: bool, older_than: float, dry_run: bool) -> tuple[dict[str, Any], str, int]:
    """List the environments and, if asked, remove those not used for ``older_than`` days.

    Kept are those in which a process runs. ``dry_run`` only says what would be removed.

    Returns:
        The JSON object, the text, and the exit code of the command.
    """
    found = all_of(home)
    removed = {one.digest for one in unused(found, older_than * _DAY)} if prune else set()
    described = [{**_described(one), "removed": one.digest in removed and not dry_run} for one in found]
    for one in found:
        if one.digest in removed and not dry_run:
            one.remove()
    did = "would be removed" if dry_run else "removed"
    lines = [_line(told, did if told["digest"] in removed else "") for told in described]
    freed = sum(told["bytes"] for told in described if told["digest"] in removed)
    if prune:
        lines.append(f"{len(removed)} of {len(found)} {did}, {freed / 2**20:.1f} MiB that nothing else holds.")
    elif not found:
        lines.append("No environment has been built. 'runlore rerun RUN --env locked' builds that of a run.")
    return {"environments": described, "freed_bytes": 0 if dry_run else freed}, "\n".join(lines), 0


def unused(environments: Iterable[LockedEnvironment], seconds: float) -> list[LockedEnvironment]:
    """Those that were not used for so long, and in which no process runs."""
    found = [one for one in environments if time.time() - one.used >= seconds]
    in_use = _in_use() if found else set()
    return [one for one in found if not any(one.path in place.parents for place in in_use)]


def _described(one: LockedEnvironment) -> dict[str, Any]:
    built = one.complete
    return {
        "digest": one.digest,
        "path": str(one.path),
        "python": built.python if built else None,
        "packages": built.packages if built else None,
        "built": built.built if built else None,
        "used": one.used,
        "seconds": built.seconds if built else None,
        "notes": built.notes if built else [],
        "bytes": own_bytes(one.path),
    }


def _line(told: dict[str, Any], what: str) -> str:
    used = time.strftime("%Y-%m-%d %H:%M", time.localtime(told["used"]))
    size = f"{told['bytes'] / 2**20:.1f} MiB"
    columns = (
        told["digest"][:12],
        f"Python {told['python']}",
        f"{told['packages']} packages",
        size,
        f"used {used}",
        what,
    )
    return "  ".join(columns).rstrip()


def own_bytes(folder: Path) -> int:
    """Bytes on disk that go with the folder: files linked from uv's cache stay there."""
    total = 0
    for file in folder.rglob("*"):
        stat = file.lstat()
        if stat.st_nlink == 1 and not file.is_dir():
            total += stat.st_size
    return total


def _in_use() -> set[Path]:
    """The programs of all processes, by the names they were started under."""
    found = set()
    for process in psutil.process_iter(["cmdline"]):
        if words := process.info["cmdline"]:
            found.add(Path(words[0]))
    return found
