"""Whether the packages of ``runlore[lab]`` are there; this module itself needs none of them."""

from __future__ import annotations

from importlib.util import find_spec

from runlore_server.errors import LabExtraMissing

_PACKAGES = ("mlflow", "nbclient", "nbformat", "numpy", "papermill", "pyarrow", "yaml")


def require_lab_extra() -> None:
    """Raise ``LabExtraMissing`` unless everything that the server side needs can be imported."""
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise LabExtraMissing(missing)
