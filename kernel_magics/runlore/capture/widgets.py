"""The models of widgets, as the kernel tells them to the front-end, under names that a rerun gives them too."""

from __future__ import annotations

import re
from typing import Any

VIEW = "application/vnd.jupyter.widget-view+json"
_TARGET = "jupyter.widget"
_REFERENCE = re.compile(r"IPY_MODEL_([0-9a-fA-F-]{32,36})")
_FRONT_ENDS_OWN = {"OutputModel": ("outputs",)}
"""Parts of a model that its front-end fills in while it shows it: what arrived there is an output of its cell."""

_MOST_MODELS = 5000
_MOST_SHOWN = 64
_LONGEST_VALUE = 64 * 1024


class WidgetModels:
    """Follows comm messages; a model is named ``<cell>.<n>``: the n-th that the cell made, from 0."""

    def __init__(self) -> None:
        self._states: dict[str, dict[str, Any]] = {}
        self._names: dict[str, str] = {}
        self._made: dict[int, int] = {}

    def opened(self, content: dict[str, Any], ordinal: int) -> None:
        if content.get("target_name") != _TARGET or len(self._states) >= _MOST_MODELS:
            return
        number = self._made.get(ordinal, 0)
        self._made[ordinal] = number + 1
        self._names[content["comm_id"]] = f"{ordinal}.{number}"
        self._states[content["comm_id"]] = {}
        self.changed(content)

    def changed(self, content: dict[str, Any]) -> None:
        state = self._states.get(content.get("comm_id", ""))
        data = content.get("data", {})
        change = data.get("state")
        if state is not None and isinstance(change, dict):
            echo = data.get("method") == "echo_update"  # the kernel repeats what a front-end told it
            told = _FRONT_ENDS_OWN.get(state.get("_model_name", ""), ()) if echo else ()
            state.update(
                (key, value if not isinstance(value, str) or len(value) <= _LONGEST_VALUE else "(long)")
                for key, value in change.items()
                if key not in told
            )

    def render(self, mime: str, value: Any) -> Any:
        """A view as ``{"model": name, "states": {name: state}}``, of the model and those it contains."""
        if mime != VIEW or not isinstance(value, dict):
            return value
        root = value.get("model_id", "")
        states: dict[str, Any] = {}
        left = [root]
        while left and len(states) < _MOST_SHOWN:
            model = left.pop(0)
            name = self._names.get(model)
            if name is not None and name not in states:
                states[name] = self._named(self._states[model], left)
        return {"model": self._names.get(root), "states": states}

    def _named(self, value: Any, found: list[str]) -> Any:
        if isinstance(value, dict):
            return {key: self._named(item, found) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._named(item, found) for item in value]
        if isinstance(value, str) and (match := _REFERENCE.fullmatch(value)):
            found.append(match[1])
            return f"IPY_MODEL_{self._names.get(match[1])}"
        return value
