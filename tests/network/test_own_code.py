"""Optimizers and schedules of the user's own: copied, trained with, told apart."""

import copy
import functools
import pickle

import cloudpickle
import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skdnn import KerasDNNClassifier
from skdnn._engine.stateless import reason_not_to_fuse
from skdnn.network.optimizers import validate_optimizer

SGD = keras.optimizers.SGD
Schedule = keras.optimizers.schedules.LearningRateSchedule


class Falling(Schedule):
    """Has no get_config, and is not registered."""

    def __init__(self, rate=0.1):
        self.rate = rate

    def __call__(self, step):
        return self.rate / (1 + keras.ops.cast(step, "float32"))


class Raising(Falling):
    def get_config(self):
        raise RuntimeError("not for saving")


@keras.saving.register_keras_serializable("skdnn_tests")
class Registered(Falling):
    def get_config(self):
        return {"rate": self.rate}


class Warming(Schedule):
    """Holds one of Keras's."""

    def __init__(self):
        self.then = keras.optimizers.schedules.CosineDecay(0.1, 20)

    def __call__(self, step):
        return keras.ops.where(step < 3, 0.01, self.then(step))


class Boosted(SGD):
    """Needs an argument that get_config does not give and no attribute keeps."""

    def __init__(self, boost, **settings):
        super().__init__(**settings)
        self._boost = boost

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient * self._boost, variable, learning_rate)


class Tuned(SGD):
    """Keeps its argument, and its get_config raises."""

    def __init__(self, boost=1.0, learning_rate=0.01):
        super().__init__(learning_rate)
        self.boost = boost

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient * self.boost, variable, learning_rate)

    def get_config(self):
        raise NotImplementedError


def constant():
    return 0.02


def used(optimizer):
    weight = keras.Variable([1.0])
    optimizer.build([weight])
    optimizer.apply([keras.ops.ones(1)], [weight])
    return optimizer


def without_biases():
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=5.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "output"])
    return optimizer


OPTIMIZERS = {
    "schedule": lambda: SGD(Falling()),
    "schedule whose get_config raises": lambda: SGD(Raising()),
    "registered schedule": lambda: keras.optimizers.Adam(Registered()),
    "schedule around Keras's": lambda: SGD(Warming(), momentum=0.5),
    "function": lambda: SGD(constant),
    "class that can't be made anew": lambda: Boosted(2.0, learning_rate=Falling()),
    "class whose get_config raises": lambda: Tuned(2.0),
    "used": lambda: used(Tuned(2.0, 0.02)),
    "excluded from weight decay": without_biases,
}


def classifier(**params):
    return KerasDNNClassifier((4,), epochs=2, random_state=0, **params)


def weights(estimator):
    return estimator._fitted_state["weights"]


def assert_same(estimator, other):
    for a, b in zip(weights(estimator), weights(other), strict=True):
        np.testing.assert_array_equal(a, b)


def by_plain_keras(optimizer, X, y):
    """Train as Keras does, one batch an epoch, with the instance itself."""
    moved_by_nothing = classifier(optimizer=SGD(1e-30), batch_size=len(X)).fit(X, y)
    model = moved_by_nothing.model_
    # Eagerly: to trace two steps takes longer.
    model.compile(optimizer, loss="sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(X, y, batch_size=len(X), epochs=2, verbose=0)
    return model.get_weights()


# With Keras's engine one of Keras's classes and one of the user's: it copies each in one way.
QUICK_IN_KERAS = {"schedule", "class that can't be made anew"}


@pytest.mark.long_form(row="parity")
@pytest.mark.parametrize("kind", [kind for kind in OPTIMIZERS if kind != "used"])
def test_trains_as_keras_does(kind, iris, count):
    theirs = by_plain_keras(OPTIMIZERS[kind](), *iris)
    for engine in (
        ("auto", "keras") if kind in QUICK_IN_KERAS else count(("auto",), ("auto", "keras"))
    ):
        ours = classifier(optimizer=OPTIMIZERS[kind](), engine=engine, batch_size=150)
        for a, b in zip(weights(ours.fit(*iris)), theirs, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5, err_msg=engine)


@pytest.fixture(scope="module")
def fit_of(iris):
    """Return an optimizer, its attributes and steps before the fit, and the fit."""

    @functools.cache
    def fit(kind):
        optimizer = OPTIMIZERS[kind]()
        before, steps = dict(vars(optimizer)), int(optimizer.iterations)
        return optimizer, before, steps, classifier(optimizer=optimizer).fit(*iris)

    return fit


KINDS = [
    pytest.param(
        kind,  # an instance that was "used" is of the same class
        marks=pytest.mark.long_form(
            row="round-trips", only=kind == "class whose get_config raises"
        ),
    )
    for kind in OPTIMIZERS
]


@pytest.mark.parametrize("kind", KINDS)
def test_copies_train_alike_and_leave_the_instance_alone(kind, iris, fit_of):
    optimizer, before, steps, fitted = fit_of(kind)
    expected = weights(fitted)
    copied = copy.deepcopy(fitted)
    if kind != "class that can't be made anew":  # a copy of a copy: fewer fits
        copied = pickle.loads(pickle.dumps(copied))
        copied = cloudpickle.loads(cloudpickle.dumps(copied))
    found = [weights(fitted.fit(*iris))]
    rows = np.arange(150)
    GridSearchCV(
        classifier(),
        {"optimizer": [clone(copied).optimizer]},
        scoring=lambda estimator, X, y: found.append(weights(estimator)) or 0,
        cv=[(rows, rows)],
        refit=False,
        error_score="raise",
    ).fit(*iris)
    assert len(found) == 2
    for other in found:
        for a, b in zip(other, expected, strict=True):
            np.testing.assert_array_equal(a, b)
    assert all(vars(optimizer)[name] is value for name, value in before.items())
    assert int(optimizer.iterations) == steps


@pytest.mark.parametrize("kind", KINDS)
def test_model_has_an_equal_optimizer(kind, fit_of):
    optimizer, _, _, fitted = fit_of(kind)
    made = fitted.model_.optimizer
    assert type(made) is type(optimizer)
    assert made is not optimizer
    assert int(made.iterations) == 10
    made.iterations.assign(optimizer.iterations)
    assert float(made.learning_rate) == float(optimizer.learning_rate)


def test_a_schedule_beside_a_name_is_the_one_in_an_instance(iris):
    beside = classifier(optimizer="sgd", learning_rate=Falling()).fit(*iris)
    routed = classifier(optimizer="sgd").set_params(optimizer__learning_rate=Raising())
    instance = classifier(optimizer=SGD(Falling())).fit(*iris)
    assert_same(beside, instance)
    assert_same(routed.fit(*iris), instance)
    assert_same(clone(beside).fit(*iris), instance)


def test_training_goes_on_with_a_schedule_of_ones_own(iris):
    whole = classifier(optimizer=SGD(Falling())).set_params(epochs=4).fit(*iris)
    halves = classifier(optimizer=SGD(Falling()), warm_start=True).fit(*iris)
    assert_same(pickle.loads(pickle.dumps(halves)).fit(*iris), whole)


def test_a_function_beside_a_name_is_the_one_in_an_instance(iris):
    beside = classifier(optimizer="sgd", learning_rate=constant).fit(*iris)
    assert_same(beside, classifier(optimizer=SGD(constant)).fit(*iris))
    with pytest.raises(ValueError, match="learning_rate must be a function without arguments"):
        classifier(optimizer="sgd", learning_rate=lambda step: 0.1).fit(*iris)


def test_a_class_that_can_not_be_made_anew_is_named(iris):
    with pytest.raises(TypeError, match="optimizer Boosted can't be written to a pickle"):
        pickle.dumps(classifier(optimizer=Boosted(2.0)))
    with pytest.raises(TypeError, match="Boosted can't be made anew from its get_config"):
        classifier(optimizer=used(Boosted(2.0))).fit(*iris)


def test_weights_of_another_network_can_not_be_excluded_from_decay(iris):
    optimizer = SGD(0.1, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_list=[keras.Variable([1.0])])
    with pytest.raises(ValueError, match="call exclude_from_weight_decay with var_names"):
        classifier(optimizer=optimizer).fit(*iris)


# -- which engine ----------------------------------------------------------------------------


class Drawing(Schedule):
    def __call__(self, step):
        return tf.random.uniform(())


class Reading(Schedule):
    rate = tf.Variable(0.1)

    def __call__(self, step):
        return self.rate * 0.5


class Calling(Schedule):
    def __call__(self, step):
        return tf.numpy_function(lambda step: np.float32(0.1), [step], tf.float32)


class Branching(Schedule):
    def __call__(self, step):
        return 0.1 if step < 3 else 0.01


def test_a_function_of_the_step_is_fused():
    for schedule in (Falling(), Raising(), Warming()):
        assert reason_not_to_fuse(SGD(schedule)) is None


@pytest.mark.parametrize("schedule", [Drawing(), Reading(), Calling()])
def test_what_depends_on_more_than_the_step_is_kerass(schedule, iris):
    name = type(schedule).__name__
    with pytest.raises(ValueError, match=f"schedule {name} depends on more than the step"):
        classifier(optimizer=SGD(schedule), engine="fused").fit(*iris)
    assert np.isfinite(classifier(optimizer=SGD(schedule)).fit(*iris).history_["loss"]).all()


def test_names_excluded_from_decay_are_kerass():
    # TensorFlow's variables have longer names there than Keras's, which patterns are held to.
    assert "excludes variables from weight decay" in reason_not_to_fuse(without_biases())


def test_a_schedule_that_can_not_be_traced_is_named(iris):
    with pytest.raises(ValueError, match="learning_rate: schedule Branching can't be called"):
        classifier(learning_rate=Branching()).fit(*iris)


# -- what tells them apart -------------------------------------------------------------------


def schedule_class(rate):
    class Edited(Schedule):
        def __call__(self, step):
            return rate

        def get_config(self):
            return {}

    return Edited


def test_a_class_that_was_edited_is_another():
    first, second = schedule_class(0.1), schedule_class(0.001)
    old, new = validate_optimizer("sgd", first()), validate_optimizer("sgd", second())
    assert old.key == new.key
    assert old != new
    assert old == validate_optimizer("sgd", first())
    assert validate_optimizer(SGD(first())) == old


def test_a_schedule_that_was_edited_trains_anew(iris):
    fits = [
        classifier(optimizer="sgd", learning_rate=schedule_class(rate)()).fit(*iris)
        for rate in (0.1, 0.001)
    ]
    assert not np.allclose(weights(fits[0])[0], weights(fits[1])[0])


def test_a_schedule_that_was_changed_after_a_fit_is_not_in_a_template():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    before = validate_optimizer("adam", schedule)
    schedule.decay_steps = 1000
    again = validate_optimizer("adam", keras.optimizers.schedules.CosineDecay(0.1, 10))
    assert again == before
    again.make().iterations.assign(5)
    assert again.make().get_config()["learning_rate"]["config"]["decay_steps"] == 10


def test_code_of_ones_own_is_listed():
    falling = Falling()
    assert validate_optimizer("adam").custom_code == ()
    assert (
        validate_optimizer("adam", keras.optimizers.schedules.CosineDecay(1, 9)).custom_code
        == ()
    )
    assert validate_optimizer("adam", falling).custom_code == (falling,)
    assert validate_optimizer("adam", falling).schedule is falling
    assert validate_optimizer(SGD(constant)).custom_code == (constant,)
    assert validate_optimizer(SGD(constant)).schedule is None
    assert validate_optimizer(Tuned(2.0)).custom_code == (Tuned,)


def test_what_is_excluded_from_decay_is_part_of_the_key():
    plain = keras.optimizers.AdamW(0.01, weight_decay=5.0)
    assert validate_optimizer(without_biases()).key != validate_optimizer(plain).key


@pytest.mark.parametrize("floatx", ["float16", "float64"])
def test_variables_are_float32_whatever_floatx_is(floatx, iris):
    expected = classifier(optimizer="sgd").fit(*iris)
    keras.config.set_floatx(floatx)
    try:
        made = validate_optimizer("sgd").make()
        fitted = classifier(optimizer="sgd").fit(*iris)
    finally:
        keras.config.set_floatx("float32")
    assert made.learning_rate.dtype == "float32"
    assert validate_optimizer("sgd").learning_rate == 0.01
    assert_same(fitted, expected)
