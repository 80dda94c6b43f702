"""Targets of a classifier: one class per row, or multilabel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from skdnn._estimator.labels import (
    Labels,
    check_labels,
    is_multilabel,
    is_one_hot,
    warn_of_missing_as_text,
    warn_of_one_hot,
)
from skdnn._estimator.state_rules import is_count, require
from skdnn._estimator.targets import SampleWeight, Target, within_range
from skdnn._messages import brief, few
from skdnn.network.outputs import Output, output_of_classes, output_of_labels

# Up to so many different floats may be meant as classes.
_FEW_CLASSES = 20


@dataclass(frozen=True)
class Classes(Target):
    """One class per row, encoded as its index.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted.
    """

    keys: ClassVar[tuple[str, ...]] = ("n_classes", "multilabel")
    attributes: ClassVar[tuple[str, ...]] = ("classes_",)

    classes: Labels

    def record(self) -> dict[str, Any]:
        """Return the number of classes."""
        return {"n_classes": len(self.classes), "multilabel": False}

    def encode(self, y: Labels, sample_weight: SampleWeight | None) -> NDArray[np.int32]:
        """Encode labels as indices of the classes.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Labels.
        sample_weight : ndarray of shape (n_samples,) or None
            Rows with zero weight may have any label.

        Returns
        -------
        numbers : ndarray of int32, shape (n_samples,)

        Raises
        ------
        ValueError
            If a label is not among the classes, or `y` is of another kind.
        """
        kept = slice(None) if sample_weight is None else sample_weight > 0
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

    def probabilities(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a column per class; a single output is the probability of the second class.

        Parameters
        ----------
        outputs : ndarray of shape (n_samples, n_outputs)

        Returns
        -------
        probabilities : ndarray of float32, shape (n_samples, n_classes)
        """
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def decode(self, outputs: NDArray[np.float32]) -> Labels:
        """Choose the most probable class.

        Parameters
        ----------
        outputs : ndarray of shape (n_samples, n_classes)
            From `probabilities`.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
        """
        labels: Labels = self.classes[outputs.argmax(axis=1)]
        return labels

    def strata(self, encoded: NDArray[Any]) -> NDArray[Any] | None:
        """Return the classes to stratify by; raise an error for a class with a single row."""
        single = np.flatnonzero(np.bincount(encoded, minlength=len(self.classes)) == 1)
        if len(single):
            raise ValueError(
                "early_stopping=True sets a share of each class aside, which takes 2 rows of "
                f"a class, but there is only 1 of {few(self.classes[single])}. Pass X_val and "
                "y_val to fit, leave these rows out, or set early_stopping=False."
            )
        return encoded

    def row_weights(
        self,
        sample_weight: SampleWeight | None,
        class_weight: Mapping[Any, float] | str | None,
        encoded: NDArray[Any],
    ) -> NDArray[np.float32] | None:
        """Multiply sample weights and class weights; see `row_weights`."""
        return row_weights(sample_weight, class_weight, self.classes, encoded)

    @staticmethod
    def output_of(record: Mapping[str, Any]) -> Output:
        """Return a sigmoid or a softmax."""
        if record["multilabel"]:
            return output_of_labels(record["n_classes"])
        return output_of_classes(record["n_classes"])

    @staticmethod
    def check_record(record: Mapping[str, Any]) -> None:
        """Check the number of classes."""
        multilabel, n = record["multilabel"], record["n_classes"]
        require(isinstance(multilabel, bool), "multilabel must be a bool", multilabel)
        least = 1 if multilabel else 2
        require(is_count(n) and n >= least, f"n_classes must be an int from {least}", n)

    @staticmethod
    def check_attributes(state: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        """Check that there are as many ``classes_`` as the network has."""
        classes, n = state["classes_"], record["n_classes"]
        require(len(classes) == n, f"classes_ must hold {n} labels", classes)

    def _remedy_for_one_hot(self) -> str:
        if np.array_equal(self.classes, np.arange(len(self.classes))):
            return "it looks one-hot: pass y.argmax(axis=1)"
        return f"it looks one-hot: pass labels as {brief(self.classes[0])}, not columns"


@dataclass(frozen=True)
class Multilabel(Classes):
    """Any number of labels per row: an indicator matrix, with a column per label.

    Parameters
    ----------
    classes : ndarray of shape (n_labels,)
        The indices of the columns.
    """

    def record(self) -> dict[str, Any]:
        """Return the number of labels."""
        return {"n_classes": len(self.classes), "multilabel": True}

    def encode(self, y: Labels, sample_weight: SampleWeight | None) -> NDArray[np.int32]:  # noqa: ARG002
        """Check that `y` is an indicator matrix with a column per label.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_labels)
            Zeros and ones.
        sample_weight : ndarray of shape (n_samples,) or None
            Not used: rows with zero weight must be zeros and ones too.

        Returns
        -------
        numbers : ndarray of int32, shape (n_samples, n_labels)

        Raises
        ------
        ValueError
            If it is not.
        """
        columns = y.ndim == 2 and y.shape[1] == len(self.classes)
        if columns and np.isin(y, (0, 1)).all():
            return y.astype(np.int32)
        two = np.unique(y)
        remedy = f"; pass y == {brief(two[-1])}" if columns and len(two) == 2 else ""
        raise ValueError(
            f"y must hold zeros and ones in {len(self.classes)} columns, one per label, got "
            f"shape {y.shape} and values {few(two)}{remedy}"
        )

    def probabilities(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the outputs: the probability of each label."""
        return outputs

    def decode(self, outputs: NDArray[np.float32]) -> Labels:
        """Choose all labels that are more probable than not."""
        return (outputs > 0.5).astype(int)

    def strata(self, encoded: NDArray[Any]) -> NDArray[Any] | None:  # noqa: ARG002
        """Return None: a multilabel target is not stratified."""
        return None


def target_of_classes(classes: Labels, multilabel: bool) -> Classes:
    """Return the target of one class per row, or of any number of labels."""
    return Multilabel(classes) if multilabel else Classes(classes)


def fit_classes(
    y: Labels, sample_weight: SampleWeight | None, classes: ArrayLike | None = None
) -> Classes:
    """Fit the classes.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Labels.
    sample_weight : ndarray of shape (n_samples,) or None
        Rows with zero weight are ignored.
    classes : array-like, optional
        All classes that will occur, as `partial_fit` takes them.

    Returns
    -------
    target : Classes or Multilabel

    Raises
    ------
    ValueError
        If `y` does not hold class labels, or there are fewer than two classes.
    """
    weighted = y if sample_weight is None else y[sample_weight > 0]
    if is_multilabel(y):
        numbers = np.arange(y.shape[1])
        _check_columns_named(classes, numbers, weighted)
        warn_of_one_hot(weighted)
        return Multilabel(numbers)
    _check_kind(weighted)
    if weighted.ndim > 1:
        raise ValueError(
            f"y must have one column, or a column of zeros and ones per label, got values "
            f"of type {type_of_target(weighted)!r} in {weighted.shape[1]} columns"
        )
    found: Labels = np.unique(weighted) if classes is None else _validate_classes(classes)
    if len(found) < 2:
        raise ValueError(
            "a classifier needs at least 2 classes of rows with positive weight, got "
            f"{len(found)} class: {few(found)}"
        )
    warn_of_missing_as_text(found)
    return Classes(found)


def check_same_classes(classes: ArrayLike | None, fitted: Labels) -> None:
    """Check the `classes` of a later call of `partial_fit`.

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
    if classes is not None and not np.array_equal(_validate_classes(classes), fitted):
        raise ValueError(
            f"classes={few(np.asarray(classes))} is not the same as on the first call to "
            f"partial_fit: {few(fitted)}"
        )


def _validate_classes(classes: Any) -> Labels:
    if np.ndim(classes) != 1:
        raise ValueError(f"classes must be a list of all labels, got classes={brief(classes)}")
    check_labels(classes, "classes")
    found: Labels = np.unique(np.asarray(classes))
    return found


def _check_columns_named(classes: ArrayLike | None, numbers: Labels, Y: Labels) -> None:
    if classes is None or np.array_equal(_validate_classes(classes), numbers):
        return
    remedy = "; for one class per row, pass y.argmax(axis=1)" if is_one_hot(Y) else ""
    raise ValueError(
        f"y holds a column of zeros and ones for each of {len(numbers)} labels: classes must "
        f"be the numbers of the columns, {few(numbers)}, got {few(np.asarray(classes))}{remedy}"
    )


def _check_kind(y: Labels) -> None:
    """Check that these are class labels, as scikit-learn does, and add what to do."""
    try:
        check_classification_targets(y)
    except ValueError as error:
        found = np.unique(y)
        if y.ndim > 1 or y.dtype.kind != "f":
            raise
        if len(found) > _FEW_CLASSES:
            raise ValueError(f"{error} Numbers are for KerasDNNRegressor.") from error
        raise ValueError(
            f"{error} y holds the numbers {few(found)}: if they name classes, pass "
            "y.astype(str)"
        ) from error


def row_weights(
    sample_weight: SampleWeight | None,
    class_weight: Mapping[Any, float] | str | None,
    classes: Labels,
    numbers: NDArray[np.int32],
) -> NDArray[np.float32] | None:
    """Multiply sample weights and class weights.

    Parameters
    ----------
    sample_weight : ndarray of shape (n_samples,) or None
        From `validate_sample_weight`.
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
        sample_weight = within_range(sample_weight)
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
        weights = within_range(weights) * (1.0 if sample_weight is None else sample_weight)
    if not weights.any():
        raise ValueError(
            f"class_weight={brief(class_weight)} leaves no row with a positive weight"
        )
    return within_range(weights).astype(np.float32)


def _weight_per_class(
    class_weight: Mapping[Any, float] | str,
    classes: Labels,
    numbers: NDArray[np.int32],
    sample_weight: SampleWeight | None,
) -> SampleWeight:
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
