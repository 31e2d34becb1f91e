"""Verifications as Markdown, for a summary page or a comment."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runlore_server.automation.verification import NOT_REPRODUCED, Verification

_STATES = {0: "passed", NOT_REPRODUCED: "**failed**"}
_UNPROVED = "**not proved**"
_LONGEST = 500


def markdown(found: Sequence[Verification]) -> str:
    """A table with a line for each run, and below it what was found of those that did not pass."""
    passed = sum(one.exit_code == 0 for one in found)
    lines = [f"### runlore verify: {passed} of {len(found)} as asked", ""]
    lines += ["| run | result | verdict | seconds |", "|---|---|---|---|"]
    lines += [
        f"| {_text(one.title)} | {_STATES.get(one.exit_code, _UNPROVED)} | {one.word} | {one.seconds:.1f} |"
        for one in found
    ]
    for one in found:
        if one.exit_code == 0 and one.judgement is None:
            continue
        lines += ["", f"#### {_text(one.title)}", "", _text(one.told), ""]
        lines += [f"- {_text(cause)}" for cause in (one.verdict.causes if one.verdict is not None else [])]
        for finding in one.judgement.findings if one.judgement is not None else []:
            lines.append(
                f"- {'met' if finding.met else '**not met**'}: {_text(f'{finding.criterion}: {finding.told}')}"
            )
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """On one line, and as text that Markdown shows as it is."""
    plain = " ".join(value.split())
    shown = plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 3]}..."
    return re.sub(r"([\\`*_{}\[\]<>#|@])", r"\\\1", shown)
