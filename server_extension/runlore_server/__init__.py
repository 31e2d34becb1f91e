"""The server side of Runlore: follows the journals, serves them, exports them to MLflow, and reruns."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from runlore_server.app import RunloreApp

    return [{"module": "runlore_server.app", "app": RunloreApp}]
