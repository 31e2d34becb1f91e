"""A further replay of a rerun that went through: from the same states, or from a fresh seed."""

from __future__ import annotations

import os
import secrets
import shutil

import msgspec

from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.origin import new_session_id
from runlore_server.rerun import notebook
from runlore_server.rerun.folder import Folder
from runlore_server.verdict.verdict import drop_verdict


def repeat(folder: Folder, name: str, *, reseed: int | None = None) -> Folder:
    """Prepare one more replay of the same cells, as ``name`` below the rerun's folder.

    Its run is a helper, which no list shows. ``reseed`` lets it draw from that seed instead of recorded states.

    Raises:
        OSError: the folder cannot be written.
    """
    plan = msgspec.structs.replace(
        folder.plan(),
        run_id=secrets.token_hex(8),
        session_id=new_session_id(),
        helper=True,
        reseed=reseed,
    )
    place = Folder(folder.path / name)
    shutil.rmtree(place.path, ignore_errors=True)
    place.create(plan, folder.launch())
    cells = notebook.read(folder.notebook)
    for cell in cells["cells"]:
        cell["outputs"], cell["execution_count"] = [], None
        cell["metadata"].pop("papermill", None)
    cells["metadata"].pop("papermill", None)
    notebook.write(cells, place.notebook)
    return place


def supersede(home: Home, folder: Folder) -> None:
    """Keep what an earlier attempt at a rerun wrote in the rerun's folder, and forget what it came to.

    Raises:
        OSError: the folder cannot be written.
    """
    if folder.plan_file.exists():
        try:
            journals = [home.session(folder.plan().session_id)]
        except JournalFormatError:  # the plan is damaged, and will be made anew
            journals = [found.parents[1] for found in home.sessions.glob(f"*/runs/{folder.path.name}")]
        for journal in journals:
            folder.set_aside(journal)
    drop_verdict(folder.path)


def put_away(home: Home, place: Folder) -> None:
    """Move what a helper wrote from the home's sessions into its own folder; it has served."""
    written, kept = home.session(place.plan().session_id), place.path / "session"
    if written.is_dir():
        shutil.rmtree(kept, ignore_errors=True)
        os.replace(written, kept)


def put_leftovers_away(home: Home, folder: Folder) -> None:
    """``put_away`` every helper of a rerun that was cut short before that was done."""
    for plan in folder.path.glob("*/plan.json"):
        put_away(home, Folder(plan.parent))
