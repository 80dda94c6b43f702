"""Targets with any number of labels a row."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from skdnn import KerasDNNClassifier


@pytest.fixture(scope="module")
def labelled():
    """150 rows of 8 features with any of 3 labels."""
    X, Y = make_multilabel_classification(
        n_samples=150, n_features=8, n_classes=3, n_labels=1, random_state=0
    )
    return StandardScaler().fit_transform(X), Y


@pytest.fixture
def network():
    return KerasDNNClassifier((16,), learning_rate=0.02, epochs=40, random_state=0)


@pytest.fixture(scope="module")
def fitted(labelled):
    network = KerasDNNClassifier((16,), learning_rate=0.02, epochs=100, random_state=0)
    return network.fit(*labelled)


def test_every_label_has_a_column_of_its_own(fitted, labelled):
    X, Y = labelled
    proba = fitted.predict_proba(X)
    assert proba.shape == Y.shape
    assert proba.dtype == np.float32
    assert ((proba >= 0) & (proba <= 1)).all()
    assert not np.allclose(proba.sum(axis=1), 1)
    np.testing.assert_array_equal(fitted.predict(X), proba > 0.5)
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(X)), proba, atol=1e-6)
    assert fitted.classes_.tolist() == [0, 1, 2]
    assert fitted.model_.output_shape == (None, 3)
    assert fitted.model_.layers[-1].activation.__name__ == "sigmoid"


def test_it_learns_all_combinations(fitted, labelled):
    X, Y = labelled
    predicted = fitted.predict(X)
    assert set(np.unique(predicted)) == {0, 1}
    assert {0, 1, 2} <= set(predicted.sum(axis=1))
    assert fitted.score(X, Y) > 0.9


def test_score_is_the_share_of_rows_with_all_labels_right(network, labelled):
    X, Y = labelled
    network.set_params(epochs=10).fit(X, Y)
    proba = network.predict_proba(X)
    assert ((proba > 0.4) & (proba < 0.6)).any()
    np.testing.assert_array_equal(network.predict(X), proba > 0.5)
    right = network.predict(X) == Y
    assert network.score(X, Y) == right.all(axis=1).mean()
    assert network.score(X, Y) < right.mean()


def test_two_labels_are_not_two_classes(network, labelled):
    X, Y = labelled[0], labelled[1][:, :2]
    network.fit(X, Y)
    assert network.predict_proba(X).shape == (150, 2)
    assert network.model_.output_shape == (None, 2)
    assert {0, 2} <= set(network.predict(X).sum(axis=1))
    assert network.score(X, Y) > 0.8


@pytest.mark.parametrize(
    "kind",
    [
        sp.csr_matrix,
        sp.csc_array,
        sp.coo_matrix,
        lambda Y: Y.astype(bool),
        lambda Y: Y.astype(float),
        lambda Y: Y.tolist(),
        pd.DataFrame,
    ],
    ids=["csr", "csc", "coo", "bool", "float", "list", "DataFrame"],
)
def test_any_indicator_matrix_gives_the_same_network(network, labelled, kind):
    X, Y = labelled
    network.set_params(epochs=3)
    given = kind(Y)
    other = clone(network).fit(X, given)
    proba = network.fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(other.predict_proba(X), proba)
    assert other.score(X, given) == network.score(X, Y)


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({}, marks=pytest.mark.long_form(row="parity", only=True)),
        {"label_smoothing": 0.2, "dropout": 0.2},
    ],
    ids=str,
)
def test_the_engines_train_alike(network, labelled, params):
    X, Y = labelled
    weight = np.linspace(0.5, 2, 150)
    network.set_params(epochs=3, **params)
    fused, by_keras = (
        clone(network)
        .set_params(engine=engine)
        .fit(X, Y, sample_weight=weight, X_val=X[:40], y_val=Y[:40])
        for engine in ("fused", "keras")
    )
    assert list(fused.history_) == list(by_keras.history_)
    for name in fused.history_:  # the accuracy is Keras's binary accuracy
        np.testing.assert_allclose(fused.history_[name], by_keras.history_[name], rtol=5e-3)
    np.testing.assert_allclose(fused.predict_proba(X), by_keras.predict_proba(X), atol=1e-4)


def test_the_accuracy_of_the_history_is_that_of_single_labels(network, labelled):
    X, Y = labelled
    network.set_params(epochs=3).fit(X, Y, X_val=X[:40], y_val=Y[:40])
    right = network.predict(X[:40]) == Y[:40]
    assert network.history_["val_accuracy"][-1] == pytest.approx(right.mean())
    model = network.model_
    model.run_eagerly = True  # to compile would take longer
    _, accuracy = model.evaluate(X[:40], Y[:40], verbose=0)
    assert accuracy == pytest.approx(right.mean())


def test_label_smoothing_keeps_probabilities_from_the_ends(network, labelled):
    X, Y = labelled
    network.set_params(epochs=150)
    sharp = clone(network).fit(X, Y).predict_proba(X)
    smooth = clone(network).set_params(label_smoothing=0.4).fit(X, Y).predict_proba(X)
    assert np.abs(sharp - 0.5).mean() > 0.4
    assert np.abs(smooth - 0.5).mean() == pytest.approx(0.3, abs=0.05)  # 0.2 and 0.8


def test_class_weight_is_refused_with_the_remedy(network, labelled):
    for class_weight in ("balanced", {0: 2, 1: 1, 2: 1}):
        network.set_params(class_weight=class_weight)
        with pytest.raises(
            ValueError, match=r"multilabel targets.*weigh rows by sample_weight"
        ):
            network.fit(*labelled)


def test_the_tag_tells_whether_labels_may_be_many(network):
    assert get_tags(network).classifier_tags.multi_label
    network.set_params(class_weight="balanced")
    assert not get_tags(network).classifier_tags.multi_label


def test_a_weight_of_zero_is_a_removed_row(network, labelled):
    X, Y = labelled
    weight = (np.arange(150) % 3 > 0).astype(float)
    network.set_params(batch_size=150, epochs=5)
    weighted = clone(network).fit(X, Y, sample_weight=weight)
    removed = clone(network).fit(X[weight > 0], Y[weight > 0])
    np.testing.assert_allclose(weighted.predict_proba(X), removed.predict_proba(X), atol=1e-5)


def test_a_weight_of_two_is_a_repeated_row(network, labelled):
    X, Y = labelled
    times = np.arange(150) % 3
    network.set_params(batch_size=1000, epochs=10)
    weighted = clone(network).fit(X, Y, sample_weight=times)
    repeated = clone(network).fit(X.repeat(times, axis=0), Y.repeat(times, axis=0))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-5)


def test_partial_fit_is_one_epoch(network, labelled):
    X, Y = labelled
    whole = clone(network).set_params(epochs=3).fit(X, Y)
    for _ in range(3):
        network.partial_fit(X, Y, classes=[0, 1, 2])
    assert network.n_iter_ == 3
    np.testing.assert_allclose(network.predict_proba(X), whole.predict_proba(X), atol=1e-5)


def test_partial_fit_takes_rows_without_any_label(network, labelled):
    X, Y = labelled
    network.partial_fit(X[:50], np.zeros((50, 3), int), classes=[0, 1, 2])
    network.partial_fit(X[50:], sp.csr_array(Y[50:]))
    assert network.n_iter_ == 2
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        clone(network).partial_fit(X, Y)
    with pytest.raises(ValueError, match=r"the numbers of the columns, \[0, 1, 2\], got \['a"):
        clone(network).partial_fit(X, Y, classes=["a", "b", "c"])
    with pytest.raises(ValueError, match="not the same as on the first call"):
        network.partial_fit(X, Y, classes=["a", "b", "c"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda Y: Y[:, :2], r"in 3 columns, .* got shape \(150, 2\)"),
        (lambda Y: np.hstack([Y, Y]), r"in 3 columns, .* got shape \(150, 6\)"),
        (lambda Y: Y[:, 0], r"in 3 columns, .* got shape \(150,\)"),
    ],
    ids=["fewer", "more", "one dimension"],
)
def test_another_number_of_columns_is_refused(fitted, labelled, wrong, message):
    X, Y = labelled
    network = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(ValueError, match=message):
        network.partial_fit(X, wrong(Y))
    with pytest.raises(ValueError, match=rf"in X_val, .*{message}"):
        network.fit(X, Y, X_val=X, y_val=wrong(Y))
    np.testing.assert_array_equal(network.predict_proba(X), fitted.predict_proba(X))


def test_indicators_after_classes_are_refused(network, labelled):
    X, Y = labelled
    network.set_params(epochs=2).fit(X, Y[:, 0])
    with pytest.raises(
        ValueError, match=r"y must hold one class per row, got shape \(150, 3\)"
    ):
        network.partial_fit(X, Y)
    assert network.fit(X, Y).predict(X).shape == (150, 3)  # a fresh fit may be another


def test_many_classes_in_many_columns_are_refused(network, labelled):
    X, Y = labelled
    with pytest.raises(ValueError, match=r"1d array, got an array of shape \(150, 2\)"):
        network.fit(X, np.column_stack([Y[:, 0], 2 * Y[:, 1] + Y[:, 2]]))


@pytest.mark.parametrize("names", [(0, 1), ("no", "yes")])
def test_a_single_column_is_two_classes(network, labelled, names):
    X, Y = labelled
    column = np.array(names)[Y[:, :1]]
    network.set_params(epochs=3)
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        network.fit(X, column)
    assert network.classes_.tolist() == list(names)
    assert network.predict(X).shape == (150,)
    assert network.predict_proba(X).shape == (150, 2)


@pytest.mark.parametrize("scoring", ["loss", "accuracy", "f1_macro"])
def test_early_stopping(network, labelled, scoring):
    X, Y = labelled
    network.set_params(
        epochs=150, early_stopping=True, scoring=scoring, n_iter_no_change=5, tol=0.0
    )
    network.fit(X[:100], Y[:100], X_val=X[100:], y_val=Y[100:])
    scores = network.validation_scores_
    assert network.best_iteration_ == 1 + scores.argmax() == network.n_iter_ - 5
    if scoring == "accuracy":
        assert network.score(X[100:], Y[100:]) == scores.max()
    if scoring == "f1_macro":
        f1 = f1_score(Y[100:], network.predict(X[100:]), average="macro")
        assert f1 == pytest.approx(scores.max())


def test_early_stopping_sets_rows_aside(network, labelled):
    seen = []

    def shape(estimator, X, y):
        seen.append((X.shape, y.shape))
        return estimator.score(X, y)

    network.set_params(early_stopping=True, scoring=shape, epochs=1).fit(*labelled)
    assert seen == [((15, 8), (15, 3))]


def test_in_cross_validation_and_searches(network, labelled):
    X, Y = labelled
    pipeline = make_pipeline(StandardScaler(), network)
    for scoring in ("roc_auc", "average_precision", "f1_micro", None):
        assert cross_val_score(pipeline, X, Y, cv=3, scoring=scoring).mean() > 0.5
    name = "kerasdnnclassifier__learning_rate"
    search = GridSearchCV(pipeline, {name: [1e-5, 0.02]}, cv=3, scoring="roc_auc").fit(X, Y)
    assert search.best_params_[name] == 0.02
    assert search.score(X, Y) == roc_auc_score(Y, search.predict_proba(X))


def test_the_metas_that_split_labels_agree_with_it(network, labelled, fitted):
    X, Y = labelled
    for meta in (
        OneVsRestClassifier(network),
        MultiOutputClassifier(network),
        ClassifierChain(network),
    ):
        predicted = meta.fit(X, Y).predict(X)
        assert predicted.shape == (150, 3)
        assert (predicted == fitted.predict(X)).mean() > 0.9


def test_a_copy_predicts_the_same(fitted, labelled):
    copied = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(
        copied.predict_proba(labelled[0]), fitted.predict_proba(labelled[0])
    )
    assert copied.partial_fit(*labelled).n_iter_ == fitted.n_iter_ + 1
