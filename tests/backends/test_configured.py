"""The settings that name backends: what they may say, and what is refused before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runlore.home import Home
from runlore_server.backends.configured import configured, specified
from runlore_server.errors import SettingRefused
from runlore_server.queue.backend import Backend
from runlore_server.store.runs import RunStore

Open = Callable[..., dict[str, Backend]]


@pytest.fixture
def open_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    def make(**environ: str) -> dict[str, Backend]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        home = Home(tmp_path / "home")
        return configured(home, RunStore(home), lambda: None)

    return make


def test_without_settings_there_is_this_machine() -> None:
    assert specified({}) == {"local": ""}
    assert specified({"RUNLORE_BACKEND": "local"}) == {"local": ""}


def test_the_default_comes_first_and_local_is_always_there() -> None:
    one = specified({"RUNLORE_BACKEND": "dask:tcp://host:8786"})
    assert list(one.items()) == [("dask", "dask:tcp://host:8786"), ("local", "")]
    named = "big=dask:tls://host:8786,slots=8 ; hpc=slurm:partition=gpu,time=60"
    assert list(specified({"RUNLORE_BACKENDS": named})) == ["local", "big", "hpc"]
    assert list(specified({"RUNLORE_BACKENDS": named, "RUNLORE_BACKEND": "hpc"})) == ["hpc", "local", "big"]
    assert list(specified({"RUNLORE_BACKEND": "slurm"})) == ["slurm", "local"]


@pytest.mark.parametrize(
    "named",
    [
        "nonsense",
        "local=dask:tcp://host:8786",
        "a=dask:tcp://host:1;a=dask:tcp://host:2",
        "9=slurm",
        "a=ray:tcp://host:1",
        "a=dask:",
        "a=dask:host:8786",
        "a=dask:tcp://host",
        "a=dask:local:0",
        "a=dask:local:many",
        "a=dask:python:module",
        "a=dask:tcp://host:1,slots=0",
        "a=dask:tcp://host:1,speed=9",
        "a=slurm:partition",
        "a=slurm:slots=-1",
        "a=",
    ],
)
def test_what_cannot_be_understood_is_refused(named: str) -> None:
    with pytest.raises(SettingRefused):
        specified({"RUNLORE_BACKENDS": named})


def test_a_default_that_there_is_not_is_refused() -> None:
    with pytest.raises(SettingRefused, match="nor one of local, hpc"):
        specified({"RUNLORE_BACKENDS": "hpc=slurm", "RUNLORE_BACKEND": "hcp"})


def test_options_that_slurm_does_not_have_are_refused(open_all: Open) -> None:
    with pytest.raises(SettingRefused, match="partitoin"):
        open_all(RUNLORE_BACKENDS="a=slurm:cluster=local,partitoin=gpu")
    with pytest.raises(SettingRefused, match="slurm or local, not 'debug'"):
        open_all(RUNLORE_BACKENDS="a=slurm:cluster=debug")


def test_slurm_is_refused_where_its_commands_are_missing(open_all: Open, tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="sbatch"):
        open_all(RUNLORE_BACKENDS="a=slurm", PATH=str(tmp_path))
