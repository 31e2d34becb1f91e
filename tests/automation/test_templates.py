"""The CI templates: their steps, taken from the files and run in a shell as the servers do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

CI = Path(__file__).parents[2] / "examples" / "ci"


def loaded(name: str) -> dict[Any, Any]:
    found = yaml.safe_load((CI / name).read_text())
    assert isinstance(found, dict)
    return found


def execute(steps: list[str], checkout: Path, shell: list[str]) -> None:
    """Run steps with the environment of the tests in place of one of their own; what is installed is there."""
    binaries = Path(sys.executable).parent
    environ = {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "RUNLORE_HOME": str(checkout / "no-home"),
        "RUNLORE_PACKAGE": "runlore",  # installed already, so no index is asked
        "GITHUB_STEP_SUMMARY": str(checkout / "runlore.md"),
    }
    for step in steps:
        done = subprocess.run(
            [*shell, step], cwd=checkout, env=environ, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done


def check_results(checkout: Path) -> None:
    assert 'failures="0" errors="0"' in (checkout / "runlore.xml").read_text()
    assert "1 of 1 as asked" in (checkout / "runlore.md").read_text()
    assert not (checkout / "no-home" / "sessions").exists()


def kept(checkout: Path, patterns: list[str]) -> None:
    """Whether each of the patterns of files to keep leads to one."""
    for pattern in patterns:
        assert list(checkout.glob(pattern)), pattern


@pytest.fixture
def declared_package() -> None:
    """The templates install what the project calls its server side."""
    assert loaded("github-workflow.yml")["jobs"]["verify"]["env"]["RUNLORE_PACKAGE"] == "runlore[lab]"
    assert loaded("gitlab-ci.yml")["verify runs"]["variables"]["RUNLORE_PACKAGE"] == "runlore[lab]"


@pytest.mark.usefixtures("declared_package")
def test_the_workflow_for_github(checkout: Path) -> None:
    found = loaded("github-workflow.yml")
    assert {"push", "pull_request", "schedule"} <= found[True].keys()  # YAML's "on"
    steps = found["jobs"]["verify"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    execute([step["run"] for step in steps if "run" in step], checkout, ["bash", "-e", "-c"])
    check_results(checkout)
    [upload] = [step for step in steps if "upload-artifact" in step.get("uses", "")]
    kept(checkout, upload["with"]["path"].split())


@pytest.mark.usefixtures("declared_package")
@pytest.mark.thorough
def test_the_job_for_gitlab(checkout: Path) -> None:
    (job,) = loaded("gitlab-ci.yml").values()
    execute([*job["before_script"], *job["script"]], checkout, ["sh", "-e", "-c"])
    check_results(checkout)
    kept(checkout, [*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]])
