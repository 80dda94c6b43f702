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

from skdnn._estimator.labels import (
    Labels,
    is_multilabel,
    is_one_hot,
    refuse_other_targets,
    warn_of_missing_as_text,
    warn_of_one_hot,
)
from skdnn._messages import brief, few

Weights = NDArray[np.float64]

# Weights are relative. Sums over millions of rows stay within float32 if the largest is not
# above the first; a weight below the second, as a part of the largest, counts as 0.
_LARGEST = 2.0**60
_NEGLIGIBLE = 2.0**-100

# Up to so many different numbers may be meant as classes where they are not whole.
_FEW_CLASSES = 20


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
        counting = y if weight is None else y[weight > 0]
        if is_multilabel(y):
            numbers = np.arange(y.shape[1])
            _check_columns_named(classes, numbers, counting)
            warn_of_one_hot(counting)
            return cls(numbers, multilabel=True)
        _check_kind(counting)
        if counting.ndim > 1:
            raise ValueError(
                f"y must have one column, or a column of zeros and ones per label, got values "
                f"of type {type_of_target(counting)!r} in {counting.shape[1]} columns"
            )
        found: Labels = np.unique(counting) if classes is None else _sorted_classes(classes)
        if len(found) < 2:
            raise ValueError(
                "a classifier needs at least 2 classes of rows with positive weight, got "
                f"{len(found)} class: {few(found)}"
            )
        warn_of_missing_as_text(found)
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
            self._check_indicators(y)
            return y.astype(np.int32)
        kept = slice(None) if weight is None else weight > 0
        if y.ndim != 1:
            remedy = f"; {self._remedy_for_one_hot()}" if is_one_hot(y[kept]) else ""
            raise ValueError(f"y must hold one class per row, got shape {y.shape}{remedy}")
        _check_kind(y[kept])
        unknown = sorted(set(np.unique(y[kept])) - set(self.classes), key=str)
        if unknown:
            raise ValueError(
                f"y has labels {few(unknown)} that are not in classes {few(self.classes)}"
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

    def _check_indicators(self, y: Labels) -> None:
        columns = y.ndim == 2 and y.shape[1] == len(self.classes)
        if columns and np.isin(y, (0, 1)).all():
            return
        two = np.unique(y)
        remedy = f"; pass y == {brief(two[-1])}" if columns and len(two) == 2 else ""
        raise ValueError(
            f"y must hold zeros and ones in {len(self.classes)} columns, one per label, got "
            f"shape {y.shape} and values {few(two)}{remedy}"
        )

    def _remedy_for_one_hot(self) -> str:
        if np.array_equal(self.classes, np.arange(len(self.classes))):
            return "it looks one-hot: pass y.argmax(axis=1)"
        return f"it looks one-hot: pass labels as {brief(self.classes[0])}, not columns"


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
    if classes is not None and not np.array_equal(_sorted_classes(classes), fitted):
        raise ValueError(
            f"classes={few(np.asarray(classes))} is not the same as on the first call to "
            f"partial_fit: {few(fitted)}"
        )


def _sorted_classes(classes: Any) -> Labels:
    if np.ndim(classes) != 1:
        raise ValueError(f"classes must be a list of all labels, got classes={brief(classes)}")
    refuse_other_targets(classes, "classes")
    found: Labels = np.unique(np.asarray(classes))
    return found


def _check_columns_named(classes: ArrayLike | None, numbers: Labels, Y: Labels) -> None:
    if classes is None or np.array_equal(_sorted_classes(classes), numbers):
        return
    remedy = "; for one class per row, pass y.argmax(axis=1)" if is_one_hot(Y) else ""
    raise ValueError(
        f"y holds a column of zeros and ones for each of {len(numbers)} labels: classes must "
        f"be the numbers of the columns, {few(numbers)}, got {few(np.asarray(classes))}{remedy}"
    )


def _check_kind(y: Labels) -> None:
    """Leave it to scikit-learn whether these are labels, and say what to do if they are."""
    try:
        check_classification_targets(y)
    except ValueError as error:
        found = np.unique(y)
        if y.ndim > 1 or y.dtype.kind != "f" or len(found) > _FEW_CLASSES:
            raise
        raise ValueError(
            f"{error} y holds the numbers {few(found)}: if they name classes, pass "
            "y.astype(str)"
        ) from error


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
        one_hot = is_one_hot(numbers)
        remedy = "; one-hot labels become classes by y.argmax(axis=1)" if one_hot else ""
        raise ValueError(
            f"class_weight={brief(class_weight)} can't be used with multilabel targets, where "
            f"a row has no one class; weigh rows by sample_weight{remedy}"
        )
    weights = _weight_per_class(class_weight, classes, numbers, sample_weight)[numbers]
    if weights.any():
        weights = _within_range(weights) * (1.0 if sample_weight is None else sample_weight)
    if not weights.any():
        raise ValueError(
            f"class_weight={brief(class_weight)} leaves no row with a positive weight"
        )
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
            f"class_weight names labels {few(unknown)} that are not in y and leaves out "
            f"{few(missing)}"
        )
    given = {label: class_weight.get(label, 1.0) for label in labels}
    wrong = {label: weight for label, weight in given.items() if not _is_weight(weight)}
    if wrong:
        raise ValueError(f"class_weight must hold non-negative numbers, got {brief(wrong)}")
    return np.array(list(given.values()), np.float64)


def _is_weight(weight: Any) -> bool:
    try:
        return not isinstance(weight, str) and 0 <= float(weight) < np.inf
    except (TypeError, ValueError):
        return False
