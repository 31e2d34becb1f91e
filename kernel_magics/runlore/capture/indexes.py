"""Where packages are configured to come from, as pip and uv read it.

What is configured may hold credentials: it is handed to uv in its environment, and ``configured`` alone, which
leaves them out, may be written down.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runlore.capture.lock import without_credentials

_OF_PIP = ("index-url", "extra-index-url", "find-links")
_OF_UV = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")


def configured(environ: Mapping[str, str], prefix: str) -> list[str]:
    """Every index and folder of packages that pip or uv would look in, without credentials; empty for PyPI alone.

    Args:
        environ: the variables that both obey.
        prefix: the environment whose own ``pip.conf`` counts.
    """
    found = [place for name in _OF_UV for place in _places(environ.get(name, ""))]
    for file in uv_files(environ):
        found += _of_uv(file)
    settings = pip_settings(environ, prefix)
    found += [place for name in _OF_PIP for place in _places(settings.get(name, ""))]
    return list(dict.fromkeys(without_credentials(place) for place in found))


def _places(value: str) -> list[str]:
    # uv lets an index have a name before its address, and parts folders by commas.
    words = value.replace(",", " ").split()
    return [word.partition("=")[2] if "=" in word.partition("://")[0] else word for word in words]


def uv_files(environ: Mapping[str, str]) -> list[Path]:
    """Files with uv's settings for a user or a machine, whether they are there or not."""
    home = Path(environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    return [home / "uv" / "uv.toml", Path("/etc/xdg/uv/uv.toml"), Path("/etc/uv/uv.toml")]


def _of_uv(file: Path) -> Iterator[str]:
    told = _toml(file)
    for table in (told, told.get("pip")):
        for name in ("index", *_OF_PIP):
            yield from _addresses(table.get(name)) if isinstance(table, dict) else ()


def _toml(file: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):  # Python 3.10 cannot read it, and a kernel gets no package for that
        import tomllib

        with contextlib.suppress(OSError, ValueError):
            return tomllib.loads(file.read_text(encoding="utf-8"))
    return {}


def _addresses(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        address = one.get("url") if isinstance(one, dict) else one
        if isinstance(address, str):
            yield address


def pip_settings(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    """pip's options from its files and variables, the more particular over the more general, as pip does.

    Args:
        environ: the variables that pip obeys.
        prefix: the environment that pip would run in.
    """
    found: dict[str, str] = {}
    for file in _pip_files(environ, prefix):
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


def _pip_files(environ: Mapping[str, str], prefix: str) -> list[Path]:
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
    files = [place / name for place in places] + [Path(prefix) / name]
    return [*files, Path(chosen)] if chosen else files
