"""What may be looked at of an object without asking its class, by the interpreter's own descriptors."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable
from types import GetSetDescriptorType, ModuleType, SimpleNamespace
from typing import Any

from runlore.capture.usercode import is_users

_LIBRARIES = frozenset(
    {"argparse", "catboost", "keras", "lightgbm", "lightning", "pytorch_lightning", "scipy", "sklearn"}
    | {"statsmodels", "torch", "torchvision", "transformers", "types", "xgboost"}
)
_BY_TEXT = {
    "datetime": ("datetime", "date", "time", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
}
address = object.__hash__
"""Tells objects apart while they live; unlike ``id``, it raises no audit event."""

mro_of: Any = vars(type)["__mro__"]
names_in: Any = vars(type)["__dict__"]
_namespace_of: Any = vars(ModuleType)["__dict__"]
name_of: Any = vars(type)["__name__"]
module_of: Any = vars(type)["__module__"]
_flags_of: Any = vars(type)["__flags__"]
_MADE_BY_CLASS = 1 << 9
"""``Py_TPFLAGS_HEAPTYPE``."""

_size_of: Any = vars(type)["__basicsize__"]
_PLAIN_SIZE = object.__basicsize__ + 2 * struct.calcsize("P")
"""Bytes of an instance whose state is its ``__dict__``: a larger one holds something that C code put there."""


def is_among(kind: Any, kinds: Iterable[type]) -> bool:
    """Whether a type is one of several; a class of the user's may define what ``==`` and ``hash()`` do."""
    return any(one is kind for one in kinds)


def has_exact_text(value: Any, kind: type) -> bool:
    """Whether ``str`` tells all there is to it and runs library code only."""
    module = module_of.__get__(kind)
    for name in _BY_TEXT.get(module, ()) if type(module) is str else ():
        if kind is getattr(sys.modules.get(module), name, None):
            zone = getattr(value, "tzinfo", None)
            return zone is None or module_of.__get__(type(zone)) in {"datetime", "zoneinfo"}
    return False


def is_walked(kind: type) -> bool:
    """Whether the attributes of such objects are looked at: those of the user's classes and of ``_LIBRARIES``.

    Other libraries' objects hold what differs each time and means nothing: addresses, ids, locks.
    """
    name = module_of.__get__(kind)
    if type(name) is not str:
        return False
    if name == "__main__" or name.partition(".")[0] in _LIBRARIES:
        return True
    module = sys.modules.get(name)
    file = _namespace_of.__get__(module).get("__file__") if type(module) is ModuleType else None
    return type(file) is str and is_users(file)


def attributes_of(value: Any, kind: type) -> dict[Any, Any] | None:
    """What an object consists of, where that is its ``__dict__`` alone; without asking its class."""
    if kind is SimpleNamespace:
        return dict(vars(value))
    if _size_of.__get__(kind) > _PLAIN_SIZE:
        return None
    found = None
    for base in mro_of.__get__(kind):
        names = names_in.__get__(base)
        if base is not object and not _flags_of.__get__(base) & _MADE_BY_CLASS:
            return None  # a number, text, ...: its value is not among its attributes
        slots = names.get("__slots__", ())
        if type(slots) is not tuple or slots:
            return None
        if found is None and "__dict__" in names:
            found = names["__dict__"]
    if type(found) is not GetSetDescriptorType:
        return None
    attributes = found.__get__(value)
    return attributes if type(attributes) is dict else None
