"""Reruns in an environment that is built again from its lock."""

from __future__ import annotations

import json
import os
import shutil
import sys
import venv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from runlore.capture import wheels
from runlore.capture.environment import installed
from runlore.home import Home
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.rerun.environment import of_run
from runlore_server.rerun.index import uv_environ
from runlore_server.rerun.uv import Uv
from runlore_server.store.runs import RunStore
from tests.rerun.conftest import Command, Recorded, record, wait_until

_CELLS = [
    "%load_ext runlore",
    "%%track all\nimport demo, fixed, tool, runlore\n"
    "runlore.log(indexed=demo.value(), edited=fixed.value(), editable=tool.value())",
]


def value(number: float) -> str:
    return f"def value():\n    return {number}\n"


def wheel(folder: Path, name: str, version: str, number: float) -> Path:
    info = f"{name}-{version}.dist-info"
    contents = {
        f"{name}.py": value(number).encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    file = folder / f"{name}-{version}-py3-none-any.whl"
    file.write_bytes(wheels.write_wheel(contents, info))
    return file


class Bench(NamedTuple):
    """A recorded session, and what it was recorded with."""

    recorded: Recorded
    site: Path
    links: Path
    project: Path
    environ: dict[str, str]
    uv: Uv
    python: Path

    def verify(self, *arguments: str) -> Command:
        return self.recorded.command(
            "verify", self.recorded.runs["all"].run_id, "--json", *arguments, env=self.environ
        )


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Recorded with demo 1.0, a ``fixed`` edited by hand, and ``tool`` as sources; then all three changed."""
    root = tmp_path_factory.mktemp("bench")
    links, project, place = root / "links", root / "project", root / "venv"
    for folder in (links, project):
        folder.mkdir()
    wheel(links, "demo", "1.0", 1.0)
    wheel(links, "demo", "1.1", 1.5)
    wheel(links, "fixed", "1.0", 1.0)
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "tool"\nversion = "1.0"\n'
    )
    (project / "tool.py").write_text(value(7.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_FIND_LINKS", f"{os.environ.get('PIP_FIND_LINKS', '')} {links}")
        patch.setenv("JUPYTER_PATH", str(root / "jupyter"))
        environ = dict(os.environ)
        uv = Uv(root)
        venv.create(place, with_pip=False, symlinks=os.name != "nt")
        python = place / "bin" / "python"
        own = next(info for name, _, info in installed(sys.path) if name == "runlore")
        runlore = root / "runlore-0.1.0-py3-none-any.whl"
        runlore.write_bytes(wheels.pack(own, wheels.read_record(own) or []))
        install = ("pip", "install", "--python", str(python))
        uv.ask(*install, "demo==1.0", "fixed", "ipykernel", str(runlore), "--editable", str(project))
        (site,) = place.glob("lib/*/site-packages")
        (site / "fixed.py").unlink()
        (site / "fixed.py").write_text(value(30.25))
        (project / "tool.py").write_text(value(8.0))
        spec = root / "jupyter" / "kernels" / "python3" / "kernel.json"
        spec.parent.mkdir(parents=True)
        argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec.write_text(json.dumps({"argv": argv, "display_name": "bench", "language": "python"}))
        recorded = record(root, _CELLS)

        uv.ask(*install, "demo==1.1")
        (site / "fixed.py").write_text(value(1.0))
        (project / "tool.py").write_text(value(9.0))
        yield Bench(recorded, site, links, project, environ, uv, python)


@pytest.fixture(scope="module")
def locked(bench: Bench) -> Command:
    """A rerun in the environment built from the lock."""
    return bench.verify("--env", "locked")


def test_a_rerun_in_the_locked_environment_is_exact_where_the_present_one_diverges(
    bench: Bench, locked: Command
) -> None:
    now = bench.verify()
    assert (now.code, now.json["verdict"]) == (1, "DIVERGED")
    assert "demo 1.0 -> 1.1" in json.dumps(now.json["causes"]), now.json["causes"]
    environment = next(rung for rung in now.json["ladder"] if rung["rung"] == "environment")
    assert "Files of fixed 1.0 were edited by hand: fixed.py." in json.dumps(environment["evidence"]), environment

    assert (locked.code, locked.json["verdict"], locked.json["compared"]) == (0, "BIT-EXACT", 3), locked.stdout
    # Nothing of what the user has now was touched.
    assert (bench.site / "fixed.py").read_text() == value(1.0)
    assert (bench.project / "tool.py").read_text() == value(9.0)


def test_a_queued_rerun_happens_there_as_well(bench: Bench, locked: Command) -> None:
    store = RunStore(bench.recorded.home)
    store.refresh()
    queue = JobQueue(bench.recorded.home, store, lambda _: None)
    queue.start()
    try:
        job = queue.submit(Request(run_id=locked.json["rerun_of"], env="locked"))
        ended = wait_until(lambda: now if (now := queue.get(job.run_id)).over else None)
    finally:
        queue.shutdown()
    assert ended.state == "succeeded", ended.error
    assert ended.verdict.verdict == "BIT-EXACT"  # which it is nowhere else


def test_one_environment_is_shared_listed_and_removed(bench: Bench, locked: Command) -> None:
    (listed,) = bench.recorded.command("environments", "--json").json["environments"]
    assert listed["python"] == ".".join(map(str, sys.version_info[:3]))
    built = Path(listed["path"])
    assert (built / "complete.json").is_file()

    kept = bench.recorded.command("environments", "--json", "--prune").json["environments"]
    assert [one["removed"] for one in kept] == [False]
    would = bench.recorded.command("environments", "--prune", "--older-than", "0", "--dry-run")
    assert "would be removed" in would.stdout
    assert built.is_dir()
    (gone,) = bench.recorded.command("environments", "--json", "--prune", "--older-than", "0").json["environments"]
    assert gone["removed"]
    assert not built.exists()


def test_what_cannot_be_had_again_is_named_with_what_is_nearest(bench: Bench) -> None:
    environments = bench.recorded.home.path / "environments"
    shutil.rmtree(environments, ignore_errors=True)
    (bench.links / "demo-1.0-py3-none-any.whl").rename(bench.links / "hidden")
    try:
        refused = bench.verify("--env", "locked")
    finally:
        (bench.links / "hidden").rename(bench.links / "demo-1.0-py3-none-any.whl")
    assert refused.code == 2
    assert refused.json["error"]["reason"] == "EnvironmentNotRebuildable"
    message = refused.json["error"]["message"]
    assert "demo==1.0" in message
    assert "nearest is 1.1" in message
    assert not [path for path in environments.iterdir() if path.is_dir()], "half an environment was left"


def test_it_is_rebuilt_from_uvs_cache_while_the_index_is_away(
    bench: Bench, locked: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert locked.code == 0
    home = bench.recorded.home
    for folder in ("environments", "pins"):
        shutil.rmtree(home.path / folder, ignore_errors=True)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    again = of_run(home, bench.recorded.runs["all"])
    assert again.build(print).notes == []
    assert (next(again.path.glob("venv/lib/*/site-packages")) / "fixed.py").read_text() == value(30.25)


def test_a_run_without_a_lock_says_so(bench: Bench, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(bench.recorded.home.path, home, ignore=shutil.ignore_patterns("environments", "reruns"))
    run = bench.recorded.runs["all"]
    (home / "objects" / str(run.environment)).unlink()
    refused = replace(bench.recorded, home=Home(home)).command("verify", run.run_id, "--env", "locked")
    assert refused.code == 2
    assert "no lock of its environment" in refused.stderr


@pytest.mark.skipif(os.name == "nt", reason="pip's files lie elsewhere there")
def test_pips_configuration_is_put_into_uvs_words(tmp_path: Path) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = https://me:secret@example.org/simple\ntrusted_host = a b\n"
        "[install]\nextra-index-url =\n    https://one.example/simple\n    https://two.example/simple\n"
    )
    own = {"XDG_CONFIG_HOME": str(tmp_path), "PIP_DEFAULT_TIMEOUT": "7", "PIP_FIND_LINKS": "/x /y"}
    found = uv_environ(own)
    assert found["UV_DEFAULT_INDEX"] == "https://me:secret@example.org/simple"
    assert found["UV_INDEX"] == "https://one.example/simple https://two.example/simple"
    assert (found["UV_FIND_LINKS"], found["UV_INSECURE_HOST"], found["UV_HTTP_TIMEOUT"]) == ("/x,/y", "a b", "7")
    # uv's own configuration is the user's word on uv.
    assert (
        uv_environ({**own, "UV_DEFAULT_INDEX": "https://uv.example"})["UV_DEFAULT_INDEX"] == "https://uv.example"
    )
    assert "UV_FIND_LINKS" not in uv_environ({**own, "UV_INDEX": "https://uv.example"})
