"""Arguments of displays that would be taken in another sense than meant."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn.displays import (
    FirstLayerWeightsDisplay,
    ImagesDisplay,
    SearchHeatmapDisplay,
    SearchResultsDisplay,
    TrainingCurvesDisplay,
)
from skdnn.displays._arguments import (
    check_at_least_one,
    check_best_epochs,
    check_comparable,
    check_histories,
    validate_names,
    validate_target_names,
)
from skdnn.displays._pixels import validate_images

mpl.use("Agg")

IMAGES = np.arange(24, dtype=np.uint8).reshape(6, 2, 2)
LABELS = np.array([0, 1, 2, 0, 1, 2])
NAMES = np.array(["cat", "dog", "owl"])
HISTORIES = {"a": [{"loss": [3.0, 2.0, 1.0]}, {"loss": [3.0, 2.0]}]}


@pytest.mark.parametrize("value", [1.5, "5", None, True, [3]])
def test_a_number_of_things_is_an_integer(value):
    with pytest.raises(TypeError, match=r"^n_images must be an integer of at least 1, got"):
        check_at_least_one("n_images", value)
    check_at_least_one("n_images", np.int64(3))


@pytest.mark.parametrize("names", ["abc", {"a": 1, "b": 2, "c": 3}, {"a", "b", "c"}, 3])
def test_names_are_a_list(names):
    with pytest.raises(TypeError, match=r"^target_names must be a list of names, got"):
        validate_target_names(names, np.arange(3))


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series, pd.Index])
def test_every_kind_of_list_holds_names(kind):
    assert validate_names("names", kind(["a", "b"])) == ["a", "b"]


@pytest.mark.parametrize(
    "labels", [NAMES[LABELS], LABELS.astype(str), NAMES[LABELS].astype(object)]
)
def test_names_and_numbers_are_not_all_mistakes(labels):
    rule = r"^Mix of label input types .*: y_true holds \['.*'\], but \[0, 1\] are predicted$"
    with pytest.raises(ValueError, match=rule):
        ImagesDisplay.from_predictions(IMAGES, labels, LABELS)
    classifier = LogisticRegression().fit(IMAGES.reshape(6, -1), LABELS)
    with pytest.raises(ValueError, match=r"^Mix of label input types"):
        ImagesDisplay.from_estimator(
            classifier, IMAGES.reshape(6, -1), labels, target_names=NAMES
        )


def test_what_is_no_network_has_no_curves_and_no_weights(iris):
    X, y = iris
    ridge = make_pipeline(StandardScaler(), Ridge()).fit(X, y)
    around = TransformedTargetRegressor(Ridge()).fit(X, y)
    rule = r"^estimator must be a KerasDNNClassifier, .* got {}, which has no {}{}$"

    with pytest.raises(TypeError, match=rule.format("Ridge", "history_", "")):
        TrainingCurvesDisplay.from_estimator(ridge)
    with pytest.raises(TypeError, match=rule.format("Ridge", "input_shape_", "")):
        FirstLayerWeightsDisplay.from_estimator(ridge)
    inside = ": pass its regressor_"
    with pytest.raises(TypeError, match=rule.format("TransformedTarg.*", "history_", inside)):
        TrainingCurvesDisplay.from_estimators({"a": [around]})


@pytest.mark.parametrize(
    ("true", "predicted", "where"),
    [(LABELS + 0.5, LABELS, "y_true"), (LABELS, LABELS - 0.25, "what is predicted")],
)
def test_numbers_are_not_all_mistakes(true, predicted, where):
    with pytest.raises(ValueError, match=rf"^{where} must hold labels.* such as -?\d\.\d+; of"):
        ImagesDisplay.from_predictions(IMAGES, true, predicted)
    ImagesDisplay.from_predictions(IMAGES, LABELS + 0.0, LABELS)


def test_missing_labels_are_no_mistakes():
    with pytest.raises(ValueError, match=r"^Input y_true contains NaN\.$"):
        check_comparable("y_true", np.array([0, np.nan]), np.array([0, 1]))


def test_an_unseen_label_among_a_thousand_is_told_in_a_line():
    classifier = LogisticRegression().fit(IMAGES.reshape(6, -1), LABELS)
    classifier.classes_ = np.arange(1000)
    with pytest.raises(ValueError, match=r"and 995 more\], got \[2000\]$"):
        ImagesDisplay.from_estimator(
            classifier,
            IMAGES.reshape(6, -1),
            LABELS + 2000 * (LABELS == 2) - 2 * (LABELS == 2),
            target_names=[str(number) for number in range(1000)],
        )


@pytest.mark.parametrize("image_shape", [4, "4,4", [[2, 2]]])
def test_an_image_shape_is_a_tuple(image_shape):
    with pytest.raises(TypeError, match=r"^image_shape must be a tuple such as"):
        validate_images(IMAGES, image_shape)


@pytest.mark.parametrize(
    "histories",
    [
        [{"loss": [1.0]}],
        {"loss": [1.0, 0.5]},
        {"a": {"loss": [1.0]}},
        {"a": "loss"},
    ],
    ids=["list", "a history", "a history of a label", "text"],
)
def test_histories_are_lists_by_label(histories):
    with pytest.raises(
        TypeError, match=r"^histories must (be a dict|hold a list of histories)"
    ):
        check_histories(histories)


@pytest.mark.parametrize(
    ("best_epochs", "message"),
    [
        ({"a": [0, 1]}, r"counted from 1 to the last .*, \[3, 2\] for 'a', got \[0, 1\]"),
        ({"a": [3, 3]}, "counted from 1"),
        ({"a": [1]}, "one epoch for each of the 2 histories of 'a', got"),
        ({"a": 1}, "one epoch for each of the 2 histories of 'a', got 1"),
        ({"b": [1, 1]}, r"labels of histories, \['a'\], got 'b'"),
    ],
)
def test_best_epochs_are_those_of_the_histories(best_epochs, message):
    with pytest.raises(ValueError, match=message):
        TrainingCurvesDisplay.from_histories(HISTORIES, best_epochs=best_epochs)
    check_best_epochs({"a": [3, 1]}, HISTORIES)


def test_estimators_are_by_label_and_a_monitor_is_one(searched):
    search = searched({"a": [1, 2]}, [[1.0, 2.0], [2.0, 3.0]])
    with pytest.raises(TypeError, match=r"^estimators must be a dict"):
        TrainingCurvesDisplay.from_estimators([LogisticRegression()])
    with pytest.raises(TypeError, match=r"^monitor must be the HistoryMonitor .*, got None"):
        TrainingCurvesDisplay.from_search(search, None)
    with pytest.raises(ValueError, match=r"^metric must be a key .* got \['loss'\]"):
        TrainingCurvesDisplay.from_histories(HISTORIES, metric=["loss"])


@pytest.mark.parametrize("display", [SearchResultsDisplay, SearchHeatmapDisplay])
def test_a_score_name_is_not_another_metric(searched, display):
    grid = {"a": [1, 2], "b": [1, 2]}
    search = searched(grid, np.eye(4), refit="accuracy")
    search.cv_results_ |= {"mean_test_accuracy": np.ones(4), "mean_test_f1": np.zeros(4)}
    with pytest.raises(ValueError, match=r"refit='accuracy' are taken; got score_name='f1'"):
        display.from_search(search, score_name="f1")
    for name in ("accuracy", "share of images that are right"):
        assert display.from_search(search, score_name=name).score_name == name


def test_names_of_candidates_are_not_letters(searched):
    search = searched({"a": [1, 2]}, [[1.0, 2.0], [2.0, 3.0]])
    with pytest.raises(TypeError, match=r"^names must be a list of names, got 'ab'$"):
        SearchResultsDisplay.from_search(search, names="ab")


def test_units_are_counted_in_integers(iris):
    with pytest.raises(TypeError, match=r"^n_units must be an integer of at least 1, got 1.5$"):
        FirstLayerWeightsDisplay.from_estimator(LogisticRegression().fit(*iris), n_units=1.5)
