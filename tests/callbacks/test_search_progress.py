"""SearchProgress on real searches."""

import copy
import io
import pickle
import re

import joblib
import numpy as np
import pytest
import sklearn
from helpers.python_process import run_python
from rich.console import Console
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNClassifier, KerasDNNRegressor
from skdnn.callbacks import HistoryMonitor, SearchProgress


@pytest.fixture
def screen():
    """A console that takes itself for a terminal and writes to memory."""
    return Console(force_terminal=True, file=io.StringIO(), width=120, color_system=None)


@pytest.fixture
def network():
    return KerasDNNClassifier((8,), epochs=3, random_state=0)


GRID = {"activation": ["relu", "tanh"]}


def searched(progress, estimator, data, grid=GRID, scoring=None, **settings):
    search = GridSearchCV(
        estimator, grid, cv=3, scoring=progress.scorer(scoring), **{"n_jobs": 2, **settings}
    )
    return search.set_callbacks(progress).fit(*data)


def text_of(console):
    return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", console.file.getvalue())


def last_state(console):
    return [line.strip(" ━╸╺") for line in text_of(console).splitlines() if line.strip()][-2:]


@pytest.mark.usefixtures("loky_forks")
@pytest.mark.parametrize(
    "backend",
    [
        "sequential",
        "threading",
        # In the quick form HistoryMonitor's test of loky has a SearchProgress, too.
        pytest.param("loky", marks=pytest.mark.long_form(row="backends", only=True)),
    ],
)
def test_a_search_is_followed_to_its_end(backend, network, iris, screen):
    progress = SearchProgress(screen)
    with joblib.parallel_config(backend):
        search = searched(progress, network, iris)
    results = search.cv_results_
    assert progress.fold_scores == {
        (candidate, fold): results[f"split{fold}_test_score"][candidate]
        for candidate in range(2)
        for fold in range(3)
    }
    count, best = last_state(screen)
    assert re.fullmatch(r"7 of 7 fits, \d+:\d\d", count)
    (candidate, fold), score = max(progress.fold_scores.items(), key=lambda item: item[1])
    assert best == f"best so far {score:.4f}: {('relu', 'tanh')[candidate]}, fold {fold + 1}"


def test_epochs_of_a_fit_under_way_are_shown(network, iris):
    seen = []

    class Watched(SearchProgress):
        def on_fit_task_end(self, estimator, context):
            super().on_fit_task_end(estimator, context)
            seen.append(self._state.snapshot())

    pipeline = make_pipeline(StandardScaler(), network)
    grid = {f"kerasdnnclassifier__{name}": values for name, values in GRID.items()}
    searched(Watched(Console(file=io.StringIO())), pipeline, iris, grid, n_jobs=1)
    told = [fit for now in seen for fit in now.running]
    assert {fit.label for fit in told} == {
        *(f"{name}, fold {fold}" for name in ("relu", "tanh") for fold in (1, 2, 3)),
        *({"relu, all rows", "tanh, all rows"} & {fit.label for fit in told}),
    }
    assert {(fit.epochs_done, fit.epochs) for fit in told} >= {(1, 3), (2, 3), (3, 3)}
    assert all(set(fit.figures) == {"loss", "accuracy"} for fit in told if fit.epochs_done)
    assert seen[-1].n_fits == 7


def test_a_search_without_its_scorer_is_followed_without_scores(network, iris, screen):
    progress = SearchProgress(screen)
    search = GridSearchCV(network, GRID, cv=3, refit=False)
    search.set_callbacks(progress).fit(*iris)
    assert progress.fold_scores == {}
    assert re.search(r"6 of 6 fits, \d+:\d\d\s*$", text_of(screen))
    assert "best" not in text_of(screen)


def test_any_scorer_scores_as_it_does_alone(network, iris, screen):
    alone = GridSearchCV(network, GRID, cv=3, scoring="neg_log_loss", return_train_score=True)
    alone.fit(*iris)
    progress = SearchProgress(screen)
    followed = searched(
        progress, network, iris, scoring="neg_log_loss", return_train_score=True, n_jobs=1
    )
    for name in ("mean_test_score", "mean_train_score"):
        np.testing.assert_array_equal(followed.cv_results_[name], alone.cv_results_[name])
    assert followed.score(*iris) == alone.score(*iris)
    assert len(progress.fold_scores) == 6  # those of the training are not taken for them
    assert max(progress.fold_scores.values()) < 0


@pytest.mark.parametrize("scoring", [None, "accuracy", "routed"])
def test_metadata_is_routed_as_to_the_scorer_alone(scoring, network, iris):
    X, y = iris
    weight = np.where(y == 1, 10.0, 0.1)
    with sklearn.config_context(enable_metadata_routing=True):
        network.set_fit_request(sample_weight=False)
        if scoring == "routed":
            scoring = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        routed = {"sample_weight": weight} if callable(scoring) else {}
        alone = GridSearchCV(network, GRID, cv=3, scoring=scoring).fit(X, y, **routed)
        progress = SearchProgress(Console(file=io.StringIO()))
        followed = GridSearchCV(network, GRID, cv=3, scoring=progress.scorer(scoring))
        followed.set_callbacks(progress).fit(X, y, **routed)
    np.testing.assert_array_equal(
        followed.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


def test_a_search_for_numbers_is_followed(iris):
    X, y = iris[0][:, :3], 1e6 * iris[0][:, 3]
    screen = Console(force_terminal=True, file=io.StringIO(), width=200, color_system=None)
    seen = []

    class Watched(SearchProgress):
        def on_fit_task_end(self, estimator, context):
            super().on_fit_task_end(estimator, context)
            seen.extend(self._state.snapshot().running)

    progress, monitor = Watched(screen), HistoryMonitor()
    search = GridSearchCV(
        KerasDNNRegressor((4,), epochs=2, random_state=0),
        GRID,
        cv=2,
        scoring=progress.scorer("neg_mean_absolute_error"),
    )

    search.set_callbacks(progress, monitor).fit(X, y)

    count, best = last_state(screen)
    assert count.startswith("5 of 5 fits")
    assert best.startswith(f"best so far {max(progress.fold_scores.values()):,.0f}: ")
    figures = [set(fit.figures) for fit in seen if fit.epochs_done]
    assert figures
    assert all(names == {"loss", "mean_absolute_error"} for names in figures)
    [[first, _], _] = monitor.fold_histories(search)
    assert set(first) == {"loss", "mean_absolute_error"}


def test_a_random_search_is_followed(network, iris, screen):
    progress = SearchProgress(screen)
    search = RandomizedSearchCV(
        network, {"epochs": range(1, 6)}, n_iter=3, cv=2, random_state=0,
        scoring=progress.scorer("balanced_accuracy"),
    )  # fmt: skip
    search.set_callbacks(progress).fit(*iris)
    count, best = last_state(screen)
    assert count.startswith("7 of 7 fits")
    assert re.search(r": epochs=[1-5], fold [12]$", best)


def test_a_halving_search_is_followed_round_by_round(network, iris, screen):
    progress = SearchProgress(screen)
    search = HalvingGridSearchCV(
        network,
        {"activation": ["relu", "tanh", "elu"]},
        resource="epochs",
        min_resources=1,
        max_resources=3,
        cv=2,
    )
    progress.follow(search).fit(*iris)
    n_fits = 2 * sum(search.n_candidates_) + 1
    assert progress.fold_scores == {
        (row, fold): search.cv_results_[f"split{fold}_test_score"][row]
        for row in range(4)
        for fold in range(2)
    }
    assert re.search(
        rf"{n_fits} of {n_fits} fits, \d+:\d\d\s*\nbest so far .*\s*$", text_of(screen)
    )


def test_failed_fits_are_counted(network, iris, screen):
    progress = SearchProgress(screen)
    with (
        pytest.warns(FitFailedWarning, match="3 fits failed"),
        pytest.warns(UserWarning, match="scores are non-finite"),
    ):
        searched(progress, network, iris, {"optimizer": ["no-such", "sgd"]}, n_jobs=1)
    count, best = last_state(screen)
    assert re.fullmatch(r"7 of 7 fits, 3 failed, \d+:\d\d", count)
    assert "sgd" in best


def test_a_pipeline_alone_is_one_fit(network, iris, screen):
    progress = SearchProgress(screen)
    make_pipeline(StandardScaler(), network).set_callbacks(progress).fit(*iris)
    assert re.search(r"1 of 1 fits, \d+:\d\d\s*$", text_of(screen))
    network.set_callbacks(progress).fit(*iris)
    assert text_of(screen).count("1 of 1 fits") >= 2


def test_other_estimators_are_counted(iris, screen):
    progress = SearchProgress(screen)
    search = GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2)
    search.set_callbacks(progress).fit(*iris)
    assert "5 of 5 fits" in text_of(screen)


def test_an_interrupted_search_leaves_its_scores_and_the_cursor(network, iris, screen):
    class Stops(SearchProgress):
        def on_fit_task_begin(self, estimator, context):
            super().on_fit_task_begin(estimator, context)
            if len(self.fold_scores) == 2:
                raise KeyboardInterrupt

    progress = Stops(screen)
    with pytest.raises(KeyboardInterrupt):
        searched(progress, network, iris, n_jobs=1)
    assert list(progress.fold_scores) == [(0, 0), (0, 1)]
    assert screen.file.getvalue().endswith("\x1b[?25h")
    network.set_callbacks(progress).fit(*iris)  # and it can be used again
    assert progress.fold_scores == {}


def test_nothing_is_written_where_no_one_looks(network, iris):
    console = Console(file=io.StringIO())
    progress = SearchProgress(console)
    searched(progress, network, iris, n_jobs=1)
    assert console.file.getvalue() == ""
    assert len(progress.fold_scores) == 6


@pytest.mark.usefixtures("loky_forks")
def test_a_search_inside_another_shows_the_outer_one_alone(network, iris, screen):
    progress = SearchProgress(screen)
    search = GridSearchCV(network, {"epochs": [1, 2]}, cv=2, refit=True)
    search.set_callbacks(progress)
    cross_val_score(search, *iris, cv=2, n_jobs=2)  # in processes: copies draw nothing here
    assert text_of(screen) == ""


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_a_copy_works_by_itself(copied, network, iris):
    original = SearchProgress(Console(file=io.StringIO()))
    copy_of_it = copied(original)
    searched(copy_of_it, network, iris, n_jobs=1)
    assert len(copy_of_it.fold_scores) == 6
    assert original.fold_scores == {}


def test_a_search_with_its_progress_is_cloned_and_pickled(network, iris):
    progress = SearchProgress(Console(file=io.StringIO()))
    search = searched(progress, network, iris, n_jobs=1)
    loaded = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(loaded.predict(iris[0]), search.predict(iris[0]))
    assert loaded.score(*iris) == search.score(*iris)
    clone(search).fit(*iris)
    assert len(progress.fold_scores) == 6


def test_a_clone_of_a_search_from_a_file_is_scored_in_a_new_process(network, iris, tmp_path):
    progress = SearchProgress(Console(file=io.StringIO()))
    search = searched(progress, network, iris, n_jobs=1)
    joblib.dump(search, tmp_path / "search.joblib")
    code = """
import sys, joblib
from sklearn.base import clone
from sklearn.datasets import load_iris
X, y = load_iris(return_X_y=True)
again = clone(joblib.load(sys.argv[1])).fit(X, y)
print(*again.cv_results_["mean_test_score"])
"""
    ended = run_python("-c", code, tmp_path / "search.joblib", check=True)
    assert "nan" not in ended.stdout
    assert len(ended.stdout.split()) == 2


def test_what_an_interrupted_search_goes_on_with_is_not_taken_for_the_next(network, iris):
    progress = SearchProgress(Console(file=io.StringIO()))
    searched(progress, network, iris, n_jobs=1)
    old = pickle.loads(pickle.dumps(progress))  # as a worker has it, of another search
    old._root = "another"
    network.set_callbacks(progress).fit(*iris)
    old._send("scored", fit="x", number=0, score=0.5)
    assert progress.fold_scores == {}


def test_no_grid_is_scikit_learns_error(network, iris):
    with pytest.raises(ValueError, match="No fits were performed"):
        searched(SearchProgress(), network, iris, [], n_jobs=1)


@pytest.mark.parametrize("scoring", [["accuracy"], {"a": "accuracy"}, 3])
def test_what_is_no_metric_is_refused(scoring):
    with pytest.raises(TypeError, match="scoring must be a name, a callable or None"):
        SearchProgress().scorer(scoring)


def test_an_unknown_metric_is_told_at_once():
    with pytest.raises(ValueError, match="'acuracy' is not a valid scoring"):
        SearchProgress().scorer("acuracy")
