"""Axes say what a history of numbers measures."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from skdnn import KerasDNNClassifier, KerasDNNRegressor
from skdnn.displays._measures import measure_of, shared_measure


@pytest.mark.parametrize(
    ("settings", "metric", "words"),
    [
        ({}, "loss", "squared error of standardized y"),
        ({}, "val_loss", "squared error of standardized y"),
        ({}, "val_mean_absolute_error", "of standardized y"),
        ({"loss": "absolute_error"}, "loss", "absolute error of standardized y"),
        ({"loss": "huber", "delta": 2.0}, "loss", "huber, delta=2, of standardized y"),
        ({"loss": "quantile", "quantile": 0.9}, "loss", "quantile 0.9 of standardized y"),
        ({"loss": "poisson"}, "loss", "poisson of y / mean"),
        ({"loss": "poisson"}, "mean_absolute_error", "of y / mean"),
        ({"standardize_y": False}, "loss", "squared error of y"),
        ({"standardize_y": False}, "mean_absolute_error", "in units of y"),
        ({"l2": 1e-3}, "loss", "squared error of standardized y + l2 penalty"),
        ({"l2": (0.0, 0.1)}, "loss", "squared error of standardized y + l2 penalty"),
        ({"l2": (0.0, 0.0)}, "loss", "squared error of standardized y"),
        ({}, "validation_score", "negative loss of standardized y"),
        ({"scoring": None}, "validation_score", "R²"),
        (
            {"scoring": "neg_mean_absolute_error"},
            "validation_score",
            "negative mean absolute error",
        ),
        ({"scoring": np.mean}, "validation_score", ""),
        ({}, "learning_rate", ""),
    ],
)
def test_a_figure_of_numbers_has_a_loss_and_units(settings, metric, words):
    assert measure_of(KerasDNNRegressor(**settings), metric) == words


@pytest.mark.parametrize("estimator", [KerasDNNClassifier(), Ridge(), None])
def test_of_other_estimators_nothing_is_told(estimator):
    assert measure_of(estimator, "loss") == ""


def test_of_several_only_what_they_share_is_told():
    squared, huber = KerasDNNRegressor(), KerasDNNRegressor(loss="huber")

    assert shared_measure([squared, squared], "loss") == "squared error of standardized y"
    assert shared_measure([squared, huber], "loss") == ""
    assert shared_measure([squared, huber], "mean_absolute_error") == "of standardized y"
    assert shared_measure([], "loss") == ""
