"""validate_state: what pickle and skops put into an estimator is checked against itself."""

import copy
import io
import json
import pickle
import zipfile

import cloudpickle
import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNClassifier
from skdnn._estimator.networks import architecture_of
from skdnn._estimator.state import slot_shapes, validate_architecture, weight_shapes
from skdnn.network.architecture import Architecture
from skdnn.network.optimizers import _classes_by_name
from skdnn.network.outputs import output_of_classes, output_of_labels


@pytest.fixture(scope="module")
def fitted(iris):
    classifier = KerasDNNClassifier(
        (6, 5), batch_normalization=(True, False), epochs=2, random_state=0
    )
    return classifier.set_params(optimizer__beta_1=0.8).fit(*iris)


def changed(classifier, change):
    """Return a state as a forger would write it."""
    state = copy.deepcopy(classifier.__getstate__())
    change(state)
    return state


def put(state):
    return KerasDNNClassifier.__new__(KerasDNNClassifier).__setstate__(state)


# -- shapes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture((4,), output_of_classes(3), (), (), ()),
        Architecture((4,), output_of_classes(2), (5,), ("relu",), (False,)),
        Architecture((7, 3, 2), output_of_classes(4), (5, 6), ("relu", "tanh"), (True, False)),
        Architecture((4,), output_of_labels(2), (3, 3), ("relu", "relu"), (True, True)),
    ],
    ids=["linear", "binary", "image", "multilabel"],
)
def test_shapes_are_those_of_the_network(architecture):
    model = architecture.build(seed=0)
    assert [w.shape for w in model.weights] == [*weight_shapes(architecture).values()]
    layers = [weight.path.split("/")[-2:] for weight in model.weights]
    assert [".".join(names) for names in layers] == [*weight_shapes(architecture)]


@pytest.mark.parametrize("name", sorted(_classes_by_name()))
def test_the_state_of_every_optimizer_has_these_shapes(name, fitted):
    architecture = architecture_of(fitted._fitted_state)
    model = architecture.build(seed=0)
    optimizer = _classes_by_name()[name]()
    optimizer.build(model.trainable_variables)
    assert {tuple(v.shape) for v in optimizer.variables} <= slot_shapes(architecture)


# -- states that are fine -----------------------------------------------------------------


def test_an_unfitted_state_is_taken_whatever_its_hyperparameters_are():
    classifier = KerasDNNClassifier(hidden_units="not checked before fit")
    assert pickle.loads(pickle.dumps(classifier)).hidden_units == "not checked before fit"


def test_a_state_in_the_middle_of_a_fit_is_taken(iris):
    """ScoringMonitor copies the estimator at every epoch, also while it is fitted anew."""
    monitor = ScoringMonitor(scoring="accuracy")
    classifier = KerasDNNClassifier((5,), epochs=2, random_state=0)
    classifier.fit(*iris).set_callbacks(monitor)
    X, y = iris
    classifier.fit(X[:, :2], y == 1)  # other features and classes than in the fit before
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == 2


def test_a_last_step_to_infinity_is_an_error_of_the_fit(iris):
    """The loss before the step is finite; no estimator is left that could not be copied."""
    X, y = iris
    classifier = KerasDNNClassifier(
        (5,), optimizer="sgd", learning_rate=3e38, epochs=1, batch_size=150, random_state=0
    )
    with pytest.raises(ValueError, match=r"weights became infinite .*learning_rate=3e\+38"):
        classifier.fit(X * 1000, y)
    assert not classifier.__sklearn_is_fitted__()


def test_a_failed_refit_keeps_the_old_network(iris, fitted):
    classifier = copy.deepcopy(fitted)
    classifier.set_params(learning_rate=1e30, optimizer="sgd", batch_normalization=False)
    with pytest.raises(ValueError, match="the loss became"):
        classifier.fit(iris[0] * 1e20, iris[1] > 0)
    np.testing.assert_array_equal(
        classifier.predict_proba(iris[0]), fitted.predict_proba(iris[0])
    )


def test_the_earlier_name_of_the_fitted_state_is_read(iris, fitted):
    state = dict(fitted.__getstate__())
    state["_learnt"] = state.pop("_fitted_state")
    again = KerasDNNClassifier()
    again.__setstate__(state)
    assert "_learnt" not in vars(again)
    np.testing.assert_array_equal(again.predict(iris[0]), fitted.predict(iris[0]))


# -- states that are not ------------------------------------------------------------------


def in_fitted_state(name, value):
    def change(state):
        state["_fitted_state"][name] = (
            value(state["_fitted_state"][name]) if callable(value) else value
        )

    return change


def attribute(name, value):
    def change(state):
        state[name] = value(state[name]) if callable(value) else value

    return change


FORGERIES = [
    (lambda s: s.pop("epochs"), r"lacks hyperparameters, got \['epochs'\]"),
    (attribute("predict", 3), r"would replace methods, got \['predict'\]"),
    (attribute("_routed", {"memory": {}}), "_routed must hold settings"),
    (attribute("_routed", {"optimizer": 3}), "_routed must hold settings"),
    (attribute("_fitted_state", 3), "_fitted_state must be a dict of"),
    (lambda s: s["_fitted_state"].pop("seed"), "_fitted_state must be a dict of"),
    (in_fitted_state("more", 3), "_fitted_state must be a dict of"),
    (in_fitted_state("input_shape", (4.0,)), "input_shape must be a tuple of positive ints"),
    (in_fitted_state("input_shape", ()), "input_shape must have a dimension"),
    (
        in_fitted_state("hidden_units", (6, -5)),
        r"hidden_units must be .* positive ints, got \(6, -5\)$",
    ),
    (
        in_fitted_state("hidden_units", (6, True)),
        "hidden_units must be a tuple of positive ints",
    ),
    (in_fitted_state("n_classes", 1), "n_classes must be an int from 2, got 1"),
    (in_fitted_state("multilabel", 0), "multilabel must be a bool, got 0$"),
    (in_fitted_state("activation", ("relu", 3)), "activation must be a tuple of names"),
    (
        in_fitted_state("activation", ("relu",)),
        r"activation must have a value per layer, got \(1, 2",
    ),
    (
        in_fitted_state("batch_normalization", (1, 0)),
        r"batch_normalization must be a tuple of bools, got \(1, 0\)$",
    ),
    (in_fitted_state("seed", -1), "'seed'. must be an int from 0"),
    (in_fitted_state("seed", 2**31), "'seed'. must be an int from 0"),
    (in_fitted_state("epoch", "2"), r"'epoch'. must be an int from 0 to 2\*\*31 - 1, got '2'"),
    (in_fitted_state("optimizer", None), "'optimizer'. must be text, got {"),
    (in_fitted_state("weights", tuple), "weights must be a list, got <class 'tuple'>"),
    (
        in_fitted_state("weights", lambda w: w[:-1]),
        r"weights must have shapes .*, got \[\(4, 6\)",
    ),
    (in_fitted_state("weights", lambda w: [w[0].T, *w[1:]]), "weights must have shapes"),
    (
        in_fitted_state("weights", lambda w: [w[0] * 1.0j, *w[1:]]),
        "hidden_1.kernel must be .*float32",
    ),
    (
        in_fitted_state("weights", lambda w: [w[0] * np.nan, *w[1:]]),
        "hidden_1.kernel must be finite",
    ),
    (in_fitted_state("slots", tuple), "optimizer's state must be a list, got <class 'tuple'>"),
    (
        in_fitted_state("slots", lambda s: [*s, "x"]),
        r"slots\[\d+\] must be an ndarray of numbers",
    ),
    (
        in_fitted_state("slots", lambda s: [*s, np.ones(99)]),
        "optimizer's state must have shapes",
    ),
    (attribute("classes_", list), "classes_ must be a one-dimensional ndarray"),
    (attribute("classes_", np.array([1, 0, 2])), "classes_ must be sorted"),
    (
        attribute("classes_", np.array([0, 1])),
        r"classes_ must hold 3 labels, got array\(\[0, 1\]",
    ),
    (attribute("classes_", np.array([0, 0, 1])), "classes_ must be sorted, each label once"),
    (attribute("classes_", np.array([0, 2, 1])), "classes_ must be sorted, each label once"),
    (attribute("classes_", np.eye(3)), "classes_ must be a one-dimensional ndarray"),
    (attribute("classes_", np.array([0, "a", None], object)), "classes_ must be sorted"),
    (lambda s: s.pop("classes_"), r"is fitted, but lacks, got \['classes_'\]"),
    (attribute("input_shape_", (5,)), r"input_shape_ must be \(4,\), got \(5,\)"),
    (attribute("input_shape_", [4]), r"input_shape_ must be a tuple .* got \[4\]$"),
    (attribute("n_features_in_", 5), "n_features_in_ must be 4, got 5"),
    (attribute("n_iter_", 2.0), r"n_iter_ must be an int from 0, got 2\.0$"),
    (attribute("n_parameters_", -1), "n_parameters_ must be an int"),
    (attribute("best_iteration_", None), "best_iteration_ must be an int"),
    (attribute("validation_scores_", [0.5]), "validation_scores_ must be a one-dim"),
    (attribute("validation_scores_", np.array([1, 0])), r"of floats, got array\(\[1, 0\]\)$"),
    (attribute("feature_names_in_", ["a"] * 4), r"ndarray of str, got \['a', 'a', 'a', 'a'\]$"),
    (attribute("feature_names_in_", np.array(["a"], object)), "must hold 4 names, got array"),
    (attribute("feature_names_in_", np.array([1, 2], object)), "ndarray of str"),
    (
        attribute("history_", {"loss": (0.5,)}),
        r"history_ must be .* got \{'loss': \(0\.5,\)\}$",
    ),
    (attribute("history_", {"loss": ["low"]}), "history_ must be a dict of lists"),
]


@pytest.mark.parametrize(
    ("change", "message"),
    FORGERIES,
    ids=[f"{i}-{rule[:20]}" for i, (_, rule) in enumerate(FORGERIES)],
)
def test_a_forged_state_is_refused_by_name(change, message, fitted):
    put(changed(fitted, lambda state: None))  # as it is, it is taken
    with pytest.raises(ValueError, match=message):
        put(changed(fitted, change))


@pytest.mark.parametrize(("multilabel", "least"), [(False, 2), (True, 1)])
def test_the_fewest_classes_are_taken_and_no_fewer(multilabel, least):
    layers = {"input_shape": (4,), "hidden_units": (), "activation": ()}
    layers |= {"batch_normalization": (), "multilabel": multilabel, "n_classes": least}
    assert validate_architecture(layers) == architecture_of(layers)
    with pytest.raises(ValueError, match=f"n_classes must be an int from {least}, got"):
        validate_architecture(layers | {"n_classes": least - 1})


def test_scores_and_names_may_be_there(fitted):
    names = np.array(["a", "b", "c", "d"], object)
    scores = np.array([0.5, 0.25])

    def change(state):
        state.update(feature_names_in_=names, validation_scores_=scores, best_iteration_=0)

    put(changed(fitted, change))
    put(changed(fitted, lambda state: state.pop("n_features_in_")))  # images have none


def test_an_activation_may_be_a_function():
    layers = {"input_shape": (4,), "hidden_units": (3,), "activation": (np.tanh,)}
    layers |= {"batch_normalization": (False,), "multilabel": False, "n_classes": 2}
    assert validate_architecture(layers).activation == (np.tanh,)


@pytest.mark.parametrize("state", [None, 3, [], {1: 2}])
def test_what_is_no_state_is_refused(state):
    with pytest.raises(ValueError, match=r"must be a dict|must have names as keys"):
        KerasDNNClassifier().__setstate__(state)


def test_a_refused_state_changes_nothing(fitted, iris):
    classifier = clone(fitted)
    with pytest.raises(ValueError, match="finite"):
        classifier.__setstate__(
            changed(fitted, in_fitted_state("weights", lambda w: [w[0] * np.inf, *w[1:]]))
        )
    assert not classifier.__sklearn_is_fitted__()
    assert classifier.fit(*iris).n_iter_ == 2


# -- skops --------------------------------------------------------------------------------


@pytest.mark.long_form(row="round-trips")
def test_skops_needs_one_type_to_trust(fitted, iris):
    from skops import io as skops_io

    data = skops_io.dumps(fitted)
    own = ["skdnn.classifier.KerasDNNClassifier"]
    assert skops_io.get_untrusted_types(data=data) == own
    loaded = skops_io.loads(data, trusted=own)
    assert loaded.get_params() == fitted.get_params()
    np.testing.assert_array_equal(loaded.predict_proba(iris[0]), fitted.predict_proba(iris[0]))
    going_on = copy.deepcopy(fitted).partial_fit(*iris)
    np.testing.assert_array_equal(
        loaded.partial_fit(*iris).predict_proba(iris[0]), going_on.predict_proba(iris[0])
    )


@pytest.mark.long_form(row="round-trips")
def test_skops_needs_skdnns_names_for_a_pipeline(sample):
    from skops import io as skops_io

    from skdnn import make_image_pipeline

    images = sample.images[:200]
    pipeline = make_image_pipeline(hidden_units=(8,), epochs=1, random_state=0)
    pipeline.fit(images, sample.target[:200])
    data = skops_io.dumps(pipeline)
    names = skops_io.get_untrusted_types(data=data)
    assert len(names) == 3
    assert all(name.startswith("skdnn.") for name in names)
    loaded = skops_io.loads(data, trusted=names)
    np.testing.assert_array_equal(loaded.predict_proba(images), pipeline.predict_proba(images))


@pytest.mark.long_form(row="round-trips")
@pytest.mark.parametrize("by", ["pickle", "cloudpickle", "joblib", "skops", "deepcopy"])
def test_round_trips_of_a_scaled_pipeline(by, iris):
    from skops import io as skops_io

    def by_joblib(pipeline):
        buffer = io.BytesIO()
        joblib.dump(pipeline, buffer)
        return joblib.load(io.BytesIO(buffer.getvalue()))

    ways = {
        "pickle": lambda p: pickle.loads(pickle.dumps(p)),
        "cloudpickle": lambda p: cloudpickle.loads(cloudpickle.dumps(p)),
        "joblib": by_joblib,
        "skops": lambda p: skops_io.loads(
            skops_io.dumps(p), trusted=["skdnn.classifier.KerasDNNClassifier"]
        ),
        "deepcopy": copy.deepcopy,
    }
    X, y = iris
    pipeline = make_pipeline(
        StandardScaler(), KerasDNNClassifier((6,), epochs=2, random_state=0)
    )
    before = pipeline.fit(X, y).predict_proba(X)
    copied = ways[by](pipeline)
    np.testing.assert_array_equal(copied.predict_proba(X), before)
    copied.fit(X[:50] + 1, np.arange(50) % 2)
    np.testing.assert_array_equal(pipeline.predict_proba(X), before)  # nothing is shared


def test_skops_of_a_forged_file_is_refused(fitted):
    from skops import io as skops_io

    data = skops_io.dumps(fitted)
    forged = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "schema.json":
                schema = json.loads(text)
                schema["content"]["content"]["n_features_in_"]["content"] = "5"
                text = json.dumps(schema)
            new.writestr(name, text)
    with pytest.raises(ValueError, match=r"invalid state of an estimator: .* must"):
        skops_io.loads(forged.getvalue(), trusted=["skdnn.classifier.KerasDNNClassifier"])
