"""Where the server side keeps and sends what it knows."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from runlore.home import Home
from runlore_server.errors import SettingRefused

TRACKING_URI_VARIABLE = "RUNLORE_TRACKING_URI"
CURVE_CACHE_VARIABLE = "RUNLORE_CURVE_CACHE"
MIRROR_VARIABLE = "RUNLORE_MIRROR"
_OFF = ("0", "false", "no", "off")
_CURVE_CACHE = 2 << 30
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


@dataclass(frozen=True)
class Config:
    """The settings of the server side; ``Config.resolve`` fills in the defaults."""

    home: Home
    tracking_uri: str
    curve_cache: int = _CURVE_CACHE
    mirror: bool = True

    @classmethod
    def resolve(
        cls,
        home: str | os.PathLike[str] | None = None,
        tracking_uri: str | None = None,
        curve_cache: str | None = None,
        mirror: bool | None = None,
    ) -> Config:
        """The settings given, else those of the environment, else the defaults.

        Args:
            home: by default ``$RUNLORE_HOME``, else the platform's data directory of the user.
            tracking_uri: any that MLflow takes; by default ``$RUNLORE_TRACKING_URI``, else SQLite in the home.
            curve_cache: bytes that curve files of archived runs may have together, such as ``500M``; by default
                ``$RUNLORE_CURVE_CACHE``, else 2 GiB.
            mirror: whether runs that others logged to MLflow are shown; by default unless ``$RUNLORE_MIRROR`` is
                ``0``.

        Raises:
            SettingRefused: a setting cannot be understood.
        """
        chosen = Home(home) if home else Home.default()
        uri = tracking_uri or os.environ.get(TRACKING_URI_VARIABLE)
        size = curve_cache or os.environ.get(CURVE_CACHE_VARIABLE)
        return cls(
            chosen,
            uri or f"sqlite:///{_default_database(chosen).as_posix()}",
            size_of(CURVE_CACHE_VARIABLE, size) if size else _CURVE_CACHE,
            os.environ.get(MIRROR_VARIABLE, "").lower() not in _OFF if mirror is None else mirror,
        )

    @property
    def mlflow_directory(self) -> Path:
        """Where the default store lies, and what the export keeps for itself."""
        return self.home.path / "mlflow"

    @property
    def own_database(self) -> Path | None:
        """The file of the default store; ``None`` where another store was chosen."""
        path = _default_database(self.home)
        return path if self.tracking_uri == f"sqlite:///{path.as_posix()}" else None

    @property
    def database_file(self) -> Path | None:
        """The file of a tracking store that is one; ``None`` for other stores."""
        path = self.tracking_uri.removeprefix("sqlite:///")
        return None if path == self.tracking_uri or "?" in path else Path(path)

    @property
    def artifact_root(self) -> Path | None:
        """Where artifacts of new experiments go when no tracking server decides it.

        MLflow would put them into ``mlruns`` below the current directory. ``None`` with a tracking server.
        """
        scheme = urlsplit(self.tracking_uri).scheme.split("+")[0]
        return self.mlflow_directory / "artifacts" if scheme in _DATABASES else None

    @property
    def shown_tracking_uri(self) -> str:
        """The tracking URI without user, password and query, which may hold secrets."""
        return self.without_secrets(re.split(r"[?#]", self.tracking_uri)[0])

    def without_secrets(self, text: str) -> str:
        """``text`` without the user and password of the tracking URI."""
        credentials = urlsplit(self.tracking_uri).netloc.rpartition("@")[0]
        return text.replace(f"{credentials}@", "") if credentials else text


def size_of(name: str, text: str) -> int:
    """A size such as ``500M`` or ``2G``, in units of 1,024 bytes and their like.

    Raises:
        SettingRefused: the text of the setting ``name`` is none.
    """
    found = re.fullmatch(r"(\d{1,12})\s*([KMGT]?)(?:i?B)?", text.strip(), re.ASCII | re.IGNORECASE)
    if found is None:
        raise SettingRefused(f"{name} is a number of bytes, such as 500M or 2G, not {text!r:.40}")
    return int(found[1]) << _UNITS[found[2].upper()]


def _default_database(home: Home) -> Path:
    return home.path / "mlflow" / "mlflow.db"
