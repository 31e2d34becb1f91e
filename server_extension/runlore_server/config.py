"""Where the server side keeps and sends what it knows."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from runlore.home import Home

TRACKING_URI_VARIABLE = "RUNLORE_TRACKING_URI"
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


@dataclass(frozen=True)
class Config:
    """The settings of the server side; ``Config.resolve`` fills in the defaults."""

    home: Home
    tracking_uri: str

    @classmethod
    def resolve(cls, home: str | os.PathLike[str] | None = None, tracking_uri: str | None = None) -> Config:
        """The settings given, else those of the environment, else the defaults.

        Args:
            home: by default ``$RUNLORE_HOME``, else the platform's data directory of the user.
            tracking_uri: any that MLflow takes; by default ``$RUNLORE_TRACKING_URI``, else SQLite in the home.
        """
        chosen = Home(home) if home else Home.default()
        uri = tracking_uri or os.environ.get(TRACKING_URI_VARIABLE)
        return cls(chosen, uri or f"sqlite:///{_default_database(chosen).as_posix()}")

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


def _default_database(home: Home) -> Path:
    return home.path / "mlflow" / "mlflow.db"
