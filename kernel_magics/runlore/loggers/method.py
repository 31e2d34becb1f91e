"""Listening to the calls of a method of someone else's class."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


class MethodListener:
    """Calls ``heard(result, *arguments)`` after each call of a method that returned; the call itself is unchanged.

    ``heard`` gets what the method got, ``self`` included. What it raises goes to ``failed``, never to the caller.

    Args:
        owner: the class; when it inherits the method, the class that defines it is listened to.
        method: the method's name.

    Raises:
        AttributeError: the class has no such method.
    """

    def __init__(
        self, owner: type, method: str, heard: Callable[..., None], failed: Callable[[str, Exception], None]
    ) -> None:
        definer = next((base for base in owner.__mro__ if method in vars(base)), None)
        if definer is None:
            raise AttributeError(f"{owner.__module__}.{owner.__qualname__} has no method {method!r}")
        self._owner: type = definer
        self._method = method
        self._original = original = vars(definer)[method]
        self._active = True

        @functools.wraps(original)
        def listened(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True  # an error of theirs is shown without this frame
            result = original(*args, **kwargs)
            if self._active:
                try:
                    heard(result, *args, **kwargs)
                except Exception as error:  # noqa: BLE001 - the user's call has succeeded, and must stay so
                    failed(f"{definer.__module__}.{definer.__qualname__}.{method}", error)
            return result

        self._listened = listened
        setattr(definer, method, listened)

    def remove(self) -> None:
        """Put the method back; where someone has wrapped it once more, only stop listening."""
        self._active = False
        if vars(self._owner).get(self._method) is self._listened:
            setattr(self._owner, self._method, self._original)
