"""KerasDNNClassifier: what its users see."""

import copy
import io
import pickle
import random
import re
import sys

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

from skdnn import KerasDNNClassifier


@pytest.fixture
def small():
    """A classifier that trains in milliseconds."""
    return KerasDNNClassifier((8,), epochs=3, random_state=0)


@pytest.fixture(scope="module")
def fitted(iris):
    return KerasDNNClassifier((20,), epochs=30, random_state=0).fit(*iris)


def weights(classifier):
    return [w.copy() for w in classifier._fitted_state["weights"]]


def assert_same_weights(a, b):
    for left, right in zip(weights(a), weights(b), strict=True):
        np.testing.assert_array_equal(left, right)


# -- hyperparameters ----------------------------------------------------------------------


def test_is_a_classifier():
    assert is_classifier(KerasDNNClassifier())


def test_routed_parameters_are_set_and_seen():
    classifier = KerasDNNClassifier(optimizer="sgd")
    classifier.set_params(optimizer__momentum=0.9, optimizer__nesterov=True)
    assert classifier.get_params()["optimizer__momentum"] == 0.9
    assert "optimizer__momentum=0.9" in repr(classifier)
    assert "optimizer__nesterov" in classifier._repr_html_()


def test_clone_keeps_routed_parameters_but_does_not_share_them():
    classifier = KerasDNNClassifier().set_params(optimizer__beta_1=0.8)
    twin = clone(classifier)
    twin.set_params(optimizer__beta_1=0.7)
    assert classifier.get_params()["optimizer__beta_1"] == 0.8
    assert twin.get_params()["optimizer__beta_1"] == 0.7


def test_a_new_optimizer_drops_the_settings_of_the_old():
    classifier = KerasDNNClassifier(optimizer="sgd").set_params(optimizer__momentum=0.9)
    classifier.set_params(optimizer="adam")
    assert "optimizer__momentum" not in classifier.get_params()
    classifier.set_params(optimizer="sgd", optimizer__momentum=0.5)
    assert classifier.get_params()["optimizer__momentum"] == 0.5
    classifier.set_params(optimizer="sgd", epochs=3)  # as a grid does: nothing is replaced
    assert classifier.get_params()["optimizer__momentum"] == 0.5


def test_routed_settings_train_as_an_instance_that_has_them(iris, small):
    import keras

    routed = clone(small).set_params(
        optimizer="sgd", optimizer__momentum=0.9, optimizer__learning_rate=0.05
    )
    instance = clone(small).set_params(
        optimizer=keras.optimizers.SGD(learning_rate=0.05, momentum=0.9)
    )
    assert_same_weights(routed.fit(*iris), instance.fit(*iris))


def test_name_class_and_instance_train_alike(iris, small):
    import keras

    kinds = ["rmsprop", keras.optimizers.RMSprop, keras.optimizers.RMSprop()]
    fits = [clone(small).set_params(optimizer=kind).fit(*iris) for kind in kinds]
    assert_same_weights(fits[0], fits[1])
    assert_same_weights(fits[0], fits[2])


def test_the_callers_optimizer_is_never_used(iris, small):
    import keras

    optimizer = keras.optimizers.Adam(0.01)
    classifier = small.set_params(optimizer=optimizer).fit(*iris)
    assert classifier.optimizer is optimizer
    assert not optimizer.built
    assert int(optimizer.iterations.numpy()) == 0


def test_settings_that_contradict_each_other_are_refused(iris, small):
    import keras

    small.set_params(learning_rate=0.1, optimizer__learning_rate=0.2)
    with pytest.raises(
        ValueError, match=r"learning_rate=0\.1 and optimizer__learning_rate=0\.2"
    ):
        small.fit(*iris)
    instance = clone(small).set_params(optimizer=keras.optimizers.Adam())
    with pytest.raises(ValueError, match=r"beside learning_rate=0\.1"):
        instance.fit(*iris)
    instance.set_params(learning_rate=None, optimizer__beta_1=0.8)
    with pytest.raises(ValueError, match=r"beside optimizer__beta_1=0\.8"):
        instance.fit(*iris)


def test_a_schedule_is_a_learning_rate(iris, small):
    import keras

    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5)
    scheduled = clone(small).set_params(optimizer="sgd", learning_rate=schedule).fit(*iris)
    constant = clone(small).set_params(optimizer="sgd", learning_rate=0.1).fit(*iris)
    assert scheduled.history_["loss"] != constant.history_["loss"]
    assert np.isfinite(scheduled.history_["loss"]).all()


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"hidden_units": (10, 0)}, ValueError, r"hidden_units must hold .* got \(10, 0\)"),
        ({"hidden_units": (2.5,)}, TypeError, r"hidden_units must hold .* got \(2\.5,\)"),
        ({"hidden_units": 0}, InvalidParameterError, "'hidden_units' parameter"),
        ({"activation": "rleu"}, ValueError, "activation must be .* got 'rleu'"),
        ({"activation": ["relu", "tanh"]}, ValueError, "one per hidden layer: 1 here, got 2"),
        ({"kernel_initializer": "ones?"}, ValueError, r"kernel_initializer must .* 'ones\?'"),
        ({"batch_normalization": 1.5}, InvalidParameterError, "'batch_normalization' param"),
        ({"dropout": 1}, InvalidParameterError, "'dropout' parameter .* Got 1 instead"),
        ({"dropout": (0.1, 0.2)}, ValueError, "dropout must be .* 1 here, got 2 values"),
        ({"l2": -1.0}, InvalidParameterError, r"'l2' parameter .* Got -1\.0 instead"),
        ({"l2": (0.1,)}, ValueError, "l2 must be .* the output's last: 2 here, got 1 values"),
        ({"optimizer": "adamm"}, ValueError, "optimizer must be one of .* got 'adamm'"),
        ({"optimizer": int}, TypeError, "optimizer must be a name, .* got <class 'int'>"),
        ({"optimizer": 3}, InvalidParameterError, "'optimizer' parameter"),
        ({"learning_rate": -1.0}, InvalidParameterError, r"'learning_rate'.* Got -1\.0"),
        ({"optimizer__momentun": 1}, ValueError, "Adam does not take optimizer__momentun=1"),
        ({"epochs": 0}, InvalidParameterError, "'epochs' parameter .* Got 0 instead"),
        ({"batch_size": "auto"}, InvalidParameterError, "'batch_size' parameter"),
        ({"class_weight": "equal"}, InvalidParameterError, "'class_weight' parameter"),
        ({"class_weight": {"a": 1, 0: 2}}, ValueError, r"names labels \['a'\]"),
        ({"class_weight": {0: -1}}, ValueError, "must hold non-negative numbers"),
        ({"class_weight": {0: 0, 1: 0, 2: 0}}, ValueError, "leaves no row"),
        ({"label_smoothing": 1.0}, InvalidParameterError, r"'label_smoothing'.* Got 1\.0"),
        ({"early_stopping": "yes"}, InvalidParameterError, "'early_stopping' parameter"),
        ({"validation_fraction": 0}, InvalidParameterError, "'validation_fraction' param"),
        ({"validation_fraction": 1.0}, InvalidParameterError, "'validation_fraction' param"),
        ({"early_stopping": True, "scoring": "?"}, ValueError, r"'\?' is not a valid scoring"),
        ({"scoring": 3}, InvalidParameterError, "'scoring' parameter .* Got 3 instead"),
        ({"n_iter_no_change": 0}, InvalidParameterError, "'n_iter_no_change' parameter"),
        ({"tol": -1e-9}, InvalidParameterError, "'tol' parameter .* Got -1e-09"),
        ({"memory": 3}, InvalidParameterError, "'memory' parameter .* Got 3 instead"),
        ({"warm_start": 2}, InvalidParameterError, "'warm_start' parameter"),
        ({"engine": "fast"}, InvalidParameterError, "'engine' parameter .* Got 'fast'"),
        ({"callbacks": "early"}, InvalidParameterError, "'callbacks' parameter .* 'early'"),
        ({"callbacks": [3]}, TypeError, r"callbacks\[0\] must be .* got 3"),
        ({"callbacks__patience": 3}, ValueError, "callbacks__patience names no callback"),
        ({"random_state": -1}, InvalidParameterError, "'random_state' parameter"),
        ({"verbose": "yes"}, InvalidParameterError, "'verbose' parameter"),
    ],
)
def test_a_wrong_parameter_is_named_and_loses_nothing(params, error, message, iris, small):
    small.fit(*iris)
    before = pickle.dumps(small._fitted_state)
    small.set_params(**params)
    with pytest.raises(error, match=message):
        small.fit(*iris)
    assert pickle.dumps(small._fitted_state) == before
    assert small.predict(iris[0]).shape == (150,)


def test_an_unknown_parameter_is_refused():
    with pytest.raises(ValueError, match="Invalid parameter 'hidden_layers'"):
        KerasDNNClassifier().set_params(hidden_layers=(10,))


# -- fit ----------------------------------------------------------------------------------


def test_the_documents_network_has_its_parameters(sample, capsys):
    classifier = KerasDNNClassifier(activation="sigmoid", epochs=1)
    classifier.fit(sample.images, sample.target)
    classifier.summary()
    assert "79,510" in capsys.readouterr().out
    assert classifier.n_parameters_ == 79_510
    assert [type(layer).__name__ for layer in classifier.model_.layers] == [
        "Flatten",
        "Dense",
        "Dense",
    ]
    lines = []
    classifier.summary(print_fn=lambda line, **_: lines.append(line))
    assert "hidden_1" in "".join(lines)


def test_history_is_what_keras_would_report(fitted):
    assert list(fitted.history_) == ["accuracy", "loss"]
    assert len(fitted.history_["loss"]) == fitted.n_iter_ == 30
    assert fitted.history_["loss"][-1] < 0.5 * fitted.history_["loss"][0]
    assert 0.8 < fitted.history_["accuracy"][-1] <= 1


def test_verbose_prints_a_line_an_epoch(iris, small, capsys):
    small.fit(*iris)
    assert capsys.readouterr().out == ""
    small.set_params(verbose=1).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[0] == "engine: fused (nothing needs single batches)"
    assert re.fullmatch(r"Epoch 3/3 - accuracy: 0\.\d{4} - loss: \d\.\d{4}", lines[3])


@pytest.mark.parametrize(
    "relabel",
    [
        lambda y: np.array(["setosa", "versicolor", "virginica"])[y],
        lambda y: np.array(["a", "b", "c"], dtype=object)[y],
        lambda y: y * 10 - 7,
        lambda y: y.astype(float),
        lambda y: pd.Series(y, index=range(1000, 1150)),
        lambda y: pd.Categorical.from_codes(y, ["x", "y", "z"]),
        lambda y: pl.Series(y),
        lambda y: y.tolist(),
    ],
    ids=["str", "object", "gaps", "float", "Series", "Categorical", "polars", "list"],
)
def test_any_labels_give_the_same_network(relabel, iris, fitted):
    X, y = iris
    labels = relabel(y)
    classifier = clone(fitted).fit(X, labels)
    assert_same_weights(classifier, fitted)
    np.testing.assert_array_equal(classifier.classes_, np.unique(np.asarray(labels)))
    np.testing.assert_array_equal(classifier.predict(X), classifier.classes_[fitted.predict(X)])
    assert classifier.score(X, labels) == fitted.score(X, y)


def test_two_classes_have_two_columns_and_one_output(binary):
    X, y = binary
    classifier = KerasDNNClassifier((20,), epochs=50, random_state=0).fit(X, y)
    proba = classifier.predict_proba(X)
    assert proba.shape == (100, 2)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    assert classifier.predict(X).dtype == bool
    assert classifier.model_.output_shape == (None, 1)
    np.testing.assert_array_equal(classifier.predict(X), proba[:, 1] > 0.5)
    assert classifier.score(X, y) > 0.75


def test_probabilities(fitted, iris):
    proba = fitted.predict_proba(iris[0])
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(fitted.predict_log_proba(iris[0]), np.log(proba))
    assert fitted.predict_proba(iris[0][:1]).shape == (1, 3)


def test_log_probability_of_a_certain_no_is_minus_infinity(binary):
    X, y = binary
    classifier = KerasDNNClassifier((), epochs=5, random_state=0).fit(X, y)
    log_proba = classifier.predict_log_proba(X * 1e6)
    assert np.isneginf(log_proba).any()


def test_a_linear_model_has_no_hidden_layer(iris):
    classifier = KerasDNNClassifier((), epochs=100, random_state=0).fit(*iris)
    assert classifier.n_parameters_ == 4 * 3 + 3
    assert classifier.score(*iris) > 0.85


@pytest.mark.parametrize(
    "kind",
    [
        lambda X: X.astype(np.float64),
        lambda X: np.asfortranarray(X),
        lambda X: X.astype(np.int64),
        lambda X: X.astype(np.uint8),
        lambda X: X.tolist(),
        lambda X: pd.DataFrame(X),
        lambda X: pl.DataFrame(X),
    ],
    ids=["float64", "Fortran", "int64", "uint8", "list", "pandas", "polars"],
)
@pytest.mark.filterwarnings("ignore:X has feature names:UserWarning")
def test_any_container_and_dtype_gives_the_same_answers(kind):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 9, (60, 5)).astype(np.float32), rng.integers(0, 3, 60)
    reference = KerasDNNClassifier((8,), epochs=5, random_state=0).fit(X, y)
    given = kind(X)
    np.testing.assert_array_equal(reference.predict_proba(given), reference.predict_proba(X))
    trained = clone(reference).fit(given, y)
    assert_same_weights(trained, reference)


def test_read_only_memory_maps_are_read_and_not_written(tmp_path, iris, fitted):
    X, y = (np.ascontiguousarray(each) for each in iris)
    joblib.dump((X, y), tmp_path / "data")
    mapped_X, mapped_y = joblib.load(tmp_path / "data", mmap_mode="r")
    assert_same_weights(clone(fitted).fit(mapped_X, mapped_y), fitted)
    np.testing.assert_array_equal(mapped_X, iris[0])


def test_fit_does_not_write_its_arguments(iris, small):
    X, y = iris[0].copy(), iris[1].copy()
    weight = np.linspace(0, 2, len(y))
    given = X.copy(), y.copy(), weight.copy()
    small.set_params(class_weight="balanced").fit(X, y, sample_weight=weight)
    for after, before in zip((X, y, weight), given, strict=True):
        np.testing.assert_array_equal(after, before)


def test_feature_names_are_learnt_and_checked(iris, small):
    X = pd.DataFrame(iris[0], columns=["a", "b", "c", "d"])
    small.fit(X, iris[1])
    assert small.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="feature names should match"):
        small.predict(X[["b", "a", "c", "d"]])


def test_images_of_any_rank(sample):
    images, target = sample.images[:200], sample.target[:200]
    classifier = KerasDNNClassifier((16,), epochs=2, random_state=0)
    flat = clone(classifier).fit(images.reshape(200, -1) / np.float32(255), target)
    for shape in ((28, 28), (28, 28, 1), (7, 4, 14, 2)):
        pixels = images.reshape(200, *shape) / np.float32(255)
        ranked = clone(classifier).fit(pixels, target)
        assert ranked.input_shape_ == shape
        assert_same_weights(ranked, flat)
        np.testing.assert_array_equal(
            ranked.predict_proba(pixels), flat.predict_proba(pixels.reshape(200, -1))
        )
    with pytest.raises(ValueError, match=r"rows of shape \(28, 27\), but .* \(28, 28\)"):
        clone(classifier).fit(images, target).predict(images[:, :, :27])


@pytest.mark.long_form(row="numbers")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_values_that_float32_cannot_hold_are_refused(value, iris, fitted):
    X = iris[0].copy()
    X[3, 1] = value
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"),
    ):
        clone(fitted).fit(X, iris[1])
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"),
    ):
        fitted.predict(X)


def test_one_class_is_refused(iris, small):
    X, y = iris
    with pytest.raises(ValueError, match=r"at least 2 classes .* got 1 class: \[0\]"):
        small.fit(X[:50], y[:50])


def test_not_fitted(iris):
    with pytest.raises(NotFittedError):
        KerasDNNClassifier().predict(iris[0])
    with pytest.raises(NotFittedError):
        KerasDNNClassifier().summary()
    assert not hasattr(KerasDNNClassifier(), "model_")


@pytest.mark.long_form(row="numbers")
def test_sums_that_overflow_are_an_error_and_no_prediction(iris, small):
    X, y = iris
    small.fit(X, y)
    kernel = weights(small)[0]
    worst = 3e38 * np.sign(kernel[:, np.abs(kernel).sum(axis=0).argmax()])
    rows = np.vstack([X, worst, worst])
    message = r"output is NaN for 2 of 152 rows, the first at 150, .* feature is 3e\+38"
    with pytest.raises(ValueError, match=message):
        small.predict(rows)
    with pytest.raises(ValueError, match=r"output is NaN for 2 of 152 rows"):
        clone(small).set_params(epochs=1, learning_rate=1e-9).fit(
            X, y, X_val=rows, y_val=np.append(y, [0, 1])
        )


@pytest.mark.long_form(row="numbers")
def test_a_huge_penalty_is_an_error_that_names_it(iris, small):
    small.set_params(l2=1e38, optimizer="sgd")
    with pytest.raises(ValueError, match=r"loss became .* the penalty is \(l2=1e\+38\)"):
        small.fit(*iris)


@pytest.mark.long_form(row="numbers")
def test_a_huge_learning_rate_is_an_error_that_names_it(iris, fitted):
    classifier = copy.deepcopy(fitted)
    before = classifier.predict_proba(iris[0])
    classifier.set_params(optimizer="sgd", learning_rate=1e30, activation="linear")
    with pytest.raises(ValueError, match=r"loss became .*learning_rate=1e\+30"):
        classifier.fit(*iris)
    np.testing.assert_array_equal(classifier.predict_proba(iris[0]), before)


@pytest.mark.long_form(row="interrupt")
def test_an_interrupt_at_any_line_leaves_one_network_or_the_other(iris, small, record_property):
    """At every line of the estimator's own code, which is where its state is kept."""
    X, y = iris
    old = small.set_params(epochs=1).fit(X, y)
    before = copy.deepcopy(old)
    after = clone(old).set_params(activation="tanh").fit(X[:90], y[:90])
    lines = []

    def interrupted_at(number):
        lines.clear()

        def trace(frame, event, argument):
            if not frame.f_code.co_filename.endswith(("classifier.py", "_estimator/base.py")):
                return None
            if event == "line":
                lines.append(frame.f_lineno)
                if len(lines) == number:
                    sys.settrace(None)
                    raise KeyboardInterrupt
            return trace

        fitted = copy.deepcopy(old).set_params(activation="tanh")
        previous = sys.gettrace()
        sys.settrace(trace)
        try:
            fitted.fit(X[:90], y[:90])
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(previous)
        return fitted

    assert_as(interrupted_at(0), after, X)
    total = len(lines)
    states = [assert_as(interrupted_at(n), (before, after), X) for n in range(1, total + 1)]
    record_property("lines of fit interrupted", total)
    assert total > 50
    assert len(set(states)) == 2, "all ended alike: the test no longer meets the end of a fit"


def assert_as(fitted, others, X):
    """Check that a network is wholly one of these; return which."""
    others = others if isinstance(others, tuple) else (others,)
    for number, other in enumerate(others):
        if np.array_equal(fitted.classes_, other.classes_):
            np.testing.assert_array_equal(fitted.predict_proba(X), other.predict_proba(X))
            assert fitted.history_ == other.history_
            assert fitted.n_iter_ == other.n_iter_
            assert set(vars(fitted)) == set(vars(other))
            return number
    raise AssertionError(f"neither old nor new: {vars(fitted)}")


def test_an_interrupted_fit_leaves_the_old_network(iris, small):
    class Interrupt:
        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            self.torn_down = True

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context):
            if context.task_name == "epoch" and context.task_id == 1:
                raise KeyboardInterrupt

    X, y = iris
    small.fit(X, y)
    before, history = small.predict_proba(X), dict(small.history_)
    callback = Interrupt()
    small.set_callbacks(callback)
    with pytest.raises(KeyboardInterrupt):
        small.fit(X[:, :2], y)
    assert callback.torn_down
    assert small.n_features_in_ == 4
    assert small.history_ == history
    np.testing.assert_array_equal(small.predict_proba(X), before)


@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_a_batch_larger_than_all_rows_is_all_rows(engine, iris, small):
    small.set_params(engine=engine)
    all_rows = clone(small).set_params(batch_size=150).fit(*iris)
    larger = clone(small).set_params(batch_size=10**9).fit(*iris)
    np.testing.assert_allclose(
        larger.predict_proba(iris[0]), all_rows.predict_proba(iris[0]), atol=1e-6
    )


# -- weights ------------------------------------------------------------------------------


def test_zero_weight_equals_a_removed_row(iris, small):
    X, y = iris
    weight = (np.arange(150) % 3 > 0).astype(float)
    small.set_params(batch_size=16)
    weighted = clone(small).fit(X, y, sample_weight=weight)
    removed = clone(small).fit(X[weight > 0], y[weight > 0])
    assert len(weighted.classes_) == 3
    np.testing.assert_allclose(
        weighted.history_["loss"][0], removed.history_["loss"][0], rtol=0.2
    )
    one_batch = clone(small).set_params(batch_size=150)
    a = clone(one_batch).fit(X, y, sample_weight=weight).predict_proba(X)
    b = clone(one_batch).fit(X[weight > 0], y[weight > 0]).predict_proba(X)
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_class_of_zero_weight_is_no_class(iris, small):
    X, y = iris
    classifier = small.fit(X, y, sample_weight=(y != 1).astype(float))
    assert classifier.classes_.tolist() == [0, 2]
    assert classifier.model_.output_shape == (None, 1)


def test_weights_scale_out(iris, small):
    weight = np.random.default_rng(0).random(150) + 0.1
    a = clone(small).fit(*iris, sample_weight=weight)
    b = clone(small).fit(*iris, sample_weight=weight * 1000)
    np.testing.assert_allclose(a.predict_proba(iris[0]), b.predict_proba(iris[0]), atol=1e-5)


@pytest.mark.long_form(row="numbers")
@pytest.mark.parametrize(
    ("factor", "engine"),
    [
        pytest.param(
            *(factor, engine),
            marks=pytest.mark.long_form(
                # What lies between is scaled by the same line, for both engines.
                row="numbers",
                only=engine == "keras" and factor != 2.0**1000,
            ),
        )
        for factor in (2.0**-1000, 2.0**-150, 2.0**120, 2.0**1000)
        for engine in ("fused", "keras")
    ],
)
def test_weights_beyond_float32_are_relative_too(factor, engine, iris, small):
    weight = np.linspace(0.5, 1.5, 150)
    small.set_params(engine=engine)
    a = clone(small).fit(*iris, sample_weight=weight)
    b = clone(small).fit(
        *iris,
        sample_weight=weight * factor,
        X_val=iris[0],
        y_val=iris[1],
        sample_weight_val=weight * factor,
    )
    assert_same_weights(a, b)
    assert np.isfinite(b.history_["val_loss"]).all()
    huge = clone(small).set_params(class_weight={0: 2.0**1000, 1: 2.0**1000, 2: 2.0**1000})
    assert_same_weights(a, huge.fit(*iris, sample_weight=weight * factor))


@pytest.mark.long_form(row="numbers")
def test_a_weight_that_is_nothing_beside_another_is_no_weight(iris, small):
    X, y = iris
    weight = np.where(np.arange(150) % 2, 1.0, 1e-40)
    a = clone(small).fit(X, y, sample_weight=weight)
    b = clone(small).fit(X, y, sample_weight=np.where(weight < 1, 0.0, 1.0))
    assert_same_weights(a, b)


def test_class_weight_equals_the_sample_weights_it_stands_for(iris, small):
    X, y = iris[0][:120], iris[1][:120]
    counts = np.bincount(y)
    balanced = clone(small).set_params(class_weight="balanced").fit(X, y)
    given = clone(small).set_params(
        class_weight={label: 120 / (3 * count) for label, count in enumerate(counts)}
    )
    sampled = clone(small).fit(X, y, sample_weight=120 / (3 * counts[y]))
    assert_same_weights(balanced, given.fit(X, y))
    assert_same_weights(balanced, sampled)


def test_class_weight_of_labels_that_look_like_numbers(iris, small):
    X, y = iris
    names = y.astype(str)
    a = clone(small).set_params(class_weight={"0": 5, "2": 0.5}).fit(X, names)
    b = clone(small).fit(X, names, sample_weight=np.array([5, 1, 0.5])[y])
    assert_same_weights(a, b)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.full(150, -1.0), "Negative values in data passed to `sample_weight`"),
        (np.zeros(150), "must contain at least one non-zero number"),
        (np.ones(149), r"sample_weight\.shape == \(149,\), expected \(150,\)"),
        (np.full(150, np.nan), "sample_weight contains NaN"),
        (np.full(150, np.inf), "sample_weight contains infinity"),
    ],
)
@pytest.mark.long_form(row="numbers")
def test_wrong_weights_are_refused(weight, message, iris, small):
    with pytest.raises(ValueError, match=message):
        small.fit(*iris, sample_weight=weight)


# -- randomness ---------------------------------------------------------------------------


def test_a_seed_decides_everything(iris, small):
    assert_same_weights(clone(small).fit(*iris), clone(small).fit(*iris))
    other = clone(small).set_params(random_state=1).fit(*iris)
    assert not np.array_equal(weights(other)[0], weights(clone(small).fit(*iris))[0])


def test_every_form_of_random_state(iris, small):
    rng = np.random.RandomState(0)
    first = clone(small).set_params(random_state=0).fit(*iris)
    same = small.set_params(random_state=rng).fit(*iris)
    assert_same_weights(first, same)
    again = weights(small.fit(*iris))  # the stream has moved on
    assert not np.array_equal(again[0], weights(first)[0])
    small.set_params(random_state=None)
    a, b = weights(small.fit(*iris)), weights(small.fit(*iris))
    assert not np.array_equal(a[0], b[0])


@pytest.mark.long_form(row="random-state")
def test_no_global_generator_is_read_or_changed(iris):
    import tensorflow as tf

    classifier = KerasDNNClassifier((9,), activation="silu", epochs=2, optimizer="nadam")

    def states():
        generator = tf.random.get_global_generator().state.numpy().tolist()
        return random.getstate(), np.random.get_state()[1].tolist(), generator

    before = states()
    classifier.fit(*iris).predict(iris[0])  # a structure of its own: built and traced here
    classifier.set_params(random_state=3).fit(*iris)
    assert classifier.model_.count_params() > 0
    assert states() == before


# -- going on -----------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_warm_start_goes_on_where_fit_ended(optimizer, iris):
    whole = KerasDNNClassifier((8,), optimizer=optimizer, epochs=6, random_state=0).fit(*iris)
    parts = KerasDNNClassifier(
        (8,), optimizer=optimizer, epochs=3, random_state=0, warm_start=True
    )
    parts.fit(*iris)
    assert parts.n_iter_ == 3
    parts.fit(*iris)
    assert parts.n_iter_ == 6
    np.testing.assert_allclose(parts.history_["loss"], whole.history_["loss"], rtol=1e-5)
    np.testing.assert_allclose(
        parts.predict_proba(iris[0]), whole.predict_proba(iris[0]), atol=1e-5
    )


def test_partial_fit_is_one_epoch(iris, small):
    whole = clone(small).fit(*iris)
    for _ in range(3):
        small.partial_fit(*iris, classes=[0, 1, 2])
    assert small.n_iter_ == 3
    np.testing.assert_allclose(
        small.predict_proba(iris[0]), whole.predict_proba(iris[0]), atol=1e-5
    )


def test_partial_fit_takes_chunks_that_lack_a_class(iris, small):
    X, y = iris
    small.partial_fit(X[:100], y[:100], classes=[0, 1, 2])
    assert small.predict_proba(X).shape == (150, 3)
    small.partial_fit(X[100:], y[100:])
    with pytest.raises(ValueError, match=r"labels \[7\] that are not in classes \[0, 1, 2\]"):
        small.partial_fit(X[:10], y[:10] + 7)
    with pytest.raises(ValueError, match="not the same as on the first call"):
        small.partial_fit(X, y, classes=[0, 1])
    assert small.n_iter_ == 2


def test_partial_fit_asks_for_classes_first(iris, small):
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        small.partial_fit(*iris)
    assert not small.__sklearn_is_fitted__()


def test_going_on_with_other_layers_is_refused(iris, small):
    small.fit(*iris).set_params(warm_start=True, hidden_units=(9,))
    with pytest.raises(ValueError, match=r"hidden_units=\(8,\), got \(9,\); to start afresh"):
        small.fit(*iris)
    with pytest.raises(ValueError, match="X has 3 features, but"):
        small.set_params(hidden_units=(8,)).partial_fit(iris[0][:, :3], iris[1])


def test_going_on_with_another_optimizer_starts_its_state_anew(iris, small):
    small.set_params(warm_start=True).fit(*iris)
    small.set_params(optimizer="sgd", learning_rate=0.5).fit(*iris)
    assert small.n_iter_ == 6
    assert small.history_["loss"][-1] < small.history_["loss"][0]


def test_hyperparameters_set_after_fit_do_not_change_predictions(iris, fitted):
    classifier = copy.deepcopy(fitted)
    classifier.set_params(hidden_units=(3, 3), activation="tanh", optimizer="sgd")
    np.testing.assert_array_equal(
        classifier.predict_proba(iris[0]), fitted.predict_proba(iris[0])
    )


# -- copies and files ---------------------------------------------------------------------


@pytest.mark.long_form(row="round-trips")
@pytest.mark.parametrize(
    "copied",
    [
        lambda c: pickle.loads(pickle.dumps(c)),
        lambda c: cloudpickle.loads(cloudpickle.dumps(c)),
        lambda c: copy.deepcopy(c),
        lambda c: joblib.load(dumped(c)),
    ],
    ids=["pickle", "cloudpickle", "deepcopy", "joblib"],
)
def test_copies_before_and_after_fit(copied, iris):
    import keras

    classifier = KerasDNNClassifier(
        (8,), optimizer=keras.optimizers.SGD(0.1, momentum=0.9), epochs=3, random_state=0
    )
    twin = copied(classifier)
    assert_same_weights(twin.fit(*iris), classifier.fit(*iris))
    twin = copied(classifier)
    np.testing.assert_array_equal(
        twin.predict_proba(iris[0]), classifier.predict_proba(iris[0])
    )
    assert twin.optimizer.get_config() == classifier.optimizer.get_config()
    # The optimizer's state travels too: both go on alike.
    assert_same_weights(twin.partial_fit(*iris), classifier.partial_fit(*iris))


def dumped(classifier):
    buffer = io.BytesIO()
    joblib.dump(classifier, buffer)
    buffer.seek(0)
    return buffer


def test_a_pickle_is_not_much_larger_than_the_weights(fitted):
    arrays = sum(w.nbytes for w in fitted._fitted_state["weights"])
    arrays += sum(w.nbytes for w in fitted._fitted_state["slots"])
    assert len(pickle.dumps(fitted)) < arrays + 6_000


# -- the Keras model ----------------------------------------------------------------------


def test_model_is_the_network(fitted, iris):
    import keras

    model = fitted.model_
    assert isinstance(model, keras.Sequential)
    np.testing.assert_allclose(
        model.predict(iris[0], verbose=0), fitted.predict_proba(iris[0]), atol=1e-6
    )
    loss, accuracy = model.evaluate(iris[0].astype(np.float32), iris[1], verbose=0)
    assert accuracy == pytest.approx(fitted.score(*iris))
    assert np.isfinite(loss)


def test_model_has_the_state_of_the_optimizer(fitted):
    optimizer = fitted.model_.optimizer
    assert int(optimizer.iterations.numpy()) == 30 * 5  # epochs x batches of 32 in 150 rows
    assert float(optimizer.learning_rate.numpy()) == pytest.approx(1e-3)


def test_training_the_model_further_leaves_the_estimator_alone(fitted, iris):
    before = fitted.predict_proba(iris[0])
    model = fitted.model_
    model.fit(iris[0], iris[1], epochs=2, verbose=0)
    np.testing.assert_array_equal(fitted.predict_proba(iris[0]), before)


def test_model_saves_without_skdnn(fitted, iris, tmp_path):
    import keras

    fitted.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded.predict(iris[0], verbose=0), fitted.predict_proba(iris[0]), atol=1e-6
    )


def test_looking_at_an_estimator_builds_no_model(fitted, monkeypatch):
    from skdnn._estimator import networks

    def build(*_):
        raise AssertionError("a model was built")

    monkeypatch.setattr(networks, "keras_model", build)
    assert "model_" not in dir(fitted)
    assert "n_parameters_" in fitted._repr_html_()
    assert repr(fitted)
    with pytest.raises(AttributeError, match="no attribute 'modell_'"):
        fitted.modell_  # noqa: B018
