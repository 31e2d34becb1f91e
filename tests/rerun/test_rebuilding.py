"""What an index tells of a lock, and locks that cannot be rebuilt: which package, why, what is nearest."""

from __future__ import annotations

import hashlib
import http.server
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runlore import events as ev
from runlore.capture import lock as locks
from runlore.capture import wheels
from runlore.capture.lock import CondaPackage, LockedPackage, Source
from runlore.home import Home
from runlore_server.errors import EnvironmentNotRebuildable
from runlore_server.rerun import conda, pins
from runlore_server.rerun.environment import LockedEnvironment
from runlore_server.rerun.pinning import Pinning
from runlore_server.rerun.recorded import Recorded, lock_of
from runlore_server.store.runs import RunStore
from tests.journals import ENVIRONMENT, FakeKernel
from tests.rerun.conftest import wait_until

PYTHON = ".".join(map(str, sys.version_info[:3]))


class Index:
    """A package index in a folder; what is put into it can be had by its address."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = root.as_uri()

    def put(self, name: str, version: str, *, tag: str = "py3-none-any", text: str = "", yanked: str = "") -> str:
        """Offer a package; the hash of its wheel."""
        info = f"{name}-{version}.dist-info"
        contents = {
            f"{name}.py": text.encode(),
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
        }
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}-{version}-{tag}.whl"
        file.write_bytes(wheels.write_wheel(contents, info))
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        page = folder / "index.html"
        lines = [line for line in page.read_text().splitlines() if file.name not in line] if page.exists() else []
        attribute = f' data-yanked="{yanked}"' if yanked else ""
        lines.append(f'<a href="{file.name}#sha256={digest}"{attribute}>{file.name}</a>')
        page.write_text("\n".join(lines))
        return f"sha256:{digest}"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """The only index that uv knows of, with a cache of its own."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name)
    found = Index(tmp_path / "index")
    monkeypatch.setenv("UV_DEFAULT_INDEX", found.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return found


class Locked:
    """A home with a run that was made with these packages."""

    def __init__(self, home: Home, *packages: LockedPackage, **facts: Any) -> None:
        self.home = home
        kernel = FakeKernel(home, dead=True)
        known = {"lockfiles": facts.pop("lockfiles", {}), "indexes": facts.pop("indexes", [])}
        self.lockfiles = {path: kernel.objects.put(text.encode()) for path, text in known["lockfiles"].items()}
        lock = locks.Lock(
            format=locks.FORMAT,
            packages=list(packages),
            **{
                "python": PYTHON,
                "implementation": "CPython",
                **dict.fromkeys(("system", "machine", "libc"), ""),
                "base": getattr(sys, "_base_executable", sys.executable),
                **facts,
            },
        )
        self.digest = kernel.objects.put(msgspec.json.encode(lock))
        self.told = Recorded(lock=self.digest, lockfiles=self.lockfiles, indexes=known["indexes"])
        environment = {**ENVIRONMENT, **msgspec.to_builtins(self.told)}
        cell = kernel.cell("x", outcome=None)
        run_id = kernel.start_run(run_id="1" * 16, kind="cell", cell=cell)
        digest = kernel.objects.put(msgspec.json.encode(environment))
        kernel.write(ev.EnvironmentCaptured(time=1.0, run_id=run_id, digest=digest))
        kernel.finish_run(run_id, cell=cell)
        kernel.end()

    def pinned(self) -> pins.Pins:
        """What the background looks up, as it is on disk."""
        store = RunStore(self.home)
        store.refresh()
        pinning = Pinning(store, delay=0.0)
        pinning.start()
        try:
            found = wait_until(lambda: pins.read(self.home, self.digest) or pinning.trouble)
        finally:
            pinning.shutdown()
        assert isinstance(found, pins.Pins), found
        return found

    def refusal(self) -> dict[str, str]:
        """Why it cannot be built, by what is at fault."""
        with pytest.raises(EnvironmentNotRebuildable) as refused:
            LockedEnvironment(self.home, self.told).build(print)
        environments = self.home.path / "environments"
        assert not [path for path in environments.iterdir() if path.is_dir()], "half an environment was left"
        return refused.value.packages


@pytest.fixture
def locked(tmp_path: Path) -> Callable[..., Locked]:
    return lambda *packages, **facts: Locked(Home(tmp_path / "home"), *packages, **facts)


def package(name: str, version: str, **facts: Any) -> LockedPackage:
    return LockedPackage(name=name, version=version, **facts)


def test_hashes_are_those_of_the_time_of_the_run(index: Index, locked: Callable[..., Locked]) -> None:
    digest = index.put("demo", "1.0", text="value = 1\n")
    recorded = locked(package("demo", "1.0"), package("gone", "3.1"))
    index.put("gone", "3.2")
    found = recorded.pinned()
    assert [(pin.name, pin.version, pin.hashes) for pin in found.packages] == [("demo", "1.0", [digest])]
    assert found.packages[0].source == index.url
    assert "nearest is 3.2" in found.lacking["gone==3.1"]

    # Whoever has the index now puts something else in the place of what the run had.
    index.put("gone", "3.1")
    index.put("demo", "1.0", text="value = 666\n")
    recorded.home.path.joinpath("pins", f"{recorded.digest}.json").write_bytes(
        msgspec.json.encode(msgspec.structs.replace(found, lacking={}))
    )
    (why,) = recorded.refusal().values()
    assert "demo" in why
    assert digest.removeprefix("sha256:") in why


def test_the_index_is_asked_once_for_a_lock(index: Index, locked: Callable[..., Locked]) -> None:
    index.put("demo", "1.0")
    recorded = locked(package("demo", "1.0"))
    assert recorded.pinned() == recorded.pinned()


def test_an_index_that_is_away_is_told_with_the_place_and_without_its_password(
    index: Index, locked: Callable[..., Locked], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://me:hunter2@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    recorded = locked(package("demo", "1.0"), indexes=["https://private.example/simple"])
    said = recorded.refusal()
    assert "127.0.0.1:9/simple" in said["uv"]
    assert "https://private.example/simple" in said["indexes"]
    assert "hunter2" not in str(said)
    for file in recorded.home.path.rglob("*"):
        assert not file.is_file() or b"hunter2" not in file.read_bytes(), file


def test_the_projects_lock_file_tells_what_the_index_does_not(index: Index, locked: Callable[..., Locked]) -> None:
    digest = index.put("demo", "1.0", text="value = 1\n")
    page = index.root / "demo" / "index.html"
    page.write_text(page.read_text().replace(f"#sha256={digest.removeprefix('sha256:')}", ""))
    other = "a" * 64
    texts = {
        "uv.lock": f'[[package]]\nname = "demo"\nversion = "1.0"\nwheels = [{{ hash = "sha256:{other}" }}]\n',
        "poetry.lock": f'[[package]]\nname = "Demo"\nversion = "1.0"\nfiles = [{{ hash = "sha256:{other}" }}]\n',
        "requirements-all.txt": f"demo==1.0 \\\n    --hash=sha256:{other}\n",
        "Pipfile.lock": f'{{"default": {{"demo": {{"hashes": ["sha256:{other}"], "version": "==1.0"}}}}}}',
        "pylock.toml": (
            f'[[packages]]\nname = "demo"\nversion = "1.0"\nwheels = [{{ hashes = {{ sha256 = "{other}" }} }}]\n'
        ),
        "pixi.lock": f"packages:\n- pypi: x\n  name: demo\n  version: '1.0'\n  sha256: {other}\n",
    }
    for name, text in texts.items():
        said = locked(package("demo", "1.0"), lockfiles={f"/project/{name}": text}).refusal()
        assert other in said["uv"], (name, said)


def test_damaged_lock_files_tell_nothing(index: Index, locked: Callable[..., Locked]) -> None:
    texts = {
        "/p/uv.lock": "[",
        "/p/pixi.lock": "- a: [",
        "/p/Pipfile.lock": "[" * 100_000,
        "/p/pylock.toml": "packages = 3",
    }
    said = locked(package("demo", "1.0"), lockfiles=texts).refusal()
    assert list(said) == ["demo==1.0"]


def test_every_reason_is_told_by_package(index: Index, locked: Callable[..., Locked], tmp_path: Path) -> None:
    index.put("versions", "1.0")
    index.put("versions", "3.0")
    index.put("windows", "1.0", tag="cp311-cp311-win_amd64")
    said = locked(package("versions", "2.0"), package("windows", "1.0"), package("nowhere", "1.0")).refusal()
    assert "nearest is 1.0 and 3.0" in said["versions==2.0"]
    assert "no other version either" in said["nowhere==1.0"]
    assert "for other platforms or Pythons only" in said["windows==1.0"]

    sources = Source(kind="editable", path=str(tmp_path / "gone"), why="more than 32 MiB")
    said = locked(
        package("tool", "1.0", source=sources), package("other", "2.0", source=Source(kind="archive", url="x"))
    ).refusal()
    assert set(said) == {"tool==1.0", "other==2.0"}
    assert str(tmp_path / "gone") in said["tool==1.0"]
    assert "more than 32 MiB" in said["tool==1.0"]


def test_a_python_that_is_not_here_is_told_with_the_nearest(index: Index, locked: Callable[..., Locked]) -> None:
    said = locked(python=f"3.{sys.version_info[1]}.99", base="/gone/python").refusal()
    (why,) = said.values()
    assert f"nearest is 3.{sys.version_info[1]}" in why
    assert "uv python install" in why
    # One of the same version stands in for a recorded one that is gone.
    assert list(locked(package("demo", "1.0"), base="/gone/python").refusal()) == ["demo==1.0"]


def test_what_conda_had_is_told_with_the_way_back(index: Index, locked: Callable[..., Locked]) -> None:
    archive = {"channel": "conda-forge", "subdir": "linux-64", "md5": "0" * 32}
    had = [
        CondaPackage(
            name="versions", version="2.0", build="py_0", url="https://c.example/versions-2.0.conda", **archive
        ),
        CondaPackage(
            name="libblas", version="3.9", build="h1", url="https://c.example/libblas-3.9.conda", **archive
        ),
    ]
    recorded = locked(package("versions", "2.0", installer="conda"), conda=had)
    said = recorded.refusal()
    assert "conda create --name NAME --file" in said["conda"]
    python, others, again = conda.notes(recorded.home, recorded.digest, lock_of(recorded.home, recorded.told))
    assert python.startswith("versions 2.0 py_0 came from conda")
    assert others.startswith("libblas 3.9 h1 came from conda, are not Python's")
    assert again == said["conda"]
    file = next(recorded.home.path.glob("pins/*.conda.txt"))
    assert str(file) in said["conda"]
    assert file.read_text().splitlines() == [
        "@EXPLICIT",
        f"https://c.example/versions-2.0.conda#{'0' * 32}",
        f"https://c.example/libblas-3.9.conda#{'0' * 32}",
    ]


def test_a_strangers_lock_gets_no_secret_of_the_environment(
    locked: Callable[..., Locked], index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *arguments: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MY_TOKEN", "hunter2")
    url = f"http://127.0.0.1:{server.server_port}/${{MY_TOKEN}}/demo-1.0-py3-none-any.whl"
    try:
        said = locked(package("demo", "1.0", source=Source(kind="archive", url=url))).refusal()
    finally:
        server.shutdown()
        server.server_close()
    assert "demo==1.0" in said
    assert not asked
