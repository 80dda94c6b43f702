"""Fits that go on from fits with fewer epochs."""

import functools

import joblib
import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, StratifiedKFold

import skdnn
from skdnn import KerasDNNClassifier


class CountedEpochs:
    """A callback in scikit-learn's sense that counts epochs."""

    max_propagation_depth = None

    def __init__(self):
        self.n = 0

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.n += context.task_name == "epoch"


@pytest.fixture
def network(tmp_path):
    return KerasDNNClassifier((8,), dropout=0.2, random_state=0, memory=str(tmp_path))


def trained(network, data, **params):
    counted = CountedEpochs()
    fitted = clone(network).set_params(**params).set_callbacks(counted).fit(*data)
    return fitted, counted.n


@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_more_epochs_go_on_and_learn_what_they_would_have_learnt_anew(engine, network, iris):
    network.set_params(engine=engine)
    anew, _ = trained(network, iris, epochs=5, memory=None)
    assert trained(network, iris, epochs=2)[1] == 2
    longer, n_epochs = trained(network, iris, epochs=5)
    assert n_epochs == 3
    np.testing.assert_array_equal(longer.predict_proba(iris[0]), anew.predict_proba(iris[0]))
    assert longer.history_ == anew.history_
    assert longer.n_iter_ == 5


def test_the_same_fit_again_trains_nothing(network, iris):
    first, _ = trained(network, iris, epochs=3)
    again, n_epochs = trained(network, iris, epochs=3)
    assert n_epochs == 0
    np.testing.assert_array_equal(again.predict_proba(iris[0]), first.predict_proba(iris[0]))


def test_fewer_epochs_do_not_go_back(network, iris):
    trained(network, iris, epochs=4)
    assert trained(network, iris, epochs=2)[1] == 2


@pytest.mark.parametrize(
    "other",
    [
        {"random_state": 1},
        {"learning_rate": 0.01},
        {"optimizer": "sgd"},
        {"activation": "tanh"},
        {"dropout": 0.1},
        {"batch_size": 16},
        {"kernel_initializer": "he_normal"},
        {"class_weight": {0: 2, 1: 1, 2: 1}},
    ],
    ids=str,
)
def test_another_training_is_not_taken_for_this_one(other, network, iris):
    trained(network, iris, epochs=2)
    assert trained(network, iris, epochs=3, **other)[1] == 3


def test_other_rows_are_not_taken_for_these(network, iris):
    X, y = iris
    trained(network, iris, epochs=2)
    assert trained(network, (X[:-1], y[:-1]), epochs=3)[1] == 3
    assert trained(network, (X, (y + 1) % 3), epochs=3)[1] == 3


def test_versions_are_part_of_what_is_kept(network, iris, monkeypatch):
    trained(network, iris, epochs=2)
    monkeypatch.setattr(skdnn, "__version__", "0.0.1")
    assert trained(network, iris, epochs=3)[1] == 3


def leaky(slope):
    return lambda x: keras.ops.leaky_relu(x, slope)


class Around:
    """Start weights around a number, of a class of one's own."""

    def __init__(self, number):
        self.number = number

    def __call__(self, shape, dtype=None):
        return keras.ops.full(shape, self.number, dtype)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("activation", leaky),
        (
            "activation",
            lambda slope: functools.partial(keras.ops.leaky_relu, negative_slope=slope),
        ),
        ("kernel_initializer", Around),
        ("kernel_initializer", lambda n: lambda shape, dtype: keras.ops.full(shape, n, dtype)),
    ],
    ids=["function", "partial", "initializer", "initializing function"],
)
def test_functions_count_by_what_they_do(name, make, network, iris):
    trained(network, iris, epochs=2, **{name: make(0.1)})
    assert trained(network, iris, epochs=3, **{name: make(0.1)})[1] == 1
    assert trained(network, iris, epochs=3, **{name: make(0.2)})[1] == 3


def test_a_halving_search_goes_on_with_its_winners(tmp_path, iris):
    def search(memory):
        counted = CountedEpochs()
        halving = HalvingGridSearchCV(
            KerasDNNClassifier((8,), random_state=0, memory=memory),
            {"optimizer": ["sgd", "adam", "rmsprop"], "activation": ["relu", "tanh"]},
            resource="epochs",
            min_resources=2,
            max_resources=8,
            factor=2,
            cv=StratifiedKFold(2),
            random_state=0,
        )
        return halving.set_callbacks(counted).fit(*iris), counted.n

    anew, all_epochs = search(None)
    going_on, fewer_epochs = search(joblib.Memory(tmp_path, verbose=0))
    np.testing.assert_array_equal(
        going_on.cv_results_["mean_test_score"], anew.cv_results_["mean_test_score"]
    )
    assert going_on.best_params_ == anew.best_params_
    assert fewer_epochs < all_epochs


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"random_state": None}, "random_state must be an int"),
        ({"early_stopping": True}, "beside early_stopping=True"),
        ({"memory": 3}, "'memory' parameter"),
    ],
)
def test_what_memory_cannot_keep_is_refused(params, message, network, iris):
    with pytest.raises(ValueError, match=message):
        network.set_params(**params).fit(*iris)


class OfMyOwn(keras.optimizers.SGD):
    """An optimizer whose update memory can't look into."""


def test_an_optimizer_of_ones_own_is_nothing_that_memory_can_tell(network, iris):
    with pytest.raises(ValueError, match="can't tell what an optimizer of your own does"):
        network.set_params(epochs=1, optimizer=OfMyOwn).fit(*iris)


def test_a_variable_is_nothing_that_memory_can_keep(network, iris):
    slope = keras.Variable(0.5)
    network.set_params(epochs=1, activation=lambda x: x * slope)
    with pytest.raises(ValueError, match="memory can't tell what the variables hold"):
        network.fit(*iris)
