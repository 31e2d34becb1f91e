"""Parameters in objects: what the configuration that a tracked cell reads holds as the cell begins."""

from __future__ import annotations

import argparse
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

_MOST = 200
"""Entries of one configuration; a larger object is data."""
_DEEPEST = 6


def entries(name: str, value: Any) -> dict[str, Any]:
    """What a configuration object holds, by dotted name; empty for anything else.

    Configurations are ``argparse.Namespace``, ``SimpleNamespace``, named tuples, instances of dataclasses and
    pydantic models, and OmegaConf's, so Hydra's, with interpolations as they are written. Nothing of the user's is
    called: fields are taken from where the object keeps them, and properties are left alone.

    Args:
        name: the variable's.
        value: what it stands for.
    """
    fields = _fields(value)
    if fields is None or len(fields) > _MOST:
        return {}
    found = dict(_flat(name, fields, 0))
    return found if len(found) <= _MOST else {}


def _flat(name: str, fields: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in fields.items():
        if not isinstance(key, str) or key.startswith("_"):
            continue
        inner = value if type(value) is dict else _fields(value)
        if inner is None:
            yield f"{name}.{key}", value
        elif depth < _DEEPEST and len(inner) <= _MOST:
            yield from _flat(f"{name}.{key}", inner, depth + 1)


def _fields(value: Any) -> Mapping[str, Any] | None:
    kind = type(value)
    if issubclass(kind, (argparse.Namespace, types.SimpleNamespace)):
        return _kept(value)
    if issubclass(kind, tuple):
        names = _of_class(kind, "_fields")
        return dict(zip(names, tuple.__iter__(value), strict=False)) if isinstance(names, tuple) else None
    declared = _of_class(kind, "__dataclass_fields__")
    if isinstance(declared, dict):
        return _kept(value) | _slots(value, declared)
    if any(_of_class(kind, mark) is not None for mark in ("__pydantic_fields__", "__pydantic_core_schema__")):
        return _kept(value)
    omegaconf = sys.modules.get("omegaconf")
    if omegaconf is not None and kind.__module__.startswith("omegaconf") and omegaconf.OmegaConf.is_dict(value):
        plain = omegaconf.OmegaConf.to_container(value, resolve=False)
        return plain if isinstance(plain, dict) else None
    return None


def _of_class(kind: type, name: str) -> Any:
    """An attribute of a class as it stands there, without a metaclass's word in it."""
    for base in type.__getattribute__(kind, "__mro__"):
        if name in (members := type.__getattribute__(base, "__dict__")):
            return members[name]
    return None


def _kept(value: Any) -> dict[str, Any]:
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return dict(held) if type(held) is dict else {}


def _slots(value: Any, declared: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name in declared:
        slot = _of_class(type(value), name)
        if isinstance(slot, types.MemberDescriptorType):
            try:
                found[name] = slot.__get__(value)
            except AttributeError:
                continue  # a slot that holds nothing yet
    return found
