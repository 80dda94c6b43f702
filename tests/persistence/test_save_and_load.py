"""save and load: what comes back is what was saved, and goes on where it stood."""

import copy
import functools
import json
import pickle
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import sklearn
from helpers.python_process import run_python, start_python
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skdnn import KerasDNNClassifier, make_image_pipeline
from skdnn.network.initializers import _initializer_names
from skdnn.network.layer_settings import _activation_names
from skdnn.network.optimizers import _classes_by_name
from skdnn.persistence import LoadError, _atomic, _keras_names, _values, load, save

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture(scope="module")
def fitted(iris):
    return KerasDNNClassifier((6,), epochs=2, random_state=0).fit(*iris)


def again(estimator, path):
    save(estimator, path)
    return load(path)


def assert_same(loaded, saved, X):
    np.testing.assert_array_equal(loaded.predict_proba(X), saved.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict(X), saved.predict(X))
    assert loaded.classes_.dtype.kind == saved.classes_.dtype.kind
    assert loaded.history_ == saved.history_
    assert vars(loaded).keys() == vars(saved).keys()
    assert str(loaded.get_params()) == str(saved.get_params())


# -- round trips --------------------------------------------------------------------------


@pytest.mark.long_form(row="round-trips")
@pytest.mark.parametrize(
    "params",
    [
        {"hidden_units": ()},
        {"hidden_units": 5, "activation": "tanh", "dropout": 0.2, "l2": 1e-3},
        {"hidden_units": [5, 4], "activation": ["elu", "selu"], "dropout": (0.0, 0.5)},
        {"hidden_units": np.array([5, 4]), "batch_normalization": [True, False]},
        {"optimizer": "sgd", "optimizer__momentum": 0.9, "learning_rate": 0.25},
        {"optimizer": "RMSprop", "label_smoothing": 0.1, "engine": "keras"},
        {"class_weight": {0: 1, 1: 2.5, 2: 0.5}, "validation_fraction": 30},
        {"early_stopping": True, "scoring": "balanced_accuracy", "n_iter_no_change": 1},
        {"kernel_initializer": "he_normal", "verbose": False, "random_state": None},
    ],
    ids=lambda params: "-".join(params),
)
def test_round_trip(params, iris, path):
    saved = KerasDNNClassifier((6,), epochs=2, random_state=0).set_params(**params).fit(*iris)
    loaded = again(saved, path)
    assert_same(loaded, saved, iris[0])
    assert loaded.n_iter_ == saved.n_iter_
    assert loaded.n_parameters_ == saved.n_parameters_
    assert loaded.input_shape_ == saved.input_shape_
    for name in ("weights", "slots"):
        for left, right in zip(
            loaded._fitted_state[name], saved._fitted_state[name], strict=True
        ):
            np.testing.assert_array_equal(left, right)
            assert left.dtype == right.dtype


@pytest.mark.parametrize(
    "relabel",
    [
        lambda y: y.astype(np.uint8),
        lambda y: y.astype(np.float32),
        lambda y: y > 0,
        lambda y: np.array(["setosa", "versicolor é", "virginica \U0001f338"])[y],
        lambda y: np.array(["a", "b", 'c"\\'], dtype=object)[y],
        lambda y: np.tri(3, dtype=int)[y],
    ],
    ids=["uint8", "float32", "bool", "str", "object", "multilabel"],
)
def test_every_kind_of_label(relabel, iris, path):
    saved = KerasDNNClassifier((6,), epochs=2, random_state=0).fit(iris[0], relabel(iris[1]))
    loaded = again(saved, path)
    assert_same(loaded, saved, iris[0])
    if saved.classes_.dtype.kind != "U":
        assert loaded.predict(iris[0]).dtype == saved.predict(iris[0]).dtype


@pytest.mark.parametrize(
    ("optimizer", "form"),
    [
        pytest.param(
            *(optimizer, form),
            marks=pytest.mark.long_form(
                # Keras's engine trains the last one, for seconds; a class is kept by its name.
                row="round-trips",
                only=(form == "class" and optimizer != "adam")
                or (form == "instance" and optimizer == "schedulefreeadamw"),
            ),
        )
        for optimizer in sorted(_classes_by_name())
        for form in ("name", "class", "instance")
    ],
)
def test_every_optimizer_goes_on(optimizer, form, iris, path):
    cls = _classes_by_name()[optimizer]
    value = {"name": optimizer, "class": cls, "instance": cls(learning_rate=0.01)}[form]
    saved = KerasDNNClassifier(
        (6,), optimizer=value, epochs=2, random_state=0, warm_start=True
    ).fit(*iris)
    loaded = again(saved, path)
    if form == "instance":
        assert type(loaded.optimizer) is cls
        assert loaded.optimizer.get_config() == saved.optimizer.get_config()
    for going_on in (lambda c: c.fit(*iris), lambda c: c.partial_fit(*iris)):
        proba = [going_on(c).predict_proba(iris[0]) for c in (loaded, saved)]
        np.testing.assert_array_equal(*proba)
    assert loaded.n_iter_ == saved.n_iter_ == 5
    assert loaded.history_ == saved.history_


def test_early_stopping_goes_on(iris, path):
    saved = KerasDNNClassifier(
        (6,), epochs=3, early_stopping=True, warm_start=True, random_state=0
    ).fit(*iris)
    loaded = again(saved, path)
    proba = [c.fit(*iris).predict_proba(iris[0]) for c in (loaded, saved)]
    np.testing.assert_array_equal(*proba)
    np.testing.assert_array_equal(loaded.validation_scores_, saved.validation_scores_)
    assert loaded.best_iteration_ == saved.best_iteration_


@pytest.mark.parametrize(
    "schedule",
    [
        keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5, staircase=True),
        keras.optimizers.schedules.PiecewiseConstantDecay([3, 6], [0.1, 0.05, 0.01]),
        keras.optimizers.schedules.PolynomialDecay(0.1, 10),
        keras.optimizers.schedules.InverseTimeDecay(0.1, 5, 0.5),
        keras.optimizers.schedules.CosineDecay(0.1, 10, warmup_target=0.2, warmup_steps=3),
        keras.optimizers.schedules.CosineDecayRestarts(0.1, 5),
    ],
    ids=lambda schedule: type(schedule).__name__,
)
def test_every_schedule(schedule, iris, path):
    places = {
        "learning_rate": schedule,
        "optimizer__learning_rate": schedule,
        "optimizer": keras.optimizers.Adam(schedule),  # the default: one program for all
    }
    for name, value in places.items():
        saved = KerasDNNClassifier((6,), epochs=1, random_state=0).set_params(**{name: value})
        loaded = again(saved.fit(*iris), path)
        restored = loaded.get_params()[name]
        assert type(restored) is type(value)
        assert restored.get_config() == value.get_config()
        np.testing.assert_array_equal(
            loaded.partial_fit(*iris).predict_proba(iris[0]),
            saved.partial_fit(*iris).predict_proba(iris[0]),
        )


@pytest.mark.parametrize(
    "initializer",
    [
        keras.initializers.HeNormal(),
        keras.initializers.Constant(0.1),
        keras.initializers.Orthogonal(gain=0.5, seed=3),
        keras.initializers.VarianceScaling(2.0, mode="fan_avg", distribution="uniform"),
        ["zeros", keras.initializers.RandomNormal(stddev=0.1)],
    ],
    ids=["HeNormal", "Constant", "Orthogonal", "VarianceScaling", "list"],
)
def test_initializers(initializer, iris, path):
    saved = KerasDNNClassifier(
        (6,), kernel_initializer=initializer, epochs=1, random_state=0
    ).fit(*iris)
    loaded = again(saved, path)
    X = iris[0]
    np.testing.assert_array_equal(loaded.predict_proba(X), saved.predict_proba(X))
    refitted = [clone(c).fit(*iris).predict_proba(X) for c in (loaded, saved)]
    np.testing.assert_array_equal(*refitted)


def test_numbers_of_numpy_become_pythons(fitted, path):
    classifier = copy.deepcopy(fitted).set_params(l2=np.float32(0.25), batch_size=np.int64(8))
    loaded = again(classifier.set_params(warm_start=np.True_), path)
    assert (loaded.l2, loaded.batch_size, loaded.warm_start) == (0.25, 8, True)
    assert type(loaded.batch_size) is int


def test_a_function_of_keras_is_saved_by_its_name(iris, path):
    functions = [keras.activations.gelu, "relu"]
    saved = KerasDNNClassifier((4, 4), activation=functions, epochs=1).fit(*iris)
    assert again(saved, path).activation == functions


def test_feature_names(iris, path):
    X = pd.DataFrame(iris[0], columns=["länge", "b", "c", "d"])
    loaded = again(KerasDNNClassifier((4,), epochs=1).fit(X, iris[1]), path)
    assert loaded.feature_names_in_.tolist() == ["länge", "b", "c", "d"]
    with pytest.raises(ValueError, match="feature names should match"):
        loaded.predict(X[["b", "länge", "c", "d"]])


@pytest.mark.long_form(row="round-trips")
@pytest.mark.parametrize(
    "settings",
    [{}, {"flatten": False}, {"scale": 100, "image_shape": (28, 28)}],
    ids=["default", "unflattened", "set"],
)
def test_an_image_pipeline(settings, sample, path):
    images, target = sample.images[:200], sample.target[:200]
    saved = make_image_pipeline(**settings, hidden_units=(8,), epochs=1, random_state=0)
    saved.fit(images, target)
    loaded = again(saved, path)
    np.testing.assert_array_equal(loaded.predict_proba(images), saved.predict_proba(images))
    assert str(loaded.get_params()) == str(saved.get_params())
    assert loaded.n_features_in_ == saved.n_features_in_
    again_fitted = [clone(p).fit(images, target).predict_proba(images) for p in (loaded, saved)]
    np.testing.assert_array_equal(*again_fitted)


def test_metadata_requests(sample, path):
    images, target = sample.images[:200], sample.target[:200]
    pipeline = make_image_pipeline(hidden_units=(8,), epochs=1, random_state=0)
    pipeline.set_params(transform_input=["X_val"])
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline["dnn"].set_fit_request(X_val=True, y_val="labels")
        pipeline.fit(images, target, X_val=images, labels=target)
        loaded = again(pipeline, path)
        loaded.fit(images, target, X_val=images, labels=target)
    assert loaded["dnn"].history_["val_loss"] == pipeline["dnn"].history_["val_loss"]


def test_model_of_a_loaded_estimator(fitted, iris, path):
    model = again(fitted, path).model_
    np.testing.assert_allclose(
        model.predict(iris[0], verbose=0), fitted.predict_proba(iris[0]), atol=1e-6
    )
    assert int(model.optimizer.iterations.numpy()) == 10


def test_model_is_handed_over_to_keras_alone(fitted, iris, path, tmp_path):
    """The Keras file of a loaded estimator needs no skdnn."""
    again(fitted, path).model_.save(tmp_path / "model.keras")
    np.save(tmp_path / "X.npy", iris[0].astype(np.float32))
    script = (
        "import sys\n"
        "for name in ['skdnn', 'scikeras', *sys.modules]:  # a fork may have them\n"
        "    if name.startswith(('skdnn', 'scikeras')): sys.modules[name] = None\n"
        "import keras, numpy\n"
        "keras.saving.get_custom_objects().clear()\n"
        "model = keras.models.load_model('model.keras')\n"
        "numpy.save('out.npy', model.predict(numpy.load('X.npy'), verbose=0))\n"
    )
    run_python("-c", script, cwd=tmp_path, check=True)
    np.testing.assert_allclose(
        np.load(tmp_path / "out.npy"), fitted.predict_proba(iris[0]), atol=1e-6
    )


def test_histories_keep_what_is_not_finite(fitted, path):
    saved = copy.deepcopy(fitted)
    saved.history_["val_loss"] = [float("nan"), float("inf")]
    loaded = again(saved, path)
    np.testing.assert_array_equal(loaded.history_["val_loss"], saved.history_["val_loss"])


def test_the_same_estimator_gives_the_same_bytes(fitted, path, tmp_path):
    save(fitted, path)
    save(fitted, tmp_path / "other")
    assert path.read_bytes() == (tmp_path / "other").read_bytes()


def test_other_tools_read_the_file(fitted, path):
    from safetensors import safe_open
    from safetensors.numpy import load_file

    save(fitted, path)
    arrays = load_file(path)
    np.testing.assert_array_equal(arrays["hidden_1.kernel"], fitted._fitted_state["weights"][0])
    with safe_open(path, framework="numpy") as file:
        manifest = json.loads(file.metadata()["skdnn"])
    assert manifest["versions"]["scikit-learn"] == sklearn.__version__


def test_loading_reads_no_global_generator(iris, path):
    initializer = keras.initializers.HeNormal()
    save(KerasDNNClassifier((4,), kernel_initializer=initializer, epochs=1).fit(*iris), path)
    before = random.getstate(), np.random.get_state()[1].tolist()
    load(path)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


def test_the_tables_hold_the_names_of_this_keras():
    assert set(_activation_names()) == _keras_names.ACTIVATIONS
    classes = {cls.__name__ for cls in _classes_by_name().values()}
    assert classes == _keras_names.OPTIMIZERS
    schedules = vars(keras.optimizers.schedules)
    named = {name for name in schedules if name[0].isupper()} - {"LearningRateSchedule"}
    assert named == _keras_names.SCHEDULES
    snake = {name for name in _values._initializer_names() if name.islower()}
    assert set(_initializer_names()) == snake


# -- what can't be saved ------------------------------------------------------------------


class OwnOptimizer(keras.optimizers.SGD):
    pass


class OwnSchedule(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.1

    def get_config(self):
        return {}


class OwnInitializer(keras.initializers.Zeros):
    pass


def own_activation(x):
    return x


def own_scorer(estimator, X, y):
    return 0.5


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"activation": own_activation}, "can't save activation=.*take a name of Keras's own"),
        (
            {"activation": functools.partial(keras.activations.elu, alpha=2.0)},
            "can't save activation=.*type partial is not data",
        ),
        (
            {"kernel_initializer": OwnInitializer()},
            "can't save kernel_initializer=.*take a name",
        ),
        ({"kernel_initializer": "stft"}, "can't save kernel_initializer='stft'"),
        ({"optimizer": OwnOptimizer()}, "can't save optimizer=.*take one of Keras's own"),
        ({"optimizer": OwnOptimizer}, "can't save optimizer=.*not a class of Keras's"),
        ({"optimizer": keras.optimizers.SGD(OwnSchedule())}, "type OwnSchedule is not data"),
        ({"optimizer": keras.optimizers.SGD(lambda: 0.1)}, "its learning_rate is a function"),
        (
            {"learning_rate": OwnSchedule()},
            "can't save learning_rate=.*one of Keras's own sche",
        ),
        (
            {"callbacks": keras.callbacks.EarlyStopping()},
            r"can't save callbacks=.*callbacks=None",
        ),
        ({"callbacks": []}, r"can't save callbacks=\[\].*set_params\(callbacks=None\)"),
        ({"memory": "cache"}, r"can't save memory='cache'.*set_params\(memory=None\)"),
        (
            {"random_state": np.random.RandomState(0)},
            r"can't save random_state=.*set_params\(random_state=None\)",
        ),
        ({"scoring": own_scorer}, r"can't save scoring=.*the name of a scorer"),
        ({"scoring": "own"}, "can't save scoring='own'"),
        ({"optimizer__name": "x"}, "can't save optimizer__name='x'.*no plain number"),
        ({"tol": float("inf")}, "can't save tol=inf: it is not finite"),
        ({"class_weight": {(0, own_scorer): 1}}, "can't save class_weight="),
        ({"epochs": 0}, "whose file would not load: .*'epochs' parameter"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_is_no_data_is_refused_with_the_remedy(params, message, fitted, path):
    classifier = copy.deepcopy(fitted).set_params(**params)
    with pytest.raises(ValueError, match=message):
        save(classifier, path)
    assert not list(path.parent.iterdir())


def test_the_remedy_works(iris, path):
    classifier = KerasDNNClassifier((4,), epochs=2, callbacks=keras.callbacks.Callback())
    classifier.fit(*iris).set_params(callbacks=None)
    assert again(classifier, path).history_ == classifier.history_


def test_what_an_own_class_has_learnt_is_refused(iris, path):
    classifier = KerasDNNClassifier((4,), optimizer=OwnOptimizer, epochs=1).fit(*iris)
    with pytest.raises(ValueError, match=r"state of optimizer .*OwnOptimizer.*fit with one"):
        save(classifier.set_params(optimizer="sgd"), path)
    classifier = KerasDNNClassifier((4,), activation=own_activation, epochs=1).fit(*iris)
    with pytest.raises(ValueError, match="can't save activation="):
        save(classifier.set_params(activation="relu"), path)


def test_other_estimators_are_refused(iris, path, fitted):
    with pytest.raises(NotFittedError):
        save(KerasDNNClassifier(), path)
    with pytest.raises(TypeError, match="got LogisticRegression; skops saves"):
        save(LogisticRegression().fit(*iris), path)
    with pytest.raises(TypeError, match="pipeline must be as make_image_pipeline makes it"):
        save(make_pipeline(clone(fitted)).fit(*iris), path)

    class Subclass(KerasDNNClassifier):
        pass

    with pytest.raises(TypeError, match="got Subclass"):
        save(Subclass((4,), epochs=1).fit(*iris), path)


def test_attributes_that_would_be_lost_are_named(fitted, path):
    classifier = copy.deepcopy(fitted)
    classifier.note = "mine"
    with pytest.raises(ValueError, match=r"attributes \['note'\]"):
        save(classifier, path)
    del classifier.note
    classifier.set_callbacks(ScoringMonitor(scoring="accuracy"))
    with pytest.raises(ValueError, match=r"call set_callbacks\(\) with none"):
        save(classifier, path)


# -- a file is there whole or not at all --------------------------------------------------


@pytest.mark.long_form(row="cut-off-save")
def test_the_old_file_survives_a_full_disk(fitted, path, monkeypatch):
    save(fitted, path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_atomic.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(copy.deepcopy(fitted).set_params(epochs=9), path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.long_form(row="cut-off-save")
def test_the_old_file_survives_a_write_that_is_cut_off(path):
    """As on a full disk: some bytes are written, and then no more."""
    path.write_bytes(b"old")
    script = (
        "import resource, signal, sys\n"
        "from skdnn.persistence import _atomic\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "_atomic.write_whole(sys.argv[1], bytes(9000))\n"
    )
    ended = run_python("-c", script, str(path))
    assert "OSError: [Errno 27] File too large" in ended.stderr
    assert path.read_bytes() == b"old"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.long_form(row="cut-off-save")
def test_the_old_file_survives_a_kill(path):
    """Killed at every step of a write, between the first byte and the last rename."""
    script = textwrap.dedent(
        """
        import os, signal, sys
        from skdnn.persistence import _atomic
        die_at, path = int(sys.argv[1]), sys.argv[2]
        steps = 0
        def step(frame, event, argument):
            global steps
            if event == "line" and frame.f_code.co_name == "write_whole":
                steps += 1
                if steps == die_at:
                    os.kill(os.getpid(), signal.SIGKILL)
            return step
        sys.settrace(step)
        _atomic.write_whole(path, b"new" * 100_000)
        """
    )
    old, new = b"old" * 100_000, b"new" * 100_000
    seen = set()
    for die_at in range(1, 30):
        path.write_bytes(old)
        ended = run_python("-c", script, str(die_at), str(path))
        seen.add(path.read_bytes())
        assert seen <= {old, new}
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL
    assert ended.returncode == 0
    assert seen == {old, new}


@pytest.mark.long_form(row="cut-off-save")
def test_a_kill_at_random_leaves_the_old_file_or_the_new(
    fitted, path, iris, count, record_property
):
    """A process that saves one network and the other, for ever, killed at some moment."""
    kills = count(2, 20)
    other = copy.deepcopy(fitted).partial_fit(*iris)
    sources = [path.with_name(name) for name in ("one.pickle", "other.pickle")]
    for source, network in zip(sources, (fitted, other), strict=True):
        source.write_bytes(pickle.dumps(network))
    script = (
        "import pickle, sys\n"
        "from skdnn.persistence import save\n"
        "networks = [pickle.load(open(source, 'rb')) for source in sys.argv[2:]]\n"
        "save(networks[0], sys.argv[1])\n"
        "print('begun', flush=True)\n"
        "while True:\n"
        "    for network in networks:\n"
        "        save(network, sys.argv[1])\n"
    )
    for number in range(kills):
        with start_python("-c", script, path, *sources, stderr=None) as process:
            assert process.stdout.readline() == "begun\n"
            time.sleep(np.random.default_rng(number).random() / 5)
            process.kill()
        loaded = load(path)
        assert loaded.n_iter_ in (fitted.n_iter_, other.n_iter_)
        assert_same(loaded, fitted if loaded.n_iter_ == fitted.n_iter_ else other, iris[0])
    record_property("kills while saving", kills)


@pytest.mark.long_form(row="cut-off-save")
def test_what_a_kill_leaves_never_loads(fitted, path):
    save(fitted, path)
    whole = path.read_bytes()
    for length in {0, 1, 7, 8, 9, len(whole) // 2, len(whole) - 1}:
        path.write_bytes(whole[:length])
        with pytest.raises(LoadError, match="can't load"):
            load(path)


def test_a_link_is_followed_and_a_mode_is_the_usual_one(fitted, path, tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"")
    path.symlink_to(target)
    save(fitted, path)
    assert path.is_symlink()
    assert load(target).n_iter_ == 2
    (tmp_path / "plain").write_bytes(b"")
    assert target.stat().st_mode == (tmp_path / "plain").stat().st_mode


# -- later versions -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["classifier-format-1", "pipeline-format-1"])
def test_files_of_earlier_formats_load(name):
    """Files of every format that was ever written stay here and load for ever."""
    loaded = load(FIXTURES / f"{name}.safetensors")
    expected = np.load(FIXTURES / f"{name}.npz", allow_pickle=False)
    np.testing.assert_allclose(
        loaded.predict_proba(expected["X"]), expected["probabilities"], atol=1e-6
    )
    np.testing.assert_array_equal(loaded.predict(expected["X"]), expected["labels"])
    assert loaded.fit(expected["X"], expected["labels"]).score(
        expected["X"], expected["labels"]
    )


def test_loading_needs_no_tensorflow():
    script = (
        "import sys; from skdnn.persistence import load\n"
        "for path in sys.argv[1:]: load(path)\n"
        "assert not {'keras', 'tensorflow', 'scikeras'} & set(sys.modules)\n"
    )
    names = ("pipeline-format-1", "pipeline-format-2", "table-format-3", "table-format-4")
    paths = [FIXTURES / f"{name}.safetensors" for name in names]
    subprocess.run([sys.executable, "-c", script, *map(str, paths)], check=True)


def test_a_missing_hyperparameter_takes_its_default(fitted, path):
    """A later version has more hyperparameters than an earlier one wrote."""
    from skdnn.persistence import _container, _description

    manifest, arrays = _description.describe(fitted)
    del manifest["parameters"]["label_smoothing"]
    path.write_bytes(_container.to_bytes(manifest, arrays))
    assert load(path).label_smoothing == 0.0


@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_state_of_another_keras_is_refused_when_training_goes_on(engine, fitted, iris, path):
    from skdnn.persistence import _container, _description

    manifest, arrays = _description.describe(fitted)
    arrays["slots.2"], arrays["slots.4"] = arrays["slots.4"], arrays["slots.2"]
    manifest["parameters"]["engine"] = engine
    path.write_bytes(_container.to_bytes(manifest, arrays))
    loaded = load(path)
    np.testing.assert_array_equal(loaded.predict_proba(iris[0]), fitted.predict_proba(iris[0]))
    with pytest.raises(ValueError, match="another form than this version of Keras gives it"):
        loaded.partial_fit(*iris)
    assert loaded.fit(*iris).n_iter_ == 2


@pytest.mark.parametrize("number", [0, 5, "1", None, 1.5, [2], {"2": 2}])
def test_another_format_is_refused(number, fitted, path):
    from skdnn.persistence import _container, _description

    manifest, arrays = _description.describe(fitted)
    path.write_bytes(_container.to_bytes({**manifest, "format": number}, arrays))
    message = "reads 1 to 4; a later version of skdnn may have written it"
    with pytest.raises(LoadError, match=message):
        load(path)


def test_a_classifier_is_written_in_the_format_that_earlier_versions_read(fitted):
    from skdnn.persistence import _description

    assert _description.describe(fitted)[0]["format"] == 1


def test_a_missing_file_and_a_directory(path):
    with pytest.raises(FileNotFoundError):
        load(path)
    with pytest.raises(LoadError, match="not a regular file"):
        load(path.parent)
