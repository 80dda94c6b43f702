"""Validation of arguments that several displays and the report take.

``validate_*`` return what they have checked, ``check_*`` return nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdnn._messages import brief, few


def check_at_least_one(name: str, value: Any) -> None:
    """Raise an error unless a number of things to draw is an integer of at least 1.

    Parameters
    ----------
    name : str
        The argument's, for messages.
    value : object
        As the user gave it.

    Raises
    ------
    TypeError
        If it is no integer.
    ValueError
        If it is less than 1.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer of at least 1, got {brief(value)}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value!r}")


def validate_names(name: str, values: Any) -> list[Any]:
    """Validate a list of names.

    Parameters
    ----------
    name : str
        The argument's, for messages.
    values : sequence of str
        As the user gave them.

    Returns
    -------
    names : list

    Raises
    ------
    TypeError
        If they are one text, which would be taken letter by letter, or have no order, or are a
        mapping, whose keys would be taken.
    """
    if isinstance(values, Sequence | np.ndarray) and not isinstance(values, str | bytes):
        return list(values)
    if hasattr(values, "__array__"):  # of pandas or polars
        return list(np.asarray(values))
    raise TypeError(f"{name} must be a list of names, got {brief(values)}")


def validate_target_names(target_names: Any, classes: NDArray[Any]) -> list[Any]:
    """Validate names of the classes: one for each.

    Parameters
    ----------
    target_names : sequence of str
        As the user gave them.
    classes : ndarray of shape (n_classes,)
        Of the classifier.

    Returns
    -------
    names : list

    Raises
    ------
    TypeError
        If they are no list.
    ValueError
        If they are not as many.
    """
    names = validate_names("target_names", target_names)
    if len(names) != len(classes):
        raise ValueError(
            f"target_names must name each of the {len(classes)} classes, got {len(names)} names"
        )
    return names


def check_comparable(name: str, true: NDArray[Any], predicted: NDArray[Any]) -> None:
    """Raise an error where labels can't be equal, whatever was predicted.

    Parameters
    ----------
    name : str
        The argument's that holds the true labels.
    true, predicted : ndarray of shape (n,)
        Labels.

    Raises
    ------
    ValueError
        If one holds text and the other does not, true labels are missing, or either are
        numbers on a scale.
    """
    if true.dtype.kind == "f" and np.isnan(true).any():
        raise ValueError(f"Input {name} contains NaN.")
    for of, labels in ((name, true), ("what is predicted", predicted)):
        if labels.dtype.kind == "f" and (labels != np.floor(labels)).any():
            raise ValueError(
                f"{of} must hold labels of classes, which are right or wrong, got numbers such "
                f"as {brief(labels[labels != np.floor(labels)][0])}; of numbers scikit-learn's "
                "PredictionErrorDisplay shows how wrong they are"
            )
    if len(true) and len(predicted) and _is_text(true) != _is_text(predicted):
        raise ValueError(
            f"Mix of label input types (string and number): {name} holds {few(true[:2])}, but "
            f"{few(predicted[:2])} are predicted"
        )


def validate_numbers(name: str, values: Any) -> NDArray[np.float64]:
    """Validate true numbers of a regression.

    Parameters
    ----------
    name : str
        The argument's, for messages.
    values : array-like
        As the user gave them.

    Returns
    -------
    numbers : ndarray of the same shape

    Raises
    ------
    ValueError
        If there are others than finite numbers.
    """
    try:
        numbers = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        other = next(
            value for value in np.asarray(values, object).flat if not _is_number(value)
        )
        raise ValueError(f"{name} must hold numbers, got {brief(other)}") from None
    if not np.isfinite(numbers).all():
        raise ValueError(f"Input {name} contains NaN or infinity.")
    return numbers


def validate_network(estimator: Any, attribute: str) -> Any:
    """Validate a fitted network, alone or as the last step of a pipeline.

    Parameters
    ----------
    estimator : object
        As the user gave it.
    attribute : str
        What is drawn of it: a network has it.

    Returns
    -------
    network : estimator

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    TypeError
        If it is no network of skdnn.
    """
    from sklearn.pipeline import Pipeline
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(estimator)
    network = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if not hasattr(network, attribute):
        inside = ": pass its regressor_" if hasattr(network, "regressor_") else ""
        raise TypeError(
            "estimator must be a KerasDNNClassifier, a KerasDNNRegressor or a pipeline that "
            f"ends in one, got {type(network).__name__}, which has no {attribute}{inside}"
        )
    return network


def check_labelled(name: str, values: Any, each: str) -> None:
    """Raise an error unless there is a mapping of labels to what is drawn under them.

    Parameters
    ----------
    name : str
        The argument's, for messages.
    values : object
        As the user gave them.
    each : str
        What a label stands for.

    Raises
    ------
    TypeError
        If they are no mapping.
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"{name} must be a dict, {{label: {each}}}, got {brief(values)}")


def check_histories(histories: Any) -> None:
    """Raise an error unless each label has a list of histories.

    Parameters
    ----------
    histories : mapping of str to sequence of dict
        As the user gave them.

    Raises
    ------
    TypeError
        If they are one history, a list, or a history for a label.
    """
    check_labelled("histories", histories, "[history_, ...]")
    for label, fits in histories.items():
        several = isinstance(fits, Sequence | np.ndarray) and not isinstance(fits, str)
        if not several or not all(isinstance(history, Mapping) for history in fits):
            raise TypeError(
                f"histories must hold a list of histories for {label!r}, such as "
                f"[network.history_], got {brief(fits)}"
            )


def check_best_epochs(
    best_epochs: Mapping[str, Sequence[int]],
    histories: Mapping[str, Sequence[Mapping[str, Sequence[float]]]],
) -> None:
    """Raise an error where a best epoch is none of its history's.

    Parameters
    ----------
    best_epochs : mapping of str to sequence of int
        As the user gave them; labels may be missing.
    histories : mapping of str to sequence of dict
        By label.

    Raises
    ------
    ValueError
        If a label is none of the histories', or its epochs are not one for each, from 1 on.
    """
    for label, epochs in best_epochs.items():
        if label not in histories:
            raise ValueError(
                f"best_epochs must have labels of histories, {few(histories)}, got {label!r}"
            )
        lengths = [max(map(len, history.values())) for history in histories[label]]
        if np.shape(epochs) != (len(lengths),):
            raise ValueError(
                f"best_epochs must hold one epoch for each of the {len(lengths)} histories of "
                f"{label!r}, got {brief(epochs)}"
            )
        if not all(1 <= epoch <= n for epoch, n in zip(epochs, lengths, strict=True)):
            raise ValueError(
                "best_epochs are counted from 1 to the last of a history, "
                f"{few(lengths)} for {label!r}, got {brief(epochs)}"
            )


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_text(labels: NDArray[Any]) -> bool:
    return labels.dtype.kind in "US" or isinstance(labels[0], str)
