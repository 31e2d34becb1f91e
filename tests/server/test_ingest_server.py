"""The export to an MLflow server over HTTP that is away, comes, goes and comes again."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runlore_server.config import Config
from runlore_server.ingest import Exporter
from runlore_server.store.exports import Exports
from runlore_server.store.runs import RunStore
from runlore_server.store.summaries import CurveSummaries


class Server:
    """``mlflow server`` on a port of its own; not running at first."""

    def __init__(self, directory):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self._directory = directory
        self._process = None

    def start(self):
        options = [
            f"--backend-store-uri=sqlite:///{self._directory / 'server.db'}",
            f"--artifacts-destination={self._directory / 'artifacts'}",
            f"--port={self.port}",
            "--workers=1",
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *options],
            cwd=self._directory,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self):
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            # The workers are dead a moment after their parent; until then one of them may take a connection,
            # and MLflow's client, once connected, tries again for minutes.
            while self._is_listening():
                time.sleep(0.05)

    def _is_listening(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


@pytest.fixture
def server(tmp_path):
    directory = tmp_path / "server"
    directory.mkdir()
    server = Server(directory)
    yield server
    server.kill()


def test_nothing_is_lost_while_the_server_is_away(  # noqa: PLR0917 - fixtures
    server, home, kernel, eventually, tmp_path, caplog, capsys
):
    from mlflow import MlflowClient

    session = kernel()
    session.run("before", {"loss": [(step, 1.0 / (step + 1)) for step in range(3_000)]})
    store = RunStore(home)
    store.refresh()
    config = Config.resolve(home.path, server.uri)
    exporter = Exporter(config, store, CurveSummaries(), Exports(home, config.tracking_uri))
    exporter.start()
    try:
        eventually(lambda: exporter.status().error)
        assert f"no MLflow server answers at {server.uri}" in exporter.status().error
        assert exporter.status().pending == 1
        server.start()
        eventually(lambda: not exporter.status().pending)
        assert exporter.status().error is None

        server.kill()
        run = session.start_run("meanwhile")
        session.artifact(run, "model.bin", b"weights")
        session.finish_run(run)
        exporter.wake(store.refresh())
        eventually(lambda: exporter.status().error)
        server.start()
        eventually(lambda: not exporter.status().pending)
    finally:
        exporter.shutdown()

    client = MlflowClient(tracking_uri=server.uri)
    experiment = client.get_experiment_by_name("digits")
    found = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert found.keys() == {"before", "meanwhile"}
    history = client.get_metric_history(found["before"].info.run_id, "loss")
    assert 2400 < len(history) <= 2500
    assert history[-1].step == 2_999
    fetched = client.download_artifacts(found["meanwhile"].info.run_id, "model.bin", str(tmp_path))
    assert Path(fetched).read_bytes() == b"weights"
    assert capsys.readouterr().out == "", "the log of a Jupyter server is no place for MLflow's advertising"
    warnings = [record for record in caplog.records if "nothing is lost" in record.message]
    assert len(warnings) == 2, "each trouble is said once"
