"""Which of a run's artifacts are models."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Literal

import msgspec

from runlore.checkpoint_folder import FOLDER
from runlore.record import Artifact, RunRecord

SUFFIXES = frozenset(
    (
        *(".pt", ".pth", ".ckpt", ".safetensors", ".gguf"),  # torch and its kin
        *(".keras", ".h5", ".hdf5", ".tflite"),
        *(".joblib", ".pkl", ".pickle", ".skops", ".dill", ".cloudpickle"),
        *(".onnx", ".pmml", ".ubj", ".cbm", ".xgb", ".lgb"),
    )
)
"""How the names of files end in which libraries save models."""

_DESCRIPTION = "MLmodel"
"""The file in which MLflow describes the model that the folder around it is."""

Kind = Literal["mlflow", "checkpoint", "file"]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A file or a folder of artifacts that a model is.

    Attributes:
        path: among the run's artifacts.
        kind: ``mlflow`` is a folder that any MLflow can load, ``checkpoint`` what the run would go on from.
        size: bytes, of all its files.
        files: how many.
    """

    path: str
    kind: Kind
    size: int
    files: int


def models_of(run: RunRecord) -> list[Model]:
    """The models of a run, those that MLflow can load first."""
    artifacts = list(run.artifacts.values())
    described = [PurePosixPath(one.path) for one in artifacts if PurePosixPath(one.path).name == _DESCRIPTION]
    folders = {str(path.parent): "mlflow" for path in described if len(path.parts) > 1}
    found = [_folder(folder, "mlflow", artifacts) for folder in sorted(folders)]
    if any(one.path.startswith(f"{FOLDER}/") for one in artifacts):
        found.append(_folder(FOLDER, "checkpoint", artifacts))
    inside = tuple(f"{model.path}/" for model in found)
    return found + [
        Model(path=one.path, kind="file", size=one.size, files=1)
        for one in artifacts
        if is_model_file(one.path) and not one.path.startswith(inside)
    ]


def is_model_file(path: str) -> bool:
    """Whether a file's name is one in which libraries save models."""
    return PurePosixPath(path).suffix.lower() in SUFFIXES


def files_of(run: RunRecord, model: Model) -> list[Artifact]:
    """The artifacts that a model consists of."""
    if model.kind == "file":
        return [run.artifacts[model.path]]
    return _below(model.path, run.artifacts.values())


def _folder(path: str, kind: Kind, artifacts: Iterable[Artifact]) -> Model:
    files = _below(path, artifacts)
    return Model(path=path, kind=kind, size=sum(one.size for one in files), files=len(files))


def _below(folder: str, artifacts: Iterable[Artifact]) -> list[Artifact]:
    return [one for one in artifacts if one.path.startswith(f"{folder}/")]
