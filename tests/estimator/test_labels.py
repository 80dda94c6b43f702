"""What may be labels, and what looks like another problem's."""

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.model_selection import cross_val_score

from skdnn import KerasDNNClassifier
from skdnn._estimator.classes import Multilabel, fit_classes
from skdnn._estimator.labels import check_labels, is_one_hot

NAMES = np.array(["cat", "dog", "owl"])
NUMBERS = np.array([0, 1, 2, 1, 0, 2])
ONE_HOT = np.eye(3)[NUMBERS]
MISSING = [None, np.nan, pd.NA, pd.NaT, np.datetime64("NaT", "D")]


def network(**settings):
    return KerasDNNClassifier((8,), epochs=1, random_state=0, **settings)


# -- one-hot ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "Y",
    [
        ONE_HOT,
        ONE_HOT.astype(int),
        ONE_HOT.astype(bool),
        np.eye(2)[NUMBERS % 2],  # two classes in two columns
        ONE_HOT[:, [0, 1, 2, 2]] * [1, 1, 1, 0],  # a class that does not occur
        ONE_HOT[:5],
    ],
    ids=["float", "int", "bool", "two columns", "a column of zeros", "five rows"],
)
def test_one_hot_labels_are_not_multilabel_without_a_word(Y):
    with pytest.warns(UserWarning, match=r"one 1 in each row.*multilabel.*y.argmax\(axis=1\)"):
        assert isinstance(fit_classes(Y, None), Multilabel)


@pytest.mark.parametrize(
    "Y",
    [
        np.vstack([ONE_HOT, [0, 0, 0]]),
        np.vstack([ONE_HOT, [1, 0, 1]]),
        ONE_HOT[:, 1:],  # as pandas.get_dummies(drop_first=True) makes them
        ONE_HOT[:4],  # may be chance
    ],
    ids=["a row with none", "a row with two", "first dropped", "four rows"],
)
def test_multilabel_targets_are_taken_without_a_word(Y):
    assert isinstance(fit_classes(Y, None), Multilabel)


def test_rows_of_zero_weight_have_no_say_in_what_is_one_hot():
    Y, weight = np.vstack([ONE_HOT, [1, 0, 1]]), np.array([1.0] * 6 + [0.0])
    with pytest.warns(UserWarning, match="argmax"):
        fit_classes(Y, weight)
    assert not is_one_hot(Y)
    assert not is_one_hot(255 * ONE_HOT)


@pytest.mark.parametrize("kind", [pd.DataFrame, sp.csr_array, sp.csr_matrix, np.ndarray.tolist])
def test_the_warning_points_at_the_users_line(iris, kind):
    X, y = iris
    with pytest.warns(UserWarning, match="argmax") as said:
        network().fit(X, kind(np.eye(3)[y]))
    assert [warning.filename for warning in said] == [__file__]


def test_the_remedies_for_one_hot_labels_are_right(iris):
    X, y = iris
    expected = network().fit(X, y).predict_proba(X)
    one_hot = np.eye(3)[y]
    dummies = pd.get_dummies(NAMES[y])
    for labels in (one_hot.argmax(axis=1), dummies.idxmax(axis=1)):
        np.testing.assert_array_equal(network().fit(X, labels).predict_proba(X), expected)


def test_chunks_of_one_hot_labels_are_told_once_and_folds_each(iris):
    X, Y = iris[0], np.eye(3)[iris[1]]
    chunked = network()
    with pytest.warns(UserWarning, match="argmax"):
        chunked.partial_fit(X[::2], Y[::2], classes=[0, 1, 2])
    chunked.partial_fit(X[1::2], Y[1::2])  # warnings are errors here
    with pytest.warns(UserWarning, match="argmax") as said:
        cross_val_score(network(), X, Y, cv=3)
    assert {warning.filename for warning in said} == {__file__}


def test_one_hot_labels_beside_labels_are_refused_with_the_remedy(iris):
    X, y = iris
    Y = np.eye(3)[y]
    fitted = network().fit(X, y)
    rule = r"one class per row, got shape \(150, 3\); it looks one-hot: pass y.argmax\(axis=1\)"
    with pytest.raises(ValueError, match=rf"^in X_val, .*{rule}$"):
        network().fit(X, y, X_val=X, y_val=Y)
    with pytest.raises(ValueError, match=rule):
        fitted.partial_fit(X, Y)
    with pytest.raises(ValueError, match=r"one-hot: pass labels as 'cat', not columns$"):
        network().fit(X, NAMES[y], X_val=X, y_val=Y)
    with (
        pytest.raises(ValueError, match=r"one-hot labels become classes by y.argmax"),
        pytest.warns(UserWarning, match="argmax"),
    ):
        network(class_weight="balanced").fit(X, Y)


# -- what is neither ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (ONE_HOT * 0.9 + 0.1 / 3, r"1d array, .*\(6, 3\).*probabilities.*y.argmax\(axis=1\)$"),
        (ONE_HOT * 1.5, r"1d array, .*for several targets take .*MultiOutputClassifier"),
        (NUMBERS[None], r"1d array, got an array of shape \(1, 6\) instead; pass y.ravel\(\)"),
        (NAMES[[[0, 1], [1, 2]]], "1d array, .*several labels .*MultiLabelBinarizer"),
        ([("cat", "dog"), ("dog", "owl")], "1d array, .*MultiLabelBinarizer"),
        ([["cat"], ["dog", "owl"]], r"one label per row, got \[\['cat'\], .*MultiLabelBinar"),
        ([{"cat"}, {"owl"}], r"one label per row, got \[\{'cat'\}, .*MultiLabelBinarizer"),
        (pd.Series([["cat"], ["dog", "owl"]]), "one label per row, .*MultiLabelBinarizer"),
        (ONE_HOT.astype(int).astype(str), "zeros and ones are of dtype <U21: pass them as int"),
        (ONE_HOT.astype(object), "zeros and ones are of dtype object: pass them as integers"),
        (NUMBERS + 1j, "^Complex data not supported: y holds 1j$"),
        ([1, "a", 1], r"^Mix of label input types .string and number.: y holds \['a', 1\]"),
        (np.array(["a", 1, 1], object), r"^Mix of label input types .* y holds \['a', 1\]"),
        (NUMBERS.astype(object), r"^Unknown label type: .*object and holds 0: pass y.astype"),
        (pd.Series([date(2020, 1, 1)]), "^Unknown label type: .*2020.*: pass strings or int"),
        ([Decimal(1), Decimal(2)], "^Unknown label type: .*holds Decimal.*: pass strings"),
    ],
)
def test_other_problems_targets_are_refused_with_the_remedy(y, message):
    with pytest.raises(ValueError, match=message) as told:
        check_labels(y)
    assert len(str(told.value)) < 300


@pytest.mark.parametrize(
    "y",
    [
        None,
        "abc",
        NUMBERS,
        NUMBERS[:, None],
        NAMES[NUMBERS],
        NAMES[NUMBERS].astype(object),
        NAMES[NUMBERS].tolist(),
        pd.Series(NAMES[NUMBERS], dtype="category"),
        pd.Series(NAMES[NUMBERS], dtype="string"),
        pd.Series(NUMBERS, dtype="Int64"),
        pd.to_datetime(pd.Series(["2020-01-01", "2021-01-01"])),
        ONE_HOT,
        ONE_HOT.tolist(),
        pd.get_dummies(NAMES[NUMBERS]),
        sp.csr_array(ONE_HOT),
        [True, False],
        [],
    ],
    ids=range(17),
)
def test_what_scikit_learn_takes_passes(y):
    check_labels(y)


def test_numbers_that_are_not_whole_are_no_classes():
    with pytest.raises(ValueError, match=r"^Unknown label type: continuous.*y.astype\(str\)$"):
        fit_classes(np.array([0.5, 1.5, 0.5]), None)
    with pytest.raises(ValueError, match=r"values\. Numbers are for KerasDNNRegressor\.$"):
        fit_classes(np.linspace(0, 1, 50), None)
    for Y in (2 * ONE_HOT - 1, 255 * ONE_HOT):
        message = rf"zeros and ones in 3 columns.*; pass y == {Y.max()}$"
        with pytest.raises(ValueError, match=message):
            Multilabel(np.arange(3)).encode(Y, None)


# -- missing ------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", MISSING, ids=repr)
@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize("labels", [["a", "b", "a"], [0, 1, 0]], ids=["text", "numbers"])
def test_missing_labels_are_refused_in_scikit_learns_words(missing, place, labels):
    listed = [*labels[:place], missing, *labels[place:]]
    objects = np.array(listed, object)
    for y in (listed, objects, objects[:, None], pd.Series(listed, dtype=object)):
        with pytest.raises(ValueError, match=r"^Input y contains NaN\. Leave out"):
            check_labels(y)


@pytest.mark.parametrize(
    "y",
    [
        pd.Series(["a", None, "b"], dtype="string"),
        pd.Series(["a", None, "b"], dtype="category"),
        pd.Series([1, None, 2], dtype="Int64"),
        pd.Series([True, None, False], dtype="boolean"),
        pd.to_datetime(pd.Series(["2020-01-01", None])),
        np.array([0, np.nan, 1]),
        np.where(ONE_HOT, 1, np.nan),
        np.where(ONE_HOT, 1, None),
    ],
    ids=lambda y: f"{y.dtype} {y.ndim}",
)
def test_every_type_may_miss_labels(y):
    with pytest.raises(ValueError, match=r"^Input y contains NaN\."):
        check_labels(y)


def test_missing_labels_are_refused_wherever_labels_are_given(iris):
    X, y = iris
    names = NAMES[y].astype(object)
    some = np.where(np.arange(150) == 7, np.nan, names)
    rule = r"Input y contains NaN\."
    with pytest.raises(ValueError, match=rf"^{rule}"):
        network().fit(X, some)
    with pytest.raises(ValueError, match=rf"^in X_val, y_val or sample_weight_val: {rule}"):
        network().fit(X, names, X_val=X, y_val=some)
    for classes in ([*NAMES, np.nan], np.array([*NAMES, None], object), [0, 1, 2, np.nan]):
        with pytest.raises(ValueError, match=r"^Input classes contains NaN\."):
            network().partial_fit(X, names, classes=classes)


def test_a_class_by_the_name_of_a_missing_label_is_told():
    for y in (np.array(["cat", "dog", np.nan]), np.array(["cat", "<NA>"], object)):
        with pytest.warns(UserWarning, match=r"a class \['(nan|<NA>)'\], the text that a miss"):
            fit_classes(y, None)
