"""save and load of what predicts numbers: units, shapes and losses come back as they were."""

import copy
import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.base import clone

from skdnn import KerasDNNRegressor, make_image_pipeline
from skdnn.persistence import _container, _description, load, save

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "numbers.safetensors"


@pytest.fixture(scope="module")
def rows(iris):
    """Rows, and two numbers for each, of very different size."""
    X = iris[0]
    return X, np.c_[1e6 * (X[:, 0] + 3), 1e-6 * abs(X[:, 1])]


@pytest.fixture(scope="module")
def fitted(rows):
    return network().fit(rows[0], rows[1][:, 0])


@pytest.fixture(scope="module")
def brightness(sample):
    """100 images, and how bright each is."""
    images = sample.images[:100]
    return images, images.mean(axis=(1, 2))


def network(**settings):
    return KerasDNNRegressor((6,), **{"epochs": 2, "random_state": 0, **settings})


def again(estimator, path):
    save(estimator, path)
    return load(path)


def assert_same(loaded, saved, X):
    numbers, expected = loaded.predict(X), saved.predict(X)
    np.testing.assert_array_equal(numbers, expected)
    assert (numbers.shape, numbers.dtype) == (expected.shape, expected.dtype)
    assert loaded.history_ == saved.history_
    assert vars(loaded).keys() == vars(saved).keys()
    assert loaded._fitted_state.keys() == saved._fitted_state.keys()
    assert str(loaded.get_params()) == str(saved.get_params())


@pytest.mark.long_form(row="round-trips")
@pytest.mark.parametrize("columns", [0, slice(0, 1), slice(2)], ids=["flat", "one", "two"])
@pytest.mark.parametrize(
    "params",
    [
        {"loss": "squared_error", "hidden_units": ()},
        {"loss": "absolute_error", "optimizer": "sgd", "optimizer__momentum": 0.9},
        {"loss": "huber", "delta": 0.3, "early_stopping": True, "scoring": "r2"},
        {"loss": "quantile", "quantile": 0.9, "batch_normalization": True},
        {"loss": "poisson", "activation": ["tanh"], "dropout": 0.2, "l2": 1e-3},
        {"standardize_y": False, "loss": "absolute_error", "kernel_initializer": "he_normal"},
    ],
    ids=lambda params: "-".join(params),
)
def test_what_is_loaded_predicts_the_same_and_goes_on(params, columns, rows, path):
    X, y = rows[0], rows[1][:, columns]
    saved = network(warm_start=True).set_params(**params).fit(X, y)
    loaded = again(saved, path)
    assert_same(loaded, saved, X)
    for each in (loaded, saved):
        each.fit(X, y)
    assert_same(loaded, saved, X)
    if not saved.early_stopping:
        for each in (loaded, saved):
            each.partial_fit(X, y)
        assert_same(loaded, saved, X)
        assert loaded.n_iter_ == 5


@pytest.mark.parametrize(
    "kind",
    [
        sp.csr_array,
        lambda X: X.reshape(150, 2, 2),
        lambda X: pd.DataFrame(X, columns=["länge", "b", "c", "d"]),
    ],
    ids=["sparse", "images", "names"],
)
def test_rows_of_any_kind(kind, rows, path):
    X = kind(rows[0])
    saved = network().fit(X, rows[1])
    loaded = again(saved, path)
    assert_same(loaded, saved, X)
    assert loaded.input_shape_ == saved.input_shape_
    assert_same(loaded.partial_fit(X, rows[1]), saved.partial_fit(X, rows[1]), X)


def test_units_are_kept_for_fits_to_come(rows, path):
    """Those of the first call: a later one with other numbers keeps them."""
    X, y = rows[0], rows[1][:, 0]
    saved = network().partial_fit(X[:20], y[:20])
    loaded = again(saved, path)
    for each in (loaded, saved):
        each.partial_fit(X, 100 * y)
    assert_same(loaded, saved, X)


def test_a_loss_set_since_the_fit_is_saved(rows, fitted, path):
    saved = copy.deepcopy(fitted).set_params(loss="poisson", quantile=0.25)
    loaded = again(saved, path)
    assert_same(loaded, saved, rows[0])
    with pytest.raises(ValueError, match="outputs it has, which are linear"):
        loaded.partial_fit(rows[0], rows[1][:, 0])


def test_model_of_a_loaded_regressor_is_in_the_units_of_the_targets(rows, fitted, path):
    model = again(fitted, path).model_
    numbers = model.predict(rows[0], verbose=0)[:, 0]
    np.testing.assert_allclose(numbers, fitted.predict(rows[0]), rtol=1e-5)
    assert isinstance(model.layers[-1], keras.layers.Rescaling)


def test_other_tools_read_the_file(rows, path):
    """As `docs/files.md` says it: Keras's layers, and what their outputs are multiplied by."""
    from safetensors import safe_open
    from safetensors.numpy import load_file

    X, y = rows
    saved = network().fit(X, y)
    save(saved, path)
    arrays = load_file(path)
    hidden = np.maximum(X @ arrays["hidden_1.kernel"] + arrays["hidden_1.bias"], 0)
    outputs = hidden @ arrays["output.kernel"] + arrays["output.bias"]
    numbers = outputs * arrays["units.scale"] + arrays["units.shift"]
    np.testing.assert_allclose(numbers, saved.predict(X), rtol=1e-4)
    with safe_open(path, framework="numpy") as file:
        manifest = json.loads(file.metadata()["skdnn"])
    assert (manifest["format"], manifest["kind"]) == (2, "regressor")
    assert manifest["parameters"]["loss"] == "squared_error"
    assert manifest["network"]["output_activation"] == "linear"


def test_metadata_requests(rows, path):
    X, y = rows
    weight = np.arange(150.0)
    with sklearn.config_context(enable_metadata_routing=True):
        saved = (
            network().set_fit_request(sample_weight="w").set_score_request(sample_weight=True)
        )
        loaded = again(saved.fit(X, y, weight), path)
        for method in ("fit", "partial_fit", "score"):
            requests = [
                getattr(each.get_metadata_routing(), method) for each in (loaded, saved)
            ]
            assert requests[0].requests == requests[1].requests


@pytest.mark.long_form(row="round-trips")
@pytest.mark.parametrize(
    "settings",
    [{}, {"flatten": False, "loss": "poisson"}, {"scale": 100, "image_shape": (28, 28)}],
    ids=["default", "unflattened", "set"],
)
def test_an_image_pipeline(settings, brightness, path):
    images, y = brightness
    saved = make_image_pipeline(estimator=network(), **settings).fit(images, y)
    loaded = again(saved, path)
    np.testing.assert_array_equal(loaded.predict(images), saved.predict(images))
    assert str(loaded.get_params()) == str(saved.get_params())
    assert type(loaded["dnn"]) is KerasDNNRegressor
    again_fitted = [clone(p).fit(images, y).predict(images) for p in (loaded, saved)]
    np.testing.assert_array_equal(*again_fitted)


def test_a_missing_hyperparameter_takes_its_default(fitted, path):
    manifest, arrays = _description.describe(fitted)
    del manifest["parameters"]["quantile"]
    path.write_bytes(_container.to_bytes(manifest, arrays))
    assert load(path).quantile == 0.5


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"loss": "mse"},
            "would not load: The 'loss' parameter of KerasDNNRegressor",
        ),
        (
            {"loss": keras.losses.Huber()},
            "can't save loss=.*type Huber is not data; take the name",
        ),
        ({"quantile": 1.5}, "whose file would not load: The 'quantile' parameter"),
        ({"delta": float("nan")}, "can't save delta=nan: it is not finite"),
        ({"callbacks": keras.callbacks.Callback()}, r"can't save callbacks=.*callbacks=None"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_is_no_data_is_refused_with_the_remedy(params, message, fitted, path):
    with pytest.raises(ValueError, match=message):
        save(copy.deepcopy(fitted).set_params(**params), path)
    assert not list(path.parent.iterdir())


def test_what_is_no_regressors_is_refused(rows, fitted, path):
    odd = copy.deepcopy(fitted)
    odd.classes_ = np.arange(3)
    with pytest.raises(ValueError, match=r"attributes \['classes_'\]"):
        save(odd, path)

    class Subclass(KerasDNNRegressor):
        pass

    with pytest.raises(TypeError, match=r"only a .* KerasDNNRegressor or .*, got Subclass"):
        save(Subclass((6,), epochs=1).fit(*rows), path)


@pytest.mark.parametrize("name", ["regressor-format-2", "pipeline-format-2"])
def test_files_of_earlier_formats_load(name):
    """Files of every format that was ever written stay here and load for ever."""
    loaded = load(FIXTURES / f"{name}.safetensors")
    expected = np.load(FIXTURES / f"{name}.npz", allow_pickle=False)
    np.testing.assert_allclose(loaded.predict(expected["X"]), expected["numbers"], rtol=1e-5)
    fitted_again = loaded.fit(expected["X"], expected["numbers"])
    assert np.isfinite(fitted_again.score(expected["X"], expected["numbers"]))
