"""``runlore bundle``, and verifying what it wrote where nothing else of the home is; hostile files."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from runlore.home import Home
from runlore_server.cli import main
from runlore_server.store.archive import archive_run
from runlore_server.store.runs import RunStore
from tests.automation.conftest import furnish
from tests.conftest import Notebook
from tests.rerun.conftest import Recorded, record


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """``runlore`` in this process: its exit code and its object."""
    code = main([*arguments, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return code, found


def members(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(file: Path, change: Callable[[dict[str, bytes]], None], *, sealed: bool = True) -> None:
    """Change what is in a bundle; ``sealed`` lets the manifest agree."""
    inside = members(file)
    change(inside)
    if sealed:
        manifest = json.loads(inside["manifest.json"])
        manifest["members"] = [
            {"name": name, "size": len(content), "digest": blake3(content).hexdigest()}
            for name, content in inside.items()
            if name != "manifest.json"
        ]
        inside["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in inside.items():
            archive.writestr(name, content)


def test_a_bundle_is_verified_elsewhere_and_the_same_each_time(
    recorded: Recorded, bundle: Path, checkout: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.runlore"
    assert recorded.command("bundle", recorded.runs["train"].run_id, "-o", str(again)).code == 0
    assert again.read_bytes() == bundle.read_bytes()

    elsewhere = Recorded(type(recorded.home)(tmp_path / "empty"), checkout, recorded.session)
    done = elsewhere.command(
        "verify", str(bundle), "--directory", str(checkout), "--keep", str(tmp_path / "kept"), "--json"
    )
    assert (done.code, done.json["verdict"]) == (0, "BIT-EXACT"), done
    assert done.json["compared"] == 10
    assert done.json["rerun_of"] == recorded.runs["train"].run_id
    notebook = Path(done.json["notebook"])
    assert notebook.is_relative_to(tmp_path / "kept")
    data = json.loads((notebook.parent / "data.json").read_text())["checks"]
    assert [(Path(one["path"]), one["status"]) for one in data] == [(checkout / "rows.csv", "same")]
    assert not (tmp_path / "empty" / "sessions").exists()

    (checkout / "rows.csv").write_text("1,2\n3,4\n5,6\n")
    done = elsewhere.command("verify", str(bundle), "--directory", str(checkout), "--json")
    assert (done.code, done.json["verdict"]) == (1, "DIVERGED"), done
    assert str(checkout / "rows.csv") in done.json["causes"][0]
    assert done.json["notebook"] is None


def test_a_bundle_holds_the_run_and_nothing_that_is_nobody_elses_business(
    recorded: Recorded, bundle: Path
) -> None:
    inside = members(bundle)
    text = b"\n".join(inside.values())
    events = [json.loads(line) for line in inside["events.jsonl"].splitlines()]
    assert {event["run_id"] for event in events if "run_id" in event} == {recorded.runs["train"].run_id}
    assert events[0]["type"] == "session_started"
    assert events[0].get("user") is None
    assert (events[0]["process"]["host"], events[0]["process"]["boot"]) == ("", "")
    assert events[-1]["type"] == "session_ended"
    # The variable was looked up in the cell, but neither its value nor a digest under the home's key is told.
    looked_up = recorded.session.cells[1].facts.uncontrolled
    [secret] = [one.detail for one in looked_up if one.detail.startswith("TOKEN_OF_MINE ")]
    for private in (b"sesame-open", secret.encode(), recorded.home.key.read_bytes()):
        assert private not in text
    assert {name for name in inside if name.startswith("objects/")} == {
        name for name in inside if name == f"objects/{blake3(inside[name]).hexdigest()}"
    }


def test_curves_that_only_the_archive_has(recorded: Recorded, checkout: Path, tmp_path: Path) -> None:
    home, file = Home(tmp_path / "home"), tmp_path / "x.runlore"
    shutil.copytree(recorded.home.path, home.path)
    store = RunStore(home)
    store.refresh()
    run_ = store.find(recorded.runs["train"].run_id)
    store.close()
    assert archive_run(run_) is not None
    for path in run_.curves.values():
        path.unlink()
    archived = Recorded(home, checkout, recorded.session)
    assert archived.command("bundle", run_.run_id, "-o", str(file)).code == 0
    assert [name for name in members(file) if name.startswith("curves/")] == ["curves/curves.parquet"]
    done = archived.command("verify", str(file), "--directory", str(checkout), "--json")
    assert (done.code, done.json["verdict"], done.json["compared"]) == (0, "BIT-EXACT", 10), done


def test_what_cannot_be_bundled_is_refused(
    recorded: Recorded, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, found = run(capsys, "bundle", "no-such-run", "--home", str(recorded.home.path))
    assert (code, found["error"]["reason"]) == (2, "RunNotFound")
    file = tmp_path / "nowhere" / "x.runlore"
    run_id = recorded.runs["train"].run_id
    code, found = run(capsys, "bundle", run_id, "-o", str(file), "--home", str(recorded.home.path))
    assert (code, found["error"]["reason"]) == (2, "FileNotFoundError")


def test_a_cell_that_was_interrupted_can_be_put_back_at_home_only(
    open_notebook: Callable[..., Notebook], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = open_notebook().load()
    notebook.start("import time\nkept = 1\nprint('waiting', flush=True)\nwhile True:\n    time.sleep(0.05)")
    notebook.wait_for_output("waiting")
    notebook.interrupt()
    assert notebook.run("%%track later\nimport runlore\nrunlore.log(a=kept)").ok
    running = notebook.last_run().run_id
    home = str(notebook.home.path)
    code, found = run(capsys, "bundle", running, "-o", str(tmp_path / "x.runlore"), "--home", home)
    assert (code, found["error"]["reason"]) == (2, "RerunRefused")
    assert "was interrupted" in found["error"]["message"]
    assert not (tmp_path / "x.runlore").exists()


def _escape(inside: dict[str, bytes]) -> None:
    inside["objects/../../../escaped"] = b"x"


def _absolute(inside: dict[str, bytes]) -> None:
    inside["/tmp/escaped"] = b"x"


def _other_content(inside: dict[str, bytes]) -> None:
    inside["states.bin"] = inside["states.bin"][:-1] + b"\0"


def _misnamed(inside: dict[str, bytes]) -> None:
    inside["objects/" + "0" * 64] = b"not what its name says"


def _other_session(inside: dict[str, bytes]) -> None:
    inside["events.jsonl"] = inside["events.jsonl"].replace(b'"session_id":"', b'"session_id":"x', 1)


def _two_sessions(inside: dict[str, bytes]) -> None:
    inside["events.jsonl"] = inside["events.jsonl"].splitlines(keepends=True)[0] + inside["events.jsonl"]


def _no_end(inside: dict[str, bytes]) -> None:
    inside["events.jsonl"] = b"".join(inside["events.jsonl"].splitlines(keepends=True)[:-1])


def _damaged(inside: dict[str, bytes]) -> None:
    inside["events.jsonl"] = inside["events.jsonl"].replace(b'"ordinal":', b'"ordinal":x', 1)


def _without_journal(inside: dict[str, bytes]) -> None:
    del inside["events.jsonl"]


def _forged(**values: Any) -> Callable[[dict[str, bytes]], None]:
    def change(inside: dict[str, bytes]) -> None:
        inside["manifest.json"] = json.dumps(json.loads(inside["manifest.json"]) | values).encode()

    return change


@pytest.mark.parametrize(
    ("change", "sealed", "told"),
    [
        (_escape, True, "as no bundle has"),
        (_absolute, True, "as no bundle has"),
        (_other_content, False, "another size or hash"),
        (_misnamed, True, "another size or hash"),
        (_other_session, True, "another session"),
        (_two_sessions, True, "another session"),
        (_no_end, True, "beginning or its end"),
        (_damaged, True, "journal is damaged"),
        (_without_journal, False, "other members"),
        (_forged(session_id="../../up"), False, "ids are none"),
        (_forged(session_id="mlflow-1"), False, "ids are none"),
        (_forged(run_id="a/b"), False, "ids are none"),
        (_forged(format=2), False, "upgrade Runlore"),
        (_forged(members=3), False, "manifest is damaged"),
        (_forged(criteria={"verdict": "none at all"}), False, "criteria"),
        (_forged(members=[{"name": "states.bin", "size": 1 << 60, "digest": ""}]), False, "other members"),
    ],
)
def test_hostile_bundles_are_refused_and_leave_nothing(  # noqa: PLR0917
    checkout: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, bytes]], None],
    sealed: bool,
    told: str,
) -> None:
    file, kept, home = checkout / "runs" / "train.runlore", tmp_path / "kept", tmp_path / "home"
    repacked(file, change, sealed=sealed)
    code, found = run(
        capsys, "verify", str(file), "--directory", str(checkout), "--keep", str(kept), "--home", str(home)
    )
    assert (code, found["error"]["reason"]) == (2, "BundleRefused"), found
    assert told in found["error"]["message"]
    left = [path for path in kept.rglob("*") if path.is_file()] if kept.exists() else []
    assert not left or told == "criteria"
    assert not (tmp_path / "escaped").exists()
    assert not Path("/tmp/escaped").exists()


def test_a_bomb_is_not_unpacked_and_a_link_is_a_file(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, kept = checkout / "runs" / "train.runlore", tmp_path / "kept"
    arguments = (
        "verify",
        str(file),
        "--directory",
        str(checkout),
        "--keep",
        str(kept),
        "--home",
        str(tmp_path / "h"),
    )
    honest = members(file)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in honest.items():
            # The manifest says 2 kB of it; there are 200 MB of zeros.
            archive.writestr(name, bytes(200 << 20) if name == "states.bin" else content)
    code, found = run(capsys, *arguments)
    assert (code, found["error"]["reason"]) == (2, "BundleRefused")
    assert "states.bin" in found["error"]["message"]
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in honest.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, content)
    code, found = run(capsys, *arguments, "--kernel", "no-such-kernel")
    assert found["error"]["reason"] == "KernelMissing"  # as far as that it came
    assert not any(path.is_symlink() for path in kept.rglob("*"))
    file.write_bytes(b"PK\x03\x04 no more than a beginning")
    assert run(capsys, *arguments)[1]["error"]["reason"] == "BundleRefused"
    file.unlink()
    assert run(capsys, *arguments)[1]["error"]["reason"] == "FileNotFoundError"


def test_paths_count_from_the_repository(tmp_path: Path) -> None:
    furnish(tmp_path / "work")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    home = record(
        tmp_path,
        ["%load_ext runlore", "%%track here\nimport runlore\nrunlore.log(a=len(open('rows.csv').read()))"],
    )
    file, checkout = tmp_path / "x.runlore", tmp_path / "checkout"
    done = home.command("bundle", home.runs["here"].run_id, "-o", str(file), "--json")
    assert done.json["root"] == str(tmp_path), done
    furnish(checkout / "work")
    (tmp_path / "work").rename(tmp_path / "gone")
    verified = home.command("verify", str(file), "--directory", str(checkout), "--json")
    assert (verified.code, verified.json["verdict"]) == (0, "BIT-EXACT"), verified
    missing = home.command("verify", str(file), "--directory", str(tmp_path / "home"), "--json")
    assert missing.json["error"]["reason"] == "RerunRefused"
    assert str(tmp_path / "home" / "work") in missing.json["error"]["message"]
