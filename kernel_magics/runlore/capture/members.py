"""What an object holds, one step from it: what a dict, a sequence, an instance or a function has stored.

It is read as it is stored, and nothing of the user's is called: no property, no ``__getattr__``, no ``__iter__``.
"""

from __future__ import annotations

import itertools
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from runlore.capture.insides import address, is_among, module_of, mro_of, names_in
from runlore.capture.usercode import is_users

_MOST_ITEMS = 100
"""Items of one container that are looked at, the first ones."""

_LONGEST_KEY = 200

_LEAVES = frozenset(
    map(
        address,
        (
            *(bool, int, float, complex, str, bytes, bytearray, memoryview, type(None), type, range, slice),
            *(set, frozenset, types.GeneratorType, types.CoroutineType, property, type(Ellipsis)),
        ),
    )
)
_LEAF_PACKAGES = frozenset(
    (
        *("IPython", "ipykernel", "traitlets", "pandas", "polars", "pyarrow", "matplotlib", "PIL", "plotly"),
        *("runlore", "numpy", "scipy", "asyncio", "threading", "logging", "pathlib", "datetime", "re", "zmq"),
    )
)
"""Packages whose objects hold no generator, or hold the one that is theirs for all."""


_OF_EVERY_NETWORK = frozenset(
    (
        *("_parameters", "_buffers", "_non_persistent_buffers_set", "_modules", "_is_full_backward_hook"),
        *("_backward_pre_hooks", "_backward_hooks", "_forward_hooks", "_forward_hooks_with_kwargs"),
        *("_forward_hooks_always_called", "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs"),
        *("_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks"),
        "_load_state_dict_post_hooks",
    )
)
"""Attributes of every ``torch.nn.Module``."""

Child = tuple[str, Any]
"""A step of a path, such as ``.sampler`` or ``['train']``, and the object to which it leads."""

Members = Callable[[Any], Iterator[Child]]


def is_leaf(value: Any) -> bool:
    """Whether a value is of one of the types that hold nothing."""
    return address(type(value)) in _LEAVES


def members(kind: type) -> Members | None:
    """How to list what objects of a type hold; ``None`` where that is nothing that could hold a generator."""
    if kind is types.ModuleType:
        return _of_module
    if (fixed := _FIXED.get(address(kind))) is not None:
        return fixed
    mro, module = mro_of.__get__(kind), module_of.__get__(kind)
    torch = sys.modules.get("torch")
    if (
        is_among(type, mro)
        or any(address(base) in _LEAVES for base in mro)
        or (type(module) is str and module.partition(".")[0] in _LEAF_PACKAGES)
        or (torch is not None and is_among(getattr(torch, "Tensor", None), mro))
    ):
        return None
    if torch is not None and is_among(getattr(getattr(torch, "nn", None), "Module", None), mro):
        return _of_network
    parts: list[Members] = []
    if is_among(dict, mro):
        parts.append(_of_dict)
    parts += [_of_sequence(base) for base in (list, tuple, deque) if is_among(base, mro)]
    parts += [_of_instance(*stored)] if (stored := _stored(mro)) != (None, []) else []
    if len(parts) < 2:
        return parts[0] if parts else None
    return lambda value: itertools.chain.from_iterable(part(value) for part in parts)


def _stored(mro: tuple[type, ...]) -> tuple[Any, list[Child]]:
    """The descriptor of the instance's ``__dict__``, and name and descriptor of each slot."""
    attributes, slots = None, []
    for base in mro:
        for name, member in list(names_in.__get__(base).items()):
            if name == "__dict__" and isinstance(member, (types.GetSetDescriptorType, types.MemberDescriptorType)):
                attributes = attributes or member
            elif isinstance(member, types.MemberDescriptorType) and not name.startswith("__"):
                slots.append((f".{name}", member))
    return attributes, slots


def _of_instance(attributes: Any, slots: list[Child]) -> Members:
    def children(value: Any) -> Iterator[Child]:
        if attributes is not None:
            for name, child in list(itertools.islice(attributes.__get__(value).items(), _MOST_ITEMS)):
                if not is_leaf(child) and type(name) is str and name.isidentifier():
                    yield f".{name}", child
        for step, slot in slots:
            try:
                yield step, slot.__get__(value)
            except AttributeError:
                continue

    return children


def _of_network(value: Any) -> Iterator[Child]:
    """Of a torch module, what its author has added: layers, and attributes that are no parameters or hooks."""
    for name, child in list(itertools.islice(object.__getattribute__(value, "__dict__").items(), _MOST_ITEMS)):
        if is_leaf(child) or not name.isidentifier():
            continue
        if name not in _OF_EVERY_NETWORK:
            yield f".{name}", child
        elif name == "_modules" and child:
            yield "._modules", child


def _of_dict(value: Any) -> Iterator[Child]:
    for key, child in list(itertools.islice(dict.items(value), _MOST_ITEMS)):
        if not is_leaf(child) and (type(key) is int or (type(key) is str and len(key) <= _LONGEST_KEY)):
            yield f"[{key!r}]", child


def _of_sequence(base: Any) -> Members:
    item, items = base.__getitem__, base.__iter__

    def children(value: Any) -> Iterator[Child]:
        size = base.__len__(value)
        if size > 3 and is_leaf(item(value, 0)) and is_leaf(item(value, size // 2)) and is_leaf(item(value, -1)):
            return iter(())  # a column of numbers or words
        first = list(itertools.islice(items(value), _MOST_ITEMS))
        return iter([(f"[{at}]", child) for at, child in enumerate(first) if address(type(child)) not in _LEAVES])

    return children


def _of_module(value: types.ModuleType) -> Iterator[Child]:
    stored = types.ModuleType.__getattribute__(value, "__dict__")
    file = stored.get("__file__")
    if type(file) is not str or not is_users(file):
        return
    for name, child in list(itertools.islice(stored.items(), _MOST_ITEMS)):
        if type(child) is not types.ModuleType and not is_leaf(child) and name.isidentifier():
            yield f".{name}", child


def _of_function(value: Any) -> Iterator[Child]:
    if value.__closure__:
        yield ".__closure__", value.__closure__
    if value.__defaults__:
        yield ".__defaults__", value.__defaults__


def _of_closure(value: Any) -> Iterator[Child]:
    try:
        yield ".cell_contents", value.cell_contents
    except ValueError:
        return


def _of_method(value: Any) -> Iterator[Child]:
    if not issubclass(type(value.__self__), (type, types.ModuleType)):
        yield ".__self__", value.__self__


_FIXED: dict[int, Members] = {
    address(types.FunctionType): _of_function,
    address(types.CellType): _of_closure,
    address(types.MethodType): _of_method,
    address(types.BuiltinMethodType): _of_method,
}
