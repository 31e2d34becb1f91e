"""Directories that a cell is likely to read from: those named in its source and in the user's variables."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, NamedTuple

from runlore.capture.data.scope import absolute
from runlore.capture.insides import name_of
from runlore.capture.names import UserVariables, Variables

_QUOTED = re.compile(r"""(["'])([^"'\n]{1,400}?)\1""")
_WORD = re.compile(r"""[^\s"'`(),;=|<>\[\]{}]*[/\\][^\s"'`(),;=|<>\[\]{}]*""")
_MOST = 200
"""Texts looked at before one cell at the most; the others come before the next."""

_MOST_HELD = 64
_LONGEST = 1024
_LIBRARY_CACHES = (
    (("huggingface_hub", "datasets", "transformers"), "HF_HOME", "~/.cache/huggingface"),
    (("torch",), "TORCH_HOME", "~/.cache/torch"),
    (("sklearn.datasets",), "SCIKIT_LEARN_DATA", "~/scikit_learn_data"),
    (("keras", "tensorflow"), "KERAS_HOME", "~/.keras"),
)


class Mention(NamedTuple):
    """A directory that exists (absolute); ``itself`` is false where a file in it was named, or one to come.

    A script imports what lies below its directory, so where it was named, that one counts as named itself.
    """

    directory: str
    itself: bool


class Mentions:
    """Finds directories in texts, each text once: what is made later is seen when it is made."""

    def __init__(self, users: UserVariables) -> None:
        self._looked: set[str] = set()
        self._waiting: dict[str, None] = {}
        self._anew = users.follow()
        self._changeable: set[str] = set()
        """Variables that can hold other texts although they are the same objects."""

    def at(self, source: str, variables: Variables | None) -> list[Mention]:
        """Existing directories that are named as a cell begins, or in which a file is named.

        Named in its source, in texts and paths among the variables and in the dictionaries and namespaces among
        them; and those where loaded libraries keep the data that they download.
        """
        self._read(source)
        if variables is not None:
            self._look(variables)
        return [*self._directories(), *self._of_libraries()]

    def _read(self, source: str) -> None:
        if "/" in source or "\\" in source:  # what is named without a directory lies in the working directory
            self._waiting.update(dict.fromkeys(match.group(2) for match in _QUOTED.finditer(source)))
            self._waiting.update(dict.fromkeys(_WORD.findall(source)))

    def _look(self, variables: Variables) -> None:
        places = variables.places
        due = self._anew | self._changeable
        self._anew.clear()
        for name in due:
            value = variables.values[places[name]] if name in places else None
            if _is_changeable(type(value)):
                self._changeable.add(name)
            else:
                self._changeable.discard(name)
            self._waiting.update(dict.fromkeys(_texts(value)))
        # What the last cell showed.
        self._waiting.update(dict.fromkeys(_texts(getattr(sys.modules.get("__main__"), "_", None))))

    def _of_libraries(self) -> Iterator[Mention]:
        for names, variable, default in _LIBRARY_CACHES:
            if default not in self._looked and any(name in sys.modules for name in names):
                self._looked.add(default)
                directory = os.path.expanduser(os.environ.get(variable) or default)
                if os.path.isdir(directory):
                    yield Mention(os.path.abspath(directory), True)

    def _directories(self) -> Iterator[Mention]:
        looked = 0
        while self._waiting and looked < _MOST:
            text = self._waiting.popitem()[0]
            if text not in self._looked:
                looked += 1
                self._looked.add(text)
                if (mention := _directory(text)) is not None:
                    yield mention


def _is_changeable(kind: type) -> bool:
    return kind is dict or name_of.__get__(kind) == "Namespace"


def _texts(value: Any) -> Iterator[str]:
    kind = type(value)
    if kind is str:
        if len(value) < _LONGEST and ("/" in value or "\\" in value):
            yield value
    elif issubclass(kind, PurePath):
        yield str(value)
    elif _is_changeable(kind):
        held = value if kind is dict else vars(value)
        if len(held) <= _MOST_HELD or kind is not dict:
            yield from (v for v in list(held.values()) if type(v) is str and "/" in v and len(v) < _LONGEST)


def _directory(text: str) -> Mention | None:
    if "://" in text or "\0" in text or "\n" in text:
        return None
    path = os.path.expanduser(text)
    if glob.has_magic(path):
        path = path[: next(i for i, char in enumerate(path) if char in "*?[")]
    path = path.partition("{")[0]
    if not path.strip(os.sep):
        return None
    path = absolute(path)
    if os.path.isdir(path):
        return Mention(path, True)
    parent = os.path.dirname(path)
    return Mention(parent, path.endswith(".py")) if parent != os.sep and os.path.isdir(parent) else None
