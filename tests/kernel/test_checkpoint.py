"""``runlore.checkpoint``: a folder for each run, whose files are kept with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runlore.errors import ObjectMissing
from runlore.home import Home
from runlore.objects import ObjectStore
from tests.conftest import Notebook

TRAINING = """%%track fit
import runlore
folder = runlore.checkpoint()
print(sorted(path.name for path in folder.rglob("*")))
(folder / "deep").mkdir(exist_ok=True)
(folder / "deep" / "state").write_bytes(b"trained")
assert folder == runlore.checkpoint()
"""


def test_each_run_has_a_folder_of_its_own_that_begins_empty(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    for _ in range(2):
        assert "[]" in notebook.run(TRAINING).text
    first, second = notebook.session().runs.values()
    folders = [Path(notebook.run(f"folder_{at} = str(folder); folder_{at}").text.strip("'")) for at in (0, 1)]
    objects = ObjectStore(notebook.home.objects)
    for run in (first, second):
        assert run.checkpoint is not None
        assert (run.checkpoint.source, run.checkpoint.files) == (None, {})
        assert {name: objects.get(digest) for name, digest in run.checkpoint_files.items()} == {
            "deep/state": b"trained"
        }
        assert list(run.artifacts) == ["checkpoint/deep/state"]
    assert folders[1].is_dir(), "a later cell may load what it holds"
    home = notebook.home
    notebook.close()
    assert not (home.curves(first.session_id, first.run_id) / "checkpoint").exists()
    assert not folders[1].exists(), "the objects have it"


def test_no_folder_without_an_open_run(shared_notebook: Notebook) -> None:
    assert "no run is open" in shared_notebook.run("import runlore\nrunlore.checkpoint()").text
    late = "with runlore.start_run('over') as run:\n    pass\nrun.checkpoint()"
    assert "has ended" in shared_notebook.run(late).text
    assert shared_notebook.last_run().checkpoint is None


def test_what_a_failed_training_left_is_kept_and_a_killed_one_leaves_its_files(
    open_notebook: Callable[..., Notebook],
) -> None:
    notebook = open_notebook().load()
    notebook.run(TRAINING + "raise ValueError('broke')")
    assert list(notebook.last_run().checkpoint_files) == ["deep/state"]
    notebook.start(TRAINING + "print('saved', flush=True)\nimport time\ntime.sleep(100)")
    notebook.wait_for_output("saved")
    run = notebook.last_run()
    notebook.kill()
    assert not run.checkpoint_files
    assert (run.directory / "checkpoint" / "deep" / "state").read_bytes() == b"trained"


def test_an_object_is_copied_only_if_it_is_what_its_name_says(home: Home, tmp_path: Path) -> None:
    objects = ObjectStore(home.objects)
    digest = objects.put(b"state")
    objects.copy(digest, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"state"
    objects.path(digest).write_bytes(b"other")
    with pytest.raises(ObjectMissing, match="another hash"):
        objects.copy(digest, tmp_path / "damaged")
    assert not (tmp_path / "damaged").exists()
    with pytest.raises(ObjectMissing, match="cannot be read"):
        objects.copy("0" * 64, tmp_path / "none")
