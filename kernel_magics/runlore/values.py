"""User values as they are recorded: metrics as one real number, steps as integers, parameters as JSON."""

from __future__ import annotations

import operator
import sys
from collections.abc import Mapping
from decimal import Decimal
from numbers import Real
from typing import Any

from runlore.errors import MetricError

_ARRAY_LIBRARIES = frozenset({"cupy", "jax", "jaxlib", "mlx", "numpy", "pandas", "tensorflow", "torch"})

DOUBLES: set[type] = {float}
"""Types whose values a curve takes as they are; NumPy's own double is one from the first that is met."""


def is_numeric(kind: type) -> bool:
    """Whether values of this type are numbers, or arrays that hold their numbers already."""
    if issubclass(kind, (Real, Decimal)):
        return True
    return any(base.__module__.partition(".")[0] in _ARRAY_LIBRARIES for base in kind.__mro__)


def as_number(name: str, value: Any) -> float:
    """The one real number in a metric's value.

    Raises:
        MetricError: there is none, or more than one.
    """
    kind = type(value)
    if kind is getattr(sys.modules.get("numpy"), "float64", None):
        DOUBLES.add(kind)
    elif kind is not int:
        value = _single(name, value)
    try:
        return float(value)
    except OverflowError as error:
        raise MetricError(f"metric {name!r} is an integer beyond what a float can hold") from error
    except (TypeError, ValueError) as error:
        raise MetricError(f"metric {name!r} must be a number, not a {type(value).__name__}") from error


def _single(name: str, value: Any) -> Any:
    if isinstance(value, (str, bytes, bytearray, complex)) or value is None:
        raise MetricError(f"metric {name!r} must be a number, not {value!r:.50}")
    item = getattr(value, "item", None)
    if item is not None:
        try:
            value = item()
        except (ValueError, RuntimeError, TypeError) as error:
            shape = tuple(getattr(value, "shape", ()))
            raise MetricError(
                f"metric {name!r} must be one number, not an array of shape {shape}; log its mean, or each "
                "element under a name of its own"
            ) from error
        if isinstance(value, (str, bytes, complex)):
            raise MetricError(f"metric {name!r} must be a real number, not {value!r:.50}")
    return value


def as_metric_name(name: Any) -> str:
    """A metric's name as the journal holds it.

    Raises:
        MetricError: it is no non-empty Unicode text.
    """
    if not isinstance(name, str) or not name:
        raise MetricError(f"a metric's name must be a non-empty string, not {name!r:.50}")
    plain = _plain_text(name)
    if not plain.isascii() and plain.encode(errors="ignore").decode() != plain:
        raise MetricError(f"a metric's name must be Unicode text, not {plain!a:.50}")
    return plain


def as_step(step: Any) -> int:
    """A step as the curve files hold it.

    Raises:
        MetricError: it is no whole number, or beyond 64 bits.
    """
    try:
        number = operator.index(step.item() if hasattr(step, "item") else step)
    except (TypeError, ValueError, RuntimeError):
        if not (isinstance(step, float) and step.is_integer()):
            raise MetricError(f"step must be a whole number, not {step!r:.50}") from None
        number = int(step)
    if not -(2**63) <= number < 2**63:
        raise MetricError(f"step {number} does not fit into 64 bits")
    return number


def as_json(value: Any) -> Any:
    """A parameter as JSON can hold it; non-finite numbers and unknown types as their ``repr``."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _plain_text(value)
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else _shown(value)
    if isinstance(value, float):
        return float(value) if value - value == 0.0 else repr(float(value))
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return as_json(value.item())
    return _shown(value)


def as_text(what: str, value: Any) -> str:
    """A name as the journal holds it.

    Raises:
        TypeError: ``value`` is no text; ``what`` says whose name it was to be.
    """
    if not isinstance(value, str):
        raise TypeError(f"{what} must be text, not {value!r:.50}")
    return _plain_text(value)


def as_seed(value: Any) -> int:
    """A seed that every library takes: a whole number from 0 that fits into 63 bits.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is negative or too large.
    """
    try:
        seed = operator.index(value)
    except TypeError:
        raise TypeError(f"a seed must be a whole number, not {value!r:.50}") from None
    if not 0 <= seed < 2**63:
        raise ValueError(f"a seed must be from 0 to 2**63 - 1, not {seed}")
    return seed


def as_pair(text: str) -> tuple[str, str]:
    """Name and value of an option's ``NAME=VALUE``.

    Raises:
        ValueError: it has another form.
    """
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ValueError(text)
    return name, value


as_pair.__name__ = "NAME=VALUE pair"  # what argparse calls it where it refuses one


def _plain_text(value: str) -> str:
    """The characters alone, of NumPy's strings and of string enumerations too."""
    return value if type(value) is str else str.__str__(value)


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - a broken __repr__ of the user's must not stop their code
        return f"<a {type(value).__name__} whose repr raised {type(error).__name__}>"
