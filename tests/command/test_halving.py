import io
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline

from skdnn import make_image_pipeline
from skdnn._command.grid import OptionError, check_halving, parse_setting
from skdnn._command.halving import Round, halving_rounds
from skdnn._command.output import print_report, write_partial_results, write_results
from skdnn._command.search import RunningSearch, SearchPlan
from skdnn.callbacks import HistoryMonitor
from skdnn.persistence import load
from skdnn.report import write_report


class CountsEpochs(HistoryMonitor):
    """A monitor that counts the epochs that are trained."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_fit_task_end(self, estimator, context):
        super().on_fit_task_end(estimator, context)
        if context.task_name == "epoch":
            self.epochs.append(context.task_id)


@pytest.fixture(scope="module")
def few(sample):
    """300 images and their labels."""
    return sample.images[:300], sample.target[:300]


@pytest.fixture(scope="module")
def plan():
    grid = {"dnn__l2": [0, 0.001, 0.01], "dnn__optimizer": ["sgd", "adam"]}
    pipeline = make_image_pipeline(hidden_units=(16,), epochs=7, random_state=0)
    return SearchPlan(pipeline, grid, cv=2, scoring=None, jobs=2, seed=0, halving=True)


@pytest.fixture(scope="module")
def running(plan, few, tmp_path_factory):
    """A halving search that has ended, with what it was followed by."""
    memory = str(tmp_path_factory.mktemp("memory"))
    console = Console(file=io.StringIO())
    running = RunningSearch(plan, *few, console, memory=memory, monitor=CountsEpochs())
    running.wait()
    return running


@pytest.fixture(scope="module")
def search(running):
    return running.wait()


# -- the rounds -----------------------------------------------------------------------------


class Cheap(ClassifierMixin, BaseEstimator):
    """Learns nothing, at once."""

    def __init__(self, number=0, epochs=1, memory=None):
        self.number = number
        self.epochs = epochs
        self.memory = memory

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize("n_candidates", [3, 6, 9, 10, 28])
@pytest.mark.parametrize("epochs", [3, 5, 9, 26, 100])
def test_rounds_are_those_that_scikit_learn_makes(n_candidates, epochs):
    pipeline = Pipeline([("dnn", Cheap(epochs=epochs))])
    grid = {"dnn__number": list(range(n_candidates))}
    plan = SearchPlan(pipeline, grid, cv=2, scoring=None, jobs=1, seed=0, halving=True)
    search = plan.new_search().fit(np.eye(4), [0, 1, 0, 1])

    assert [(each.n_candidates, each.epochs) for each in plan.rounds] == list(
        zip(search.n_candidates_, search.n_resources_, strict=True)
    )
    assert plan.n_fits == 2 * len(search.cv_results_["params"])
    assert len(plan.rounds) > 1
    assert plan.rounds[-1].epochs <= epochs


def test_too_few_candidates_or_epochs_are_one_round():
    assert halving_rounds(2, 9) == [Round(2, 9)]
    assert halving_rounds(6, 2) == [Round(6, 1)]


@pytest.mark.parametrize(
    ("text", "dask", "message"),
    [
        ("l2=0", "tcp://x", "not allowed with argument --dask"),
        ("epochs=3", None, "not allowed with --set 'epochs=3', .* by --epochs"),
        ("early_stopping=True", None, "with --set 'early_stopping=True', .* early stopping"),
        ("random_state=None", None, "with --set 'random_state=None', .* integers"),
    ],
)
def test_what_halving_cannot_be_used_with_is_refused(text, dask, message):
    with pytest.raises(OptionError, match=f"argument --halving: .*{message}"):
        check_halving([parse_setting(text)], dask)


# -- the search -----------------------------------------------------------------------------


def test_later_rounds_go_on_and_score_as_if_trained_at_once(running, search, few):
    X, y = few
    assert search.n_candidates_ == [6, 2]
    assert search.n_resources_ == [2, 6]
    # Two folds; the last round and the refit of all rows end with 6 epochs.
    assert len(running.monitor.epochs) == 2 * (6 * 2 + 2 * (6 - 2)) + 6

    for row in (6, 7):
        pipeline = make_image_pipeline(hidden_units=(16,), random_state=0)
        pipeline.set_params(**search.cv_results_["params"][row])
        for fold, (train, test) in enumerate(StratifiedKFold(2).split(X, y)):
            score = pipeline.fit(X[train], y[train]).score(X[test], y[test])
            assert score == search.cv_results_[f"split{fold}_test_score"][row]


def test_candidates_and_scores_are_those_of_all_rounds(running, search):
    results = search.cv_results_

    assert running.candidates == results["params"]
    np.testing.assert_array_equal(
        running.fold_scores(),
        np.transpose([results[f"split{fold}_test_score"] for fold in range(2)]),
    )


def test_the_winner_is_of_the_last_round_and_can_be_saved(plan, running, search, tmp_path, few):
    assert search.best_index_ in (6, 7)
    write_results(tmp_path, plan, search, running.monitor)

    pipeline = load(tmp_path / "best_pipeline.safetensors")

    assert pipeline["dnn"].memory is None
    assert pipeline["dnn"].n_iter_ == 6
    np.testing.assert_array_equal(pipeline.predict(few[0]), search.predict(few[0]))
    table = pd.read_csv(tmp_path / "results.csv")
    assert table["iter"].tolist() == [0] * 6 + [1] * 2
    assert table["param_dnn__epochs"].tolist() == [2] * 6 + [6] * 2
    write_partial_results(tmp_path, running.candidates, running.fold_scores())
    partial = pd.read_csv(tmp_path / "results.csv")
    pd.testing.assert_frame_equal(partial, table[list(partial.columns)])


def test_the_table_shows_rounds_and_epochs_the_last_round_first(plan, search):
    console = Console(file=io.StringIO(), width=120)
    print_report(console, plan, search)
    lines = [line.strip() for line in console.file.getvalue().splitlines()]
    header = next(line for line in lines if "variant" in line)
    rows = [re.split(r"\s{2,}", line) for line in lines if re.match(r"\d", line)]

    assert re.split(r"\s{2,}", header)[1:5] == ["variant", "round", "epochs", "fold 1"]
    assert [row[2:4] for row in rows] == [["2", "6"]] * 2 + [["1", "2"]] * 6
    assert [int(row[0]) for row in rows] == sorted(int(row[0]) for row in rows)
    first = search.cv_results_["params"][search.best_index_]
    assert rows[0][1] == f"l2={first['dnn__l2']:.4g}, {first['dnn__optimizer']}"


def test_the_report_tells_the_rounds(search, running, tmp_path, few):
    X, y = few
    page = write_report(
        search, tmp_path / "report.html", X_test=X[:50], y_test=y[:50], monitor=running.monitor
    ).read_text(encoding="utf-8")
    text = " ".join(re.sub(r"<[^>]*>", " ", page).split())

    assert "Which of these 6 candidates" in text
    assert (
        "Successive halving compared 6 with epochs=2, and the best of each round again: 2 "
        in text
    )
    assert re.search(r"Rank .*? 1 \S+, \S+, epochs=6 .* 2 \S+, \S+, epochs=6 ", text)
    assert "A fit of a later round goes on from the one before" in text
    # A curve for each candidate: at its end, after 6 epochs or 2.
    curves = re.findall(r"At the last epoch: ([^<\"]*)", page)[0]
    assert [curves.count(f"epochs={epochs}") for epochs in (6, 2)] == [2, 4]
