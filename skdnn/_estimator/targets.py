"""What a network learns to answer: the interface of each kind of target, and weights of rows.

There is a class for each kind (`skdnn._estimator.classes`), and nothing else asks which it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import _check_sample_weight

from skdnn.network.outputs import Output

Weights = NDArray[np.float64]

# Weights are relative. Sums over millions of rows stay within float32 if the largest is not
# above the first; a weight below the second, as a part of the largest, counts as 0.
_LARGEST = 2.0**60
_NEGLIGIBLE = 2.0**-100


SEVERAL_LABELS = "several labels a row"


class Target(ABC):
    """One kind of target: checks `y`, gives it to the engine, and turns outputs into answers.

    Beside the weights of a network a record of its target is kept, plain values under `keys`:
    what the output layer follows from, without the target itself. `attributes` are what
    a fitted estimator has that tells of its target.
    """

    keys: ClassVar[tuple[str, ...]]
    attributes: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def scored_as(self) -> str:
        """Return what scorers have to be for: numbers, classes or labels."""

    @property
    @abstractmethod
    def scorers(self) -> tuple[str, ...]:
        """Return names of some of scikit-learn's scorers that fit."""

    @property
    def output(self) -> Output:
        """Return the output layer that gives such answers."""
        return self.output_of(self.record())

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """Return what is kept beside the weights."""

    @abstractmethod
    def encode(self, y: NDArray[Any], weight: Weights | None) -> NDArray[Any]:
        """Check targets and bring them into the form that the engine trains on.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Targets as the user has them.
        weight : ndarray of shape (n_samples,) or None
            Rows of weight 0 may have any target.

        Returns
        -------
        encoded : ndarray

        Raises
        ------
        ValueError
            If a target is none of this kind.
        """

    @abstractmethod
    def decode(self, outputs: NDArray[np.float32]) -> NDArray[Any]:
        """Turn what the network says of rows into answers."""

    def strata(self, encoded: NDArray[Any]) -> NDArray[Any] | None:  # noqa: ARG002
        """Return what each row belongs to that keeps its share in a hold-out, or None.

        Raises
        ------
        ValueError
            If there is what can't be shared between two sides.
        """
        return None

    def row_weights(
        self,
        sample_weight: Weights | None,
        class_weight: Mapping[Any, float] | str | None,  # noqa: ARG002
        encoded: NDArray[Any],  # noqa: ARG002
    ) -> NDArray[np.float32] | None:
        """Return the weight of each row, as the engine takes it; None weighs all alike.

        Where there are classes, `class_weight` multiplies it.
        """
        if sample_weight is None:
            return None
        return within_range(sample_weight).astype(np.float32)

    # -- of a record ----------------------------------------------------------------------

    @staticmethod
    @abstractmethod
    def output_of(record: Mapping[str, Any]) -> Output:
        """Return the output layer that follows from a record."""

    @staticmethod
    @abstractmethod
    def check_record(record: Mapping[str, Any]) -> None:
        """Refuse a record that no fit makes, by a ValueError that names what is wrong."""

    @staticmethod
    @abstractmethod
    def check_attributes(state: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        """Refuse attributes of an estimator that don't belong to a record, by a ValueError."""


def checked_sample_weight(sample_weight: ArrayLike | None, X: NDArray[Any]) -> Weights | None:
    """Check sample weights against the rows.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
        Weights as the user gave them.
    X : ndarray of shape (n_samples, ...)
        The rows.

    Returns
    -------
    weights : ndarray of float64, shape (n_samples,), or None
        None where none were given.

    Raises
    ------
    ValueError
        If a weight is negative, NaN or infinite, if all are zero, or if there is not one per
        row.
    """
    if sample_weight is None:
        return None
    weights: Weights = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    return weights


def within_range(weights: Weights) -> Weights:
    """Scale weights that float32 could not hold or sum up; a power of two changes no digit."""
    largest = weights.max()
    if not 1 / _LARGEST <= largest <= _LARGEST:
        weights = np.ldexp(weights, -int(np.frexp(largest)[1]))
        largest = weights.max()
    return np.where(weights < _NEGLIGIBLE * largest, 0, weights)
