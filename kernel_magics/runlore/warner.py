"""Warning the user in a way that cannot break what the user runs."""

from __future__ import annotations

import sys
import warnings


class Warner:
    """Gives each warning once."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def warn(self, text: str, key: str) -> None:
        """Warn, unless something was said for this ``key`` before."""
        if key in self._given:
            return
        self._given.add(key)
        try:
            warnings.warn(f"Runlore: {text}", RuntimeWarning, stacklevel=3)
        except RuntimeWarning as raised:  # the user turned warnings into errors, for code of their own
            sys.stderr.write(f"{type(raised).__name__}: {raised}\n")
