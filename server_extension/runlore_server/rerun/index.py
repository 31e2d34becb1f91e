"""Where uv takes packages from: its user's own configuration, or else that of pip, which uv does not read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping

from runlore.capture.indexes import configured, pip_settings, uv_files

_OF_UV = (
    *("UV_CONFIG_FILE", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"),
    *("UV_FIND_LINKS", "UV_NO_INDEX"),
)
_SINGLE = {
    "index-url": "UV_DEFAULT_INDEX",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "timeout": "UV_HTTP_TIMEOUT",
}
_SEVERAL = {
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
}


def uv_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for uv: ``environ`` with pip's configuration in uv's words, where uv has none of its own."""
    found = dict(environ)
    if any(environ.get(name) for name in _OF_UV) or _configured_for_uv(environ):
        return found
    settings = pip_settings(environ, sys.prefix)
    for option, variable in _SINGLE.items():
        if (value := settings.get(option)) and not environ.get(variable):
            found[variable] = value.strip()
    for option, (variable, separator) in _SEVERAL.items():
        if (value := settings.get(option)) and not environ.get(variable):
            found[variable] = separator.join(value.split())
    if settings.get("no-index", "").strip().lower() in {"1", "true", "yes", "on"}:
        found["UV_NO_INDEX"] = "1"
    # pip takes the best of all places; uv would stop at the first that knows the name.
    found.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return found


def elsewhere(indexes: Iterable[str]) -> list[str]:
    """Those of the recorded indexes that are not configured here. They are told, and never asked."""
    here = configured(os.environ, sys.prefix)
    return [index for index in indexes if index not in here]


def _configured_for_uv(environ: Mapping[str, str]) -> bool:
    for file in uv_files(environ):
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        words = ("index", "[[index]]", "extra-index-url", "find-links", "no-index", "[pip]")
        if any(line.strip().startswith(words) for line in lines):
            return True
    return False
