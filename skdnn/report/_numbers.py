"""What the winner of a search over regressors does with rows that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from skdnn.displays._arguments import check_at_least_one
from skdnn.displays._candidates import scorer_of
from skdnn.displays._figures import figure_text
from skdnn.report._facts import SearchFacts
from skdnn.report._pictures import Picture
from skdnn.report._prediction_pictures import prediction_pictures
from skdnn.report._predictions import Predictions
from skdnn.report._shown_images import ShownImage, shown_images
from skdnn.report._targets import Target
from skdnn.report._unseen import UnseenRows

_MOST_ROWS = 10
_MOST_OUTPUTS = 50


@dataclass(frozen=True)
class Output:
    """How well one of the numbers is predicted, in words.

    Parameters
    ----------
    name : str
        May be empty for a single one.
    r2 : str
        Empty where there is none.
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
class FarRow:
    """A row that is far from its prediction, in words.

    Parameters
    ----------
    label : str
        Of the row.
    output : str
        Which number.
    predicted, true, residual : str
        That number.
    values : list of str
        Of the row's first columns.
    """

    label: str
    output: str
    predicted: str
    true: str
    residual: str
    values: list[str]


@dataclass(frozen=True)
class UnseenNumbers:
    """What was predicted of rows that took no part in the search.

    Parameters
    ----------
    noun : str
        "images" or "rows".
    n_rows : int
        How many.
    score : float or None
        The score of the search, where that is not among the figures below.
    r2 : str
        Mean of the outputs; empty where there is none.
    outputs : list of Output
        The first fifty.
    n_outputs : int
        How many there are.
    pictures : list of Picture
        Predicted against true numbers, and residuals.
    columns : list of str
        Names of `values` of `far_rows`.
    far_rows : list of FarRow
        The most wrong first.
    far_images : list of ShownImage
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
    far_rows: list[FarRow]
    far_images: list[ShownImage]


class Numbers(Target):
    """Numbers, of which a prediction is more or less far off; one for a row or several."""

    template: ClassVar[str] = "numbers.html.jinja"
    answers: ClassVar[str] = "numbers"

    def unseen(
        self,
        search: Any,
        facts: SearchFacts,  # noqa: ARG002
        rows: UnseenRows,
        target_names: Sequence[str] | None,
        n_images: int,
    ) -> UnseenNumbers:
        """Measure how far predictions are off, and find the rows that are most wrong."""
        check_at_least_one("n_images", n_images)
        predicted = search.best_estimator_.predict(rows.X)
        predictions = Predictions.of(rows.y, predicted, target_names)
        scores = predictions.r2
        one = len(predictions.names) == 1
        told = scorer_of(search) in ("r2", "neg_mean_absolute_error" if one else "r2")
        return UnseenNumbers(
            noun=rows.noun,
            n_rows=len(rows),
            score=None if told else float(search.score(rows.X, rows.y)),
            r2="" if None in scores else figure_text(float(np.mean(np.array(scores, float)))),
            outputs=[_output(predictions, k) for k in range(min(len(scores), _MOST_OUTPUTS))],
            n_outputs=len(scores),
            pictures=prediction_pictures(predictions),
            columns=rows.columns,
            far_rows=_far_rows(predictions, rows),
            far_images=_far_images(predictions, rows, n_images),
        )

    def about_curves(self, network: Any) -> str:
        """Tell in which units losses and absolute errors are."""
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


def _far_rows(predictions: Predictions, rows: UnseenRows) -> list[FarRow]:
    if rows.pixels is not None:
        return []
    places = predictions.farthest(_MOST_ROWS)
    numbers = [row for row, _ in places]
    labels, values = rows.labels(numbers), rows.values(numbers) if rows.columns else None
    return [
        FarRow(
            label=labels[place],
            output=predictions.names[output],
            predicted=predictions.text(predictions.predicted[row, output], output),
            true=predictions.text(predictions.true[row, output], output),
            residual=predictions.text(predictions.residuals[row, output], output),
            values=[] if values is None else values[place],
        )
        for place, (row, output) in enumerate(places)
    ]


def _far_images(predictions: Predictions, rows: UnseenRows, n_images: int) -> list[ShownImage]:
    if rows.pixels is None:
        return []
    places = predictions.farthest(n_images)
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
