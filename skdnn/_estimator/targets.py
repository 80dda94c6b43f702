"""Labels and weights as numbers the engine can train on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight

Labels = NDArray[Any]
Weights = NDArray[np.float64]

# Weights are relative. Sums over millions of rows stay within float32 if the largest is not
# above the first; a weight below the second, as a part of the largest, counts as 0.
_LARGEST = 2.0**60
_NEGLIGIBLE = 2.0**-100


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


def is_multilabel(y: Any) -> bool:
    """Tell whether a target is an indicator matrix: a column of zeros and ones per label."""
    try:
        with np.errstate(invalid="ignore"):  # of infinite labels, which are no numbers of any
            return y is not None and type_of_target(y) == "multilabel-indicator"
    except ValueError:  # whoever checks y next says why, and names it
        return False


@dataclass(frozen=True)
class Coding:
    """Labels as numbers, and back.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted; for multilabel targets the numbers of the columns.
    multilabel : bool
        Whether a row may have any number of labels.
    """

    classes: Labels
    multilabel: bool

    @classmethod
    def learn(
        cls, y: Labels, weight: Weights | None, classes: ArrayLike | None = None
    ) -> Coding:
        """Find the classes of a new fit.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels.
        weight : ndarray of shape (n_samples,) or None
            Rows of weight 0 have no say.
        classes : array-like, optional
            All classes that will occur, where the caller knows.

        Returns
        -------
        coding : Coding

        Raises
        ------
        ValueError
            If `y` does not hold class labels, or there are fewer than two classes.
        """
        if is_multilabel(y):
            numbers = np.arange(y.shape[1])
            if classes is not None:
                check_same_classes(classes, numbers)
            return cls(numbers, multilabel=True)
        counting = y if weight is None else y[weight > 0]
        check_classification_targets(counting)
        if counting.ndim > 1:
            raise ValueError(
                f"y must have one column, or a column of zeros and ones per label, got values "
                f"of type {type_of_target(counting)!r} in {counting.shape[1]} columns"
            )
        found: Labels = np.unique(counting if classes is None else np.asarray(classes))
        if len(found) < 2:
            raise ValueError(
                "a classifier needs at least 2 classes of rows with positive weight, got "
                f"{len(found)} class: {found.tolist()!r}"
            )
        return cls(found, multilabel=False)

    def numbers(self, y: Labels, weight: Weights | None) -> NDArray[np.int32]:
        """Find the number of each label: its place among the classes.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels.
        weight : ndarray of shape (n_samples,) or None
            Rows of weight 0 may have any label.

        Returns
        -------
        numbers : ndarray of int32, of the shape of `y`
            Class numbers; zeros and ones for multilabel targets.

        Raises
        ------
        ValueError
            If a label is not among the classes, or `y` is of another kind.
        """
        if self.multilabel:
            if y.ndim != 2 or y.shape[1] != len(self.classes) or not np.isin(y, (0, 1)).all():
                raise ValueError(
                    f"y must hold zeros and ones in {len(self.classes)} columns, one per "
                    f"label, got shape {y.shape} and values {np.unique(y)[:5].tolist()}"
                )
            return y.astype(np.int32)
        if y.ndim != 1:
            raise ValueError(f"y must hold one class per row, got shape {y.shape}")
        kept = slice(None) if weight is None else weight > 0
        check_classification_targets(y[kept])
        unknown = sorted(set(np.unique(y[kept]).tolist()) - set(self.classes.tolist()), key=str)
        if unknown:
            raise ValueError(
                f"y has labels {unknown} that are not in classes {self.classes.tolist()}"
            )
        numbers = np.zeros(len(y), np.int32)
        numbers[kept] = np.searchsorted(self.classes, y[kept])
        return numbers

    def labels(self, probabilities: NDArray[np.float32]) -> Labels:
        """Choose labels: the most probable, or all that are more probable than not.

        Parameters
        ----------
        probabilities : ndarray of shape (n_samples, n_classes)

        Returns
        -------
        labels : ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        if self.multilabel:
            return (probabilities > 0.5).astype(int)
        labels: Labels = self.classes[probabilities.argmax(axis=1)]
        return labels


def check_same_classes(classes: ArrayLike | None, fitted: Labels) -> None:
    """Check the classes that a later call of `partial_fit` names.

    Parameters
    ----------
    classes : array-like or None
        As the user gave them; None is always right.
    fitted : ndarray of shape (n_classes,)
        Classes of the first call.

    Raises
    ------
    ValueError
        If they differ.
    """
    if classes is not None and not np.array_equal(np.unique(np.asarray(classes)), fitted):
        raise ValueError(
            f"classes={classes!r} is not the same as on the first call to partial_fit: "
            f"{fitted.tolist()}"
        )


def row_weights(
    sample_weight: Weights | None,
    class_weight: Mapping[Any, float] | str | None,
    classes: Labels,
    numbers: NDArray[np.int32],
) -> NDArray[np.float32] | None:
    """Multiply sample weights and class weights.

    Parameters
    ----------
    sample_weight : ndarray of shape (n_samples,) or None
        From `checked_sample_weight`.
    class_weight : mapping, "balanced" or None
        As the user gave it.
    classes : ndarray of shape (n_classes,)
        Sorted classes.
    numbers : ndarray of int32, shape (n_samples,)
        Class number of each row.

    Returns
    -------
    weights : ndarray of float32, shape (n_samples,), or None
        None where all rows weigh the same.

    Raises
    ------
    ValueError
        If `class_weight` names labels that do not occur, gives a weight that is not a
        non-negative number, or leaves no row with a positive weight.
    """
    if sample_weight is not None:
        sample_weight = _within_range(sample_weight)
    if class_weight is None:
        return None if sample_weight is None else sample_weight.astype(np.float32)
    if numbers.ndim > 1:
        raise ValueError(
            f"class_weight={class_weight!r} can't be used with multilabel targets, where a row "
            "has no one class; weigh rows by sample_weight"
        )
    weights = _weight_per_class(class_weight, classes, numbers, sample_weight)[numbers]
    if weights.any():
        weights = _within_range(weights) * (1.0 if sample_weight is None else sample_weight)
    if not weights.any():
        raise ValueError(f"class_weight={class_weight!r} leaves no row with a positive weight")
    return _within_range(weights).astype(np.float32)


def _within_range(weights: Weights) -> Weights:
    """Scale weights that float32 could not hold or sum up; a power of two changes no digit."""
    largest = weights.max()
    if not 1 / _LARGEST <= largest <= _LARGEST:
        weights = np.ldexp(weights, -int(np.frexp(largest)[1]))
        largest = weights.max()
    return np.where(weights < _NEGLIGIBLE * largest, 0, weights)


def _weight_per_class(
    class_weight: Mapping[Any, float] | str,
    classes: Labels,
    numbers: NDArray[np.int32],
    sample_weight: Weights | None,
) -> Weights:
    if isinstance(class_weight, str):
        kept = slice(None) if sample_weight is None else sample_weight > 0
        occurring = np.unique(numbers[kept])
        balanced = compute_class_weight(
            class_weight,
            classes=occurring,
            y=numbers[kept],
            sample_weight=None if sample_weight is None else sample_weight[kept],
        )
        weights = np.zeros(len(classes))
        weights[occurring] = balanced
        return weights
    # scikit-learn's compute_class_weight turns a label "1" into the number 1 and then misses
    # it in the dict; its rule is kept: a label left out weighs 1, unless another is unknown.
    labels = classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    missing = [label for label in labels if label not in class_weight]
    if unknown and missing:
        raise ValueError(
            f"class_weight names labels {unknown} that are not in y and leaves out {missing}"
        )
    weights = np.array([class_weight.get(label, 1.0) for label in labels], np.float64)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(f"class_weight must hold non-negative numbers, got {class_weight!r}")
    return weights
