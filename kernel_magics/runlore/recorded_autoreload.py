"""Letting ``%autoreload`` find in a replay what it found in the original.

It reloads a module when its file has a later time than before, and reads the file itself to exchange only the
functions that changed. Both looks at the disk are answered from the record.
"""

from __future__ import annotations

import io
import sys
import tokenize
from importlib.util import decode_source
from typing import TYPE_CHECKING, Any

from runlore.capture.modules import EXCHANGER

if TYPE_CHECKING:
    from runlore.recorded_modules import RecordedModules


def follow(modules: RecordedModules) -> None:
    """Answer ``%autoreload`` from these modules, for the rest of the process."""
    try:
        from IPython.extensions import autoreload
    except ImportError:
        return
    look = autoreload.ModuleReloader.filename_and_mtime

    def filename_and_mtime(reloader: Any, module: Any) -> Any:
        path = modules.path(getattr(module, "__name__", "") or "")
        changes = modules.changes(path) if path is not None else 0
        return (path, float(changes)) if changes else look(reloader, module)  # type: ignore[no-untyped-call]

    autoreload.ModuleReloader.filename_and_mtime = filename_and_mtime  # type: ignore[method-assign]
    exchanger = sys.modules.get(EXCHANGER)
    if exchanger is not None:
        _follow_exchanger(exchanger, modules)


def _follow_exchanger(exchanger: Any, modules: RecordedModules) -> None:
    reloader = exchanger.DeduperReloader
    exchange, update = reloader.maybe_reload_module, reloader.update_sources

    def maybe_reload_module(self: Any, module: Any) -> bool:
        done = bool(exchange(self, module))
        path = modules.path(getattr(module, "__name__", "") or "")
        if done and path is not None:
            modules.executed(path)
        return done

    def update_sources(self: Any) -> None:
        update(self)
        for name, text in list(self.source_by_modname.items()):
            path = modules.path(name)
            if not text and path is not None and (source := modules.changed_source(path)) is not None:
                self.source_by_modname[name] = decode_source(source)

    reloader.maybe_reload_module, reloader.update_sources = maybe_reload_module, update_sources
    exchanger.tokenize = _Tokenize(modules)


class _Tokenize:
    """Stands in for the module ``tokenize``, with an ``open`` that knows the record."""

    def __init__(self, modules: RecordedModules) -> None:
        self._modules = modules

    def open(self, filename: Any) -> Any:
        source = self._modules.changed_source(str(filename))
        return tokenize.open(filename) if source is None else io.StringIO(decode_source(source))

    def __getattr__(self, name: str) -> Any:
        return getattr(tokenize, name)
