"""The packages in a project's lock files, in the words of those who write them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

import yaml

from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore_server.rerun import pins
from runlore_server.rerun.pins import Pin

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def read(files: Mapping[str, str], objects: ObjectStore) -> list[Pin]:
    """The packages with hashes in the recorded lock files.

    Args:
        files: path to the object with its text, the nearest to the notebook first.
        objects: where those are.

    What cannot be read, or does not have the form of its name, gives nothing.
    """
    found: list[Pin] = []
    for path, digest in files.items():
        try:
            found += _pins(path, objects.get(digest).decode())
        except (ObjectMissing, ValueError, TypeError, KeyError, AttributeError, RecursionError, yaml.YAMLError):
            continue
    return found


def _pins(path: str, text: str) -> Iterator[Pin]:
    name = PurePath(path).name
    if name.endswith(".txt"):
        yield from pins.parse(text, path)
    elif name == "Pipfile.lock":
        told = json.loads(text)
        for package, entry in (told.get("default", {}) | told.get("develop", {})).items():
            yield _pin(path, package, str(entry.get("version", "")).removeprefix("=="), entry.get("hashes"))
    elif name == "pixi.lock":
        for entry in yaml.safe_load(text).get("packages", []):
            if "pypi" in entry:
                yield _pin(path, entry["name"], entry["version"], [f"sha256:{entry.get('sha256')}"])
    elif name.endswith((".lock", ".toml")):
        told = tomllib.loads(text)
        for entry in [*told.get("package", []), *told.get("packages", [])]:
            yield _pin(path, entry["name"], entry.get("version", ""), list(_hashes(entry)))


def _hashes(entry: Mapping[str, Any]) -> Iterator[str]:
    """Of uv (``wheels``, ``sdist``), Poetry and PDM (``files``), and PEP 751 (``hashes`` in each)."""
    archives = [*entry.get("files", []), *entry.get("wheels", [])]
    for archive in [*archives, entry.get("sdist") or {}]:
        if isinstance(archive.get("hash"), str):
            yield archive["hash"]
        for kind, digest in (archive.get("hashes") or {}).items():
            yield f"{kind}:{digest}"


def _pin(path: str, name: str, version: str, hashes: list[str] | None) -> Pin:
    known = [digest for digest in hashes or [] if _DIGEST.fullmatch(digest)]
    return Pin(name=pins.normal(name), version=version, hashes=known, source=path)
