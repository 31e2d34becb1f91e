"""How fingerprints look at NumPy arrays, torch tensors and pandas frames, of the libraries that are loaded.

Only a library's own types are touched, never a subclass: that could be the user's.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runlore.capture.fingerprint import Look

_module_of: Any = vars(type)["__module__"]
_name_of: Any = vars(type)["__name__"]
_FRAMES = ("DataFrame", "Series")
_INDEXES = (
    "Index",
    "RangeIndex",
    "DatetimeIndex",
    "TimedeltaIndex",
    "PeriodIndex",
    "CategoricalIndex",
    "IntervalIndex",
)


def add(look: Look, value: Any) -> bool:
    """Hash ``value`` where it is of such a type; say whether it was."""
    kind = type(value)
    library = str(_module_of.__get__(kind)).partition(".")[0]
    loaded = sys.modules.get(library)
    if loaded is None:
        return False
    if library == "numpy":
        return _numpy(look, value, kind, loaded)
    if library == "torch":
        return _torch(look, value, kind, loaded)
    return library == "pandas" and _pandas(look, value, kind, loaded)


# -- NumPy -------------------------------------------------------------------------------------------------


def _numpy(look: Look, value: Any, kind: type, numpy: Any) -> bool:
    if kind is numpy.ndarray:
        array(look, value, numpy)
        return True
    if kind is numpy.dtype or _name_of.__get__(kind).endswith("DType"):
        look.note(f"dtype {value}")
        return True
    if any(base is numpy.generic for base in vars(type)["__mro__"].__get__(kind)):
        look.note(f"scalar {value.dtype.str}")
        look.note(value.tobytes().hex())
        return True
    return False


def array(look: Look, value: Any, numpy: Any) -> None:
    """Hash an array: dtype, shape, content in C order, so that the layout in memory does not matter."""
    look.note(f"array {value.dtype.str if value.dtype.names is None else value.dtype.descr} {value.shape}")
    if value.dtype.hasobject:
        look.add(value.ravel()[: look.limits.nodes].tolist())
        look.sampled |= value.size > look.limits.nodes
        return
    if not value.flags.c_contiguous:
        if value.nbytes > look.limits.block:
            look.sampled = True
            value = _thinned(value, look.limits.block)
        value = numpy.ascontiguousarray(value)
    if value.nbytes:
        look.block(memoryview(value.reshape(-1).view(numpy.uint8)))


def _thinned(value: Any, size: int) -> Any:
    """Every n-th row, column, ... of a large array, at least two along each axis, until it is small enough."""
    while value.nbytes > size and max(value.shape) > 2:
        longest = value.shape.index(max(value.shape))
        step = min(max(value.nbytes // size, 2), value.shape[longest] // 2)
        value = value[(slice(None),) * longest + (slice(None, None, max(step, 2)),)]
    return value


# -- torch -------------------------------------------------------------------------------------------------


def _torch(look: Look, value: Any, kind: type, torch: Any) -> bool:
    if kind is torch.dtype or kind is torch.device or kind is torch.Size:
        look.note(str(value))
        return True
    if kind is not torch.Tensor and kind is not torch.nn.Parameter:
        return False
    look.note(f"tensor {value.dtype} {tuple(value.shape)} {value.device}")
    numpy = sys.modules.get("numpy")
    if value.device.type != "cpu" or value.layout is not torch.strided or value.is_quantized or numpy is None:
        look.unlooked()
        return True
    plain = value.detach()
    if plain.is_conj() or plain.is_neg():
        plain = plain.resolve_conj().resolve_neg()
    if not plain.is_contiguous():
        plain = _dense(look, plain)
    if plain.nelement():
        look.block(memoryview(plain.reshape(-1).view(torch.uint8).numpy()))
    return True


def _dense(look: Look, plain: Any) -> Any:
    """The content in C order, of a large tensor the first part only."""
    size, most = plain.element_size(), look.limits.block
    look.sampled |= size * plain.nelement() > most
    while size * plain.nelement() > most and max(plain.shape) > 1:
        longest = max(range(plain.dim()), key=lambda axis: plain.shape[axis])
        plain = plain.narrow(longest, 0, plain.shape[longest] // 2)
    return plain.contiguous()


# -- pandas ------------------------------------------------------------------------------------------------


def _pandas(look: Look, value: Any, kind: type, pandas: Any) -> bool:
    name = _name_of.__get__(kind)
    if kind is getattr(pandas, name, None):
        if name in _FRAMES:
            _frame(look, value, pandas)
            return True
        if name in _INDEXES:
            _index(look, value, pandas)
            return True
        if name == "MultiIndex":
            for level, codes in zip(value.levels, value.codes, strict=True):
                _index(look, level, pandas)
                array(look, codes, sys.modules["numpy"])
            look.add(list(value.names))
            return True
        if name in {"Timestamp", "Timedelta", "Period", "Interval"}:
            look.note(f"{name} {value}")
            return True
    if value is pandas.NA or value is pandas.NaT:
        look.note(str(value))
        return True
    return False


def _frame(look: Look, frame: Any, pandas: Any) -> None:
    """Column by column: how pandas groups columns into blocks depends on what was done with the frame before."""
    look.note(f"frame {frame.shape}")
    _index(look, frame.index, pandas)
    if frame.ndim == 1:
        look.add(frame.name)
    else:
        _index(look, frame.columns, pandas)
    columns: list[Any] = [None] * (frame.shape[1] if frame.ndim > 1 else 1)
    for block in frame._mgr.blocks:
        places = block.mgr_locs.as_array.tolist() if frame.ndim > 1 else [0]
        for row, place in enumerate(places):
            columns[place] = block.values[row] if block.values.ndim > 1 else block.values
    if frame.shape[0] * len(columns) * 8 > look.limits.block:
        look.sampled = True
        step = max(frame.shape[0] * len(columns) * 8 // look.limits.block, 1)
        columns = [column[::step] for column in columns[: look.limits.nodes]]
    for column in columns:
        _values(look, column, pandas)


def _index(look: Look, index: Any, pandas: Any) -> None:
    if type(index) is pandas.RangeIndex:
        look.add([index.start, index.stop, index.step, index.name])
    elif type(index) is pandas.MultiIndex:
        _pandas(look, index, pandas.MultiIndex, pandas)
    else:
        look.add(index.name)
        values = index.array
        if len(values) > look.limits.nodes:
            look.sampled = True
            values = values[:: len(values) // look.limits.nodes + 1]
        _values(look, values, pandas)


def _values(look: Look, values: Any, pandas: Any) -> None:
    numpy: Any = sys.modules["numpy"]
    if type(values) is numpy.ndarray:
        array(look, values, numpy)
        return
    if str(_module_of.__get__(type(values))).partition(".")[0] != "pandas":
        look.unlooked()  # an extension array of the user's
        return
    look.note(str(values.dtype))
    if type(values) is pandas.Categorical:
        array(look, values.codes, numpy)
        _index(look, values.categories, pandas)
        return
    plain = getattr(values, "asi8", None)  # times
    array(look, plain if type(plain) is numpy.ndarray else numpy.asarray(values, dtype=object), numpy)
