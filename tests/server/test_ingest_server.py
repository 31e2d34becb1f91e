"""The export to an MLflow server over HTTP that is away, comes, goes and comes again."""

from pathlib import Path

import pytest

from tests.server.exporting import Following
from tests.server.mlflow_server import MlflowServer


@pytest.fixture
def server(tmp_path):
    directory = tmp_path / "server"
    directory.mkdir()
    server = MlflowServer(directory)
    yield server
    server.kill()


@pytest.mark.thorough
def test_nothing_is_lost_while_the_server_is_away(  # noqa: PLR0917 - fixtures
    server, home, kernel, eventually, tmp_path, caplog, capsys
):
    from mlflow import MlflowClient

    session = kernel()
    session.run("before", {"loss": [(step, 1.0 / (step + 1)) for step in range(3_000)]})
    following = Following(home, server.uri)
    exporter = following.exporter
    try:
        eventually(lambda: exporter.status().error)
        assert f"no MLflow server answers at {server.uri}" in exporter.status().error
        assert exporter.status().pending == 1
        server.start()
        server.wait()
        eventually(lambda: not exporter.status().pending)
        assert exporter.status().error is None

        server.kill()
        run = session.start_run("meanwhile")
        session.artifact(run, "model.bin", b"weights")
        session.finish_run(run)
        exporter.wake(following.store.refresh())
        eventually(lambda: exporter.status().error)
        server.start()
        server.wait()
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
