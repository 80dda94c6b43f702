"""The models that a network must beat, behind the network's own preprocessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import clone, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import resample

from skdnn.preprocessing import scale_and_flatten

_MOST_TABLE_COLUMNS = 200  # of images as rows of pixels there are more
# Rows x columns x trees of an iteration: 25 seconds of processor time for a fit.
_MOST_BOOSTED = 50_000_000
# Rows x columns x outputs x iterations of a logistic regression, in which 10 classes of
# 32,000 images of 784 pixels take 30 iterations, 1.3 s, and are 0.001 from converged.
_LOGISTIC_WORK = 5_000_000_000
_LEAST_ITERATIONS, _MOST_ITERATIONS = 30, 200
# A larger side of the matrix that Ridge would factorise takes seconds.
_MOST_FACTORISED = 2_000


@dataclass(frozen=True)
class Task:
    """What is learnt from what: the kinds and sizes that decide the models.

    Parameters
    ----------
    numbers : bool
        Whether the target is numbers, not classes.
    several : bool
        Whether a row has several labels or numbers.
    n_rows : int
        Rows of the data.
    n_columns : int or None
        Columns of the data; None for images.
    n_features : int
        What the network gets of a row.
    n_outputs : int
        Classes of more than two, labels or numbers of a row; otherwise 1.
    sparse, flat : bool
        Whether the network gets a sparse matrix, and one row of features for each row.
    scaled : bool
        Whether a step of a pipeline stands before the network.
    """

    numbers: bool
    several: bool
    n_rows: int
    n_columns: int | None
    n_features: int
    n_outputs: int
    sparse: bool
    flat: bool
    scaled: bool

    @classmethod
    def of(cls, winner: Any, X: Any, y: Any) -> Task:
        """Find out from the data, and from what the winner's steps make of its first rows."""
        true, few = np.asarray(y), resample(X, n_samples=2, replace=False, random_state=0)
        before = _steps_before(winner)
        rows = few if before is None else before.transform(few)
        rows = rows if issparse(rows) else np.asarray(rows)
        shape = few.shape if hasattr(few, "shape") else np.shape(few)
        numbers, several = is_regressor(winner), true.ndim > 1 and true.shape[1] > 1
        n_classes = 1 if numbers or several else len(np.unique(true))
        return cls(
            numbers=numbers,
            several=several,
            n_rows=len(true),
            n_columns=int(shape[1]) if len(shape) == 2 and not _reads_images(before) else None,
            n_features=int(np.prod(rows.shape[1:])),
            n_outputs=true.shape[1] if several else 1 if n_classes < 3 else n_classes,
            sparse=issparse(rows),
            flat=rows.ndim == 2,
            scaled=before is not None,
        )

    @property
    def size(self) -> int:
        """Numbers that are gone through for one step of a model."""
        return self.n_rows * self.n_features * self.n_outputs

    @property
    def table(self) -> bool:
        """Whether these are rows of a table, and not of pixels."""
        return self.n_columns is not None and self.n_columns <= _MOST_TABLE_COLUMNS

    @property
    def without_boosting(self) -> str:
        """Why gradient boosting is left out of a table's models; empty where it is not."""
        if self.sparse:
            return "Gradient boosting was left out: it takes no sparse matrix."
        if self.size > _MOST_BOOSTED:
            outputs = f" and {self.n_outputs} outputs" * (self.n_outputs > 1)
            return (
                f"Gradient boosting was left out: {self.n_rows:,} rows of "
                f"{self.n_features:,} features{outputs} would take it long."
            )
        return ""


def baseline_models(winner: Any, task: Task) -> dict[str, Any]:
    """Return the models that a network must beat, simplest first.

    Parameters
    ----------
    winner : fitted estimator
        Whose preprocessing they get. It is not changed.
    task : Task
        Of the winner.

    Returns
    -------
    models : dict of str to estimator
        Not fitted, by name.
    """
    simplest, linear = _simplest(task), _in_place(winner, _linear(task))
    models = {_simplest_name(task): simplest, "linear model": linear}
    if task.table and not task.without_boosting:
        models["gradient boosting"] = _in_place(winner, _boosting(task))
    return models


def innermost(model: Any) -> Any:
    """Return what learns in a pipeline, or in what fits it for each of several outputs.

    Parameters
    ----------
    model : estimator
        One of :func:`baseline_models`.

    Returns
    -------
    estimator : estimator
    """
    if isinstance(model, Pipeline):
        return innermost(model[-1])
    inner = getattr(model, "estimator", getattr(model, "regressor", None))
    return model if inner is None else innermost(inner)


def has_not_converged(model: Any) -> bool:
    """Return whether a fitted logistic regression was stopped by its number of iterations.

    Parameters
    ----------
    model : fitted estimator
        One of :func:`baseline_models`.

    Returns
    -------
    stopped : bool
        False for other models.
    """
    if isinstance(model, Pipeline):
        return has_not_converged(model[-1])
    if isinstance(model, OneVsRestClassifier):
        return any(map(has_not_converged, model.estimators_))
    return isinstance(model, LogisticRegression) and bool(model.n_iter_.max() >= model.max_iter)


def flatten(X: Any) -> NDArray[Any]:
    """Make one row of each image."""
    pixels = np.asarray(X)
    return pixels.reshape(len(pixels), -1)


def _simplest_name(task: Task) -> str:
    if task.numbers:
        return "mean of the target"
    return "most frequent labels" if task.several else "most frequent class"


def _simplest(task: Task) -> Any:
    if task.numbers:
        return DummyRegressor()
    return OneVsRestClassifier(DummyClassifier()) if task.several else DummyClassifier()


def _linear(task: Task) -> Any:
    """Return a linear model, behind what lets it converge in few iterations.

    To take the means away changes no linear model, only how soon it is found.
    """
    steps: list[Any] = [] if task.flat else [FunctionTransformer(flatten)]
    if not task.sparse or not task.scaled:
        steps.append(StandardScaler(with_mean=not task.sparse, with_std=not task.scaled))
    model = _ridge(task) if task.numbers else _logistic(task)
    return make_pipeline(*steps, model) if steps else model


def _ridge(task: Task) -> Any:
    direct = min(task.n_rows, task.n_features) <= _MOST_FACTORISED
    return Ridge(solver="auto" if direct or task.sparse else "lsqr")


def _logistic(task: Task) -> Any:
    n_iterations = int(
        np.clip(_LOGISTIC_WORK // task.size, _LEAST_ITERATIONS, _MOST_ITERATIONS)
    )
    model = LogisticRegression(max_iter=n_iterations)
    return OneVsRestClassifier(model) if task.several else model


def _boosting(task: Task) -> Any:
    if task.numbers:
        model = HistGradientBoostingRegressor(random_state=0)
        return MultiOutputRegressor(model) if task.several else model
    model = HistGradientBoostingClassifier(random_state=0)
    return OneVsRestClassifier(model) if task.several else model


def _in_place(winner: Any, model: Any) -> Any:
    """Return an unfitted copy of the winner with another model in the network's place."""
    if isinstance(winner, Pipeline):
        name, last = winner.steps[-1]
        return clone(winner).set_params(**{name: _in_place(last, model)})
    if isinstance(winner, TransformedTargetRegressor):
        return clone(winner).set_params(regressor=_in_place(winner.regressor_, model))
    return model


def _reads_images(before: Any) -> bool:
    """Return whether steps begin with those of an image pipeline."""
    return before is not None and getattr(before[0], "func", None) is scale_and_flatten


def _steps_before(winner: Any) -> Any:
    """Return the fitted steps before the network; None where there are none."""
    if isinstance(winner, TransformedTargetRegressor):
        return _steps_before(winner.regressor_)
    if not isinstance(winner, Pipeline):
        return None
    inner = _steps_before(winner[-1])
    steps = [step for _, step in winner.steps[:-1]] + ([] if inner is None else [inner])
    return make_pipeline(*steps) if steps else None
