"""The trials of a sweep as lines over parallel axes, alike whichever Optuna has drawn them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optuna import visualization

if TYPE_CHECKING:
    import optuna
    import plotly.graph_objects as go

Scale = list[list[Any]]
"""Colours by their places from 0 to 1, as plotly takes them."""

_TICKS = 5
_OPACITY = 0.5
_WIDTH = 1.2


def parallel(study: optuna.Study, metric: str, scale: Scale) -> go.Figure:
    """A line for each trial that came to a value, coloured by it; the value's axis is the first."""
    figure = visualization.plot_parallel_coordinate(study, target_name=metric)
    if figure.data and figure.data[0].type == "parcoords":
        return as_lines(figure, scale)
    from plotly.colors import sample_colorscale

    for line in figure.select_traces({"mode": "lines"}):
        if line.y[0] is not None:  # as in the legend
            (line.line.color,) = sample_colorscale(scale, [line.y[0]])
    figure.update_annotations(font_color=None)  # that of the page
    return figure


def as_lines(figure: go.Figure, scale: Scale) -> go.Figure:
    """What Optuna before 5 draws by a kind of trace that the panel's plotly does not have."""
    import plotly.graph_objects as go
    from plotly.colors import sample_colorscale

    dimensions = figure.data[0].dimensions
    axes = range(len(dimensions))
    heights = [_heights(dimension, dimension.values) for dimension in dimensions]
    drawn = go.Figure(layout=figure.layout)
    for places in zip(*heights, strict=True):
        (color,) = sample_colorscale(scale, [places[0]])
        line = {"color": color, "width": _WIDTH}
        drawn.add_scatter(
            x=list(axes), y=places, mode="lines", line=line, opacity=_OPACITY, showlegend=False, hoverinfo="skip"
        )
    low, high = dimensions[0].range
    marker = {"color": [low, high], "cmin": low, "cmax": high, "colorscale": scale, "showscale": True}
    marker["colorbar"] = {"title": dimensions[0].label}
    drawn.add_scatter(
        x=[None, None], y=[None, None], mode="markers", marker=marker, showlegend=False, hoverinfo="skip"
    )
    for at, dimension in enumerate(dimensions):
        drawn.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, line={"color": "#888", "width": 1}, layer="below")
        ticks = list(dimension.tickvals or _evenly(*dimension.range))
        words = dimension.ticktext or [f"{tick:.3g}" for tick in ticks]
        for height, text in zip(_heights(dimension, ticks), words, strict=True):
            drawn.add_annotation(
                x=at, y=height, text=text, showarrow=False, xanchor="right", xshift=-4, font_size=10
            )
    names = [dimension.label for dimension in dimensions]
    drawn.update_xaxes(
        tickvals=list(axes), ticktext=names, range=(-0.2, len(names) - 0.8), showgrid=False, zeroline=False
    )
    drawn.update_yaxes(range=(-0.08, 1.08), visible=False)
    return drawn


def _heights(dimension: go.parcoords.Dimension, values: Any) -> list[float]:
    low, high = dimension.range
    return [(value - low) / (high - low) if high > low else 0.5 for value in values]


def _evenly(low: float, high: float) -> list[float]:
    return [low + (high - low) * part / (_TICKS - 1) for part in range(_TICKS)] if high > low else [low]
