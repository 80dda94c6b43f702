import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import same_color
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNClassifier, KerasDNNRegressor
from skdnn.callbacks import HistoryMonitor
from skdnn.displays import TrainingCurvesDisplay

mpl.use("Agg")

from matplotlib import pyplot as plt

FOLDS = [
    {"loss": [1.0, 0.5, 0.3], "accuracy": [0.4, 0.6, 0.7]},
    {"loss": [0.8, 0.7, 0.1], "accuracy": [0.5, 0.5, 0.9]},
]


@pytest.fixture(scope="module")
def fitted(iris):
    """A network after four epochs on iris."""
    return KerasDNNClassifier((8,), epochs=4, random_state=0).fit(*iris)


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def extent_of(band):
    """Return the lowest and the highest value of a band at each epoch."""
    vertices = np.concatenate([path.vertices for path in band.get_paths()])
    epochs = np.unique(vertices[:, 0])
    found = [vertices[vertices[:, 0] == epoch, 1] for epoch in epochs]
    return epochs, np.array([[v.min(), v.max()] for v in found])


# -- one fit --------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_the_line_is_the_history(fitted, metric):
    display = TrainingCurvesDisplay.from_estimator(fitted, metric=metric)

    [line] = display.lines_
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_array_equal(line.get_ydata(), fitted.history_[metric])
    assert display.ax_.lines[:] == display.lines_
    assert display.bands_ == []
    assert display.ax_.get_xlabel() == "Epoch"
    assert display.ax_.get_ylabel() == f"Training {metric}"
    assert display.figure_ is display.ax_.figure


def test_loss_is_the_default(fitted):
    display = TrainingCurvesDisplay.from_estimator(fitted)

    assert display.metric == "loss"
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), fitted.history_["loss"])


def test_the_label_is_the_class_or_what_was_asked_for(fitted):
    default = TrainingCurvesDisplay.from_estimator(fitted)
    named = TrainingCurvesDisplay.from_estimator(fitted, name="relu, adam")

    assert legend_of(default) == ["KerasDNNClassifier"]
    assert legend_of(named) == ["relu, adam"]


def test_a_pipeline_draws_its_last_step(iris):
    pipeline = make_pipeline(StandardScaler(), KerasDNNClassifier((8,), epochs=2)).fit(*iris)

    display = TrainingCurvesDisplay.from_estimator(pipeline)

    np.testing.assert_array_equal(display.lines_[0].get_ydata(), pipeline[-1].history_["loss"])
    assert legend_of(display) == ["KerasDNNClassifier"]


def test_a_single_epoch_is_a_visible_point():
    display = TrainingCurvesDisplay.from_histories({"short": [{"loss": [0.5]}]})

    [line] = display.lines_
    assert line.get_marker() == "o"
    assert all(tick == int(tick) for tick in display.ax_.get_xticks())


def test_what_is_drawn_is_a_copy_of_the_history(fitted):
    before = {name: list(values) for name, values in fitted.history_.items()}
    display = TrainingCurvesDisplay.from_estimator(fitted)

    display.curves["KerasDNNClassifier"][:] = 0

    assert fitted.history_ == before


def test_unfitted_is_refused(fitted):
    classifier = clone(fitted)

    with pytest.raises(NotFittedError, match="KerasDNNClassifier instance is not fitted yet"):
        TrainingCurvesDisplay.from_estimator(classifier)
    with pytest.raises(NotFittedError, match="Pipeline instance is not fitted yet"):
        TrainingCurvesDisplay.from_estimator(make_pipeline(StandardScaler(), classifier))


def test_unknown_metrics_are_refused_with_those_there_are(fitted):
    message = r"\['accuracy', 'loss'\] for 'KerasDNNClassifier', got 'val_loss'"

    with pytest.raises(ValueError, match=message):
        TrainingCurvesDisplay.from_estimator(fitted, metric="val_loss")
    assert plt.get_fignums() == []


# -- several fits ---------------------------------------------------------------------------


def test_folds_are_a_mean_in_a_band_from_lowest_to_highest():
    display = TrainingCurvesDisplay.from_histories({"relu": FOLDS})

    [line], [band] = display.lines_, display.bands_
    np.testing.assert_allclose(line.get_ydata(), [0.9, 0.6, 0.2])
    epochs, extent = extent_of(band)
    np.testing.assert_array_equal(epochs, [1, 2, 3])
    np.testing.assert_allclose(extent, [[0.8, 1.0], [0.5, 0.7], [0.1, 0.3]])
    assert same_color(band.get_facecolor()[0, :3], line.get_color())


def test_each_label_has_a_line_and_those_of_one_fit_no_band():
    histories = {"a": FOLDS, "b": FOLDS[:1], "c": FOLDS}

    display = TrainingCurvesDisplay.from_histories(histories, metric="accuracy")

    assert legend_of(display) == ["a", "b", "c"]
    assert len(display.lines_) == 3
    assert len(display.bands_) == 2
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), FOLDS[0]["accuracy"])


def test_shorter_fits_count_as_long_as_they_last():
    fits = [{"loss": [1.0]}, {"loss": [6.0, 2.0, 1.0]}, {"loss": [2.0, 4.0]}]

    display = TrainingCurvesDisplay.from_histories({"stopped early": fits})

    [line], [band] = display.lines_, display.bands_
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(line.get_ydata(), [3, 3, 1])
    _, extent = extent_of(band)
    np.testing.assert_allclose(extent, [[1, 6], [2, 4], [1, 1]])


def test_twenty_four_labels_can_be_told_apart():
    histories = {f"variant {number}": FOLDS for number in range(24)}

    display = TrainingCurvesDisplay.from_histories(histories)

    looks = {(line.get_color(), line.get_linestyle()) for line in display.lines_}
    assert len(looks) == 24
    without_colour = {(line.get_marker(), line.get_linestyle()) for line in display.lines_}
    assert len(without_colour) == 24


def test_many_epochs_have_few_markers_and_a_single_line_none():
    many = [{"loss": list(range(95))}]

    two = TrainingCurvesDisplay.from_histories({"a": many, "b": many})
    one = TrainingCurvesDisplay.from_histories({"a": many})

    assert {line.get_markevery() for line in two.lines_} == {10}
    assert one.lines_[0].get_marker() == ""


def test_a_metric_that_one_fit_lacks_is_refused():
    fits = [*FOLDS, {"loss": [1.0]}]

    with pytest.raises(ValueError, match=r"\['loss'\] for 'relu', got 'accuracy'"):
        TrainingCurvesDisplay.from_histories({"relu": fits}, metric="accuracy")


# -- validation and the best epoch ----------------------------------------------------------

VALIDATED = [fold | {"val_loss": [2.0, 1.0, 1.5], "lr": [0.1, 0.1, 0.01]} for fold in FOLDS]


@pytest.fixture(scope="module")
def stopped(iris):
    """A network that stops early, and its validation scores."""
    return KerasDNNClassifier(
        (8,), epochs=6, early_stopping=True, scoring="accuracy", random_state=0
    ).fit(*iris)


def test_validation_is_drawn_beside_training_and_called_so(stopped):
    display = TrainingCurvesDisplay.from_estimator(stopped, name="iris")

    [training], [validation] = display.lines_, display.validation_lines_
    np.testing.assert_array_equal(training.get_ydata(), stopped.history_["loss"])
    np.testing.assert_array_equal(validation.get_ydata(), stopped.history_["val_loss"])
    assert training.get_color() == validation.get_color()
    assert (training.get_linestyle(), validation.get_linestyle()) == ("--", "-")
    assert display.ax_.get_ylabel() == "Loss"
    assert legend_of(display) == ["iris", "validation", "training", "best epoch"]


def test_the_best_epoch_is_a_star_on_the_validation_curve(stopped):
    display = TrainingCurvesDisplay.from_estimator(stopped)

    [star] = display.best_marks_
    best = stopped.best_iteration_
    assert star.get_marker() == "*"
    np.testing.assert_array_equal(star.get_xdata(), [best])
    np.testing.assert_array_equal(star.get_ydata(), [stopped.history_["val_loss"][best - 1]])


def test_validation_scores_are_drawn(stopped):
    display = TrainingCurvesDisplay.from_estimator(stopped, metric="validation_score")

    np.testing.assert_array_equal(display.lines_[0].get_ydata(), stopped.validation_scores_)
    assert display.ax_.get_ylabel() == "Validation score"
    assert display.validation_lines_ == []


@pytest.mark.parametrize(
    ("metric", "label"),
    [("val_loss", "Validation loss"), ("accuracy", "Training accuracy"), ("lr", "Lr")],
)
def test_the_axis_says_what_the_metric_is_of(metric, label):
    display = TrainingCurvesDisplay.from_histories({"relu": VALIDATED}, metric=metric)

    assert display.ax_.get_ylabel() == label
    assert display.validation_lines_ == []


def test_the_band_is_that_of_the_validation_curves():
    fits = [fold | {"val_loss": [k + 2.0, k + 1.0]} for k, fold in enumerate(FOLDS)]

    display = TrainingCurvesDisplay.from_histories({"relu": fits})

    [band] = display.bands_
    _, extent = extent_of(band)
    np.testing.assert_allclose(extent, [[2, 3], [1, 2]])


def test_where_a_fit_has_no_validation_only_training_is_drawn():
    display = TrainingCurvesDisplay.from_histories({"a": VALIDATED, "b": FOLDS})

    assert display.validation_lines_ == []
    assert display.ax_.get_ylabel() == "Training loss"


def test_several_estimators_have_a_line_each_and_lists_a_band(stopped, fitted):
    display = TrainingCurvesDisplay.from_estimators(
        {"one": fitted, "both": [fitted, stopped], "again": [stopped]}
    )

    assert legend_of(display) == ["one", "both", "again", "best epoch"]
    assert len(display.lines_) == 3
    assert len(display.bands_) == 1
    assert len(display.best_marks_) == 1  # not of a list where one has no best epoch


def test_unfitted_among_several_is_refused(fitted):
    with pytest.raises(NotFittedError):
        TrainingCurvesDisplay.from_estimators({"a": fitted, "b": [clone(fitted)]})


def test_a_regressors_curves_say_what_they_measure(iris):
    X, y = iris[0][:, :3], 1e6 * iris[0][:, 3]
    regressor = KerasDNNRegressor(
        (4,), epochs=3, early_stopping=True, scoring=None, random_state=0
    ).fit(X, y)

    loss = TrainingCurvesDisplay.from_estimator(regressor)
    error = TrainingCurvesDisplay.from_estimator(regressor, metric="val_mean_absolute_error")
    score = TrainingCurvesDisplay.from_estimator(regressor, metric="validation_score")
    both = TrainingCurvesDisplay.from_estimators({"a": regressor, "b": [regressor]})

    for display in (loss, both):
        assert display.ax_.get_ylabel() == "Loss\n(squared error of standardized y)"
    np.testing.assert_array_equal(loss.lines_[0].get_ydata(), regressor.history_["loss"])
    expected = "Validation mean absolute error\n(of standardized y)"
    assert error.ax_.get_ylabel() == expected
    assert score.ax_.get_ylabel() == "Validation score\n(R²)"
    assert len(loss.best_marks_) == 1


def test_what_is_measured_can_be_told(fitted):
    display = TrainingCurvesDisplay.from_histories({"a": FOLDS}, measure="bits of $y$")

    assert display.ax_.get_ylabel() == "Training loss\n(bits of \\$y\\$)"


# -- a search -------------------------------------------------------------------------------


class Monitor:
    """Histories of four candidates in two folds; the loss begins with the candidate."""

    def fold_histories(self, search):
        return [[{"loss": [k, 0.5]}, {"loss": [k + 0.2, 0.3]}] for k in range(4)]


@pytest.fixture
def search(searched):
    scores = [[0.1, 0.2], [0.8, 0.8], [0.9, np.nan], [0.9, 0.7]]
    return searched({"optimizer": ["sgd", "adam", "lion", "rmsprop"]}, scores)


def test_a_search_is_a_band_for_each_candidate_the_best_first(search):
    display = TrainingCurvesDisplay.from_search(search, Monitor())

    assert legend_of(display) == ["adam", "rmsprop", "sgd", "lion"]
    np.testing.assert_allclose(
        [line.get_ydata()[0] for line in display.lines_], [1.1, 3.1, 0.1, 2.1]
    )
    assert len(display.bands_) == 4


@pytest.mark.parametrize(
    ("grid", "title"),
    [
        ({"units": 4 * [None]}, "Training loss"),
        (
            {"optimizer": ["sgd", "adam", "lion", "rmsprop"]},
            "Training loss\n(huber, delta=1, of standardized y)",
        ),
        ({"loss": ["squared_error", "huber", "poisson", "quantile"]}, "Training loss"),
    ],
)
def test_the_measure_is_told_where_candidates_share_it(searched, grid, title):
    search = searched(grid, [[0.1], [0.8], [0.9], [0.7]])
    if "units" not in grid:
        search.estimator = make_pipeline(KerasDNNRegressor(loss="huber"))
        search.cv_results_["params"] = [
            {f"kerasdnnregressor__{name}": value for name, value in params.items()}
            for params in search.cv_results_["params"]
        ]

    display = TrainingCurvesDisplay.from_search(search, Monitor())

    assert display.ax_.get_ylabel() == title


def test_of_a_large_search_the_best_are_drawn(search):
    display = TrainingCurvesDisplay.from_search(
        search, Monitor(), n_candidates=2, names=["a", "b", "c", "d"]
    )

    assert legend_of(display) == ["b", "d"]
    with pytest.raises(ValueError, match="n_candidates must be at least 1, got 0"):
        TrainingCurvesDisplay.from_search(search, Monitor(), n_candidates=0)


def test_a_history_monitor_gives_the_curves_of_its_search(iris):
    monitor = HistoryMonitor()
    search = GridSearchCV(
        KerasDNNClassifier((4,), epochs=2, random_state=0), {"optimizer": ["sgd", "adam"]}, cv=2
    )
    search.set_callbacks(monitor).fit(*iris)

    display = TrainingCurvesDisplay.from_search(search, monitor, metric="accuracy")

    histories = monitor.fold_histories(search)[search.best_index_]
    best = search.best_params_["optimizer"]
    np.testing.assert_array_equal(
        display.curves[best], [history["accuracy"] for history in histories]
    )
    assert display.ax_.get_ylabel() == "Training accuracy"


# -- where and how --------------------------------------------------------------------------


def test_axes_that_are_given_are_drawn_on():
    figure, (left, right) = plt.subplots(1, 2)

    display = TrainingCurvesDisplay.from_histories({"relu": FOLDS}, ax=right)

    assert display.ax_ is right
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert len(left.lines) == 0


def test_figure_is_the_root_of_subfigures():
    figure = plt.figure()
    ax = figure.subfigures(1, 2)[0].subplots()

    assert TrainingCurvesDisplay.from_histories({"relu": FOLDS}, ax=ax).figure_ is figure


def test_two_displays_share_axes():
    first = TrainingCurvesDisplay.from_histories({"relu": FOLDS})
    second = TrainingCurvesDisplay.from_histories({"sigmoid": FOLDS}, ax=first.ax_)

    assert second.figure_ is first.figure_
    assert legend_of(second) == ["relu", "sigmoid"]
    assert first.lines_[0].get_color() != second.lines_[0].get_color()


def test_plot_again_makes_another_figure_of_the_same_curves():
    first = TrainingCurvesDisplay.from_histories({"relu": FOLDS})
    axes, drawn = first.ax_, first.lines_[0].get_ydata()

    second = first.plot()

    assert second is first
    assert second.ax_ is not axes
    np.testing.assert_array_equal(second.lines_[0].get_ydata(), drawn)


def test_style_is_matplotlibs_to_set():
    display = TrainingCurvesDisplay.from_histories(
        {"relu": FOLDS}, color="red", linestyle=":", linewidth=3
    )

    [line], [band] = display.lines_, display.bands_
    assert (line.get_color(), line.get_linestyle(), line.get_linewidth()) == ("red", ":", 3)
    assert same_color(band.get_facecolor()[0, :3], "red")


def test_short_names_of_styles_work_as_in_matplotlib():
    display = TrainingCurvesDisplay.from_histories({"relu": FOLDS}, c="red", ls=":")

    [line] = display.lines_
    assert (line.get_color(), line.get_linestyle()) == ("red", ":")


def test_importing_displays_loads_no_matplotlib_and_no_tensorflow():
    code = (
        "import sys; import skdnn.displays; from skdnn.displays import TrainingCurvesDisplay;"
        "print(sorted({'matplotlib', 'tensorflow', 'keras', 'scikeras'} & set(sys.modules)))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert answer.stdout.strip() == "[]"
