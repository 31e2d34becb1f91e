from pathlib import Path

import pytest

from runlore_server.config import Config
from runlore_server.errors import SettingRefused


def test_an_argument_comes_before_the_environment_and_that_before_the_default(monkeypatch, tmp_path):
    monkeypatch.setenv("RUNLORE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RUNLORE_TRACKING_URI", raising=False)
    config = Config.resolve()
    assert config.home.path == tmp_path / "home"
    assert config.tracking_uri == f"sqlite:///{tmp_path}/home/mlflow/mlflow.db"
    assert config.own_database == tmp_path / "home" / "mlflow" / "mlflow.db"
    monkeypatch.setenv("RUNLORE_TRACKING_URI", "http://mlflow.example")
    assert Config.resolve().tracking_uri == "http://mlflow.example"
    assert Config.resolve().own_database is None
    assert Config.resolve(tmp_path, "sqlite:///x.db").tracking_uri == "sqlite:///x.db"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("sqlite:////a/b.db", "sqlite:////a/b.db"),
        ("sqlite:////a/b.db?mode=ro", "sqlite:////a/b.db"),
        ("postgresql+psycopg2://ada:secret@h:5432/db?password=secret", "postgresql+psycopg2://h:5432/db"),
        ("https://secret@host/path?token=secret", "https://host/path"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("databricks", "databricks"),
    ],
)
def test_secrets_of_the_tracking_uri_are_not_shown(uri, shown):
    assert Config.resolve("home", uri).shown_tracking_uri == shown


def test_messages_lose_the_credentials():
    config = Config.resolve("home", "https://ada:secret@host/path")
    assert config.without_secrets("GET https://ada:secret@host/x failed") == "GET https://host/x failed"


@pytest.mark.parametrize(
    ("uri", "local"),
    [("sqlite:///x.db", True), ("postgresql+psycopg2://h/db", True), ("http://h", False), ("databricks", False)],
)
def test_artifacts_go_to_the_home_only_where_no_server_decides_it(uri, local):
    expected = Path("/home/runlore/mlflow/artifacts") if local else None
    assert Config.resolve("/home/runlore", uri).artifact_root == expected


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("1000", 1000), ("500M", 500 << 20), ("2 GiB", 2 << 30), ("3kb", 3 << 10)]
)
def test_the_cache_of_curves_has_the_size_that_is_asked_for(monkeypatch, text, size):
    assert Config.resolve("home").curve_cache == 2 << 30
    monkeypatch.setenv("RUNLORE_CURVE_CACHE", text)
    assert Config.resolve("home").curve_cache == size
    assert Config.resolve("home", curve_cache="7K").curve_cache == 7 << 10


@pytest.mark.parametrize("text", ["much", "-1", "1.5G", "1P"])
def test_a_size_that_is_none_is_refused(text):
    with pytest.raises(SettingRefused, match="500M or 2G"):
        Config.resolve("home", curve_cache=text)
