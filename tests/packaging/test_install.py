"""The distribution, built as a user without Node.js builds it, and what its base install brings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"mlflow", "papermill", "torch", "pandas", "numpy", "jupyterlab", "jupyter-server", "plotly"}

pytestmark = [pytest.mark.timeout(900), pytest.mark.thorough]


@pytest.fixture(scope="module")
def no_node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose PATH has everything but Node.js."""
    programs = tmp_path_factory.mktemp("bin")
    for folder in reversed(os.environ["PATH"].split(os.pathsep)):
        if ".venv" in folder or not Path(folder).is_dir():
            continue
        for program in Path(folder).iterdir():
            link = programs / program.name
            if program.name not in ("node", "nodejs", "npm", "npx", "corepack"):
                link.unlink(missing_ok=True)
                link.symlink_to(program)
    return {**os.environ, "PATH": str(programs)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, no_node: dict[str, str]) -> Path:
    """The wheel, built from what git tracks, without Node.js on the path."""
    source = tmp_path_factory.mktemp("source")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True)
    for name in filter(None, tracked.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    built = tmp_path_factory.mktemp("dist")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(built),
        str(source),
    ]
    done = subprocess.run(command, env=no_node, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    shutil.rmtree(source)
    return next(built.glob("runlore-*.whl"))


@pytest.fixture(scope="module")
def base_install(tmp_path_factory: pytest.TempPathFactory, wheel: Path, no_node: dict[str, str]) -> Path:
    """The ``bin`` of an environment with nothing but ``pip install runlore``."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel)], check=True, env=no_node)
    return environment / "bin"


def test_the_wheel_carries_both_packages_and_the_finished_panel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "runlore/__init__.py" in names
    assert "runlore/py.typed" in names
    assert "runlore_server/api/openapi.yaml" in names
    assert "runlore_server/events/change.yaml" in names
    data = next(name.split("/")[0] for name in names if ".data/" in name)
    panel = f"{data}/data/share/jupyter/labextensions/runlore"
    assert f"{panel}/package.json" in names
    assert any(name.startswith(f"{panel}/static/remoteEntry") for name in names)
    assert f"{data}/data/etc/jupyter/jupyter_server_config.d/runlore.json" in names
    assert not [name for name in names if "node_modules" in name or name.startswith("tests")]


def test_the_base_install_is_light(base_install: Path) -> None:
    listed = subprocess.run(
        [base_install / "python", "-m", "pip", "list", "--format=json"], check=True, capture_output=True
    )
    installed = {package["name"].lower().replace("_", "-") for package in json.loads(listed.stdout)}
    assert "runlore" in installed
    assert not installed & HEAVY


def test_the_base_install_records(base_install: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "RUNLORE_HOME": str(tmp_path / "home")}
    script = "import runlore\nwith runlore.start_run('light'):\n    runlore.log(loss=0.5)\n"
    subprocess.run([base_install / "python", "-c", script], check=True, env=environment, cwd=tmp_path)
    cells = "%load_ext runlore\n%track on cell\n__import__('runlore').log(loss=1.0)\n%track off\n%track\nexit\n"
    shell = subprocess.run(
        [base_install / "ipython", "--no-banner", "--simple-prompt"],
        input=cells, text=True, capture_output=True, check=True, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert "loss=1" in shell.stdout, shell.stdout + shell.stderr
    listed = subprocess.run(
        [base_install / "runlore", "runs", "--json"], capture_output=True, text=True, check=False, env=environment
    )
    assert listed.returncode == 0, listed.stderr
    assert {run["name"] for run in json.loads(listed.stdout)["runs"]} == {"light", "cell"}


def test_the_base_install_says_what_the_server_side_needs(base_install: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "RUNLORE_HOME": str(tmp_path / "home")}
    script = "import runlore\nwith runlore.start_run('light') as run:\n    pass\nprint(run.run_id)"
    recorded = subprocess.run(
        [base_install / "python", "-c", script], check=True, env=environment, capture_output=True, text=True
    )
    refused = subprocess.run(
        [base_install / "runlore", "rerun", recorded.stdout.strip()],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert refused.returncode == 2
    assert "runlore[lab]" in refused.stderr
