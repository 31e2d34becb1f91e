"""Everything of a run that can be compared with its rerun: points, artifacts, files, what the cells showed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from runlore.archive import is_lost
from runlore.curve import HEADER, RECORD_SIZE
from runlore.errors import JournalFormatError, ObjectMissing
from runlore.events import FileWritten
from runlore.record import Artifact, CellRecord, RunRecord
from runlore_server.retention.notes import retired
from runlore_server.store.curves import Points, read_points
from runlore_server.verdict.compare import Comparison, compare
from runlore_server.verdict.contents import compare_files, compare_leaves, kind_of, leaves
from runlore_server.verdict.evidence import CellPair, Evidence
from runlore_server.verdict.masks import DATED, TRAINER_TIME, mask
from runlore_server.verdict.outputs import compare_outputs
from runlore_server.verdict.rungs.sighting import short
from runlore_server.verdict.rungs.variables import other_ending

_TIMED = re.compile(rf"(?:^|/){TRAINER_TIME}$")


@dataclass(frozen=True)
class Apart:
    """Something other than a point that differs; ``text`` is a sentence, ``cell`` where it was made.

    ``close`` tells that it differs by rounding only, ``aside`` that the run does not rest on that cell, ``shown``
    that it is in a cell's output and not in a file.
    """

    text: str
    cell: int
    close: bool = False
    aside: bool = False
    shown: bool = False


@dataclass
class Findings:
    """``own`` counts what the run itself made; without any there is nothing to compare."""

    points: Comparison
    original: dict[str, Points]
    rerun: dict[str, Points]
    apart: list[Apart] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    masked: Counter[str] = field(default_factory=Counter)
    own: int = 0

    @property
    def same(self) -> bool:
        return self.points.first is None and not self.judged

    @property
    def judged(self) -> list[Apart]:
        """What differs of what the run made or rests on."""
        return [apart for apart in self.apart if not apart.aside]


def find(evidence: Evidence, *, cut_off: bool) -> Findings:
    """Compare all there is.

    Args:
        evidence: both sides; the rerun has its run.
        cut_off: the original was stopped from outside, so what comes beyond its end is no difference.

    Raises:
        JournalFormatError: something that was recorded is damaged or lost; the text says which, and of whom.
    """
    run, rerun = evidence.run, evidence.rerun
    assert rerun is not None  # noqa: S101 - see above
    theirs, ours = _curves_of("original", run), _curves_of("rerun", rerun)
    timed = {name for name in theirs if _TIMED.search(name) and len(ours.get(name, ())) == len(theirs[name])}
    count = sum(len(theirs.pop(name)) for name in timed)
    ours = {name: points for name, points in ours.items() if name not in timed}
    found = Findings(compare(theirs, ours, cut_off=cut_off), theirs, ours)
    found.masked.update({"timing": count} if timed else {})
    found.own += found.points.recorded
    _outputs(evidence, found)
    _params(evidence, rerun, found, cut_off)
    _artifacts(evidence, rerun, found, cut_off)
    _files(evidence, found, cut_off)
    found.apart.sort(key=lambda apart: apart.cell)
    return found


def curves(run: RunRecord) -> dict[str, Points]:
    """The run's curves.

    Raises:
        JournalFormatError: one is damaged or missing; the text says which.
    """
    found = {}
    for metric, path in run.metrics.items():
        if is_lost(run, metric):
            raise JournalFormatError(
                f"the curve of metric {metric!r} is missing (where MLflow has it, it is fetched when somebody "
                "looks at the run in JupyterLab)"
            )
        if run.status != "killed" and path.exists():
            # A kernel that ended in order has cut its files to whole records.
            size = path.stat().st_size
            if size < len(HEADER) or (size - len(HEADER)) % RECORD_SIZE:
                raise JournalFormatError(f"the curve of metric {metric!r} is damaged: its last point is torn")
        try:
            found[metric] = read_points(path)
        except (JournalFormatError, OSError) as error:
            raise JournalFormatError(f"the curve of metric {metric!r} is damaged: {error}") from error
    return found


def _curves_of(whose: str, run: RunRecord) -> dict[str, Points]:
    try:
        return curves(run)
    except JournalFormatError as error:
        raise JournalFormatError(f"In the record of the {whose}, {error}.") from error


def of_run(evidence: Evidence, cell: CellRecord) -> bool:
    """Whether the run was open in this cell of the original's."""
    return evidence.run.cell is not None and cell.ordinal >= evidence.run.cell


# -- what the cells showed ----------------------------------------------------------------------------------


def _outputs(evidence: Evidence, found: Findings) -> None:
    count = 0
    for pair in evidence.pairs:
        ending = None if pair.original.outcome is None or pair.put_back else other_ending(pair)
        if ending is not None:
            found.apart.append(Apart(ending.text, pair.ordinal, aside=pair.ordinal not in evidence.needed))
        one, other = pair.original.outputs, pair.rerun.outputs
        if one is None or other is None or not _ended_alike(pair):
            continue
        try:
            days = date.fromtimestamp(pair.original.started), date.fromtimestamp(pair.rerun.started)
            compared = compare_outputs(evidence.objects, one, other, days)
        except ObjectMissing as error:
            raise JournalFormatError(f"What cell {pair.ordinal} showed is lost ({error}).") from error
        if pair.ordinal in evidence.needed and _shows_something(evidence, one):
            count += 1
            found.own += of_run(evidence, pair.original)
        if pair.ordinal in evidence.needed:
            found.masked.update(compared.masked)
        for difference in compared.differences:
            text = f"The output of cell {pair.ordinal} differs: {difference.what}."
            aside = pair.ordinal not in evidence.needed
            found.apart.append(Apart(text, pair.ordinal, difference.close, aside, shown=True))
    if count:
        found.checked.append(_count(count, "output of 1 cell", "outputs of {} cells"))


def _ended_alike(pair: CellPair) -> bool:
    alike = pair.original.outcome == pair.rerun.outcome and pair.original.outcome in ("ok", "error")
    return alike and not pair.put_back


def _shows_something(evidence: Evidence, digest: str) -> bool:
    try:
        return evidence.objects.get(digest).strip() not in (b"[]", b"")
    except ObjectMissing:
        return True


# -- parameters that the run's code logged ------------------------------------------------------------------


def _params(evidence: Evidence, rerun: RunRecord, found: Findings, cut_off: bool) -> None:
    """Of what code hands over as a parameter, some is a result: the best of a search, a number of samples."""
    if evidence.plan.overrides:
        return  # they were to be others
    run = evidence.run
    cell = run.last_cell if run.last_cell is not None else run.cell or 0
    theirs, ours = _logged_params(run), _logged_params(rerun)
    for name in [*theirs, *(name for name in ours if name not in theirs)]:
        if name not in theirs or name not in ours:
            if not cut_off:
                lacking = "the original lacks" if name not in theirs else "the rerun lacks"
                found.apart.append(Apart(f"Parameter {name!r}: {lacking} it.", cell))
            continue
        one, other = theirs[name], ours[name]
        compared = compare_leaves(leaves(one, name), leaves(other, name))
        if not compared.same and not _is_aside(one, other, found):
            text = f"Parameter {name!r}, which the run logged, is {short(repr(one))} originally, "
            found.apart.append(Apart(f"{text}{short(repr(other))} in the rerun.", cell, compared.close))


def _logged_params(run: RunRecord) -> dict[str, Any]:
    return {name: value for name, value in run.params.items() if run.param_sources.get(name) == "user"}


def _is_aside(one: Any, other: Any, found: Findings) -> bool:
    """Whether two texts differ only in what no two executions share."""
    (theirs, hidden), (ours, _) = mask(str(one)), mask(str(other))
    if theirs != ours:
        return False
    found.masked.update({kind: len(texts) for kind, texts in hidden.items()})
    return True


# -- artifacts and files ------------------------------------------------------------------------------------


def _artifacts(evidence: Evidence, rerun: RunRecord, found: Findings, cut_off: bool) -> None:
    run = evidence.run
    cell = run.last_cell if run.last_cell is not None else run.cell or 0
    for path in [*run.artifacts, *(path for path in rerun.artifacts if path not in run.artifacts)]:
        one, other = run.artifacts.get(path), rerun.artifacts.get(path)
        if one is None or other is None:
            if cut_off and one is None:
                continue
            lacking = "the original lacks" if one is None else "the rerun lacks"
            found.apart.append(Apart(f"Artifact {path!r}: {lacking} it.", cell))
        elif one.digest != other.digest:
            _verify(evidence, rerun, one, other)
            found.apart += _contents(evidence, one, other, cell, found.masked)
    if run.artifacts:
        found.own += len(run.artifacts)
        found.checked.append(_count(len(run.artifacts), "1 artifact", "{} artifacts"))


def _verify(evidence: Evidence, rerun: RunRecord, one: Artifact, other: Artifact) -> None:
    for whose, run, artifact in (("original", evidence.run, one), ("rerun", rerun, other)):
        try:
            evidence.objects.verified(artifact.digest, artifact.size)
        except ObjectMissing as error:
            removed = retired(evidence.home, run.run_id, artifact.path)
            what = f"is lost ({error})" if removed is None else f"was {removed}"
            raise JournalFormatError(f"Artifact {one.path!r} of the {whose} {what}.") from error


def _contents(
    evidence: Evidence, one: Artifact, other: Artifact, cell: int, masked: Counter[str]
) -> Iterator[Apart]:
    kind = kind_of(one.path)
    if kind is None:
        yield Apart(f"Artifact {one.path!r} has another hash ({one.digest[:8]}, {other.digest[:8]}).", cell)
        return
    paths = evidence.objects.path(one.digest), evidence.objects.path(other.digest)
    compared = compare_files(*paths, kind, one.path)
    if compared.unread is not None:
        yield Apart(
            f"Artifact {one.path!r} has another hash; its contents were not compared: {compared.unread}.", cell
        )
    elif not compared.same and kind == "dated":
        yield Apart(f"Artifact {one.path!r} has another content, whatever dates are in it.", cell)
    elif not compared.same:
        yield Apart(f"Artifact {one.path!r} differs at {compared.first}.", cell, compared.close)
    elif kind == "dated":
        masked[DATED] += 1


def _files(evidence: Evidence, found: Findings, cut_off: bool) -> None:
    count = 0
    artifacts = {artifact.digest for artifact in evidence.run.artifacts.values()}
    for pair in evidence.pairs:
        if not of_run(evidence, pair.original) or not _ended_alike(pair):
            continue
        one, other = _written(pair.original), _written(pair.rerun)
        for path in one.keys() & other.keys():
            digests = one[path].digest, other[path].digest
            if digests[0] is None or digests[1] is None or digests[0] in artifacts:
                continue
            count += 1
            if digests[0] == digests[1]:
                continue
            if one[path].undated is not None and one[path].undated == other[path].undated:
                found.masked[DATED] += 1
            else:
                name = _short_path(path, evidence.launch.cwd)
                hashes = f"{digests[0][:8]}, {digests[1][:8]}"
                text = f"File {name}, written by cell {pair.ordinal}, came out different ({hashes})."
                found.apart.append(Apart(text, pair.ordinal))
    if count and not cut_off:
        found.own += count
        found.checked.append(_count(count, "1 written file", "{} written files"))


def _written(cell: CellRecord) -> dict[str, FileWritten]:
    return {written.path: written for written in cell.facts.writes}


def _short_path(path: str, cwd: str) -> str:
    try:
        return str(Path(path).relative_to(cwd))
    except ValueError:
        return path


def _count(number: int, one: str, many: str) -> str:
    return one if number == 1 else many.format(number)
