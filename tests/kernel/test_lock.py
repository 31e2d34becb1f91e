"""What a run remembers of the packages it was made with."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runlore.capture import lock as locks
from runlore.capture import records, wheels
from runlore.capture.taking import Order, take
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.session_record import sessions

_RUN = "import runlore\nwith runlore.start_run('a'):\n    runlore.log(x=1.0)\n"


def lay_out(site: Path, name: str, files: dict[str, str], direct_url: dict[str, Any] | None = None) -> None:
    """Install a package as an installer leaves it."""
    info = f"{name}-1.0.dist-info"
    contents = {path: text.encode() for path, text in files.items()} | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(io.BytesIO(wheels.write_wheel(contents, info))) as archive:
        archive.extractall(site)
    (site / info / "INSTALLER").write_text("test\n")
    if direct_url is not None:
        (site / info / "direct_url.json").write_text(json.dumps(direct_url))


class Recorder:
    """Makes runs in new processes that find packages in ``site``."""

    def __init__(self, run_script: Callable[..., str], home: Home, site: Path) -> None:
        self.site, self.objects = site, ObjectStore(home.objects)
        self._home, self._run_script = home, run_script

    def facts(self, script: str = _RUN) -> dict[str, Any]:
        self._run_script(script, env={"PYTHONPATH": str(self.site)})
        newest = max(sessions(self._home), key=lambda session: session.info.process.started)
        (run,) = newest.runs.values()
        found = json.loads(self.objects.get(run.environment))
        assert "lock" in found, run.not_captured
        return found

    def package(self, name: str, script: str = _RUN) -> locks.LockedPackage:
        lock = locks.decode(self.objects.get(self.facts(script)["lock"]))
        return next(package for package in lock.packages if package.name == name)


@pytest.fixture
def recorder(run_script: Callable[..., str], home: Home, tmp_path: Path) -> Recorder:
    site = tmp_path / "site-packages"
    site.mkdir()
    return Recorder(run_script, home, site)


def test_the_lock_is_the_same_for_the_same_packages_and_another_for_others(recorder: Recorder) -> None:
    lay_out(recorder.site, "demo", {"demo/__init__.py": "value = 1\n"})
    first, again = recorder.facts(), recorder.facts()
    assert first["lock"] == again["lock"]
    assert first["packages"]["demo"] == "1.0"
    assert first["edited"] == {}

    lay_out(recorder.site, "other", {"other.py": ""})
    assert recorder.facts()["lock"] != first["lock"]
    assert len(recorder.objects.get(first["lock"])) < 60_000


def test_a_file_edited_by_hand_is_named_and_kept(recorder: Recorder) -> None:
    lay_out(recorder.site, "demo", {"demo/__init__.py": "value = 1\n", "demo/same.py": "a = 1\n"})
    before = recorder.package("demo")
    assert before.edited == {}

    edited = recorder.site / "demo" / "__init__.py"
    edited.write_text("value = 2\n")  # of the same size
    later = edited.stat().st_mtime + 100
    os.utime(edited, (later, later))
    os.utime(recorder.site / "demo" / "same.py", (later, later))  # touched, not changed

    facts = recorder.facts()
    assert list(facts["edited"]) == ["demo/__init__.py"]
    assert recorder.objects.get(facts["edited"]["demo/__init__.py"]) == b"value = 2\n"
    after = locks.decode(recorder.objects.get(facts["lock"]))
    (said,) = locks.differences(lock_of(before), after)
    assert said.text == "Files of demo 1.0 were edited by hand: demo/__init__.py."


def test_a_remembered_look_at_an_environment_finds_what_a_first_one_finds(tmp_path: Path) -> None:
    site, file = tmp_path / "site-packages", records.file_of(tmp_path, "demo")
    for name in ("demo", "other", "third"):
        lay_out(site, name, {f"{name}/__init__.py": "value = 1\n", f"{name}/more.py": "a = 1\n"})
        for path in (site / name).iterdir():
            os.utime(path, (path.stat().st_mtime + 100,) * 2)  # as if it may have been edited
    time.sleep(2.2)  # what was changed just now is not remembered

    def taken(remembered: Path | None = file) -> tuple[str, dict[str, str | None]]:
        order = Order(
            directories=[str(site)],
            objects=str(tmp_path / "objects"),
            prefix=str(tmp_path),
            base="",
            remembered=str(remembered) if remembered is not None else None,
        )
        found = take(order)
        return found.lock, found.edited

    first = taken()
    known = file.read_bytes()
    assert taken() == taken(None) == first
    assert file.read_bytes() == known

    edited = site / "demo" / "__init__.py"
    before = edited.stat()
    edited.write_text("value = 2\n")  # of the same size
    os.utime(edited, ns=(before.st_atime_ns, before.st_mtime_ns))  # and age
    (site / "other" / "more.py").unlink()
    listed = site / "third-1.0.dist-info" / "RECORD"
    listed.write_text(listed.read_text().replace("third/more.py", "third/less.py"))
    second = taken()
    assert second == taken(None)
    assert second[0] != first[0]
    assert second[1].keys() == {"demo/__init__.py", "other/more.py", "third/less.py"}

    for damage in (b"{", b'{"format":9,"listings":{}}', known[:-9]):
        file.write_bytes(damage)
        assert taken() == second


def lock_of(*packages: locks.LockedPackage) -> locks.Lock:
    nothing = dict.fromkeys(("python", "implementation", "system", "machine", "libc", "base"), "")
    return locks.Lock(format=locks.FORMAT, packages=list(packages), **nothing)


def test_credentials_of_a_source_never_reach_the_disk(recorder: Recorder, home: Home) -> None:
    checksum = "0" * 64
    url = f"https://me:hunter2@example.org/t/hunter3/demo-1.0.whl?sig=hunter4#sha256={checksum}"
    archive = {"url": url, "archive_info": {"hashes": {"sha256": checksum}}}
    lay_out(recorder.site, "demo", {"demo.py": ""}, archive)
    vcs = {"vcs": "git", "commit_id": "a" * 40, "requested_revision": "main"}
    lay_out(recorder.site, "cloned", {"cloned.py": ""}, {"url": "ssh://git@example.org/x.git", "vcs_info": vcs})

    source = recorder.package("demo").source
    assert source is not None
    assert source.url == f"https://example.org/demo-1.0.whl#sha256={checksum}"
    assert source.hashes == {"sha256": checksum}
    cloned = recorder.package("cloned").source
    assert cloned is not None
    assert (cloned.url, cloned.commit) == ("ssh://git@example.org/x.git", "a" * 40)
    for file in home.path.rglob("*"):
        assert not file.is_file() or b"hunter" not in file.read_bytes(), file


def test_an_editable_project_is_kept_with_what_was_not_committed(
    recorder: Recorder, home: Home, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    source = project / "src" / "tool.py"
    source.write_text("value = 1\n")
    git = ["git", "-C", str(project), "-c", "user.name=n", "-c", "user.email=e"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    source.write_text("value = 2\n")
    (project / "src" / "new.py").write_text("")
    direct_url = {"url": project.as_uri(), "dir_info": {"editable": True}}
    lay_out(recorder.site, "tool", {"_tool.pth": f"{project / 'src'}\n"}, direct_url)

    package = recorder.package("tool")
    assert package.source is not None
    assert (package.source.kind, package.source.dirty, package.source.path) == ("editable", True, str(project))
    assert len(package.source.commit or "") == 40
    kept = zipfile.ZipFile(io.BytesIO(recorder.objects.get(package.source.tree or "")))
    assert sorted(kept.namelist()) == ["src/new.py", "src/tool.py"]
    assert kept.read("src/tool.py") == b"value = 2\n"

    # The sources change between two runs of one process, with no installation.
    script = f"""
import runlore, pathlib, time
for number in (1, 2):
    with runlore.start_run("a"):
        (journal,) = pathlib.Path({str(home.sessions)!r}).glob("*/events.jsonl") if number == 1 else (journal,)
        while journal.read_text().count("environment_captured") < 2 * number:
            time.sleep(0.05)
    pathlib.Path({str(source)!r}).write_text(f"value = {{number}} # longer")
"""
    shutil.rmtree(home.sessions)
    recorder._run_script(script, env={"PYTHONPATH": str(recorder.site)})
    newest = max(sessions(recorder._home), key=lambda session: session.info.process.started)
    found = [json.loads(recorder.objects.get(run.environment))["lock"] for run in newest.runs.values()]
    assert len(set(found)) == 2


def test_a_damaged_installation_costs_its_own_entry_only(recorder: Recorder) -> None:
    lay_out(recorder.site, "demo", {"demo.py": ""}, {"url": "https://[broken", "archive_info": {}})
    (recorder.site / "other-1.0.dist-info").mkdir()
    (recorder.site / "other-1.0.dist-info" / "RECORD").write_text('"a,b.py",sha256=xx,1\ngarbage\n')
    package = recorder.package("demo")
    assert (package.version, package.source) == ("1.0", None)
    assert recorder.package("other").version == "1.0"


def test_the_projects_lock_files_and_indexes_are_kept_without_credentials(
    run_script: Callable[..., str], home: Home, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    (project / "notebooks").mkdir(parents=True)
    (project / ".git").mkdir()
    digest = "0" * 64
    texts = {
        "uv.lock": (
            f'[[package]]\nname = "demo"\n'
            f'wheels = [{{ url = "https://me:hunter2@h.example/d.whl", hash = "sha256:{digest}" }}]\n'
        ),
        "requirements.txt": f"--index-url https://me:hunter2@h.example/simple\ndemo==1.0 --hash=sha256:{digest}\n",
        "requirements-dev.txt": "--index-url https://me:hunter2@h.example/simple\npytest\n",
    }
    for name, text in texts.items():
        (project / name).write_text(text)
    (tmp_path / "uv.lock").write_text("of another project")
    script = f"import os; os.chdir({str(project / 'notebooks')!r})\n{_RUN}"
    variables = {
        "UV_INDEX": "mine=https://me:hunter2@i.example/simple",
        "PIP_INDEX_URL": "https://hunter2@p.example/s?x=hunter2",
    }
    run_script(script, env=variables)

    (session,) = sessions(home)
    (run,) = session.runs.values()
    objects = ObjectStore(home.objects)
    facts = json.loads(objects.get(str(run.environment)))
    assert facts["indexes"][0] == "https://i.example/simple"
    assert "https://p.example/s" in facts["indexes"]
    kept = {Path(path).name: objects.get(found).decode() for path, found in facts["lockfiles"].items()}
    assert set(kept) == {"uv.lock", "requirements.txt"}
    assert "https://h.example/d.whl" in kept["uv.lock"]
    assert digest in kept["uv.lock"]
    assert "--index-url https://h.example/simple" in kept["requirements.txt"]
    for file in home.path.rglob("*"):
        assert not file.is_file() or b"hunter2" not in file.read_bytes(), file


def test_what_conda_had_installed_is_kept_with_its_builds(tmp_path: Path) -> None:
    meta = tmp_path / "conda-meta"
    meta.mkdir()
    url = "https://me:hunter2@c.example/t/hunter3/forge/linux-64/libblas-3.9-h1.conda"
    told = {
        "name": "libblas",
        "version": "3.9",
        "build": "h1",
        "subdir": "linux-64",
        "md5": "0" * 32,
        "sha256": "1" * 64,
    }
    (meta / "libblas-3.9-h1.json").write_text(json.dumps({**told, "url": url, "channel": url.rpartition("/")[0]}))
    (meta / "damaged.json").write_text("{")
    objects = ObjectStore(tmp_path / "objects")
    taken = take(Order(directories=[], objects=str(tmp_path / "objects"), prefix=str(tmp_path), base=""))
    (package,) = locks.decode(objects.get(taken.lock)).conda
    assert package == locks.CondaPackage(
        **told,
        url="https://c.example/forge/linux-64/libblas-3.9-h1.conda",
        channel="https://c.example/forge/linux-64",
    )
