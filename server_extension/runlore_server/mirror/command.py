"""What ``runlore mirror`` does, and what other commands need of the mirror."""

from __future__ import annotations

from typing import Any

import msgspec

from runlore.home import is_mirrored
from runlore_server.config import Config
from runlore_server.errors import MirroredElsewhere, SettingRefused
from runlore_server.mirror.fetching import Fetching
from runlore_server.mirror.mirror import mirror_lock
from runlore_server.mirror.worker import Look, Looked, mirror_process
from runlore_server.store.runs import RunStore


def mirror(config: Config) -> tuple[dict[str, Any], str, int]:
    """Look at all of MLflow once; the JSON object, the text and the exit code.

    Raises:
        SettingRefused: the mirror is turned off.
        MirroredElsewhere: another process does that.
        TrackingStoreAway, ExportRefused: see ``Source``.
        OSError: the home cannot be written.
    """
    if not config.mirror:
        raise SettingRefused("RUNLORE_MIRROR says that runs of MLflow shall not be shown; unset it to show them")
    lock = mirror_lock(config)
    if not lock.acquire():
        raise MirroredElsewhere(
            f"another process on {config.home.path} follows MLflow already (a Jupyter server?) and shows its runs"
        )
    process = mirror_process(config, lock)
    try:
        counts = msgspec.json.decode(process.ask(Look(whole=True)), type=Looked).counts
    finally:
        process.end()
        lock.release()
    where = config.shown_tracking_uri
    news = f"{counts.came} new, {counts.changed} changed, {counts.gone} gone"
    text = f"{counts.runs} run(s) of {where} are shown: {news}."
    return {"tracking_uri": where, **counts._asdict()}, text, 0


def bring(config: Config, store: RunStore, *names: str) -> None:
    """Fetch the curves of those of these runs that are mirrored; each is given as ``RunStore.find`` takes it.

    Raises:
        RunNotFound, AmbiguousRun: see ``RunStore.find``.
        TrackingStoreAway, ExportRefused: see ``Source``.
        OSError: the home cannot be written.
    """
    fetching = Fetching(config, store)
    try:
        for run in map(store.find, names):
            if is_mirrored(run.session_id):
                fetching.bring(run)
    finally:
        fetching.shutdown()
