"""Where packages come from: the user's own configuration of uv, or else that of pip, which uv does not read.

What is configured may hold credentials. It is handed to uv in its environment and written nowhere.
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Mapping
from pathlib import Path

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
    settings = _pip_settings(environ)
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


def _configured_for_uv(environ: Mapping[str, str]) -> bool:
    home = Path(environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    for file in (home / "uv" / "uv.toml", Path("/etc/xdg/uv/uv.toml"), Path("/etc/uv/uv.toml")):
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        words = ("index", "[[index]]", "extra-index-url", "find-links", "no-index", "[pip]")
        if any(line.strip().startswith(words) for line in lines):
            return True
    return False


def _pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """pip's options from its files and variables, the more particular over the more general, as pip does."""
    found: dict[str, str] = {}
    for file in _pip_files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (OSError, configparser.Error, UnicodeDecodeError):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                found |= {_option(name): value for name, value in parser.items(section)}
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            found[_option(name.removeprefix("PIP_"))] = value
    return found


def _option(name: str) -> str:
    option = name.lower().replace("_", "-")
    return "timeout" if option == "default-timeout" else option


def _pip_files(environ: Mapping[str, str]) -> list[Path]:
    chosen = environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    user = Path(environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    if sys.platform == "win32":
        name = "pip.ini"
        places = [
            Path(environ.get("PROGRAMDATA", "C:/ProgramData")) / "pip",
            Path.home() / "pip",
            Path(environ.get("APPDATA", str(Path.home()))) / "pip",
        ]
    else:
        name = "pip.conf"
        system = [Path("/etc/xdg/pip"), Path("/etc")]
        if sys.platform == "darwin":
            system.append(Path("/Library/Application Support/pip"))
            user = Path("~/Library/Application Support").expanduser()
        places = [*system, Path.home() / ".pip", user / "pip"]
    files = [place / name for place in places] + [Path(sys.prefix) / name]
    return [*files, Path(chosen)] if chosen else files
