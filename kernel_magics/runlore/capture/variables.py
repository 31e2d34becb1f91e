"""Fingerprints of the user's variables at the end of every cell.

The object named by ``CellFinished.variables`` is JSON, ``{name: fingerprint}``, with those variables that were
looked at in the time there was; a missing name says nothing. Looked at first are the names that the cell's text
mentions, directly or through functions of the notebook, and those that are new or bound anew; then a few of the
others in turn, written down when their fingerprint changed. So two executions of a cell are compared on the names
that both have, with ``compare``. Functions, classes and modules are left out: code is compared as source.
"""

from __future__ import annotations

import re
from time import perf_counter, thread_time
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from runlore.capture.fingerprint import CHEAP, FULL, fingerprint
from runlore.capture.insides import address
from runlore.capture.names import Variables

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from runlore.later import LaterWriter
    from runlore.session import Session

_BUDGET = 300e-6
_OTHERS_BUDGET = 60e-6
"""Seconds a cell, for all and for what it does not mention; a cell that took long gives 1% of its time."""

_SHARE, _LONGEST = 0.01, 20e-3
_FULL_BUDGET = 2.0
_LONG_SOURCE = 20_000
_MOST_FUNCTIONS = 100
_CODE = frozenset(map(address, (FunctionType, BuiltinFunctionType, ModuleType, type)))
_WORD = re.compile(r"[^\W\d]\w*")
_SECRET = re.compile(r"passw|passphrase|secret|credential|api_?key|(^|_)(token|pin|pwd)$", re.IGNORECASE)
"""Names whose values are not even hashed: a short secret could be found by trying."""

Comparison = Literal["same", "same as sampled", "other order", "different"]


class _Allowance:
    """Seconds that the looking may take: of the processor, so that an interruption by others costs no variable.

    The clock of the wall is asked first, being ten times as quick. What waits without working (a file mapped from
    a slow disk) ends by that clock too, after ten times as long.
    """

    def __init__(self, now: float, seconds: float) -> None:
        self.end = now + seconds
        """When to look at the clocks again, of ``time.perf_counter``."""
        self._last = now + 10 * seconds
        self._stop = thread_time() + seconds

    def left(self) -> bool:
        now = perf_counter()
        if now > self.end:
            self.end = min(now + self._stop - thread_time(), self._last)
        return now <= self.end

    def grown(self) -> bool:
        """Whether there is time left although ``end`` has passed."""
        return perf_counter() > self.end and self.left()


class VariableCapture:
    """Takes the fingerprints; ``session.captures`` holds it."""

    def __init__(self, session: Session, shell: InteractiveShell, writer: LaterWriter) -> None:
        self._session = session
        self._shell = shell
        self._writer = writer
        self._full = session.plan is not None and session.plan.fingerprints == "full"
        self._started = 0.0
        self._anew = session.users.follow()
        self._open: dict[str, bool] = {}
        """Whether a name is one whose value may be looked at."""
        self._cost: dict[str, float] = {}
        self._last: dict[str, str] = {}
        self._turn = 0
        self._code_names: dict[int, tuple[CodeType, frozenset[str]]] = {}

    def cell_started(self, ordinal: int) -> None:  # noqa: ARG002 - what happens is the same in every cell
        self._started = perf_counter()

    def cell_finished(self, ordinal: int) -> dict[str, Any]:  # noqa: ARG002
        cell, variables = self._session.cell, self._session.users.present
        if cell is None or not cell.entropy or variables is None:
            return {}  # a cell that ran unseen: these are not the variables at its end
        found = self._take(cell.source, variables, perf_counter())
        return {"variables": self._writer.put(msgspec.json.encode(dict(sorted(found.items()))))}

    def session_ended(self) -> None:
        self._last, self._code_names = {}, {}

    def _take(self, source: str, variables: Variables, now: float) -> dict[str, str]:
        share = min((now - self._started) * _SHARE, _LONGEST)
        allowed = _Allowance(now, _FULL_BUDGET if self._full else max(_BUDGET, share))
        due = self._mentioned(source, variables)
        if self._anew:
            places = variables.places
            due.update(dict.fromkeys(sorted(self._anew & places.keys(), key=places.__getitem__)))
            self._anew.clear()
        found: dict[str, str] = {}
        for name in due:
            if not allowed.left():
                return found
            value = variables.values[variables.places[name]]
            taken = self._of(name, value, allowed.end)
            if taken is None and allowed.grown():
                taken = self._of(name, value, allowed.end)
            if taken is not None:
                found[name] = self._last[name] = taken
        end = allowed.end if self._full else min(allowed.end, perf_counter() + max(_OTHERS_BUDGET, share))
        self._look_at_others(variables, due, end, found)
        return found

    def _look_at_others(
        self, variables: Variables, due: dict[str, None], end: float, found: dict[str, str]
    ) -> None:
        """In turn, as far as there is time; added to ``found`` where they changed."""
        names = variables.names
        for _ in names:
            left = end - perf_counter()
            if left < 0:
                break
            self._turn = (self._turn + 1) % len(names)
            name = names[self._turn]
            if name in due:
                continue
            if (cost := self._cost.get(name, 0.0)) >= left:
                # What was once interrupted while it was looked at seems costly; so in time it is tried again.
                self._cost[name] = cost / 2
                continue
            taken = self._of(name, variables.values[self._turn], end)
            if taken is not None and (self._full or self._last.get(name) != taken):
                found[name] = self._last[name] = taken

    def _of(self, name: str, value: Any, end: float) -> str | None:
        if address(type(value)) in _CODE or not self._is_open(name):
            return None
        started = perf_counter()
        taken = fingerprint(value, CHEAP, end)
        self._cost[name] = perf_counter() - started
        if self._full and taken is not None and "~" in taken and (whole := fingerprint(value, FULL, end)):
            return f"{taken}/{whole}"
        return taken

    # -- which variables the cell could reach --------------------------------------------------------------

    def _is_open(self, name: str) -> bool:
        known = self._open.get(name)
        if known is None:
            known = self._open[name] = not name.startswith("_") and not _SECRET.search(name)
        return known

    def _mentioned(self, source: str, variables: Variables) -> dict[str, None]:
        """Variables that occur in the text, and in the functions among them, in an order that never varies."""
        places = variables.places
        if len(source) > _LONG_SOURCE:
            return dict.fromkeys(variables.names)
        due = dict.fromkeys(name for name in _WORD.findall(source) if name in places)
        functions = 0
        waiting = list(due)
        while waiting and functions < _MOST_FUNCTIONS:
            value = variables.values[places[waiting.pop()]]
            if type(value) is FunctionType and value.__globals__ is self._shell.user_ns:
                functions += 1
                more = [n for n in sorted(self._names(value.__code__)) if n in places and n not in due]
                due.update(dict.fromkeys(more))
                waiting += more
        return due

    def _names(self, code: CodeType) -> frozenset[str]:
        known = self._code_names.get(id(code))
        if known is None:
            if len(self._code_names) > 10 * _MOST_FUNCTIONS:
                self._code_names.clear()
            known = self._code_names[id(code)] = (code, frozenset(_all_names(code)))
        return known[1]


def _all_names(code: CodeType) -> set[str]:
    nested = [_all_names(constant) for constant in code.co_consts if type(constant) is CodeType]
    return set(code.co_names).union(*nested)


def compare(original: str, rerun: str) -> Comparison:
    """What two fingerprints of one variable say.

    ``same as sampled`` where only part of the value was looked at and nothing differed; ``other order`` where
    sets of equal content iterate differently (string hashes, addresses).
    """
    cheap, _, full = original.partition("/")
    cheap_rerun, _, full_rerun = rerun.partition("/")
    if full and full_rerun:
        cheap, cheap_rerun = full, full_rerun
    if cheap == cheap_rerun:
        return "same as sampled" if "~" in cheap or "?" in cheap else "same"
    same_content = cheap.split(":")[:2] == cheap_rerun.split(":")[:2]
    return "other order" if same_content else "different"
