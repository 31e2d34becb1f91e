"""One run that was verified, or could not be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from runlore_server.automation.criteria import Criteria, Judgement
from runlore_server.verdict.verdict import Verdict

NOT_REPRODUCED = 1
NOTHING_PROVED = 2


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one target of ``runlore verify``.

    Attributes:
        target: as it was named: a run, or the file of a bundle.
        rerun_of: the run; ``None`` where there is none.
        run_id: the rerun; ``None`` where none was begun.
        name, experiment: of the run.
        verdict: ``None`` where nothing could be executed; ``error`` and ``reason`` then say why.
        criteria, judgement: what was asked beside the verdict, and how it was met; ``None`` without criteria.
        notebook: the executed notebook; ``None`` where it was not kept.
        seconds: it took.
    """

    target: str
    rerun_of: str | None = None
    run_id: str | None = None
    name: str = ""
    experiment: str = ""
    verdict: Verdict | None = None
    reason: str | None = None
    error: str | None = None
    criteria: Criteria | None = None
    judgement: Judgement | None = None
    notebook: str | None = None
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0: as asked; 1: not so; 2: nothing was proved."""
        if self.verdict is None:
            return NOTHING_PROVED
        return self.verdict.exit_code if self.judgement is None else self.judgement.exit_code

    @property
    def title(self) -> str:
        """How a report calls it."""
        return f"{self.name} ({self.rerun_of})" if self.rerun_of is not None else self.target

    @property
    def word(self) -> str:
        """The verdict, or that there is none."""
        return self.verdict.verdict if self.verdict is not None else "NOT EXECUTED"

    @property
    def told(self) -> str:
        """Why, in a sentence or two."""
        unmet = (
            [f"{one.criterion}: {one.told}" for one in self.judgement.findings if not one.met]
            if self.judgement
            else []
        )
        if unmet:
            return f"Not met: {'; '.join(unmet)}"
        return self.verdict.reason if self.verdict is not None else self.error or ""

    def described(self) -> dict[str, Any]:
        """As ``--json`` prints it: the verdict's fields beside its own."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        verdict = told.pop("verdict") or {"verdict": None}
        error, reason = told.pop("error"), told.pop("reason")
        if error is not None:
            told["error"] = {"reason": reason, "message": error}
        return {**told, **verdict, "exit_code": self.exit_code}


def overall(found: Sequence[Verification]) -> int:
    """The exit code for several: 1 where one was not as asked, else 2 where nothing was proved of one, else 0."""
    codes = {one.exit_code for one in found}
    return NOT_REPRODUCED if NOT_REPRODUCED in codes else max(codes, default=0)
