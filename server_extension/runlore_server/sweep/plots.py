"""What a sweep looks like: its history, which parameters matter, and which values go with which result."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
from optuna import visualization
from optuna.trial import TrialState

from runlore.home import Home
from runlore_server.errors import OptionsRefused
from runlore_server.sweep.evaluator import evaluator
from runlore_server.sweep.parallel import parallel
from runlore_server.sweep.study import read_study
from runlore_server.sweep.sweep import SweepFolder, find

if TYPE_CHECKING:
    import plotly.graph_objects as go

_DRAWN = {
    "history": visualization.plot_optimization_history,
    "curves": visualization.plot_intermediate_values,
    "slices": visualization.plot_slice,
}
_FEW = 10
"""Trials below which plotly would put ticks between their numbers."""
_SCALE = [[0.0, "#2f83c6"], [1.0, "#d55e00"]]
"""From the least value to the greatest: both stand out from light and dark pages, as plotly's blues do not."""


def figures(home: Home, folder: SweepFolder) -> dict[str, go.Figure]:
    """The plots of a sweep, by their names: ``history``, ``curves``, ``parallel``, ``slices`` and ``importance``.

    Importance is by what ``evaluator`` chooses for so many trials; its name is in the title, and in the layout's
    ``meta`` as ``evaluator``. It is left out while fewer than four trials have come to different values.

    Raises:
        OptionsRefused: no trial has come to a value yet.
        OSError: the database cannot be used.
    """
    if find_spec("plotly") is None:
        raise OptionsRefused("plots need plotly: pip install 'runlore[lab]'")
    metric = folder.sweep().request.metric
    study = read_study(home, folder.sweep_id)
    ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not ended:
        raise OptionsRefused("no trial of the sweep has come to a value yet, so there is nothing to draw")
    drawn = {name: draw(study, **_named(name, metric)) for name, draw in _DRAWN.items()}
    drawn["parallel"] = parallel(study, metric, _SCALE)
    if len({trial.value for trial in ended}) > 3:
        drawn["importance"] = _importance(study, len(ended), metric)
    for figure in drawn.values():
        figure.update_layout(template="plotly_white")
        figure.update_traces(marker_colorscale=_SCALE, marker_reversescale=False, selector={"mode": "markers"})
    if len(study.trials) < _FEW:
        drawn["history"].update_xaxes(dtick=1)
    return drawn


def _importance(study: optuna.Study, trials: int, metric: str) -> go.Figure:
    name, measure = evaluator(trials)
    figure = visualization.plot_param_importances(study, evaluator=measure, target_name=metric)
    figure.update_layout(title_text=f"Importance of the parameters ({name})", meta={"evaluator": name})
    return figure


def _named(plot: str, metric: str) -> dict[str, Any]:
    return {} if plot == "curves" else {"target_name": metric}


def write(home: Home, folder: SweepFolder, directory: Path) -> dict[str, Path]:
    """Write each plot as a page, with plotly.js beside them, and as JSON; the pages by the plots' names.

    Raises:
        OptionsRefused: see ``figures``.
        OSError: they cannot be written.
    """
    drawn = figures(home, folder)
    directory.mkdir(parents=True, exist_ok=True)
    pages = {}
    for name, figure in drawn.items():
        pages[name] = directory / f"{name}.html"
        figure.write_html(pages[name], include_plotlyjs="directory")
        (directory / f"{name}.json").write_text(figure.to_json(), "utf-8")
    return pages


def main() -> int:
    """Print the plots of the sweep that the arguments name (home, id) as one JSON object."""
    home, sweep_id = Home(sys.argv[1]), sys.argv[2]
    try:
        drawn = figures(home, find(home, sweep_id))
    except OptionsRefused as error:
        print(json.dumps({"refused": str(error)}))  # noqa: T201 - the answer
        return 0
    print(json.dumps({"plots": {name: json.loads(figure.to_json()) for name, figure in drawn.items()}}))  # noqa: T201
    return 0
