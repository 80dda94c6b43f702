"""Checks of hyperparameters and targets without a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from skdnn._estimator.hyperparameters import check_combinations, settings_of
from skdnn._estimator.rows import LabelledRows
from skdnn._estimator.stopping import check_scorer

if TYPE_CHECKING:
    from skdnn._estimator.base import KerasDNNBase


def check_before_fit(estimator: KerasDNNBase, y: NDArray[Any]) -> None:
    """Check hyperparameters against each other and the targets, as `fit` does, without a fit.

    Parameters
    ----------
    estimator : KerasDNNBase
        Left as it is.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Targets.

    Raises
    ------
    ValueError, TypeError
        If a value breaks a rule; names the hyperparameter, the rule and the value.
    """
    estimator = clone(estimator)
    estimator._validate_params()
    target = estimator._new_target(y, None, classes=None, incremental=False)
    rows = LabelledRows(np.empty((len(y), 1), np.float32), y, None)
    epochs = int(estimator.epochs)
    settings = settings_of(estimator, rows.X.shape[1:], target, estimator._loss(), epochs, 0)
    check_combinations(
        estimator, settings, has_validation_data=False, takes_validation_data=True
    )
    if estimator.early_stopping:
        check_scorer(estimator, estimator.scoring, target)
    estimator._training_table(rows, target, None)  # weighs classes
