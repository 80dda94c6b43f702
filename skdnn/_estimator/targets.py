"""Interface of the kinds of targets, and sample weights.

There is a class for each kind (in `classes` and `numbers`), and nothing else asks which it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import _check_sample_weight

from skdnn.network.outputs import Output

SampleWeight = NDArray[np.float64]

# Weights are relative. Sums over millions of rows stay within float32 if the largest is not
# above the first; a weight below the second, as a part of the largest, counts as 0.
_LARGEST = 2.0**60
_NEGLIGIBLE = 2.0**-100


class Target(ABC):
    """One kind of target: validates and encodes `y`, and decodes outputs.

    The fitted state of an estimator has a record of its target, plain values under `keys`, from
    which the output layer follows. `attributes` are the fitted attributes of an estimator that
    belong to its target.
    """

    keys: ClassVar[tuple[str, ...]]
    attributes: ClassVar[tuple[str, ...]] = ()

    @property
    def output(self) -> Output:
        """The output layer for this target."""
        return self.output_of(self.record())

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """Return the record for the fitted state."""

    @abstractmethod
    def encode(self, y: NDArray[Any], sample_weight: SampleWeight | None) -> NDArray[Any]:
        """Validate targets and encode them for the engine.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Targets as the user gave them.
        sample_weight : ndarray of shape (n_samples,) or None
            Rows with zero weight may have any target.

        Returns
        -------
        encoded : ndarray

        Raises
        ------
        ValueError
            If a target is not of this kind.
        """

    @abstractmethod
    def decode(self, outputs: NDArray[np.float32]) -> NDArray[Any]:
        """Turn outputs of the network into predictions."""

    def strata(self, encoded: NDArray[Any]) -> NDArray[Any] | None:  # noqa: ARG002
        """Return the classes to stratify a split by, or None.

        Raises
        ------
        ValueError
            If a class can't be split.
        """
        return None

    def row_weights(
        self,
        sample_weight: SampleWeight | None,
        class_weight: Mapping[Any, float] | str | None,  # noqa: ARG002
        encoded: NDArray[Any],  # noqa: ARG002
    ) -> NDArray[np.float32] | None:
        """Return the weight of each row for the engine; None weighs all alike.

        With classes, `class_weight` multiplies it.
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
        """Raise a ValueError if a record is not valid."""

    @staticmethod
    @abstractmethod
    def check_attributes(state: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        """Raise a ValueError if attributes of an estimator don't agree with a record."""


def validate_sample_weight(
    sample_weight: ArrayLike | None, X: NDArray[Any]
) -> SampleWeight | None:
    """Validate sample weights.

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
    weights: SampleWeight = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    return weights


def within_range(weights: SampleWeight) -> SampleWeight:
    """Scale weights by a power of two, if float32 could not hold them or their sum."""
    largest = weights.max()
    if not 1 / _LARGEST <= largest <= _LARGEST:
        weights = np.ldexp(weights, -int(np.frexp(largest)[1]))
        largest = weights.max()
    return np.where(weights < _NEGLIGIBLE * largest, 0, weights)
