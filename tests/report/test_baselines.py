"""Simple models on the folds of a search, and what the page says of them."""

import html
import re

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer, recall_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skdnn.callbacks import SearchProgress
from skdnn.preprocessing import make_image_transformer
from skdnn.report import Baselines, _baseline_models, score_baselines, write_report

# What stands for a network costs nothing: any estimator can be searched and reported.
FOLDS = KFold(3, shuffle=True, random_state=0)


def searched_over(estimator, X, y, grid=None, **settings):
    search = GridSearchCV(estimator, grid or {"C": [1e-3]}, **{"cv": FOLDS, **settings})
    return search.fit(X, y)


def text_of(path):
    """Return a page's words, without elements, styles and scripts."""
    page = path.read_text(encoding="utf-8")
    page = re.sub(r"<(style|script).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.fixture(scope="module")
def classes(iris):
    """A search behind a step, with folds of its own."""
    return searched_over(
        make_pipeline(MinMaxScaler(), LogisticRegression()),
        *iris,
        {"logisticregression__C": [1e-3, 1e-2]},
        scoring="f1_macro",
    )


# -- scores -------------------------------------------------------------------------------


def test_models_stand_behind_the_winners_steps_on_the_folds_of_the_search(classes, iris):
    baselines = score_baselines(classes, *iris)

    assert baselines.names == ["most frequent class", "linear model", "gradient boosting"]
    assert baselines.models == [
        *("DummyClassifier", "LogisticRegression", "HistGradientBoostingClassifier")
    ]
    for model, scores in zip(
        [
            DummyClassifier(),
            make_pipeline(MinMaxScaler(), StandardScaler(with_std=False), LogisticRegression()),
            make_pipeline(MinMaxScaler(), HistGradientBoostingClassifier(random_state=0)),
        ],
        baselines.scores,
        strict=True,
    ):
        expected = cross_val_score(model, *iris, cv=FOLDS, scoring="f1_macro")
        np.testing.assert_allclose(scores, expected, atol=1e-12)
    assert 0 < baselines.fit_times.sum() * 3 < baselines.seconds
    assert baselines.notes == []


@pytest.mark.parametrize(
    ("scoring", "refit"),
    [
        (None, True),
        ("neg_log_loss", True),
        (make_scorer(recall_score, average="macro"), True),
        (["accuracy", "f1_macro"], "f1_macro"),
        ({"a": "accuracy", "r": make_scorer(recall_score, average="macro")}, "r"),
        (lambda model, X, y: {"a": model.score(X, y), "b": 0.0}, "a"),
        (SearchProgress().scorer("neg_log_loss"), True),
    ],
    ids=["own", "name", "scorer", "names", "dict", "callable", "reported"],
)
def test_the_score_is_the_searchs(iris, scoring, refit):
    search = searched_over(
        DummyClassifier(), *iris, {"strategy": ["prior"]}, scoring=scoring, refit=refit
    )

    baselines = score_baselines(search, *iris)

    metric = refit if isinstance(refit, str) else "score"
    expected = [search.cv_results_[f"split{fold}_test_{metric}"][0] for fold in range(3)]
    np.testing.assert_allclose(baselines.scores[0], expected)
    assert len(baselines.names) == 3


def test_numbers_have_models_of_numbers(friedman):
    X, y = friedman
    search = searched_over(Ridge(), X, y, {"alpha": [1.0]})

    baselines = score_baselines(search, X, y)

    assert baselines.names == ["mean of the target", "linear model", "gradient boosting"]
    assert baselines.models == ["DummyRegressor", "Ridge", "HistGradientBoostingRegressor"]
    expected = cross_val_score(DummyRegressor(), X, y, cv=FOLDS)
    np.testing.assert_allclose(baselines.scores[0], expected)
    np.testing.assert_allclose(  # features were standardised before
        baselines.scores[1], cross_val_score(Ridge(), X, y, cv=FOLDS), atol=1e-4
    )


def test_several_numbers_or_labels_a_row(iris):
    X = iris[0]
    numbers = X[:, 2:]
    labels = (X[:, 2:] > 0).astype(int)
    linear = searched_over(Ridge(), X[:, :2], numbers, {"alpha": [1.0]})
    multilabel = searched_over(
        OneVsRestClassifier(LogisticRegression()), X[:, :2], labels, {"estimator__C": [1.0]}
    )

    of_numbers = score_baselines(linear, X[:, :2], numbers)
    of_labels = score_baselines(multilabel, X[:, :2], labels)

    assert of_numbers.names == ["mean of the target", "linear model", "gradient boosting"]
    assert of_labels.names == ["most frequent labels", "linear model", "gradient boosting"]
    assert of_labels.models == [
        *("DummyClassifier", "LogisticRegression", "HistGradientBoostingClassifier")
    ]
    assert (of_labels.scores[0] < of_labels.scores[1]).all()
    assert of_numbers.notes == of_labels.notes == []


def test_a_transformed_target_is_transformed_for_all_but_the_mean(friedman):
    X, y = friedman
    winner = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), Ridge()), func=np.log, inverse_func=np.exp
    )
    search = searched_over(winner, X, y, {"regressor__ridge__alpha": [1.0]})

    baselines = score_baselines(search, X, y)

    np.testing.assert_allclose(
        baselines.scores[1],
        [search.cv_results_[f"split{fold}_test_score"][0] for fold in range(3)],
    )
    assert baselines.models == ["DummyRegressor", "Ridge", "HistGradientBoostingRegressor"]


def test_images_have_no_boosting(searched, sample):
    images, target = sample.images[:300], sample.target[:300]

    baselines = score_baselines(searched.search, images, target)

    assert baselines.names == ["most frequent class", "linear model"]
    assert baselines.scores[1].mean() > 0.6
    assert baselines.notes == []
    rows = images[:150].reshape(150, -1)
    assert score_baselines(searched.search, rows, target[:150]).names == baselines.names


def test_images_that_the_network_flattens(sample):
    images, target = sample.images[:60], sample.target[:60] > 4
    pipeline = make_pipeline(make_image_transformer(flatten=False), DummyClassifier())
    search = searched_over(pipeline, images, target, {"dummyclassifier__strategy": ["prior"]})

    baselines = score_baselines(search, images, target)

    assert baselines.names == ["most frequent class", "linear model"]
    assert baselines.scores[1].mean() > baselines.scores[0].mean()


@pytest.mark.parametrize("kind", ["pandas", "polars", "list"])
def test_data_of_any_kind(iris, kind):
    X, y = iris
    if kind == "list":
        X, y = X.tolist(), y.tolist()
    else:
        library = pytest.importorskip(kind)
        X, y = (
            library.DataFrame(X, ["a", "b", "c", "d"])
            if kind == "polars"
            else (pd.DataFrame(X, columns=list("abcd"))),
            library.Series(y),
        )
    search = searched_over(
        make_pipeline(StandardScaler(), LogisticRegression()),
        X,
        y,
        {"logisticregression__C": [1.0]},
        cv=2,
    )

    baselines = score_baselines(search, X, y)

    assert len(baselines.names) == 3
    assert baselines.scores[1].mean() > 0.9


def test_groups_stay_together(iris):
    X, y = iris
    groups = np.arange(150) % 10
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=GroupKFold(3))
    search.fit(X, y, groups=groups)

    baselines = score_baselines(search, X, y, groups=groups)

    expected = cross_val_score(DummyClassifier(), X, y, cv=GroupKFold(3), groups=groups)
    np.testing.assert_allclose(baselines.scores[0], expected)


# -- the same folds -----------------------------------------------------------------------


def halving(X, y, resource, **settings):
    search = HalvingGridSearchCV(
        LogisticRegression(), {"C": [0.1, 1.0]}, resource=resource, cv=2, **settings
    )
    return search.fit(X, y)


def test_a_halving_search_over_iterations_has_its_folds(iris):
    X, y = iris
    search = halving(X, y, "max_iter", min_resources=200, max_resources=400, factor=2)

    baselines = score_baselines(search, X, y)

    expected = cross_val_score(DummyClassifier(), X, y, cv=StratifiedKFold(2))
    np.testing.assert_allclose(baselines.scores[0], expected)


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (
            KFold(2, shuffle=True),
            r"the same folds at each call, got KFold\(.*Set its random_st",
        ),
        (
            ShuffleSplit(2, random_state=np.random.RandomState(0)),
            r"the same folds at each call, got ShuffleSplit\(",
        ),
        (
            lambda X: KFold(2).split(X),
            r"must give the 2 folds .* again, got 0: .*cv=list\(...\)",
        ),
    ],
    ids=["shuffled", "a random state", "an iterator"],
)
def test_folds_that_are_not_those_of_the_search_are_refused(iris, cv, message):
    X, y = iris
    search = searched_over(LogisticRegression(), X, y, cv=cv(X) if callable(cv) else cv)

    with pytest.raises(ValueError, match=message):
        score_baselines(search, X, y)


def test_a_halving_search_that_took_part_of_the_rows_is_refused(iris):
    search = halving(*iris, "n_samples", min_resources=60, max_resources=120, factor=2)

    with pytest.raises(ValueError, match=r"all 150 rows, got Halv.*n_samples', which took 120"):
        score_baselines(search, *iris)


def test_what_is_no_refitted_search_is_refused(iris):
    with pytest.raises(NotFittedError, match="got a GridSearchCV without cv_results_"):
        score_baselines(GridSearchCV(LogisticRegression(), {}), *iris)
    with pytest.raises(ValueError, match="must have a refitted winner"):
        score_baselines(searched_over(LogisticRegression(), *iris, refit=False), *iris)


# -- what is left out ---------------------------------------------------------------------


def test_what_would_take_long_is_left_out_and_told(digits, monkeypatch):
    X, y = digits
    monkeypatch.setattr(_baseline_models, "_MOST_BOOSTED", 1_000)
    monkeypatch.setattr(_baseline_models, "_LOGISTIC_WORK", 1)
    search = searched_over(LogisticRegression(), X, y, cv=2)

    baselines = score_baselines(search, X, y)

    assert baselines.names == ["most frequent class", "linear model"]
    assert baselines.notes == [
        "Gradient boosting was left out: 1,797 rows of 64 features and 10 outputs would take "
        "it long.",
        "The linear model was stopped after 30 iterations, before it had converged.",
    ]


def test_a_sparse_matrix_has_no_boosting(iris):
    X, y = csr_array(iris[0]), iris[1]
    search = searched_over(LogisticRegression(), X, y)

    baselines = score_baselines(search, X, y)

    assert baselines.names == ["most frequent class", "linear model"]
    assert baselines.notes == ["Gradient boosting was left out: it takes no sparse matrix."]


def test_a_model_that_can_not_be_scored_is_left_out_and_told(iris, tmp_path):
    def of_coefficients(model, X, y):
        return float(np.abs(model.coef_).sum())

    search = searched_over(LogisticRegression(), *iris, scoring=of_coefficients)

    baselines = score_baselines(search, *iris)

    assert baselines.names == []
    assert baselines.notes[0] == (
        "The most frequent class was left out, since it could not be scored: 'DummyClassifier' "
        "object has no attribute 'coef_'"
    )
    text = text_of(write_report(search, tmp_path / "r.html", baselines=baselines))
    assert "Baselines, on the same folds" not in text
    assert all(note in text for note in baselines.notes)


def test_a_score_that_is_no_number_is_left_out(iris):
    search = searched_over(LogisticRegression(), *iris, scoring=lambda *_: 0.5)
    search.scorer_ = lambda *_: np.nan

    baselines = score_baselines(search, *iris)

    assert baselines.names == []
    assert all(note.endswith("could not be scored: a score is nan") for note in baselines.notes)


# -- the page -----------------------------------------------------------------------------


def made_up(scores, names=("most frequent class", "linear model")):
    return Baselines(
        list(names),
        ["DummyClassifier", "LogisticRegression"],
        np.array([[0.1] * 3, scores]),
        np.array([0.001, 0.25]),
        1.234,
        ["A note."],
    )


@pytest.fixture(scope="module")
def told(classes):
    """A search whose winner has three scores that are known."""
    for fold, score in enumerate([0.8, 0.9, 0.85]):
        classes.cv_results_[f"split{fold}_test_score"][classes.best_index_] = score
    return classes


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        (
            [0.7, 0.8, 0.7],
            "The best baseline is a linear model with 0.7333. On the same folds the network "
            "was ahead in all 3, by 0.1167 ± 0.0236 on average.",
        ),
        (
            [0.9, 0.95, 0.95],
            "On these folds, the network is not worth it : a linear model reaches 0.9333 in "
            "0.25 s a fit, and was ahead of the network in all 3 folds, by 0.0833 ± 0.0236 on "
            "average.",
        ),
        (
            [0.79, 0.91, 0.8],
            "The network has no clear lead over a linear model, which reaches 0.8333 in 0.25 s "
            "a fit. On the same folds the network was ahead in 2 of 3, by 0.0167 ",
        ),
        (
            [0.81, 0.9, 0.85],
            "The network is no better than a linear model, which reaches 0.8533 in 0.25 s a "
            "fit. On the same folds the network was behind in 1 of 3, by 0.0033 ",
        ),
    ],
    ids=["ahead", "behind", "hardly ahead", "level"],
)
def test_the_page_says_whether_the_network_is_worth_it(told, tmp_path, scores, words):
    text = text_of(write_report(told, tmp_path / "r.html", baselines=made_up(scores)))

    assert words in text
    assert "Baselines, on the same folds" in text
    row = np.array(scores)
    figures = (row.mean(), row.std(), row.min(), row.max())
    cells = " ".join(f"{figure:.4f}" for figure in figures)
    assert f"Linear model (LogisticRegression) {cells} 0.25" in text
    assert (
        "the winner, behind the same preprocessing. In all, this took 1.23 s. A note." in text
    )


def test_without_baselines_none_is_spoken_of(told, tmp_path):
    text = text_of(write_report(told, tmp_path / "r.html")).lower()

    assert "baseline" not in text
    assert "linear model" not in text


@pytest.mark.parametrize(
    ("baselines", "error", "message"),
    [
        (
            0.9,
            TypeError,
            r"baselines must be what score_baselines\(search, X, y\) returns, got 0",
        ),
        (
            Baselines([], [], np.zeros((0, 5)), np.zeros(0), 0.0, []),
            ValueError,
            "with its 3 folds, got 5 folds",
        ),
    ],
)
def test_baselines_of_another_search_are_refused(told, tmp_path, baselines, error, message):
    with pytest.raises(error, match=message):
        write_report(told, tmp_path / "r.html", baselines=baselines)
    assert list(tmp_path.iterdir()) == []
