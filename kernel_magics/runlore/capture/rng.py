"""Random states of the libraries a notebook draws from: taken, kept as plain bytes, and put back.

A library is looked at only when the user has imported it. States are kept as MessagePack of plain numbers and
bytes; reading one back can execute nothing.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

_WORDS = struct.Struct("<625I")
"""The state of a Mersenne Twister as Python gives it: 624 words and a position."""


class _Library(NamedTuple):
    """``take`` and ``put`` need ``module`` loaded, with the attribute ``mark``; ``seed`` starts a stream anew."""

    module: str
    mark: str
    take: Callable[[], Any]
    put: Callable[[Any], None]
    seed: Callable[[int], None]


def packed(state: tuple[int, tuple[int, ...], float | None]) -> list[Any]:
    """What ``random.Random.getstate`` gives, as MessagePack can hold it briefly."""
    version, words, gauss = state
    return [version, _WORDS.pack(*words), gauss]


def unpacked(state: Any) -> tuple[int, tuple[int, ...], float | None]:
    """What ``packed`` was made of, for ``random.Random.setstate``."""
    version, words, gauss = state
    return version, _WORDS.unpack(words), gauss


def _take_python() -> list[Any]:
    return packed(sys.modules["random"].getstate())


def _put_python(state: Any) -> None:
    sys.modules["random"].setstate(unpacked(state))


def _seed_python(seed: int) -> None:
    sys.modules["random"].seed(seed)


def _take_numpy() -> Any:
    return plain(sys.modules["numpy.random"].get_state(legacy=False))


def _put_numpy(state: Any) -> None:
    random = sys.modules["numpy.random"]
    wanted = rich(state)
    kind = wanted["bit_generator"]
    if random.get_state(legacy=False)["bit_generator"] != kind:
        random.set_bit_generator(bit_generator(kind)(0))
    random.set_state(wanted)


def _seed_numpy(seed: int) -> None:
    sys.modules["numpy.random"].seed(seed % 2**32)


def bit_generator(kind: str) -> Any:
    """NumPy's bit generator of this name.

    Raises:
        ValueError: NumPy has none such.
    """
    base = sys.modules["numpy.random"].BitGenerator
    found = getattr(sys.modules["numpy.random"], kind, None)
    if not isinstance(found, type) or not issubclass(found, base):
        raise ValueError(f"numpy.random has no bit generator {kind!r}")
    return found


def plain(value: Any) -> Any:
    """NumPy's state as MessagePack can hold it: arrays by dtype and bytes, large integers as text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "tobytes"):
        return {"dtype": value.dtype.str, "bytes": value.tobytes()}
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return {"integer": str(value)}
    return value


def rich(value: Any) -> Any:
    """What ``plain`` was made of."""
    if isinstance(value, dict):
        if value.keys() == {"dtype", "bytes"}:
            return sys.modules["numpy"].frombuffer(value["bytes"], dtype=value["dtype"]).copy()
        if value.keys() == {"integer"}:
            return int(value["integer"])
        return {key: rich(item) for key, item in value.items()}
    return value


def tensor_bytes(tensor: Any) -> bytes:
    """The content of a byte tensor in main memory."""
    return bytes(memoryview(tensor.numpy())) if "numpy" in sys.modules else bytes(tensor.untyped_storage())


def tensor_of(state: bytes) -> Any:
    """A byte tensor in main memory with this content."""
    torch = sys.modules["torch"]
    return torch.frombuffer(bytearray(state), dtype=torch.uint8)


def _take_torch() -> dict[str, Any]:
    torch = sys.modules["torch"]
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {"cpu": tensor_bytes(torch.get_rng_state()), "cuda": [tensor_bytes(state) for state in devices]}


def _put_torch(state: Any) -> None:
    torch = sys.modules["torch"]
    torch.set_rng_state(tensor_of(state["cpu"]))
    if state["cuda"]:
        torch.cuda.set_rng_state_all([tensor_of(device) for device in state["cuda"]])


def _seed_torch(seed: int) -> None:
    sys.modules["torch"].manual_seed(seed)


def _numba_streams() -> dict[str, int]:
    """Addresses of the two streams that compiled code draws from in this thread."""
    numba = sys.modules["numba._helperlib"]
    return {"numpy": numba.rnd_get_np_state_ptr(), "python": numba.rnd_get_py_state_ptr()}


def _take_numba() -> dict[str, bytes]:
    take = sys.modules["numba._helperlib"].rnd_get_state
    states = {name: take(address) for name, address in _numba_streams().items()}
    return {name: _WORDS.pack(*words, position) for name, (position, words) in states.items()}


def _put_numba(state: Any) -> None:
    present = _take_numba()
    for name, address in _numba_streams().items():
        if state[name] != present[name]:  # to put one back loses the normal number that it keeps for the next draw
            *words, position = _WORDS.unpack(state[name])
            sys.modules["numba._helperlib"].rnd_set_state(address, (position, words))


def _seed_numba(seed: int) -> None:
    for address in _numba_streams().values():
        sys.modules["numba._helperlib"].rnd_seed(address, seed % 2**32)


_LIBRARIES = {
    "python": _Library("random", "getstate", _take_python, _put_python, _seed_python),
    "numpy": _Library("numpy.random", "get_state", _take_numpy, _put_numpy, _seed_numpy),
    "torch": _Library("torch", "get_rng_state", _take_torch, _put_torch, _seed_torch),
    "numba": _Library("numba._helperlib", "rnd_get_state", _take_numba, _put_numba, _seed_numba),
}

MODULES = {library.module: name for name, library in _LIBRARIES.items()}
"""Module to library: once the module is imported, the library has a state."""


def is_there(library: str) -> bool:
    """Whether the library is known here and loaded, if only so far that it has a state."""
    known = _LIBRARIES.get(library)
    # A file of the user's may have the library's name.
    return known is not None and hasattr(sys.modules.get(known.module), known.mark)


def is_loaded(library: str) -> bool:
    """Whether the library is known here and has been imported completely."""
    if not is_there(library):
        return False
    spec = getattr(sys.modules[_LIBRARIES[library].module], "__spec__", None)
    return not getattr(spec, "_initializing", False)


def loaded() -> list[str]:
    """The libraries that have a state now."""
    return [name for name in _LIBRARIES if is_loaded(name)]


def take(library: str) -> bytes:
    """The library's present state."""
    return msgspec.msgpack.encode(_LIBRARIES[library].take())


def put(library: str, state: bytes) -> None:
    """Put a state back that ``take`` gave.

    Raises:
        RuntimeError: the state fits another device set-up (such as a GPU that is not here).
        ValueError: it is none of this library's states.
    """
    _LIBRARIES[library].put(msgspec.msgpack.decode(state))


def seed(library: str, value: int) -> None:
    """Start the library's stream from a seed; NumPy and Numba take it modulo 2**32."""
    _LIBRARIES[library].seed(value)
