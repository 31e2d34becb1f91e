"""A PostgreSQL server of the tests' own, on a socket in a temporary directory."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2
import psycopg2.extensions

_PATIENCE = 60.0


class Postgres:
    """Started when it is made."""

    def __init__(self) -> None:
        # Not below pytest's directories: they are closed to the user that the server runs as.
        self._directory = Path(tempfile.mkdtemp(prefix="runlore-postgres-"))
        self._user = _unprivileged()
        if self._user is not None:
            shutil.chown(self._directory, self._user)
        self._data = self._directory / "data"
        options = ["--auth=trust", "--username=runlore", "--encoding=UTF8", "--no-sync"]
        self._run([_program("initdb"), *options, f"--pgdata={self._data}"]).wait()
        self._process = self._start()

    def uri(self, database: str) -> str:
        """A database, as SQLAlchemy wants it."""
        return f"postgresql+psycopg2://runlore@/{database}?host={self._directory}"

    def connect(self, database: str = "postgres") -> psycopg2.extensions.connection:
        connection = psycopg2.connect(dbname=database, user="runlore", host=str(self._directory))
        connection.autocommit = True
        return connection

    def create(self, database: str) -> None:
        """Make an empty database."""
        self._execute(f'CREATE DATABASE "{database}"')

    def drop(self, database: str) -> None:
        """Remove a database, whoever uses it."""
        self._execute(f'DROP DATABASE "{database}" WITH (FORCE)')

    def kill(self) -> None:
        """SIGKILL, as the out-of-memory killer would do it."""
        self._process.kill()
        self._process.wait()

    def start_again(self) -> None:
        self._process = self._start()

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _execute(self, statement: str) -> None:
        connection = self.connect()
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def _start(self) -> subprocess.Popen[bytes]:
        """Start it and wait until it answers; what the last one left may stand in the way for a moment."""
        # A killed server has written what it confirmed to the system, which lives on.
        settings = {"listen_addresses": "", "unix_socket_directories": self._directory, "fsync": "off"}
        command = [_program("postgres"), "-D", str(self._data)]
        command += [f"--{name}={value}" for name, value in settings.items()]
        deadline = time.monotonic() + _PATIENCE
        process = self._run(command)
        while True:
            try:
                self.connect().close()
                return process
            except psycopg2.OperationalError:
                assert time.monotonic() < deadline, (self._directory / "log").read_text()
                if process.poll() is not None:
                    process = self._run(command)
                time.sleep(0.1)

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self._directory / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=self._directory, user=self._user)


def _unprivileged() -> str | None:
    """Whom the server runs as; it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _program(name: str) -> str:
    """A program of PostgreSQL; Debian keeps them off the path."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, places), os.environ.get("PATH", "")]))
    assert found is not None, "PostgreSQL is missing; 'make test' installs it"
    return found
