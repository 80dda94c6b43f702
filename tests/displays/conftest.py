"""Searches without networks, and figures that are closed again."""

from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.model_selection import ParameterGrid

mpl.use("Agg")

from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def _figures_closed():
    yield
    plt.close("all")


@pytest.fixture
def searched():
    """Return a function that makes the results of a search as GridSearchCV has them."""

    def make(grid, scores, fit_times=None, *, scoring=None, refit=True):
        scores = np.asarray(scores, float)
        metric = refit if isinstance(refit, str) else "score"
        params = list(ParameterGrid(grid))
        results = {f"split{k}_test_{metric}": column for k, column in enumerate(scores.T)}
        results["mean_fit_time"] = np.ones(len(params)) if fit_times is None else fit_times
        assert len(params) == len(scores)
        return SimpleNamespace(
            cv_results_=results | {"params": params},
            n_splits_=scores.shape[1],
            scoring=scoring,
            refit=refit,
        )

    return make
