"""Objects that belong to loaded libraries, such as NumPy's global generator: kept by name, not as copies."""

from __future__ import annotations

import importlib
import pickle
import sys
import types
from functools import cached_property
from typing import Any

from runlore.capture.usercode import is_users

_NAMED_ANYWAY = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)


class LibraryObjects:
    """Finds instances among the globals of installed modules.

    Not those of the user's modules, whose data are kept themselves, nor what the user has put there.
    """

    def reduce(self, value: Any) -> Any:
        """How ``value`` is pickled by its name; ``None`` where it is no library's."""
        place = self._places.get(id(value))
        return None if place is None else (_library_object, (*place, type(value).__qualname__))

    @cached_property
    def _places(self) -> dict[int, tuple[str, str]]:
        found: dict[int, tuple[str, str]] = {}
        for name, module in list(sys.modules.items()):
            if not isinstance(module, types.ModuleType) or name in {"__main__", "__mp_main__"}:
                continue
            held = module.__dict__
            file = held.get("__file__")
            if type(file) is str and is_users(file):
                continue
            for key, value in list(held.items()):
                kind = type(value)
                if kind.__module__ not in ("builtins", "__main__") and not issubclass(kind, _NAMED_ANYWAY):
                    found.setdefault(id(value), (name, key))
        return found


def _library_object(module: str, name: str, kind: str) -> Any:
    value = getattr(importlib.import_module(module), name, None)
    if type(value).__qualname__ != kind:
        raise pickle.UnpicklingError(f"{module}.{name} is no {kind} here")
    return value
