"""The data in the user's own modules, kept with the variables that an interrupt leaves and put back with them."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Mapping
from typing import Any

from runlore.capture.usercode import is_users


def user_modules() -> dict[str, dict[str, Any]]:
    """The data in the user's own modules: what is neither function, class nor module."""
    found = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__dict__", {}).get("__file__") if type(module) is types.ModuleType else None
        if name in {"__main__", "__mp_main__"} or type(file) is not str or not is_users(file):
            continue
        values = {
            key: value
            for key, value in list(vars(module).items())
            if not key.startswith("__")
            and not isinstance(value, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type))
        }
        if values:
            found[name] = values
    return found


def put_module_states(modules: Mapping[str, Mapping[str, Any]]) -> None:
    """Put the data of ``user_modules`` back, into those that can be imported here."""
    for name, values in modules.items():
        vars(importlib.import_module(name)).update(values)
