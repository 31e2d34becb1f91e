"""Names and texts as MLflow takes them."""

from __future__ import annotations

import re
import sys

from blake3 import blake3

LONGEST_PARAM = 6000
LONGEST_TAG = 8000
_LONGEST_NAME = 250
_REFUSED = re.compile(r"[^\w.\- /]" if sys.platform == "win32" else r"[^\w.\- /:]")


def mlflow_name(name: str) -> str:
    """``name`` where MLflow takes it as the key of a metric, parameter or tag, else one that it takes.

    MLflow wants word characters, ``.``, ``-``, ``:``, ``/`` and spaces, and names that are normal relative paths.
    What is replaced ends in a hash of the original, so that two names never become one.
    """
    parts = [part for part in _REFUSED.sub("_", name).split("/") if part not in ("", ".", "..")]
    fitting = "/".join(parts)
    if fitting.startswith(".."):
        fitting = "_" + fitting
    if fitting == name and len(name) <= _LONGEST_NAME:
        return name
    mark = "-" + blake3(name.encode(errors="surrogatepass")).hexdigest()[:8]
    return fitting[: _LONGEST_NAME - len(mark)].rstrip("/") + mark


def shortened(text: str, limit: int) -> str:
    """``text`` as MLflow's databases can hold it, cut to ``limit`` characters where it is longer."""
    text = text.encode(errors="replace").decode().replace("\x00", "\ufffd")
    return text if len(text) <= limit else text[: limit - 1] + "…"
