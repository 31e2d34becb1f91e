"""Kernels that log at once and are killed while a server reads: some seconds of ``python -m benchmarks.soak``."""

from __future__ import annotations

from pathlib import Path

from benchmarks.soak import soak


def test_no_point_of_many_kernels_is_lost(tmp_path: Path) -> None:
    found = soak(tmp_path, seconds=6, kernels=2, rate=20_000, kill_every=3, sprint=0.2)
    assert (found.lost, found.wrong, found.failures) == (0, 0, [])
    assert found.killed >= 1
    assert found.runs >= 3
    assert found.points > 50_000
    assert found.looks > 0
