"""Waiting for uv."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import psutil
import pytest

from runlore_server.rerun.uv import Uv


class EnoughOfIt(Exception):
    """Whoever waits wants no more of it."""


def test_who_waits_for_uv_can_stop_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that takes the question and never answers holds up nobody who has stopped waiting."""
    with socket.create_server(("127.0.0.1", 0)) as silent, contextlib.ExitStack() as asked:
        silent.setblocking(False)
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
        started: list[psutil.Process] = []

        def beat() -> None:
            with contextlib.suppress(BlockingIOError):
                asked.enter_context(silent.accept()[0])
                started.extend(one for one in psutil.Process().children() if one.name() == "uv")
                raise EnoughOfIt

        (tmp_path / "wanted.in").write_text("runlore-needs-this\n")
        with pytest.raises(EnoughOfIt):
            Uv(tmp_path, beat).ask("pip", "compile", str(tmp_path / "wanted.in"))
        assert started
        assert not any(one.is_running() for one in started)
