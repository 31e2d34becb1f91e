"""Pickling a notebook's variables so that what they share, refer to and compute with stays what it was.

Beyond plain pickle: functions and classes of the interrupted cell, closures, modules, memory that tensors or
arrays share, and the gradients of tensors.
"""

from __future__ import annotations

import importlib
import marshal
import pickle
import sys
import types
from collections import Counter
from collections.abc import Mapping
from typing import Any

from blake3 import blake3

from runlore.capture.insides import address
from runlore.library_objects import LibraryObjects

_LARGE = 2**20
"""Bytes from which an array may be named by its hash instead of being kept."""


class TooLarge(Exception):
    """The variables exceed a limit; the text says which."""


def _base() -> Any:
    """cloudpickle's pickler where it is installed, which can keep classes too."""
    try:
        from cloudpickle import Pickler  # type: ignore[import-untyped]
    except ImportError:
        return pickle.Pickler
    return Pickler


def keeping_pickler(
    sink: Any,
    protocol: int,
    users: Mapping[str, Any],
    before: Mapping[str, int],
    libraries: LibraryObjects,
    *,
    by_hash: bool,
) -> Any:
    """A pickler of the user's variables.

    Args:
        sink: where it writes.
        protocol: of pickle, 5 or later.
        users: all variables of the user.
        before: the ``address`` of each variable when the cell began.
        libraries: what is kept by its name.
        by_hash: name large arrays that were there before by their hash.
    """
    base = _base()
    reducers = _Reducers(users, libraries, can_keep_classes=base is not pickle.Pickler)
    earlier = {
        id(value): name
        for name, value in users.items()
        if by_hash and before.get(name) == address(value) and _size(value) >= _LARGE
    }

    class Pickler(base):  # type: ignore[misc, valid-type]
        if by_hash:

            def persistent_id(self, value: Any) -> Any:
                name = earlier.get(id(value))
                return None if name is None else (name, _hash(value))

        def reducer_override(self, value: Any) -> Any:
            reduced = reducers.reduce(value)
            if reduced is _OF_BASE:
                return super().reducer_override(value) if base is not pickle.Pickler else NotImplemented
            return reduced

    return Pickler(sink, protocol=protocol)


_OF_BASE = object()
"""Stands for what the pickler would do by itself."""


class _Reducers:
    """How the objects of one snapshot are taken apart, where plain pickle would lose something."""

    def __init__(
        self,
        users: Mapping[str, Any],
        libraries: LibraryObjects,
        *,
        can_keep_classes: bool,
    ) -> None:
        self._libraries = libraries
        self._can_keep_classes = can_keep_classes
        self._storages: dict[int, Any] = {}
        self._shared = _shared_bases(users)

    def reduce(self, value: Any) -> Any:
        kind = type(value)
        if kind is types.FunctionType:
            return _reduce_function(value)
        if kind is types.ModuleType:
            return importlib.import_module, (value.__name__,)
        if kind is types.CellType:
            return _reduce_cell(value)
        if issubclass(kind, type):
            return self._reduce_class(value)
        named = self._libraries.reduce(value)
        return self._reduce_memory(kind, value) if named is None else named

    def _reduce_class(self, value: type) -> Any:
        if value.__module__ == "__main__" and not self._can_keep_classes:
            raise pickle.PicklingError(f"class {value.__name__} of the cell needs cloudpickle to be kept")
        return _OF_BASE

    def _reduce_memory(self, kind: type, value: Any) -> Any:
        module, name = kind.__module__, kind.__name__
        if (module, name) == ("numpy", "ndarray"):
            return _reduce_array(value, self._shared)
        if (module, name) == ("torch.storage", "TypedStorage"):
            # One object stands for all wrappers of the same memory.
            untyped = self._storages.setdefault(value._untyped_storage._cdata, value._untyped_storage)
            return _typed_storage, (untyped, value.dtype)
        if (module, name) == ("torch.storage", "UntypedStorage"):
            return _reduce_untyped_storage(value)
        torch = sys.modules.get("torch")
        if torch is not None and issubclass(kind, getattr(torch, "Tensor", ())):
            return _reduce_tensor(value)
        return _OF_BASE


class KeepingUnpickler(pickle.Unpickler):
    """Reads what ``keeping_pickler`` wrote; large arrays that it named by hash come from ``namespace``."""

    def __init__(self, stream: Any, namespace: Mapping[str, Any]) -> None:
        super().__init__(stream)
        self._namespace = namespace

    def persistent_load(self, pid: Any) -> Any:
        name, digest = pid
        value = self._namespace.get(name)
        if value is None or _hash(value) != digest:
            raise pickle.UnpicklingError(f"{name} was too large to be kept, and the cell may have changed it")
        return value


# -- functions and closures -------------------------------------------------------------------------------


def _reduce_function(value: types.FunctionType) -> Any:
    module = sys.modules.get(value.__module__ or "")
    if "<" not in value.__qualname__ and value.__module__ != "__main__" and module is not None:
        return NotImplemented
    home = value.__globals__.get("__name__")
    if getattr(sys.modules.get(home or ""), "__dict__", None) is not value.__globals__:
        raise pickle.PicklingError(f"function {value.__name__} belongs to no module")
    state = {
        "name": value.__name__,
        "qualname": value.__qualname__,
        "doc": value.__doc__,
        "module": value.__module__,
        "defaults": value.__defaults__,
        "kwdefaults": value.__kwdefaults__,
        "annotations": value.__annotations__,
        "dict": value.__dict__,
    }
    made = (marshal.dumps(value.__code__), home, value.__closure__)
    return _function, made, state, None, None, _fill_function


def _function(code: bytes, module: str, closure: Any) -> types.FunctionType:
    namespace = importlib.import_module(module).__dict__
    return types.FunctionType(marshal.loads(code), namespace, None, None, closure)  # noqa: S302 - signed


def _fill_function(function: Any, state: dict[str, Any]) -> None:
    function.__dict__.update(state.pop("dict"))
    for name, value in state.items():
        setattr(function, f"__{name}__", value)


def _reduce_cell(cell: types.CellType) -> Any:
    contents: tuple[Any, ...]
    try:
        contents = (cell.cell_contents,)
    except ValueError:
        contents = ()
    return _empty_cell, (), contents, None, None, _fill_cell


def _empty_cell() -> types.CellType:
    return types.CellType()


def _fill_cell(cell: types.CellType, contents: tuple[Any, ...]) -> None:
    if contents:
        cell.cell_contents = contents[0]


# -- arrays and tensors -----------------------------------------------------------------------------------


def _size(value: Any) -> int:
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and type(value) is numpy.ndarray:
        return 0 if value.dtype.hasobject else int(value.nbytes)
    if torch is not None and type(value) is torch.Tensor:
        plain = value.layout is torch.strided and not value.requires_grad
        return int(value.nbytes) if plain and "numpy" in sys.modules else 0
    return 0


def _hash(value: Any) -> str:
    if not _size(value):
        return ""
    torch = sys.modules.get("torch")
    facts = f"{type(value).__name__} {value.dtype} {tuple(value.shape)} {getattr(value, 'device', 'cpu')}"
    if torch is not None and type(value) is torch.Tensor:
        value = value.cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    content = sys.modules["numpy"].ascontiguousarray(value).reshape(-1).view("u1")
    return f"{facts} {blake3(memoryview(content)).hexdigest()}"


def _shared_bases(users: Mapping[str, Any]) -> set[int]:
    """The arrays whose memory several variables look at."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not hasattr(numpy, "ndarray"):
        return set()
    arrays = [value for value in users.values() if type(value) is numpy.ndarray]
    owners = Counter(
        id(array if array.base is None else array.base) for array in {id(a): a for a in arrays}.values()
    )
    return {owner for owner, times in owners.items() if times > 1}


def _reduce_array(value: Any, shared: set[int]) -> Any:
    base = value.base
    if type(base) is not type(value) or id(base) not in shared or not base.flags.c_contiguous:
        return NotImplemented
    if value.dtype.hasobject or base.dtype.hasobject:
        return NotImplemented
    offset = value.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    return _view, (base, value.dtype, value.shape, value.strides, offset)


def _view(base: Any, dtype: Any, shape: Any, strides: Any, offset: int) -> Any:
    return sys.modules["numpy"].ndarray(shape, dtype, buffer=base, offset=offset, strides=strides)


def _typed_storage(untyped: Any, dtype: Any) -> Any:
    return sys.modules["torch"].storage.TypedStorage(wrap_storage=untyped, dtype=dtype, _internal=True)


def _reduce_untyped_storage(value: Any) -> Any:
    torch = sys.modules["torch"]
    content = torch.empty(0, dtype=torch.uint8, device=value.device).set_(value).cpu()
    whole = content.numpy() if "numpy" in sys.modules else bytearray(content.tolist())
    return _untyped_storage, (pickle.PickleBuffer(whole), str(value.device))


def _untyped_storage(content: Any, device: str) -> Any:
    torch = importlib.import_module("torch")
    if not len(content):
        return torch.UntypedStorage(0, device=device)
    return torch.frombuffer(bytearray(content), dtype=torch.uint8).untyped_storage().to(device=device)


def _reduce_tensor(value: Any) -> Any:
    torch = sys.modules["torch"]
    if not value.is_leaf or value.grad is None:
        return NotImplemented
    reduced = value.__reduce_ex__(5)
    state = reduced[2] if len(reduced) > 2 else None
    if not isinstance(value, torch.nn.Parameter) and type(value) is not torch.Tensor:
        return NotImplemented  # a subclass may have rules of its own
    return (*reduced[:2], (state, value.grad), None, None, _fill_tensor)


def _fill_tensor(tensor: Any, state: tuple[Any, Any]) -> None:
    own, grad = state
    if own is not None:
        tensor.__setstate__(own) if hasattr(tensor, "__setstate__") else tensor.__dict__.update(own)
    tensor.grad = grad
