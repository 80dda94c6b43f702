"""Validation of labels: of what NumPy or scikit-learn would misread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils.multiclass import type_of_target

from skdnn._messages import brief, few, warn_user

Labels = NDArray[Any]

# Fewer rows may have one label each by chance: if half of all rows do, five rows do with a
# probability of 3 %.
_ENOUGH_TO_TELL = 5

_MISSING_AS_TEXT = {"nan", "NaN", "<NA>", "NaT"}

_SEVERAL = (
    "for rows with several labels pass a column of zeros and ones per label, "
    "sklearn.preprocessing.MultiLabelBinarizer().fit_transform(y)"
)


def is_multilabel(y: Any) -> bool:
    """Tell whether a target is an indicator matrix: a column of zeros and ones per label."""
    try:
        with np.errstate(invalid="ignore"):  # of infinite labels
            return y is not None and type_of_target(y) == "multilabel-indicator"
    except (TypeError, ValueError):  # left to the validation that follows
        return False


def check_labels(y: Any, name: str = "y") -> None:
    """Check labels for what NumPy or scikit-learn would misread, or refuse without a remedy.

    Parameters
    ----------
    y : array-like
        Labels as the user gave them, before NumPy makes one dtype of them. What is not an
        array at all is left to scikit-learn.
    name : str
        The argument's, for messages.

    Raises
    ------
    ValueError
        If labels are missing, complex, of mixed types or several in a row, or if columns are
        no indicators.
    """
    if y is None or issparse(y) or not (isinstance(y, list | tuple) or hasattr(y, "__array__")):
        return
    values = _as_given(y)
    if values.dtype == object and values.ndim == 1 and _holds_rows(values):
        values = _columns(values, name)
    if np.iscomplexobj(values):
        raise ValueError(f"Complex data not supported: {name} holds {brief(values.flat[0])}")
    if _has_missing(values):
        raise ValueError(
            f"Input {name} contains NaN. Leave out what has no label (None, NaN, NA, NaT), or "
            "give it a label of its own."
        )
    if values.ndim == 2 and values.shape[1] > 1:
        if not is_multilabel(y):
            raise ValueError(_not_indicators(values, name))
    elif values.dtype == object:
        _check_objects(values.ravel(), np.asarray(y).dtype == object, name)


def _as_given(y: Any) -> Labels:
    if isinstance(y, list | tuple):
        return np.fromiter(y, dtype=object, count=len(y))
    return np.asarray(y)


def _holds_rows(values: Labels) -> bool:
    return len(values) > 0 and isinstance(
        values[0], list | tuple | set | frozenset | np.ndarray
    )


def _columns(rows: Labels, name: str) -> Labels:
    ragged = any(isinstance(row, set | frozenset) for row in rows)
    if ragged or len({np.shape(row) for row in rows}) > 1:
        raise ValueError(f"{name} must hold one label per row, got {few(rows[:2])}; {_SEVERAL}")
    return np.asarray(rows.tolist())


def _has_missing(values: Labels) -> bool:
    if values.dtype == object:
        return any(_is_missing(value) for value in values.flat)
    if values.dtype.kind in "mM":
        return bool(np.isnat(values).any())
    return values.dtype.kind == "f" and bool(np.isnan(values).any())


def _is_missing(value: Any) -> bool:
    try:
        return value is None or bool(value != value)
    except TypeError:  # pandas' NA is neither equal nor unequal to itself
        return True
    except ValueError:  # an array
        return False


def _not_indicators(values: Labels, name: str) -> str:
    """Return scikit-learn's message for columns that are no indicators, and what to pass."""
    return (
        f"{name} should be a 1d array, got an array of shape {values.shape} instead; "
        f"{_remedy_for_columns(values, name)}"
    )


def _remedy_for_columns(values: Labels, name: str) -> str:
    if len(values) == 1:
        return f"pass {name}.ravel()"
    if np.isin(values.astype(str), ["0", "1", "0.0", "1.0", "False", "True"]).all():
        return f"its zeros and ones are of dtype {values.dtype}: pass them as integers"
    if values.dtype.kind not in "biuf":
        return _SEVERAL
    if (values >= 0).all() and np.allclose(values.sum(axis=1), 1, atol=1e-3):
        return (
            "its rows look like probabilities, and each must have one label: pass "
            f"{name}.argmax(axis=1)"
        )
    return (
        "for several targets take sklearn.multioutput.MultiOutputClassifier, which fits one "
        "classifier for each"
    )


def _check_objects(values: Labels, stay_objects: bool, name: str) -> None:
    texts = np.array([isinstance(value, str) for value in values], bool)
    if texts.any() and not texts.all():
        given = few([values[texts][0], values[~texts][0]])
        raise ValueError(
            f"Mix of label input types (string and number): {name} holds {given}. Give all "
            f"labels one type, [str(label) for label in {name}]"
        )
    if len(values) and stay_objects and not texts.all():
        kind = type(values[0])
        remedy = (
            f"{name}.astype({kind.__name__})"
            if kind in (bool, int, float)
            else "strings or integers"
        )
        raise ValueError(
            f"Unknown label type: unknown. {name} has dtype object and holds "
            f"{brief(values[0])}: pass {remedy}"
        )


def is_one_hot(Y: Labels) -> bool:
    """Tell whether each row of an indicator matrix has exactly one label.

    Parameters
    ----------
    Y : ndarray of shape (n_samples, n_labels)
        Only rows with positive weight.

    Returns
    -------
    one_hot : bool
        False if there are so few rows that it may be chance.
    """
    return (
        len(Y) >= _ENOUGH_TO_TELL
        and bool(np.isin(Y, (0, 1)).all())
        and bool((np.count_nonzero(Y, axis=1) == 1).all())
    )


def warn_of_one_hot(Y: Labels) -> None:
    """Warn that one-hot labels are trained as multilabel.

    Parameters
    ----------
    Y : ndarray of zeros and ones, shape (n_samples, n_labels)
        Only rows with positive weight.

    Warns
    -----
    UserWarning
        If each row has exactly one label.
    """
    if is_one_hot(Y):
        warn_user(
            f"y has exactly one 1 in each row, like one-hot labels, and is trained as "
            f"multilabel: {Y.shape[1]} labels of which a row may have any number. If each row "
            f"has one of {Y.shape[1]} classes, pass y.argmax(axis=1), or y.idxmax(axis=1) of a "
            "DataFrame"
        )


def warn_of_missing_as_text(classes: Labels) -> None:
    """Warn of a class that looks like a missing value converted to text.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The classes of the fit.

    Warns
    -----
    UserWarning
        If there is such a class: ``np.array(["cat", np.nan])`` holds "nan".
    """
    named = [str(label) for label in classes if str(label) in _MISSING_AS_TEXT]
    if classes.dtype.kind in "UO" and named:
        warn_user(
            f"y has a class {few(named)}, the text that a missing label becomes among strings; "
            "leave out what has no label"
        )
