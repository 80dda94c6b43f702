"""KerasDNNClassifier in the shape of the estimator of scikit-learn's callback tests.

A module of its own, so that worker processes can import it.
"""

from dataclasses import replace

import numpy as np
from sklearn.callback import CallbackContext
from sklearn.datasets import make_regression

from skdnn import KerasDNNClassifier

ROWS = make_regression(n_samples=100, n_features=2, random_state=0)


class MaxIterEstimator(KerasDNNClassifier):
    """Has the parameters that those tests set, and a `fit` that needs no data."""

    def __init__(self, max_iter=20, computation_intensity=0.001):
        super().__init__(hidden_units=(), epochs=max_iter, random_state=0)
        self.max_iter = max_iter
        self.computation_intensity = computation_intensity

    def fit(self, X=None, y=None, *, sample_weight=None):
        X, y = ROWS if X is None else (X, y)
        return super().fit(X, y, sample_weight)

    def _validate_rows(self, X, y, sample_weight, *, reset):
        rows = super()._validate_rows(X, np.asarray(y) > 0, sample_weight, reset=reset)
        return replace(rows, y=rows.y.astype(int))  # labels that a regression's score takes

    def _init_callback_context(self, **settings):
        context = super()._init_callback_context(**settings)
        context.__class__ = _Iterations
        return context


class _Iterations(CallbackContext):
    """Names the epochs as those tests do."""

    def subcontext(self, task_name="", **settings):
        return super().subcontext(f"iteration {len(self._children_map)}", **settings)


class ParentFitEstimator(MaxIterEstimator):
    """Inherits `fit`."""

    def fit(self, X=None, y=None):
        return super().fit(X, y)
