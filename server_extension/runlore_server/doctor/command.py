"""What ``runlore doctor`` does and says."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from runlore_server import report
from runlore_server.config import Config
from runlore_server.doctor.checkup import Checkup
from runlore_server.doctor.examination import examine
from runlore_server.doctor.findings import SEVERITIES, Finding
from runlore_server.doctor.repair import repair
from runlore_server.errors import InvalidRequest

_FINE, _ATTENTION = 0, 1
_SHOWN = 5
"""Places of a finding that are named in the text; ``--json`` has them all."""

_PATIENCE = 1.0
"""Seconds after which progress is shown, and between two lines of it."""


def doctor(config: Config, options: argparse.Namespace) -> tuple[dict[str, Any], str, int]:
    """Check the home; the JSON object, the text and the exit code: 0 fine, 1 something wants attention.

    Raises:
        InvalidRequest: there is no home.
    """
    if not config.home.path.is_dir():
        raise InvalidRequest(f"there is no folder {config.home.path}: nothing has been recorded there")
    began, progress = time.monotonic(), _Progress()
    checkup = Checkup(config.home, deep=options.deep, tell=progress.tell)
    mending = examine(checkup, config, options.run, with_mlflow=options.mlflow)
    did = repair(checkup, config, mending) if options.repair else []
    progress.clear()
    findings = sorted(checkup.findings, key=lambda found: SEVERITIES.index(found.kind.severity))
    seconds = round(time.monotonic() - began, 3)
    found = {
        "home": str(config.home.path),
        "deep": options.deep,
        "seen": dict(checkup.seen),
        "findings": [_object(finding) for finding in findings],
        "repaired": did,
        "seconds": seconds,
    }
    code = _ATTENTION if any(finding.needs_attention for finding in findings) else _FINE
    return found, _text(checkup, findings, did, seconds), code


def _object(finding: Finding) -> dict[str, Any]:
    kind = finding.kind
    return {
        "kind": kind.name,
        "severity": kind.severity,
        "title": kind.title,
        "meaning": kind.meaning,
        "repair": kind.repair,
        "repairable": kind.mends,
        "repaired": finding.repaired,
        "count": finding.count,
        "places": [{"where": place.where, "detail": place.detail} for place in finding.places],
    }


def _text(checkup: Checkup, findings: list[Finding], did: list[str], seconds: float) -> str:
    lines: list[str] = []
    for severity in SEVERITIES:
        some = [finding for finding in findings if finding.kind.severity == severity]
        if some:
            lines += [f"{severity}s", *(line for finding in some for line in _told(finding)), ""]
    if did:
        lines += ["repaired", *(f"  {what}" for what in did), ""]
    counts = [
        _counted(sum(f.kind.severity == severity for f in findings), f"{severity}s") for severity in SEVERITIES
    ]
    seen = ", ".join(_counted(count, what) for what, count in checkup.seen.items())
    said = ", ".join(counts) if findings else "Everything is in order"
    lines.append(f"{said}: {seen or 'nothing recorded yet'}; {seconds:.1f} seconds.")
    return "\n".join(lines)


def _counted(count: int, what: str) -> str:
    noun, _, rest = what.partition(" ")
    return f"{count} {noun.removesuffix('s') if count == 1 else noun} {rest}".rstrip()


def _told(finding: Finding) -> list[str]:
    kind = finding.kind
    lines = [f"  {kind.title} ({finding.count})", f"    {kind.meaning}", f"    {finding.repaired or kind.repair}"]
    for where, detail in finding.places[:_SHOWN]:
        lines.append(f"      {where}: {detail}" if detail else f"      {where}")
    if finding.count > _SHOWN:
        lines.append(f"      and {finding.count - _SHOWN} more; --json names them")
    return lines


class _Progress:
    """A line for a person at a terminal, rewritten about once a second; a program is not told."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _PATIENCE
        self._shown = False
        self._wanted = sys.stderr is not None and sys.stderr.isatty()

    def tell(self, what: str, done: int, total: int) -> None:
        """Say how far it is, if it is time to."""
        if self._wanted and time.monotonic() >= self._next:
            self._next = time.monotonic() + _PATIENCE
            self._shown = True
            many = f" {done} of {total}" if total > 1 else f" {done}" if done else ""
            self._write(report.for_terminal(f"{what}{many}"))

    def clear(self) -> None:
        """Leave nothing on the line."""
        if self._shown:
            self._write("")

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
