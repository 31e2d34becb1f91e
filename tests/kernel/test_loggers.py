"""What user code gives to MLflow, TensorBoard and training loops lands in the run; theirs goes on unchanged."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runlore.curve import points, read_records
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore.session_record import sessions
from tests.conftest import Notebook


def curves(run: RunRecord) -> dict[str, list[tuple[int, float]]]:
    return {
        name: [(step, value) for step, _, value in points(read_records(path))]
        for name, path in run.metrics.items()
    }


def needs(library: str) -> None:
    """Skip the test without the library; it is imported by the script alone, because it takes seconds."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")


def only_run(home: Home) -> RunRecord:
    (run,) = (run for session in sessions(home) for run in session.runs.values())
    return run


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """A kernel whose user had imported MLflow before Runlore came."""
    directory = tmp_path_factory.mktemp("mlflow")
    notebook = Notebook(directory / "home", directory, {"MLFLOW_TRACKING_URI": f"sqlite:///{directory}/mlflow.db"})
    ready = notebook.run("import json, mlflow\nexperiment = mlflow.set_experiment('theirs')")
    assert ready.ok, ready.text
    yield notebook.load()
    notebook.close()


def theirs(notebook: Notebook, run_id: str) -> dict[str, object]:
    """What the user's own store holds of an MLflow run, with the values of ``loss`` by step."""
    shown = notebook.run(
        f"data = mlflow.get_run({run_id!r}).data\n"
        f"loss = mlflow.MlflowClient().get_metric_history({run_id!r}, 'loss')\n"
        "tags = {k: v for k, v in data.tags.items() if not k.startswith('mlflow.')}\n"
        "print(json.dumps([data.metrics, data.params, tags, [[p.step, p.value] for p in loss]]))"
    )
    metrics, params, tags, loss = json.loads(shown.text)
    return {"metrics": metrics, "params": params, "tags": tags, "loss": loss}


def test_what_mlflow_is_given_lands_in_both(tracking: Notebook) -> None:
    result = tracking.run(
        "%%track direct -p depth=3\n"
        "lr = 0.1\n"
        "with mlflow.start_run(tags={'team': 'vision'}) as outer:\n"
        "    for n in range(5):\n"
        "        mlflow.log_metric('loss', 1 / (n + 1), step=10 * n)\n"
        "    mlflow.log_metrics({'acc': 0.5, 'f1': float('nan'), 'system/load': 1.0}, step=3)\n"
        "    queued = mlflow.log_metric('queued', 3.5, step=1, synchronous=False)\n"
        "    mlflow.log_param('rate', 0.25)\n"
        "    mlflow.log_params({'depth': 3, 'width': 4})\n"
        "    mlflow.set_tag('stage', 'try')\n"
        "    mlflow.log_text('hello', 'notes/a.txt')\n"
        "    with mlflow.start_run(nested=True) as inner:\n"
        "        mlflow.log_metric('loss', 9.0)\n"
        "        mlflow.log_param('rate', 0.5)\n"
        "queued.wait()\n"
        "print(outer.info.run_id, inner.info.run_id, mlflow.get_tracking_uri())"
    )
    assert result.ok, result.text
    (printed,) = (output["text"] for output in result.outputs if output["output_type"] == "stream")
    outer, inner, uri = printed.split()
    run = tracking.last_run()
    found = curves(run)
    assert found["loss"] == [(10 * n, 1 / (n + 1)) for n in range(5)]
    assert (found["acc"], found["queued"], found["f1"][0][0]) == ([(3, 0.5)], [(1, 3.5)], 3)
    assert found["mlflow-2/loss"] == [(0, 9.0)]
    assert "system/load" not in found
    assert run.params == {"rate": 0.25, "depth": 3, "width": "4", "mlflow-2/rate": 0.5}
    assert run.tags == {
        "team": "vision",
        "stage": "try",
        "mlflow/run_id": outer,
        "mlflow-2/run_id": inner,
        "mlflow-2/parent_run_id": outer,
    }
    artifact = run.artifacts["notes/a.txt"]
    assert ObjectStore(tracking.home.objects).get(artifact.digest) == b"hello"
    kept = theirs(tracking, outer)
    assert kept["loss"] == [[10 * n, 1 / (n + 1)] for n in range(5)]
    assert kept["params"] == {"rate": "0.25", "depth": "3", "width": "4"}
    assert kept["tags"] == {"team": "vision", "stage": "try"}
    assert theirs(tracking, inner)["loss"] == [[0, 9.0]]
    assert uri.startswith("sqlite:///")


def test_autologging_lands_in_the_run(tracking: Notebook) -> None:
    result = tracking.run(
        "%%track auto\n"
        "import numpy as np\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "mlflow.sklearn.autolog(log_models=False, silent=True)\n"
        "model = LogisticRegression(C=0.5).fit(np.arange(4.0).reshape(-1, 1), [0, 0, 1, 1])\n"
        "mlflow.sklearn.autolog(disable=True)\n"
        "with mlflow.start_run(run_id=mlflow.last_active_run().info.run_id):\n"
        "    mlflow.sklearn.log_model(model, name='lines', pip_requirements=[])"
    )
    assert result.ok, result.text
    run = tracking.last_run()
    assert curves(run)["training_accuracy_score"] == [(0, 1.0)]
    assert run.params["C"] == "0.5"
    assert "lines/MLmodel" in run.artifacts, "MLflow keeps a model beside the run, Runlore with it"
    assert theirs(tracking, run.tags["mlflow/run_id"])["metrics"]["training_accuracy_score"] == 1.0  # type: ignore[index]


def test_their_errors_are_theirs_and_outside_nothing_is_taken(tracking: Notebook) -> None:
    result = tracking.run(
        "%%track wrong\n"
        "said = []\n"
        "for wrong in (lambda: mlflow.log_metric('loss', 'many'),\n"
        "              lambda: mlflow.MlflowClient().log_metric('no such run', 'loss', 1.0),\n"
        "              lambda: mlflow.MlflowClient().log_metric()):\n"
        "    try:\n        wrong()\n    except Exception as error:\n        said.append(type(error).__name__)\n"
        "mlflow.end_run()\nsaid"
    )
    assert "['MlflowException', 'MlflowException', 'TypeError']" in result.text
    assert curves(tracking.last_run()) == {}
    before = tracking.run(
        "with mlflow.start_run() as outside:\n    mlflow.log_metric('loss', 2.0)\noutside.info.run_id"
    )
    assert theirs(tracking, before.text.strip("'\n"))["loss"] == [[0, 2.0]]
    assert curves(tracking.last_run()) == {}


def test_a_watched_name_and_its_mlflow_metric_do_not_mix(tracking: Notebook) -> None:
    result = tracking.run(
        "%%track both --watch loss\n"
        "with mlflow.start_run():\n"
        "    for n in range(3):\n"
        "        loss = 1.0 / (n + 1)\n"
        "        mlflow.log_metric('loss', loss, step=5 * n)"
    )
    assert result.ok, result.text
    found = curves(tracking.last_run())
    assert found == {
        "loss": [(n, 1 / (n + 1)) for n in range(3)],
        "mlflow/loss": [(5 * n, 1 / (n + 1)) for n in range(3)],
    }


def test_points_that_come_late_stay_out_of_the_next_run(tracking: Notebook) -> None:
    tracking.run(
        "%%track early\n"
        "import threading\n"
        "go = threading.Event()\n"
        "client = mlflow.MlflowClient()\n"
        "written = mlflow.MlflowClient().create_run(experiment.experiment_id).info.run_id\n"
        "def late():\n    go.wait()\n    client.log_metric(written, 'loss', 1.0)\n"
        "thread = threading.Thread(target=late)\nthread.start()"
    )
    early = tracking.last_run()
    tracking.run("%%track next\ngo.set()\nthread.join()")
    assert curves(tracking.last_run()) == {}
    early = tracking.session().runs[early.run_id]
    assert "points of mlflow" in [note.what for note in early.not_captured]


def test_scripts_that_import_it_later_and_the_end_of_the_session(
    run_script: Callable[..., str], home: Home, tmp_path: Path
) -> None:
    printed = run_script(
        "import runlore\n"
        "from runlore.session import Session\n"
        "with runlore.start_run('script'):\n"
        "    import mlflow\n"
        "    listened = mlflow.MlflowClient.log_metric\n"
        "    with mlflow.start_run():\n"
        "        mlflow.log_metric('loss', 1.0, step=4)\n"
        "Session.current().end()\n"
        "now = mlflow.MlflowClient.log_metric\n"
        "print(listened is not now, hasattr(now, '__wrapped__'))",
        env={"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"},
    )
    assert curves(only_run(home)) == {"loss": [(4, 1.0)]}
    assert "True False" in printed


def test_tensorboard_of_both_kinds(run_script: Callable[..., str], home: Home) -> None:
    needs("tensorboard")
    needs("tensorboardX")
    printed = run_script(
        "import runlore, time\n"
        "from torch.utils.tensorboard import SummaryWriter\n"
        "import tensorboardX, torch\n"
        "with runlore.start_run('boards'):\n"
        "    train, val = SummaryWriter('logs/train'), SummaryWriter(log_dir='logs/val')\n"
        "    for n in range(3):\n"
        "        train.add_scalar('loss', torch.tensor(0.5 * n), n * 100)\n"
        "        val.add_scalar(tag='loss', scalar_value=0.25 * n, global_step=n * 100, walltime=5.0)\n"
        "    train.add_scalar('uncounted', 1.0)\n"
        "    train.add_scalar('uncounted', 2.0)\n"
        "    train.add_scalars('both', {'a': 1.0, 'b': 2.0}, 7)\n"
        "    train.add_hparams({'lr': 0.1}, {'hparam/best': 0.75}, run_name='h')\n"
        "    third = tensorboardX.SummaryWriter('logs/x3')\n"
        "    third.add_scalar('loss', 8.0, 1)\n"
        "    try:\n        train.add_scalar('loss', [1, 2])\n    except Exception as error:\n"
        "        print('raised', type(error).__name__)\n"
        "    train.close(), val.close(), third.close()\n"
        "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n"
        "read = EventAccumulator('logs/val')\nread.Reload()\n"
        "print([(e.step, e.value, e.wall_time) for e in read.Scalars('loss')])"
    )
    assert "[(0, 0.0, 5.0), (100, 0.25, 5.0), (200, 0.5, 5.0)]" in printed
    assert "raised" in printed
    run = only_run(home)
    assert curves(run) == {
        "loss": [(0, 0.0), (100, 0.5), (200, 1.0)],
        "val/loss": [(0, 0.0), (100, 0.25), (200, 0.5)],
        "uncounted": [(0, 1.0), (1, 2.0)],
        "both/a": [(7, 1.0)],
        "both/b": [(7, 2.0)],
        "hparam/best": [(0, 0.75)],
        "tensorboard-4/loss": [(1, 8.0)],
    }
    assert run.params == {"lr": 0.1}
    assert points(read_records(run.metrics["val/loss"]))[0][1] == 5.0


def test_keras_is_heard_and_takes_a_callback(run_script: Callable[..., str], home: Home) -> None:
    needs("keras")
    fit = "    model.fit(x, x, epochs=2, batch_size=2, verbose=0, callbacks={})\n"
    run_script(
        "import runlore, keras, numpy as np\n"
        "from runlore.loggers.keras import RunloreCallback\n"
        "x = np.ones((4, 1), 'float32')\n"
        "model = keras.Sequential([keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "with runlore.start_run('heard'):\n"
        + fit.format("[]")
        + "with runlore.start_run('given'):\n"
        + fit.format("[RunloreCallback(batches=True)]"),
        env={"KERAS_BACKEND": "torch"},
    )
    heard, given = (run for session in sessions(home) for run in session.runs.values())
    assert [step for step, _ in curves(heard)["loss"]] == [0, 1]
    assert [step for step, _ in curves(given)["loss"]] == [0, 1]
    assert [step for step, _ in curves(given)["batch/loss"]] == [0, 1, 2, 3]


def test_lightning_is_heard_and_takes_a_logger(run_script: Callable[..., str], home: Home) -> None:
    needs("lightning")
    run_script(
        "import runlore, torch, lightning.pytorch as pl, warnings\n"
        "from lightning.pytorch.loggers import CSVLogger\n"
        "from runlore.loggers.lightning import RunloreLogger\n"
        "class Model(pl.LightningModule):\n"
        "    def __init__(self, width=1):\n"
        "        super().__init__()\n        self.save_hyperparameters()\n"
        "        self.layer = torch.nn.Linear(1, 1)\n"
        "    def training_step(self, batch, _):\n"
        "        loss = self.layer(batch).sum()\n        self.log('loss', loss)\n        return loss\n"
        "    def configure_optimizers(self):\n        return torch.optim.SGD(self.parameters(), 0.01)\n"
        "def fit(logger):\n"
        "    pl.Trainer(max_epochs=1, logger=logger, log_every_n_steps=1, accelerator='cpu',\n"
        "               enable_progress_bar=False, enable_checkpointing=False, enable_model_summary=False\n"
        "               ).fit(Model(), torch.utils.data.DataLoader(torch.ones(3, 1)))\n"
        "with runlore.start_run('heard'):\n    fit(CSVLogger('logs'))\n"
        "with runlore.start_run('given'):\n    fit(RunloreLogger())\n"
    )
    heard, given = (run for session in sessions(home) for run in session.runs.values())
    assert [step for step, _ in curves(heard)["loss"]] == [0, 1, 2]
    assert [step for step, _ in curves(given)["loss"]] == [0, 1, 2]
    assert given.params == {"width": 1}


def test_the_hugging_face_trainer_is_heard_and_takes_a_callback(
    run_script: Callable[..., str], home: Home
) -> None:
    needs("transformers")
    needs("accelerate")
    run_script(
        "import runlore, torch\n"
        "from transformers import Trainer, TrainingArguments\n"
        "from runlore.loggers.transformers import RunloreCallback\n"
        "class Model(torch.nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.layer = torch.nn.Linear(1, 1)\n"
        "    def forward(self, x):\n        return {'loss': self.layer(x).sum()}\n"
        "def fit(callbacks):\n"
        "    settings = TrainingArguments('out', max_steps=2, logging_steps=1, report_to=[], save_strategy='no',\n"
        "                                 use_cpu=True, disable_tqdm=True)\n"
        "    Trainer(Model(), settings, train_dataset=[{'x': torch.ones(1)}] * 4, callbacks=callbacks).train()\n"
        "with runlore.start_run('heard'):\n    fit([])\n"
        "with runlore.start_run('given'):\n    fit([RunloreCallback()])\n"
    )
    heard, given = (run for session in sessions(home) for run in session.runs.values())
    assert [step for step, _ in curves(heard)["loss"]] == [1, 2]
    assert [step for step, _ in curves(given)["loss"]] == [1, 2]
