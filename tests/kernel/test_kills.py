"""Processes that log and are killed: some rounds of what ``python -m benchmarks.kills`` does a hundred times."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.kills import POINTS, killed


@pytest.mark.parametrize(("threads", "at_random"), [(1, False), (1, True), (4, True)])
def test_a_sigkill_loses_no_point(threads: int, at_random: bool, tmp_path: Path) -> None:
    found = killed(tmp_path, 3, threads, at_random=at_random)
    assert (found.rounds, found.lost, found.wrong) == (3, 0, 0)
    assert found.logged == 9 * POINTS if not at_random else found.logged > 0
