"""Random generator objects: of what kind one is, its state taken and put back."""

from __future__ import annotations

import random
import sys
from typing import Any

import msgspec

from runlore.capture import rng
from runlore.capture.insides import is_among, mro_of


def take(generator: Any) -> bytes:
    """The state of a generator that was found.

    Raises:
        TypeError: it is none.
    """
    kind = kind_of(type(generator))
    if kind == "python":
        state: Any = rng.packed(random.Random.getstate(generator))
    elif kind == "torch":
        state = {"device": str(generator.device), "state": rng.tensor_bytes(generator.get_state())}
    elif kind == "numpy legacy":
        state = rng.plain(generator.get_state(legacy=False))
    elif kind is not None:
        state = rng.plain(source_of(generator, kind).state)
    else:
        raise TypeError(f"{type(generator).__name__} is no random generator")
    return msgspec.msgpack.encode([kind.partition(" ")[0], state])


def put(generator: Any, state: bytes) -> None:
    """Put a state back that ``take`` gave, into the same kind of generator.

    Raises:
        TypeError: the generator is of another kind, or is none.
        ValueError: the state is damaged.
        RuntimeError: it belongs to a device that is not here.
    """
    kind = kind_of(type(generator))
    library, wanted = msgspec.msgpack.decode(state)
    if kind is None or kind.partition(" ")[0] != library:
        raise TypeError(f"it is a {type(generator).__name__} here, which is no generator of {library}")
    if kind == "python":
        random.Random.setstate(generator, rng.unpacked(wanted))
    elif kind == "torch":
        if str(generator.device) != wanted["device"]:
            raise TypeError(f"it is on {generator.device} here and was on {wanted['device']}")
        generator.set_state(rng.tensor_of(wanted["state"]))
    else:
        source, rich = source_of(generator, kind), rng.rich(wanted)
        here = source.state.get("bit_generator")
        if here != rich.get("bit_generator"):
            raise TypeError(f"it draws from {here} here and drew from {rich.get('bit_generator')}")
        if kind == "numpy legacy":
            generator.set_state({"has_gauss": 0, "gauss": 0.0, **rich})
        else:
            source.state = rich


def kind_of(kind: type) -> str | None:
    """``python``, ``torch``, or ``numpy`` with the sort of NumPy's generators; ``None`` for any other type."""
    mro = mro_of.__get__(kind)
    if is_among(random.Random, mro):
        return None if is_among(random.SystemRandom, mro) else "python"
    numpy = sys.modules.get("numpy.random")
    if numpy is not None and hasattr(numpy, "RandomState"):
        for name, sort in (("Generator", "numpy new"), ("RandomState", "numpy legacy"), ("BitGenerator", "numpy")):
            if is_among(getattr(numpy, name, None), mro):
                return sort
    torch = sys.modules.get("torch")
    return "torch" if torch is not None and is_among(getattr(torch, "Generator", None), mro) else None


def source_of(generator: Any, kind: str) -> Any:
    """What holds the state: NumPy's generators share that of their bit generator."""
    if kind == "numpy new":
        return generator.bit_generator
    return generator._bit_generator if kind == "numpy legacy" else generator


def of_libraries() -> list[Any]:
    """The generators that ``runlore.capture.rng`` looks after."""
    found = [getattr(random, "_inst", None)]
    mtrand = getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)
    found.append(getattr(mtrand, "_bit_generator", None))
    torch = sys.modules.get("torch")
    found.append(getattr(torch, "default_generator", None))
    found += getattr(getattr(torch, "cuda", None), "default_generators", ())
    return [generator for generator in found if generator is not None]
