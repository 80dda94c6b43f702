"""Predicted and true numbers: residuals, errors and the largest of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdnn.displays._arguments import validate_names, validate_numbers
from skdnn.displays._figures import number_text

Numbers2D = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """Predicted numbers and the true ones, in the units of the target.

    Parameters
    ----------
    names : list of str
        Of the outputs; empty text for a single one that has none.
    true, predicted : ndarray of shape (n_rows, n_outputs)
        Numbers.
    """

    names: list[str]
    true: Numbers2D
    predicted: Numbers2D

    @classmethod
    def of(cls, y_test: Any, predicted: Any, target_names: Sequence[str] | None) -> Predictions:
        """Validate the true numbers against the predicted ones.

        Parameters
        ----------
        y_test : array-like of shape (n_rows,) or (n_rows, n_outputs)
            As the user gave it.
        predicted : array-like of the same shape
            By the winner.
        target_names : sequence of str or None
            As the user gave them.

        Returns
        -------
        predictions : Predictions
        """
        predictions = _columns(np.asarray(predicted, np.float64))
        true = _columns(validate_numbers("y_test", y_test))
        if true.shape != predictions.shape:
            raise ValueError(
                f"y_test must hold {predictions.shape[1]} numbers a row, as were learnt, got "
                f"shape {np.shape(y_test)}"
            )
        return cls(_names(y_test, predictions.shape[1], target_names), true, predictions)

    @property
    def residuals(self) -> Numbers2D:
        """True minus predicted numbers."""
        return self.true - self.predicted

    @property
    def spreads(self) -> NDArray[np.float64]:
        """Standard deviation of each output's true numbers."""
        spreads: NDArray[np.float64] = self.true.std(axis=0)
        return spreads

    @property
    def r2(self) -> list[float | None]:
        """R² of each output; None of a single row, which has none."""
        from sklearn.metrics import r2_score

        if len(self.true) < 2:
            return [None] * len(self.names)
        found = r2_score(self.true, self.predicted, multioutput="raw_values")
        return [float(value) for value in found]

    @property
    def absolute_errors(self) -> list[float]:
        """Mean absolute error of each output."""
        return [float(error) for error in abs(self.residuals).mean(axis=0)]

    def interval(self, output: int) -> tuple[float, float] | None:
        """Return the 95 % interval of a mean absolute error, from the spread of the errors."""
        errors = abs(self.residuals[:, output])
        if len(errors) < 2:
            return None
        reach = 1.959964 * float(errors.std(ddof=1)) / np.sqrt(len(errors))
        return max(float(errors.mean()) - reach, 0.0), float(errors.mean()) + reach

    def largest_residuals(self, n: int) -> list[tuple[int, int]]:
        """Find the rows with the largest residuals.

        Parameters
        ----------
        n : int
            How many at most.

        Returns
        -------
        largest_residuals : list of (int, int)
            Row and output, the largest residual first. With several outputs, residuals are
            divided by standard deviations, and the largest of a row counts.
        """
        sizes = abs(self.residuals) / np.where(self.spreads > 0, self.spreads, 1.0)
        worst = sizes.argmax(axis=1)
        rows = np.argsort(-sizes.max(axis=1), kind="stable")[:n]
        return [(int(row), int(worst[row])) for row in rows]

    def text(self, value: float, output: int) -> str:
        """Write a number of an output, with the digits that its spread asks for."""
        return number_text(float(value), float(self.spreads[output]))


def _columns(numbers: NDArray[np.float64]) -> Numbers2D:
    return numbers[:, None] if numbers.ndim == 1 else numbers


def _names(y_test: Any, n_outputs: int, target_names: Sequence[str] | None) -> list[str]:
    if target_names is not None:
        names = validate_names("target_names", target_names)
        if len(names) != n_outputs:
            several = "each of the " * (n_outputs > 1)
            raise ValueError(
                f"target_names must name {several}{n_outputs} "
                f"number{'s' * (n_outputs > 1)} that the search learnt, got {len(names)} names"
            )
        return [str(name) for name in names]
    columns = getattr(y_test, "columns", None)  # of a table; of one column the name
    if columns is None and n_outputs == 1:
        name = getattr(y_test, "name", None)
        return ["" if name is None else str(name)]
    if columns is None:
        return [f"output {number}" for number in range(1, n_outputs + 1)]
    return [str(column) for column in columns]
