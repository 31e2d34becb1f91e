"""What ``runlore ingest`` does."""

from __future__ import annotations

import time
from typing import Any

from runlore_server.config import Config
from runlore_server.errors import ExportedElsewhere, ExportRefused
from runlore_server.ingest import Exporter
from runlore_server.store.archiver import Archiver
from runlore_server.store.curve_cache import CurveCache
from runlore_server.store.exports import Exports
from runlore_server.store.runs import RunStore

_INTERVAL = 0.1


def ingest(config: Config, store: RunStore) -> tuple[dict[str, Any], str, int]:
    """Bring every run to MLflow and its curves into an archive; the JSON object, the text and the exit code.

    Raises:
        ExportedElsewhere: another process does it already.
        ExportRefused: MLflow does not have all of them; the text says why.
    """
    exports = Exports(config.home, config.tracking_uri)
    exporter = Exporter(config, store, exports)
    archiver = Archiver(store, CurveCache(store, config.curve_cache))
    exporter.start()
    archiver.start()
    try:
        while (status := exporter.status()).pending:
            if not status.owner:
                raise ExportedElsewhere(
                    f"another process on {config.home.path} brings MLflow up to date already (a Jupyter server?); "
                    "it will have these runs shortly"
                )
            if status.error is not None:
                raise ExportRefused(f"MLflow does not have {status.pending} run(s): {status.error}")
            time.sleep(_INTERVAL)
        archiver.finish()
    finally:
        archiver.shutdown()
        exporter.shutdown()
        exports.close()
    where = config.shown_tracking_uri
    return {"tracking_uri": where, "pending": 0}, f"{where} has every recorded run.", 0
