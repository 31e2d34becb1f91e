"""Directories that a cell is likely to read from: those named in its source and in the user's variables."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from runlore.capture.insides import name_of
from runlore.capture.names import UserNames

_QUOTED = re.compile(r"""(["'])([^"'\n]{1,400}?)\1""")
_WORD = re.compile(r"""[^\s"'`(),;=|<>\[\]{}]*[/\\][^\s"'`(),;=|<>\[\]{}]*""")
_INPUT = re.compile(r"_i{1,3}|_i\d+|_ih|In")
"""Names of IPython's for the sources of cells, which were looked at as such."""

_MOST = 200
"""Texts looked at in one cell, and in the variables before it, at the most."""

_LONGEST = 1024
_LIBRARY_CACHES = (
    (("huggingface_hub", "datasets", "transformers"), "HF_HOME", "~/.cache/huggingface"),
    (("torch",), "TORCH_HOME", "~/.cache/torch"),
    (("sklearn.datasets",), "SCIKIT_LEARN_DATA", "~/scikit_learn_data"),
    (("keras", "tensorflow"), "KERAS_HOME", "~/.keras"),
)


class Mention(NamedTuple):
    """A directory that exists (absolute); ``itself`` is false where a file in it was named, or one to come."""

    directory: str
    itself: bool


class Mentions:
    """Finds directories in texts, each text once: what is made later is seen when it is made."""

    def __init__(self) -> None:
        self._looked: set[str] = set()
        self._names = UserNames(lambda name: not _INPUT.fullmatch(name))

    def in_source(self, source: str) -> Iterator[Mention]:
        """Existing directories that the source of a cell names, or in which it names a file."""
        if "/" not in source and "\\" not in source:
            return  # what is named without a directory lies in the working directory
        found = [match.group(2) for match in _QUOTED.finditer(source)]
        found += _WORD.findall(source)
        yield from self._directories(found)

    def in_variables(self, variables: Mapping[str, Any]) -> Iterator[Mention]:
        """The same for texts and paths among variables, and in the dictionaries and namespaces among them."""
        yield from self._directories(_texts(self._names.of(variables)[1]))

    def of_libraries(self, modules: Mapping[str, Any]) -> Iterator[Mention]:
        """Where loaded libraries keep the data that they download."""
        for names, variable, default in _LIBRARY_CACHES:
            if default not in self._looked and any(name in modules for name in names):
                self._looked.add(default)
                directory = os.path.expanduser(os.environ.get(variable) or default)
                if os.path.isdir(directory):
                    yield Mention(os.path.abspath(directory), True)

    def _directories(self, texts: Iterable[str]) -> Iterator[Mention]:
        looked = 0
        for text in dict.fromkeys(texts):
            if text in self._looked:
                continue
            if looked >= _MOST:
                return
            looked += 1
            self._looked.add(text)
            if (mention := _directory(text)) is not None:
                yield mention


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        kind = type(value)
        if kind is list or kind is int or kind is float or kind is FunctionType or kind is ModuleType:
            continue
        if kind is str:
            if len(value) < _LONGEST and ("/" in value or "\\" in value):
                yield value
        elif kind is dict:
            if len(value) <= 64:
                yield from (v for v in list(value.values()) if type(v) is str and "/" in v and len(v) < _LONGEST)
        elif issubclass(kind, PurePath):
            yield str(value)
        elif name_of.__get__(kind) == "Namespace":
            yield from (v for v in list(vars(value).values()) if type(v) is str and "/" in v and len(v) < _LONGEST)


def _directory(text: str) -> Mention | None:
    if "://" in text or "\0" in text or "\n" in text:
        return None
    path = os.path.expanduser(text)
    if glob.has_magic(path):
        path = path[: next(i for i, char in enumerate(path) if char in "*?[")]
    path = path.partition("{")[0]
    if not path or path == os.sep:
        return None
    path = os.path.abspath(path)
    if os.path.isdir(path):
        return Mention(path, True)
    parent = os.path.dirname(path)
    return Mention(parent, False) if parent != os.sep and os.path.isdir(parent) else None
