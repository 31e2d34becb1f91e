"""``runlore doctor --mlflow``: what MLflow has of the runs, against what the home believes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from runlore.home import Home
from runlore_server.cli import main
from tests.journals import FakeKernel
from tests.server.exporting import client, export, in_mlflow


@pytest.fixture
def kinds(home: Home, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, list[str]]]:
    def look(*options: str) -> dict[str, list[str]]:
        capsys.readouterr()
        code = main(["doctor", "--mlflow", "--json", "--home", str(home.path), *options])
        found = json.loads(capsys.readouterr().out)["findings"]
        assert code == any(one["severity"] != "note" and one["repaired"] is None for one in found)
        return {one["kind"]: [place["where"] for place in one["places"]] for one in found}

    return look


def test_what_mlflow_has_is_compared_and_the_export_mended(
    home: Home,
    kernel: Callable[..., FakeKernel],
    kinds: Callable[..., dict[str, list[str]]],
    eventually: Callable[..., Any],
) -> None:
    home.path.mkdir(mode=0o700)
    session = kernel(dead=True)
    changed, gone, doubled = (session.run(name, {"loss": [(0, 1.0)]}) for name in ("changed", "gone", "doubled"))
    assert kinds() == {"not-exported": [f"run {run}" for run in (changed, gone, doubled)]}
    assert not (home.path / "mlflow").exists(), "looking makes no store"
    config = export(home, eventually)
    assert kinds() == {}

    mlflow = client(config)
    mlflow.set_terminated(in_mlflow(config, changed)[0].info.run_id, "FAILED")
    mlflow.delete_run(in_mlflow(config, gone)[0].info.run_id)
    (one,) = in_mlflow(config, doubled)
    mlflow.create_run(one.info.experiment_id, tags=one.data.tags)
    expected = {"export-status": [f"run {changed}"], "export-gone": [f"run {gone}"]}
    expected["export-doubled"] = [f"run {doubled}"]
    assert kinds() == expected
    assert kinds() == expected, "nothing is repaired unasked"

    assert kinds("--repair") == expected
    export(home, eventually)
    assert in_mlflow(config, changed)[0].info.status == "FINISHED"
    assert in_mlflow(config, gone) == [], "what a user deleted stays deleted"
    assert kinds().keys() <= {"export-doubled"}
