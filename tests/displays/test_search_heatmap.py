import matplotlib as mpl
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RandomizedSearchCV

from skdnn.displays import SearchHeatmapDisplay

mpl.use("Agg")

from matplotlib import pyplot as plt

GRID = {"dnn__activation": ["sigmoid", "relu"], "dnn__optimizer": ["sgd", "adam", "rmsprop"]}
SCORES = np.arange(12).reshape(6, 2) / 12


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_cells_hold_mean_and_deviation_of_their_candidate(searched):
    display = SearchHeatmapDisplay.from_search(searched(GRID, SCORES))

    means = SCORES.mean(axis=1).reshape(2, 3)
    np.testing.assert_allclose(display.im_.get_array(), means)
    for place in np.ndindex(2, 3):
        assert display.text_[place].get_text() == f"{means[place]:.3f}\n± 0.042"
        assert display.text_[place].get_position() == (place[1], place[0])


def test_axes_name_parameters_and_values(searched):
    display = SearchHeatmapDisplay.from_search(searched(GRID, SCORES), score_name="recall")

    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("optimizer", "activation")
    assert ticks(display.ax_.xaxis) == ["sgd", "adam", "rmsprop"]
    assert ticks(display.ax_.yaxis) == ["sigmoid", "relu"]
    assert display.colorbar_.ax.get_ylabel() == "Recall, mean of the folds"


def test_errors_of_millions_and_of_a_millionth_can_be_read(searched):
    for size, text in ((-1e6, "-500,000\n± 100,000"), (-1e-6, "-5.00e-07\n± 1.00e-07")):
        search = searched({"a": [1, 2], "b": [1, 2]}, 4 * [[0.4 * size, 0.6 * size]])
        search.scoring = "neg_mean_squared_error"
        display = SearchHeatmapDisplay.from_search(search)
        assert display.text_[0, 0].get_text() == text
        label = display.colorbar_.ax.get_ylabel()
        assert label == "Negative mean squared error,\nmean of the folds"


def test_many_cells_need_no_values_and_several_maps_no_bar_each(searched):
    figure, (left, right) = plt.subplots(1, 2)

    display = SearchHeatmapDisplay.from_search(
        searched(GRID, SCORES), include_values=False, cmap="viridis", ax=left, colorbar=False
    )

    assert (display.text_, display.colorbar_, list(left.texts)) == (None, None, [])
    assert figure.axes == [left, right]
    assert display.im_.get_cmap().name == "viridis"
    assert display.plot(ax=right).text_.shape == (2, 3)


def test_axes_can_be_chosen(searched):
    display = SearchHeatmapDisplay.from_search(searched(GRID, SCORES), x="dnn__activation")

    assert display.x_values == ["sigmoid", "relu"]
    np.testing.assert_allclose(display.scores, SCORES.mean(axis=1).reshape(2, 3).T)


def test_numbers_are_in_order(searched):
    grid = {"l2": [0.1, 0.001, 0.01], "optimizer": ["sgd", "adam"]}

    display = SearchHeatmapDisplay.from_search(searched(grid, SCORES))

    assert display.x_values == ["0.001", "0.01", "0.1"]
    by_candidate = SCORES.mean(axis=1).reshape(3, 2)  # as in the grid: 0.1, 0.001, 0.01
    np.testing.assert_allclose(display.scores, by_candidate[[1, 2, 0]].T)


def test_where_more_differ_a_cell_shows_the_best(searched):
    grid = GRID | {"dnn__epochs": [5, 10]}
    scores = np.random.default_rng(0).random((12, 2))
    scores[3] = np.nan
    search = searched(grid, scores)
    with pytest.raises(ValueError, match=r"they differ in .*epochs.*, got x=None and y=None"):
        SearchHeatmapDisplay.from_search(search)

    display = SearchHeatmapDisplay.from_search(search, x="dnn__optimizer", y="dnn__activation")

    by_candidate = scores.mean(axis=1).reshape(2, 2, 3)  # activation, epochs, optimizer
    np.testing.assert_allclose(display.scores, np.nanmax(by_candidate, axis=1))


def test_pairs_that_were_not_tried_are_empty(iris):
    search = RandomizedSearchCV(
        LogisticRegression(),
        {"C": [0.1, 1.0], "max_iter": [200, 300]},
        n_iter=3,
        random_state=0,
        cv=2,
    ).fit(*iris)

    display = SearchHeatmapDisplay.from_search(search)

    empty = np.isnan(display.scores)
    assert empty.sum() == 1
    assert np.equal(display.text_, None).tolist() == empty.tolist()


def test_every_text_stands_out_from_its_cell(searched):
    display = SearchHeatmapDisplay.from_search(searched(GRID, SCORES))

    assert {text.get_color() for text in display.text_.flat} == {"black", "white"}
    assert display.text_[0, 0].get_color() == "white"
    assert display.text_[1, 2].get_color() == "black"


def test_axes_that_are_given_are_drawn_on(searched):
    figure, (left, right) = plt.subplots(1, 2)

    display = SearchHeatmapDisplay.from_search(searched(GRID, SCORES), ax=right)

    assert display.ax_ is right
    assert display.figure_ is figure
    assert len(left.images) == 0


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"x": "epochs"}, "x must be a parameter in which candidates differ, .* got 'epochs'"),
        ({"y": "epochs"}, "y must be a parameter in which candidates differ, .* got 'epochs'"),
        (
            {"x": "dnn__optimizer", "y": "dnn__optimizer"},
            "x and y must name two parameters .* got x='dnn__optimizer'",
        ),
    ],
)
def test_wrong_parameters_are_refused(searched, axes, message):
    with pytest.raises(ValueError, match=message):
        SearchHeatmapDisplay.from_search(searched(GRID, SCORES), **axes)
    assert plt.get_fignums() == []


def test_one_parameter_is_no_table(searched):
    with pytest.raises(ValueError, match=r"they differ in \['C'\]"):
        SearchHeatmapDisplay.from_search(searched({"C": [1, 2]}, SCORES[:2]))


def test_unfitted_is_refused():
    search = RandomizedSearchCV(LogisticRegression(), {"C": [1]})

    with pytest.raises(NotFittedError, match="search must be fitted"):
        SearchHeatmapDisplay.from_search(search)
