"""Targets of a regressor, standardized for training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skdnn._estimator.state_rules import require
from skdnn._estimator.targets import SampleWeight, Target, within_range
from skdnn._messages import brief
from skdnn.network.outputs import EXPONENTIAL, LINEAR, Output

_LARGEST = float(np.finfo(np.float32).max)
# An upper bound of the mean of such numbers, however it is rounded.
_BEYOND = 2.0**128
_LEAST_SPREAD = float(np.finfo(np.float32).tiny)

# A standard deviation below this part of the numbers is the rounding error of a constant.
_CONSTANT = 10 * np.finfo(np.float64).eps
# Predictions of a constant, however short the training, are right to six digits. No standard
# deviation is exactly this power of two by chance: it marks a constant in later calls.
_PART_OF_CONSTANT = 2.0**-20


@dataclass(frozen=True)
class Numbers(Target):
    """Numbers, standardized for training and scaled back for prediction.

    Parameters
    ----------
    one_dimensional : bool
        Whether `y` and predictions have one dimension.
    positive : bool
        Whether predictions are positive, as expected counts are: the output layer is
        exponential.
    shift, scale : ndarray of float64, shape (n_outputs,)
        The network predicts ``(y - shift) / scale``.
    """

    keys: ClassVar[tuple[str, ...]] = (
        "output_activation",
        "one_dimensional",
        "shift",
        "scale",
    )

    one_dimensional: bool
    positive: bool
    shift: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Numbers:
        """Return the target of a record."""
        return cls(
            record["one_dimensional"],
            record["output_activation"] == EXPONENTIAL,
            record["shift"],
            record["scale"],
        )

    def record(self) -> dict[str, Any]:
        """Return all attributes."""
        return {
            "output_activation": EXPONENTIAL if self.positive else LINEAR,
            "one_dimensional": self.one_dimensional,
            "shift": self.shift,
            "scale": self.scale,
        }

    def updated(self, y: NDArray[Any], sample_weight: SampleWeight | None) -> Numbers:
        """Return the target for training on more numbers.

        The scale stays, unless the first fit saw a constant: it has no standard deviation, and
        its scale is so small that the network could not leave the constant.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Finite numbers.
        sample_weight : ndarray of shape (n_samples,) or None
            Rows with zero weight are ignored.

        Returns
        -------
        target : Numbers

        Raises
        ------
        ValueError
            If `y` has another shape than in the first fit, or numbers that can't be learnt.
        """
        y = self._in_columns(y)
        if sample_weight is not None:
            y, sample_weight = (
                y[sample_weight > 0],
                within_range(sample_weight[sample_weight > 0]),
            )
        check_range(y, self.positive)
        distance = np.sqrt(np.average((y - self.shift) ** 2, axis=0, weights=sample_weight))
        constant = self.scale == _scale_of_constant(self.shift)
        return replace(
            self, scale=np.where(constant & (distance > self.scale), distance, self.scale)
        )

    def encode(
        self, y: NDArray[Any], sample_weight: SampleWeight | None
    ) -> NDArray[np.float32]:
        """Standardize numbers.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Finite numbers.
        sample_weight : ndarray of shape (n_samples,) or None
            Rows with zero weight may have any number.

        Returns
        -------
        encoded : ndarray of float32, shape (n_samples, n_outputs)

        Raises
        ------
        ValueError
            If `y` has another shape than in the first fit, or numbers that can't be learnt.
        """
        y = self._in_columns(y)
        kept = slice(None) if sample_weight is None else sample_weight > 0
        check_range(y[kept], self.positive)
        encoded = np.zeros((len(y), len(self.shift)), np.float32)
        with np.errstate(over="ignore"):
            encoded[kept] = (y[kept] - self.shift) / self.scale
        if not np.isfinite(encoded).all():
            raise ValueError(
                f"y holds {brief(abs(y[kept]).max())}, which is too far from what it held in "
                f"the first call, whose spread was {brief(self.scale.min())}: to start afresh, "
                "call fit with warm_start=False"
            )
        return encoded

    def decode(self, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Scale outputs back to the units of `y`.

        Parameters
        ----------
        outputs : ndarray of float32, shape (n_samples, n_outputs)
            Of the network.

        Returns
        -------
        numbers : ndarray of float64, shape (n_samples,) or (n_samples, n_outputs)

        Raises
        ------
        ValueError
            If an output is infinite.
        """
        infinite = np.isinf(outputs).any(axis=1)
        if infinite.any():
            raise ValueError(
                f"the network's output is infinite for {infinite.sum()} of {len(outputs)} "
                f"rows, the first at {infinite.argmax()}: it is beyond float32. Scale the "
                "features, for example with StandardScaler, and look for rows far from those "
                "of fit"
            )
        numbers = outputs.astype(np.float64) * self.scale + self.shift
        return numbers[:, 0] if self.one_dimensional else numbers

    @staticmethod
    def output_of(record: Mapping[str, Any]) -> Output:
        """Return a linear layer or an exponential one."""
        return Output(len(record["shift"]), record["output_activation"])

    @staticmethod
    def check_record(record: Mapping[str, Any]) -> None:
        """Check the output layer, `shift` and `scale`."""
        activation, shift = record["output_activation"], record["shift"]
        known = (LINEAR, EXPONENTIAL)
        require(activation in known, f"output_activation must be one of {known}", activation)
        flat = record["one_dimensional"]
        require(isinstance(flat, bool), "one_dimensional must be a bool", flat)
        for name in ("shift", "scale"):
            _check_finite(name, record[name])
        scale = record["scale"]
        valid = len(scale) == len(shift) >= 1 and (len(shift) == 1 or not flat)
        require(valid, "shift and scale must hold a number per output", shift)
        require(bool((scale > 0).all()), "scale must be positive", scale)
        valid = bool((scale >= _LEAST_SPREAD).all())
        require(valid, "scale must be within float32's range", scale)
        valid = activation == LINEAR or not shift.any()
        require(valid, "shift must be 0 where outputs are exponential", shift)

    @staticmethod
    def check_attributes(state: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        """Do nothing: a regressor has no attributes of its targets."""

    def _in_columns(self, y: NDArray[Any]) -> NDArray[np.float64]:
        columns, n = _columns(y), len(self.shift)
        if columns.shape[1] == n:  # a single column may be given as one dimension or two
            return columns
        if self.one_dimensional:
            raise ValueError(f"y must hold one number per row, got shape {y.shape}")
        raise ValueError(
            f"y must hold {n} number{'s' * (n > 1)} per row in {n} column{'s' * (n > 1)}, "
            f"got shape {y.shape}"
        )


def fit_numbers(
    y: NDArray[Any],
    sample_weight: SampleWeight | None,
    *,
    standardize: bool,
    positive: bool,
    incremental: bool = False,
) -> Numbers:
    """Fit shift and scale.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Finite numbers.
    sample_weight : ndarray of shape (n_samples,) or None
        A weight of 2 is a repeated row; rows with zero weight are ignored.
    standardize : bool
        Whether to standardize; else `shift` is 0 and `scale` 1.
    positive : bool
        Whether numbers are counts, which are divided by their mean only.
    incremental : bool, default=False
        Whether more rows will follow, so that a constant may not stay one.

    Returns
    -------
    target : Numbers

    Raises
    ------
    ValueError
        If there are numbers that can't be learnt.
    """
    if sample_weight is not None:
        y, sample_weight = y[sample_weight > 0], within_range(sample_weight[sample_weight > 0])
    check_range(y, positive)
    columns = _columns(y)
    shift, scale = np.zeros(columns.shape[1]), np.ones(columns.shape[1])
    if standardize and positive:
        mean = np.average(columns, axis=0, weights=sample_weight)
        # An exponential is never 0: if all targets are, predictions are close to it.
        scale = np.where(mean > 0, mean, 1.0 if incremental else _scale_of_constant(shift))
    elif standardize:
        shift = np.average(columns, axis=0, weights=sample_weight)
        spread = np.sqrt(np.average((columns - shift) ** 2, axis=0, weights=sample_weight))
        constant = spread <= _CONSTANT * abs(columns).max(axis=0)
        of_constant = _size_of(shift) if incremental else _scale_of_constant(shift)
        scale = np.where(constant, of_constant, spread)
    if (scale < _LEAST_SPREAD).any():
        raise ValueError(
            f"y has numbers whose spread, {brief(scale.min())}, is below what float32 holds: "
            "multiply them by a power of ten"
        )
    return Numbers(y.ndim == 1, positive, shift, scale)


def check_numeric(y: Any) -> None:
    """Check that targets are numbers.

    Parameters
    ----------
    y : array-like
        As the user gave it. What is not an array at all is left to scikit-learn.

    Raises
    ------
    ValueError
        If `y` is sparse, or holds text, dates or other objects that are no numbers.
    """
    if issparse(y):
        raise ValueError("y must be dense, got a sparse matrix: pass y.toarray()")
    if y is None or not (isinstance(y, list | tuple) or hasattr(y, "__array__")):
        return
    try:
        values = np.asarray(y)
    except ValueError:  # rows of several lengths, which scikit-learn names
        return
    if values.dtype.kind in "USmMV":
        raise ValueError(
            f"y must hold numbers, got {brief(values.flat[0])} of dtype {values.dtype}; "
            "labels are for KerasDNNClassifier"
        )
    if values.dtype.kind == "O":
        for value in values.flat:
            if isinstance(value, int) and abs(value) > _LARGEST:  # of any length
                raise _beyond_range(value)
            if not _is_number(value):
                raise ValueError(
                    f"y must hold numbers, got {brief(value)} of type {type(value).__name__}"
                )


def check_range(y: NDArray[Any], positive: bool) -> None:
    """Check that numbers are within the range of float32, and not negative if they are counts.

    Parameters
    ----------
    y : ndarray
        Finite numbers.
    positive : bool
        Whether they are counts.

    Raises
    ------
    ValueError
        If a number is beyond float32, or negative where it must not be.
    """
    if not y.size:
        return
    with np.errstate(over="ignore"):  # of longdouble
        largest = y.flat[abs(y.astype(np.float64)).argmax()]
    if abs(float(largest)) > _LARGEST:
        raise _beyond_range(largest)
    if positive and y.min() < 0:
        raise ValueError(
            f"loss='poisson' is for counts and rates, which are not negative, but y holds "
            f"{brief(y.min())}; take another loss"
        )


def _check_finite(name: str, numbers: Any) -> None:
    valid = (
        isinstance(numbers, np.ndarray)
        and numbers.dtype == np.float64
        and numbers.ndim == 1
        and bool(np.isfinite(numbers).all())
    )
    require(valid, f"{name} must be a one-dimensional ndarray of finite float64", numbers)
    require(
        bool((abs(numbers) < _BEYOND).all()), f"{name} must be within float32's range", numbers
    )


def _size_of(constant: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(np.where(constant == 0, 1.0, abs(constant)), _LEAST_SPREAD)


def _scale_of_constant(constant: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(_PART_OF_CONSTANT * _size_of(constant), _LEAST_SPREAD)


def _beyond_range(value: Any) -> ValueError:
    return ValueError(
        f"y must be within float32's range, ±{_LARGEST:.2g}, got {brief(value)}: divide it by "
        "a power of ten"
    )


def _columns(y: NDArray[Any]) -> NDArray[np.float64]:
    return (y[:, None] if y.ndim == 1 else y).astype(np.float64)


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, str | bytes) and float(value) is not None
    except (TypeError, ValueError):
        return False
