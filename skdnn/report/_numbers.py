"""Evaluation of the best regressor of a search on unseen data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from skdnn.displays._arguments import check_at_least_one
from skdnn.displays._figures import figure_text
from skdnn.displays._scores import scorer_of
from skdnn.report._facts import SearchFacts
from skdnn.report._pictures import Picture
from skdnn.report._prediction_pictures import prediction_pictures
from skdnn.report._predictions import Predictions
from skdnn.report._shown_images import ShownImage, shown_images
from skdnn.report._targets import Target
from skdnn.report._unseen import UnseenData

_MOST_ROWS = 10
_MOST_OUTPUTS = 50


@dataclass(frozen=True)
class Output:
    """Scores of one output, as text.

    Parameters
    ----------
    name : str
        May be empty for a single one.
    r2 : str
        Empty if there is none.
    error : str
        Mean absolute error, in the target's units.
    interval : tuple of str or None
        Its 95 % interval.
    spread : str
        Standard deviation of the true numbers.
    """

    name: str
    r2: str
    error: str
    interval: tuple[str, str] | None
    spread: str


@dataclass(frozen=True)
class ResidualRow:
    """A row with a large residual, as text.

    Parameters
    ----------
    label : str
        Label of the row.
    output : str
        Name of the output with the residual.
    predicted, true, residual : str
        Of this output.
    values : list of str
        The row's first features.
    """

    label: str
    output: str
    predicted: str
    true: str
    residual: str
    values: list[str]


@dataclass(frozen=True)
class RegressionResults:
    """Evaluation on unseen data.

    Parameters
    ----------
    noun : str
        "images" or "rows".
    n_rows : int
        Number of rows.
    score : float or None
        The score of the search, if it is not one of the figures below.
    r2 : str
        Mean of the outputs; empty where there is none.
    outputs : list of Output
        The first fifty.
    n_outputs : int
        Number of outputs.
    pictures : list of Picture
        Predicted against true numbers, and residuals.
    columns : list of str
        Names of `values` of `largest_residuals`.
    largest_residuals : list of ResidualRow
        The largest residual first.
    largest_residual_images : list of ShownImage
        The same as images; empty where the rows are no images.
    """

    noun: str
    n_rows: int
    score: float | None
    r2: str
    outputs: list[Output]
    n_outputs: int
    pictures: list[Picture]
    columns: list[str]
    largest_residuals: list[ResidualRow]
    largest_residual_images: list[ShownImage]


class Numbers(Target):
    """Targets of a regressor."""

    template: ClassVar[str] = "numbers.html.jinja"
    answers: ClassVar[str] = "numbers"

    def evaluate(
        self,
        search: Any,
        facts: SearchFacts,  # noqa: ARG002
        rows: UnseenData,
        target_names: Sequence[str] | None,
        n_images: int,
    ) -> RegressionResults:
        """Compute scores and residuals, and find the largest residuals."""
        check_at_least_one("n_images", n_images)
        predicted = search.best_estimator_.predict(rows.X)
        predictions = Predictions.of(rows.y, predicted, target_names)
        scores = predictions.r2
        one = len(predictions.names) == 1
        already_shown = scorer_of(search) in ("r2", "neg_mean_absolute_error" if one else "r2")
        return RegressionResults(
            noun=rows.noun,
            n_rows=len(rows),
            score=None if already_shown else float(search.score(rows.X, rows.y)),
            r2="" if None in scores else figure_text(float(np.mean(np.array(scores, float)))),
            outputs=[_output(predictions, k) for k in range(min(len(scores), _MOST_OUTPUTS))],
            n_outputs=len(scores),
            pictures=prediction_pictures(predictions),
            columns=rows.columns,
            largest_residuals=_largest_residuals(predictions, rows),
            largest_residual_images=_largest_residual_images(predictions, rows, n_images),
        )

    def about_curves(self, network: Any) -> str:
        """Return the units of losses and absolute errors, in words."""
        params = network.get_params()
        if "standardize_y" not in params:
            return ""
        if not params["standardize_y"]:
            return "Losses and absolute errors are of the target in its own units."
        if params["loss"] == "poisson":
            return (
                "Losses and absolute errors are of the target divided by its mean: an absolute "
                "error of 0.1 is a tenth of the mean."
            )
        square = ", and a squared error is 1 - R²" * (params["loss"] == "squared_error")
        return (
            "Losses and absolute errors are of the standardised target, less its mean and "
            "divided by its standard deviation: an absolute error of 0.1 is a tenth of the "
            f"standard deviation{square}."
        )


def _output(predictions: Predictions, number: int) -> Output:
    r2, ends = predictions.r2[number], predictions.interval(number)
    error = predictions.absolute_errors[number]

    def text(value: float) -> str:
        return figure_text(value, error)

    return Output(
        name=predictions.names[number],
        r2="" if r2 is None else figure_text(r2),
        error=text(error),
        interval=None if ends is None else (text(ends[0]), text(ends[1])),
        spread=figure_text(float(predictions.spreads[number])),
    )


def _largest_residuals(predictions: Predictions, rows: UnseenData) -> list[ResidualRow]:
    if rows.pixels is not None:
        return []
    places = predictions.largest_residuals(_MOST_ROWS)
    numbers = [row for row, _ in places]
    labels, values = rows.labels(numbers), rows.values(numbers) if rows.columns else None
    return [
        ResidualRow(
            label=labels[place],
            output=predictions.names[output],
            predicted=predictions.text(predictions.predicted[row, output], output),
            true=predictions.text(predictions.true[row, output], output),
            residual=predictions.text(predictions.residuals[row, output], output),
            values=[] if values is None else values[place],
        )
        for place, (row, output) in enumerate(places)
    ]


def _largest_residual_images(
    predictions: Predictions, rows: UnseenData, n_images: int
) -> list[ShownImage]:
    if rows.pixels is None:
        return []
    places = predictions.largest_residuals(n_images)
    pairs = [
        tuple(
            predictions.text(numbers[place], place[1])
            for numbers in (predictions.predicted, predictions.true)
        )
        for place in places
    ]
    several = len(predictions.names) > 1
    names = [f"{predictions.names[output]} " * several for _, output in places]
    return shown_images(
        rows.pixels[[row for row, _ in places]],
        rows.pixels,
        texts=[
            f"An image of {name}{true}, predicted {predicted}"
            for name, (predicted, true) in zip(names, pairs, strict=True)
        ],
        words=[
            (f"{name}{predicted}", f"is {true}")
            for name, (predicted, true) in zip(names, pairs, strict=True)
        ],
    )
