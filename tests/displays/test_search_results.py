import matplotlib as mpl
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from skdnn.displays import SearchResultsDisplay
from skdnn.displays._canvas import COLOURS, GREY

mpl.use("Agg")

from matplotlib import pyplot as plt

GRID = {"optimizer": ["sgd", "adam", "rmsprop"]}
SCORES = [[0.5, 0.7, 0.9], [0.8, 0.8, 0.95], [0.84, 0.8, 0.76]]
TIMES = np.array([1.0, 3.0, 2.0])


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def drawn(point):
    """Return what a candidate's artists show: time, mean, lowest and highest fold."""
    [[time]], [[mean]] = point[0].get_data()[0:1], point[0].get_data()[1:2]
    [[(_, low), (_, high)]] = point[2][0].get_segments()
    return time, mean, low, high


def test_each_candidate_is_its_mean_and_a_bar_between_its_folds(searched):
    display = SearchResultsDisplay.from_search(searched(GRID, SCORES, TIMES))

    found = np.array([drawn(point) for point in display.points_])

    np.testing.assert_allclose(
        found, [[1, 0.7, 0.5, 0.9], [3, 0.85, 0.8, 0.95], [2, 0.8, 0.76, 0.84]]
    )


def test_the_band_is_the_bests_mean_and_deviation(searched):
    display = SearchResultsDisplay.from_search(searched(GRID, SCORES, TIMES))

    low = display.band_.get_y()
    reach = np.std([0.8, 0.8, 0.95])
    np.testing.assert_allclose(
        [low, low + display.band_.get_height()], [0.85 - reach, 0.85 + reach]
    )


def test_axes_and_legend_say_what_is_drawn_with_units(searched):
    display = SearchResultsDisplay.from_search(searched(GRID, SCORES, TIMES))

    assert display.ax_.get_xlabel() == "Time of a fit, mean of the folds (s)"
    assert display.ax_.get_ylabel() == "Accuracy: mean, lowest and highest fold"
    # The best first, as in the curves of a search, so that both give it the same colour.
    assert legend_of(display) == ["best, ± std of its folds", "adam", "rmsprop", "sgd"]
    assert display.points_[1][0].get_color() == COLOURS[0]
    assert display.ax_.get_xlim()[0] == 0


def test_a_long_name_of_scores_has_a_line_of_its_own(searched):
    scores = -1e6 * np.array(SCORES)
    display = SearchResultsDisplay.from_search(
        searched(GRID, scores, TIMES, scoring="neg_mean_absolute_error")
    )

    expected = "Negative mean absolute error:\nmean, lowest and highest fold"
    assert display.ax_.get_ylabel() == expected
    assert legend_of(display)[1] == "sgd"  # nearest to 0


def test_candidates_can_be_told_apart_without_colour(searched):
    grid = {"optimizer": [f"o{k}" for k in range(12)]}
    display = SearchResultsDisplay.from_search(searched(grid, np.eye(12)[::-1] + 1))

    looks = [(p[0].get_color(), p[0].get_marker()) for p in display.points_]
    assert len(set(looks)) == 12
    assert len({marker for _, marker in looks}) == 6


def test_of_many_candidates_those_are_named_that_none_beats(searched):
    grid = {"optimizer": [f"o{k}" for k in range(20)]}
    scores = np.linspace(0.5, 0.6, 20)[:, None] * [[1.0, 1.0]]
    scores[[3, 7]] = [[0.7], [0.9]]
    display = SearchResultsDisplay.from_search(searched(grid, scores, np.arange(1.0, 21)))

    named = {text for text in legend_of(display) if text.startswith("o")}
    assert named == {"o0", "o1", "o2", "o3", "o7"}
    assert "15 others" in legend_of(display)
    colours = [point[0].get_color() for point in display.points_]
    assert [colour == GREY for colour in colours].count(True) == 15
    np.testing.assert_allclose([drawn(p)[0] for p in display.points_], np.arange(1, 21))


def test_far_times_are_on_a_logarithmic_scale(searched):
    near = SearchResultsDisplay.from_search(searched(GRID, SCORES, np.array([1.0, 2, 3])))
    far = SearchResultsDisplay.from_search(searched(GRID, SCORES, np.array([1.0, 2, 30])))

    assert (near.ax_.get_xscale(), far.ax_.get_xscale()) == ("linear", "log")
    far.figure_.canvas.draw()
    labels = [label.get_text() for label in far.ax_.get_xticklabels(which="both")]
    assert {"1", "10"} <= set(labels) <= {"", "0.1", "1", "10", "100", "1000"}


def test_a_search_of_scikit_learn_is_drawn_on_given_axes(iris):
    search = GridSearchCV(LogisticRegression(), {"C": [0.01, 1.0]}, scoring="f1_macro", cv=3)
    search.fit(*iris)
    figure, (left, right) = plt.subplots(1, 2)

    display = SearchResultsDisplay.from_search(search, ax=right)

    assert display.ax_ is right
    assert display.figure_ is figure
    assert len(left.lines) == 0
    assert display.names == ["C=0.01", "C=1"]
    assert display.score_name == "f1 macro"
    np.testing.assert_allclose(
        display.scores.mean(axis=1), search.cv_results_["mean_test_score"]
    )


def test_of_several_metrics_that_of_refit_is_drawn(iris):
    search = GridSearchCV(
        LogisticRegression(),
        {"C": [0.01, 1.0]},
        scoring=["accuracy", "f1_macro"],
        refit="f1_macro",
        cv=3,
    ).fit(*iris)

    display = SearchResultsDisplay.from_search(search)

    assert display.score_name == "f1 macro"
    np.testing.assert_allclose(
        display.scores.mean(axis=1), search.cv_results_["mean_test_f1_macro"]
    )
    search.refit = False
    with pytest.raises(ValueError, match="refit must name one of several, got refit=False"):
        SearchResultsDisplay.from_search(search)


def test_a_failed_fit_leaves_the_others(searched):
    scores = [[np.nan, 0.7], [0.8, 0.9], [0.8, 0.7]]

    display = SearchResultsDisplay.from_search(searched(GRID, scores, TIMES))

    assert display.band_.get_y() == pytest.approx(0.8)
    with pytest.raises(ValueError, match="must have a candidate without failed fits"):
        SearchResultsDisplay.from_search(searched(GRID, np.full((3, 2), np.nan)))


def test_names_are_taken_and_drawn_as_they_are(searched):
    names = ["costs $5 or $6", "_hidden", "a < b"]

    display = SearchResultsDisplay.from_search(searched(GRID, SCORES), names=names)
    display.figure_.canvas.draw()

    shown = [text.replace(r"\$", "$").lstrip("\u200b") for text in legend_of(display)]
    assert set(names) < set(shown)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a"], "names must hold a name for each of the 3 candidates, got 1"),
        (["a", "b", "a"], r"names must all be different, got \['a'\] more than once"),
    ],
)
def test_wrong_names_are_refused(searched, names, message):
    with pytest.raises(ValueError, match=message):
        SearchResultsDisplay.from_search(searched(GRID, SCORES), names=names)


def test_what_is_no_fitted_search_is_refused():
    search = GridSearchCV(LogisticRegression(), {"C": [1]})

    with pytest.raises(NotFittedError, match="got a GridSearchCV without cv_results_"):
        SearchResultsDisplay.from_search(search)
    with pytest.raises(TypeError, match=r"must be a fitted search.* got LogisticRegression"):
        SearchResultsDisplay.from_search(LogisticRegression())
    assert plt.get_fignums() == []
