"""skops: what an estimator holds is stored, or refused by the parameter's name."""

import keras
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from skops import io as skops_io

from skdnn import KerasDNNClassifier
from skdnn.persistence import save

Schedule = keras.optimizers.schedules.LearningRateSchedule


class Constant(Schedule):
    def __init__(self, rate=0.1):
        self.rate = rate

    def __call__(self, step):
        return self.rate


class Ramp(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return np.linspace(-0.1, 0.1, int(np.prod(shape))).reshape(shape)


class Boosted(keras.optimizers.SGD):
    def __init__(self, boost, **settings):
        super().__init__(**settings)
        self._boost = boost


def cube(x):
    return x**3


def network(**params):
    params = {"epochs": 1, "random_state": 0, **params}
    return KerasDNNClassifier((4,)).set_params(**params)


def read_back(estimator):
    data = skops_io.dumps(estimator)
    return skops_io.loads(data, trusted=skops_io.get_untrusted_types(data=data))


def without_biases():
    optimizer = keras.optimizers.SGD(0.1, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


@pytest.mark.parametrize(
    "params",
    [
        {"optimizer": keras.optimizers.SGD(0.1, momentum=0.5)},
        {"optimizer": keras.optimizers.Muon(0.1)},
        {"optimizer": keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9))},
        {"optimizer": keras.optimizers.SGD(Constant())},
        {"optimizer": keras.optimizers.Adam},
        {"optimizer": "sgd", "optimizer__learning_rate": Constant()},
        {"learning_rate": Constant()},
        {"kernel_initializer": Ramp()},
        {"kernel_initializer": keras.initializers.HeNormal(0)},
        {"activation": cube},
        {"callbacks": keras.callbacks.EarlyStopping(monitor="loss")},
    ],
    ids=[
        "settings",
        "muon",
        "schedule",
        "own schedule",
        "class",
        "own schedule beside a name",
        "learning rate",
        "own initializer",
        "initializer",
        "activation",
        "callback",
    ],
)
def test_what_is_stored_predicts_and_trains_alike(params, iris):
    fitted = network(**params).fit(*iris)
    loaded = read_back(fitted)
    X, _ = iris
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(
        loaded.fit(*iris).predict_proba(X), fitted.fit(*iris).predict_proba(X)
    )


@pytest.mark.parametrize(
    ("params", "remedy"),
    [
        ({"optimizer": Boosted(2.0)}, "give its name or class"),
        ({"optimizer": keras.optimizers.SGD(lambda: 0.1)}, "give its name or class"),
        ({"optimizer": without_biases()}, "give its name or class"),
        ({"activation": lambda x: x}, "give a name of Keras's"),
        (
            {"kernel_initializer": lambda shape, dtype=None: Ramp()(shape)},
            "give a name of Keras",
        ),
        ({"callbacks": keras.callbacks.LearningRateScheduler(lambda _: 0.1)}, "callbacks=None"),
        ({"scoring": lambda *_: 1.0, "early_stopping": True}, "give the name of a scorer"),
    ],
    ids=[
        "optimizer",
        "function as rate",
        "exclusions",
        "activation",
        "initializer",
        "callback",
        "scorer",
    ],
)
def test_what_can_not_be_read_back_is_refused_by_name(params, remedy, iris):
    fitted = network(**params).fit(*iris)
    name = next(iter(params))
    with pytest.raises(TypeError, match=rf"(?s)skops can't store {name}=.*{remedy}"):
        skops_io.dumps(fitted)


@pytest.mark.parametrize(
    ("optimizer", "why"),
    [
        (keras.optimizers.SGD(Constant()), "an object of type Constant is not data"),
        (keras.optimizers.SGD(lambda: 0.1), "its learning_rate is a function"),
        (without_biases(), "it excludes 'bias' from weight decay"),
        (Boosted(2.0), "an object of type Boosted is not data"),
    ],
    ids=["schedule", "function as rate", "exclusions", "class"],
)
def test_save_names_the_optimizer_and_why(optimizer, why, iris, tmp_path):
    fitted = network(optimizer=optimizer).fit(*iris)
    with pytest.raises(ValueError, match=rf"can't save optimizer=.*{why}; take one of Keras"):
        save(fitted, tmp_path / "file")


def test_a_search_with_objects_in_its_grid_is_stored(iris):
    grid = {"optimizer": [keras.optimizers.SGD(0.1), keras.optimizers.Adam(Constant())]}
    search = GridSearchCV(network(), grid, cv=2).fit(*iris)
    loaded = read_back(search)
    np.testing.assert_array_equal(loaded.predict_proba(iris[0]), search.predict_proba(iris[0]))
    search = GridSearchCV(network(), {"optimizer": [Boosted(2.0)]}, cv=2).fit(*iris)
    with pytest.raises(TypeError, match=r"can't store .*optimizer.*give"):
        skops_io.dumps(search)
