"""Verdicts on records of every kind, written through the public format."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlore import events as ev
from runlore.curve import HEADER
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore_server.rerun.outcome import Outcome
from runlore_server.verdict.verdict import Divergence, Verdict, as_number, read_verdict, write_verdict
from tests.journals import FakeKernel
from tests.rerun.cases import LOSS, Case, Curves


@pytest.fixture
def case(tmp_path: Path) -> Callable[[], Case]:
    return lambda: Case(Home(tmp_path / secrets.token_hex(4)))


def test_the_same_bits_are_bit_exact(case: Callable[[], Case]) -> None:
    found = case().both().verdict()
    assert (found.verdict, found.compared, found.divergence, found.causes) == ("BIT-EXACT", 3, None, [])
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("rerun", "step", "original", "value"),
    [
        ({"loss": [(0, 1.0), (1, 0.5000000000000001), (2, 0.1)]}, 1, 0.5, 0.5000000000000001),
        ({"loss": [(0, 1.0), (1, float("nan")), (2, 0.25)]}, 1, 0.5, "NaN"),
        ({"loss": [(0, 1.0), (1, 0.5)]}, 2, 0.25, None),
        ({"loss": [*LOSS["loss"], (3, float("-inf"))]}, 3, None, "-Infinity"),
        ({"loss": [(0, 1.0), (5, 0.5), (2, 0.25)]}, 1, 0.5, None),
        ({}, 0, 1.0, None),
    ],
)
def test_the_first_differing_point(
    case: Callable[[], Case], rerun: Curves, step: int, original: float | None, value: float | str | None
) -> None:
    found = case().both(rerun=rerun).verdict()
    assert found.verdict == "DIVERGED"
    assert found.divergence == Divergence(metric="loss", step=step, original=original, rerun=value)
    assert found.exit_code == 1
    assert found.causes


def test_nothing_logged_is_nothing_to_compare(case: Callable[[], Case]) -> None:
    found = case().both({}, {}).verdict()
    assert (found.verdict, found.exit_code) == ("UNVERIFIABLE", 2)


@pytest.mark.parametrize("status", ["killed", "interrupted"])
def test_a_cut_off_original_proves_nothing_beyond_its_end(case: Callable[[], Case], status: str) -> None:
    longer = {"loss": [*LOSS["loss"], (3, 0.125)]}
    told = case()
    told.cell("original", outcome=None if status == "killed" else "interrupted")
    told.run("original", LOSS, status, ("KeyboardInterrupt", "") if status == "interrupted" else None)
    told.cell("rerun")
    told.run("rerun", longer)
    found = told.verdict()
    assert (found.verdict, found.compared) == ("UNVERIFIABLE", 3)
    assert f"{status} after step 2; its 3 points were reproduced bit for bit" in found.reason


def test_a_kernel_killed_between_cells_has_cut_nothing_off(case: Callable[[], Case]) -> None:
    for points, verdict in ((LOSS, "BIT-EXACT"), ({"loss": [*LOSS["loss"], (3, 0.125)]}, "UNVERIFIABLE")):
        told = case()
        told.cell("original")
        told.run("original", LOSS, "killed")
        told.cell("rerun")
        told.run("rerun", points)
        assert told.verdict().verdict == verdict


def test_a_cut_off_original_can_still_diverge(case: Callable[[], Case]) -> None:
    told = case()
    told.cell("original", outcome=None)
    told.run("original", LOSS, "killed")
    told.cell("rerun")
    told.run("rerun", {"loss": [(0, 1.0), (1, 0.75)]})
    found = told.verdict()
    assert (found.verdict, found.divergence and found.divergence.step) == ("DIVERGED", 1)


@pytest.mark.parametrize(
    ("original", "rerun", "verdict"),
    [
        (("ValueError", "nan"), ("ValueError", "nan"), "BIT-EXACT"),
        (("ValueError", "at 0x7f3a5c00"), ("ValueError", "at 0x7faa1100"), "BIT-EXACT"),
        (("ValueError", "nan"), ("ValueError", "inf"), "FAILED"),
        (None, ("OSError", "disk full"), "FAILED"),
        (("ValueError", "nan"), None, "DIVERGED"),
    ],
)
def test_how_both_ended_counts(
    case: Callable[[], Case], original: tuple[str, str] | None, rerun: tuple[str, str] | None, verdict: str
) -> None:
    told = case()
    for side, error in (("original", original), ("rerun", rerun)):
        told.cell(side, outcome="error" if error else "ok")
        told.run(side, LOSS, "failed" if error else "finished", error)
    found = told.verdict()
    assert found.verdict == verdict
    if verdict == "FAILED" and rerun:
        assert f"{rerun[0]}: {rerun[1]}" in found.reason
        assert "cell 0" in found.reason.lower()


def test_a_damaged_record_earns_no_verdict(case: Callable[[], Case]) -> None:
    def missing(told: Case) -> str:
        told.curve("original").unlink()
        return "'loss' is missing"

    def torn(told: Case) -> str:
        path = told.curve("original")
        path.write_bytes(path.read_bytes()[:-5])
        return "'loss' is damaged"

    def foreign(told: Case) -> str:
        path = told.curve("rerun")
        path.write_bytes(b"x" * len(HEADER) + path.read_bytes()[len(HEADER) :])
        return "'loss' is damaged"

    def journal(told: Case) -> str:
        path = told.home.events(told.kernels["original"].session_id)
        path.write_bytes(path.read_bytes().replace(b'{"type":"metric_started"', b'{"type":"metr', 1))
        return "1 damaged line"

    def state(told: Case) -> str:
        told.states.unlink()
        return "random state of python in cell 0"

    def changed_state(told: Case) -> str:
        told.states.write_bytes(told.states.read_bytes().replace(b"a state", b"another"))
        return "random state of python in cell 0"

    for damage in (missing, torn, foreign, journal, state, changed_state):
        told = case()
        told.rng = {"python": told.state(b"a state")}
        text = damage(told.both())
        found = told.verdict()
        assert found.verdict == "UNVERIFIABLE", damage
        assert text in found.reason


def test_an_open_original_is_not_judged(case: Callable[[], Case]) -> None:
    told = case()
    told.kernels["original"] = FakeKernel(told.home)  # its process lives
    told.cell("original", outcome=None)
    told.run("original", LOSS, "killed")
    told.cell("rerun")
    told.run("rerun", LOSS)
    found = told.verdict()
    assert (found.verdict, found.exit_code) == ("UNVERIFIABLE", 2)
    assert "still running" in found.reason


@pytest.mark.parametrize(
    "failure", ["kernel not started", "runlore missing", "kernel died", "kernel lost", "internal"]
)
def test_a_rerun_that_could_not_be_executed_has_failed(case: Callable[[], Case], failure: Any) -> None:
    told = case()
    told.cell("original")
    told.run("original", LOSS)
    found = told.verdict(Outcome(failure=failure, message="this is why"))
    assert (found.verdict, found.reason) == ("FAILED", "This is why.")


def test_causes_are_named(case: Callable[[], Case]) -> None:
    told = case()
    objects = ObjectStore(told.home.objects)
    for side, version, outcome, state in (("original", "1.0", "interrupted", b"a"), ("rerun", "2.0", "ok", b"b")):
        told.rng = {"numpy": told.state(state)}
        told.cell(side, outcome=outcome)  # type: ignore[arg-type]
        digest = objects.put(b'{"python": "3.11", "packages": {"numpy": "%s"}}' % version.encode())
        run_id = told.ids[side]
        told.run(side, {"loss": [(0, float(version))]})
        told.kernels[side].write(ev.EnvironmentCaptured(time=1.0, run_id=run_id, digest=digest))
    told.kernels["original"].write(ev.NotCaptured(time=1.0, what="files", why="too many"))
    found = told.verdict()
    assert found.verdict == "DIVERGED"
    text = "\n".join(found.causes)
    for expected in ("numpy 1.0 -> 2.0", "Cell 0 was interrupted", "random state of numpy", "files: too many"):
        assert expected in text


def test_what_was_not_recorded_is_no_cause(case: Callable[[], Case]) -> None:
    told = case()
    for side, value in (("original", 1.0), ("rerun", 2.0)):
        told.cell(side)  # type: ignore[arg-type]
        told.run(side, {"loss": [(0, value)]})  # type: ignore[arg-type]
    told.kernels["original"].write(ev.NotCaptured(time=1.0, what="files", why="too many"))
    first, *others = told.verdict().causes
    assert first.startswith("No recorded difference explains it")
    assert others == ["Not captured of the original, files: too many."]


@pytest.mark.parametrize("side", ["original", "rerun"])
def test_points_that_a_full_disk_cost_are_no_difference(case: Callable[[], Case], side: str) -> None:
    told = case()
    for each in ("original", "rerun"):
        told.cell(each)
        told.run(each, {"loss": LOSS["loss"][: 2 if each == side else 3]})
    note = ev.NotCaptured(
        time=1.0, what="1 point(s) of metric 'loss'", why="No space left on device", run_id=told.ids[side]
    )
    told.kernels[side].write(note)
    found = told.verdict()
    assert found.verdict == "UNVERIFIABLE"
    assert "lacks 1 point(s) of metric 'loss': No space left on device" in found.reason


@given(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(["BIT-EXACT", "DIVERGED"]), st.text())
def test_a_verdict_survives_its_file(
    tmp_path_factory: pytest.TempPathFactory, value: float, word: Any, text: str
) -> None:
    home = Home(tmp_path_factory.mktemp("verdict"))
    home.rerun("1").mkdir(parents=True)
    divergence = Divergence(metric=text, step=1, original=as_number(value), rerun=None)
    verdict = Verdict(verdict=word, reason=text, compared=3, divergence=divergence, causes=[text])
    write_verdict(home.rerun("1"), verdict)
    assert read_verdict(home, "1") == verdict
    assert read_verdict(home, "2") is None


@pytest.mark.parametrize("recorded", [True, False])
def test_files_that_were_still_being_hashed_when_the_kernel_ended_leave_a_gate_open(
    home: Home, recorded: bool
) -> None:
    case = Case(home)
    for side in ("original", "rerun"):
        cell = case.cell(side, opened=True)
        if recorded:
            case.kernels[side].write(ev.DataRecorded(time=3.0, ordinal=cell))
        case.run(side, LOSS)
    verdict = case.verdict()
    assert verdict.verdict == ("BIT-EXACT" if recorded else "UNVERIFIABLE")
    assert recorded or "not all were written down" in verdict.reason
