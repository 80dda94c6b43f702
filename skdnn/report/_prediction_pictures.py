"""Pictures of predicted against true numbers, and of residuals."""

from __future__ import annotations

from typing import Any

import numpy as np

from skdnn.displays._canvas import GREY, literal, shortened
from skdnn.displays._figures import figure_text
from skdnn.report._pictures import MARK, Picture, picture
from skdnn.report._predictions import Predictions

_MOST_OUTPUTS = 4  # that have pictures
_MOST_POINTS = 1_000  # in a picture: the page stays small, and a cloud is a cloud
_POINTS: Any = {"s": 14, "alpha": 0.6, "color": MARK, "linewidths": 0}
_LINE: Any = {"color": GREY, "alpha": 1.0}


def prediction_pictures(predictions: Predictions) -> list[Picture]:
    """Draw predicted numbers against the true ones, and residuals against them.

    Parameters
    ----------
    predictions : Predictions
        Of rows that took no part in the search.

    Returns
    -------
    pictures : list of Picture
        Two for each output, the first four at most.
    """
    outputs = range(min(len(predictions.names), _MOST_OUTPUTS))
    return [
        draw(predictions, output) for output in outputs for draw in (_against_truth, _residuals)
    ]


def _against_truth(predictions: Predictions, output: int) -> Picture:
    return picture(
        f"predicted-{output}",
        lambda ax: _draw(
            predictions,
            output,
            ax,
            kind="actual_vs_predicted",
            ylabel=_axis_title("True", predictions, output),
        ),
        title=f"True against predicted numbers{_of(predictions, output)}",
        caption=(
            f"{_points(predictions)} On the dashed line the prediction is right; above it, it "
            "is too low."
        ),
        text=lambda: _against_text(predictions, output),
        size=(4.6, 4.2),
    )


def _residuals(predictions: Predictions, output: int) -> Picture:
    return picture(
        f"residuals-{output}",
        lambda ax: _draw(
            predictions,
            output,
            ax,
            kind="residual_vs_predicted",
            ylabel="Residual: true - predicted",
        ),
        title=f"Residuals{_of(predictions, output)}",
        caption=(
            "What is left. Points that lie evenly about the line leave nothing to learn; a "
            "bend was not learnt, and in a funnel errors grow with the number."
        ),
        text=lambda: _residuals_text(predictions, output),
        size=(4.6, 4.2),
    )


def _draw(predictions: Predictions, output: int, ax: Any, *, kind: Any, ylabel: str) -> None:
    from matplotlib.ticker import MaxNLocator
    from sklearn.metrics import PredictionErrorDisplay

    PredictionErrorDisplay.from_predictions(
        predictions.true[:, output],
        predictions.predicted[:, output],
        kind=kind,
        subsample=_MOST_POINTS if len(predictions.true) > _MOST_POINTS else None,
        random_state=0,
        scatter_kwargs=_POINTS,
        line_kwargs=_LINE,
        ax=ax,
    )
    for axis, most in ((ax.xaxis, 4), (ax.yaxis, 6)):  # round numbers, not parts of the range
        axis.set_major_locator(MaxNLocator(most))
        axis.set_major_formatter(_tick_text)
    ax.set(xlabel=_axis_title("Predicted", predictions, output), ylabel=ylabel)
    ax.grid(visible=True, alpha=0.3)


def _of(predictions: Predictions, output: int) -> str:
    name = predictions.names[output]
    return f" of {shortened(name, 30)}" if name else ""


def _tick_text(value: float, _: Any) -> str:
    return f"{value:,.10g}".replace("-", "\N{MINUS SIGN}")


def _axis_title(word: str, predictions: Predictions, output: int) -> str:
    name = predictions.names[output]
    return f"{word}: {literal(shortened(name, 30))}" if name else word


def _points(predictions: Predictions) -> str:
    n_rows = len(predictions.true)
    if n_rows <= _MOST_POINTS:
        return f"All {n_rows:,} of them."
    return f"{_MOST_POINTS:,} of the {n_rows:,}, drawn at random."


def _against_text(predictions: Predictions, output: int) -> str:
    errors = abs(predictions.residuals[:, output])
    row = int(errors.argmax())
    r2 = predictions.r2[output]
    half, most = (predictions.text(np.quantile(errors, q), output) for q in (0.5, 0.95))
    predicted, true = (
        predictions.text(numbers[row, output], output)
        for numbers in (predictions.predicted, predictions.true)
    )
    return (
        ("" if r2 is None else f"R² {figure_text(r2)}. ")
        + f"Half of {len(errors):,} predictions are off by at most {half}, 95 % by at most "
        f"{most}; the farthest is {predicted} and should be {true}"
    )


def _residuals_text(predictions: Predictions, output: int) -> str:
    residuals = predictions.residuals[:, output]
    low, high, mean, spread = (
        predictions.text(value, output)
        for value in (residuals.min(), residuals.max(), residuals.mean(), residuals.std())
    )
    return f"From {low} to {high}, with mean {mean} and standard deviation {spread}"
