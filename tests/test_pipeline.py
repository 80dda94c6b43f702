import pickle

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from skdnn import (
    KerasDNNClassifier,
    KerasDNNRegressor,
    make_image_pipeline,
    make_table_pipeline,
)
from skdnn.callbacks import SearchProgress
from skdnn.persistence import load, save

QUICK = {"hidden_units": (16,), "epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def few(sample):
    """400 images and their labels."""
    return sample.images[:400], sample.target[:400]


def layer_types(classifier):
    return [type(layer) for layer in classifier.model_.layers]


def test_two_steps_with_names_for_a_grid():
    pipeline = make_image_pipeline()

    assert type(pipeline) is Pipeline
    assert [(name, type(step)) for name, step in pipeline.steps] == [
        ("scale", FunctionTransformer),
        ("dnn", KerasDNNClassifier),
    ]
    assert is_classifier(pipeline)


def test_hyperparameters_reach_the_classifier():
    pipeline = make_image_pipeline(
        hidden_units=(300, 100),
        activation="tanh",
        optimizer="sgd",
        optimizer__momentum=0.9,
        optimizer__nesterov=True,
        batch_size=64,
        random_state=7,
    )

    expected = {
        "hidden_units": (300, 100),
        "activation": "tanh",
        "optimizer": "sgd",
        "optimizer__momentum": 0.9,
        "optimizer__nesterov": True,
        "batch_size": 64,
        "random_state": 7,
    }
    assert expected.items() <= pipeline["dnn"].get_params().items()
    assert pipeline.get_params()["dnn__optimizer__momentum"] == 0.9


def test_routed_settings_reach_the_optimizer(few):
    images, target = few
    momentum = make_image_pipeline(**QUICK, optimizer="sgd", optimizer__momentum=0.9)
    plain = make_image_pipeline(**QUICK, optimizer="sgd")

    optimizer = momentum.fit(images, target)["dnn"].model_.optimizer

    assert isinstance(optimizer, keras.optimizers.SGD)
    assert optimizer.momentum == pytest.approx(0.9)
    assert momentum["dnn"].history_ != plain.fit(images, target)["dnn"].history_


def test_settings_of_the_transformer_reach_it():
    pipeline = make_image_pipeline(scale=1.0, flatten=False, image_shape=(28, 28))

    assert pipeline["scale"].kw_args == {
        "scale": 1.0,
        "flatten": False,
        "image_shape": (28, 28),
    }


@pytest.mark.parametrize("name", ["layers", "optimiser", "scale__kw_args"])
def test_unknown_hyperparameters_are_named(name):
    with pytest.raises(ValueError, match=f"Invalid parameter '{name.split('__')[0]}'"):
        make_image_pipeline(**{name: 1})


def test_images_of_8_bits_in_labels_out(few, sample):
    images, target = few
    names = sample.target_names[target]
    pipeline = make_image_pipeline(hidden_units=(32,), epochs=10, random_state=0)

    pipeline.fit(images, names)

    assert set(pipeline.classes_) == set(sample.target_names)
    assert pipeline.predict_proba(images).shape == (400, 10)
    assert pipeline.score(images, names) > 0.7
    assert images.dtype == np.uint8


def test_scale_makes_pixels_and_fractions_the_same(few):
    images, target = few
    pixels = make_image_pipeline(**QUICK).fit(images, target)
    fractions = make_image_pipeline(**QUICK, scale=1.0).fit(images / np.float32(255), target)

    np.testing.assert_array_equal(
        pixels.predict_proba(images), fractions.predict_proba(images / np.float32(255))
    )


def test_flattening_in_the_network_gives_the_same_predictions(few):
    images, target = few
    transformer = make_image_pipeline(**QUICK).fit(images, target)
    network = make_image_pipeline(**QUICK, flatten=False).fit(images, target)

    assert layer_types(transformer["dnn"]) == [keras.layers.Dense] * 2
    assert layer_types(network["dnn"]) == [keras.layers.Flatten] + [keras.layers.Dense] * 2
    assert network["dnn"].input_shape_ == (28, 28)
    np.testing.assert_array_equal(
        transformer.predict_proba(images), network.predict_proba(images)
    )


def test_summary_shows_the_flattening_layer(few):
    images, target = few
    pipeline = make_image_pipeline(**QUICK, flatten=False).fit(images, target)
    lines = []

    pipeline["dnn"].summary(print_fn=lambda text, **_: lines.append(text))

    text = "\n".join(lines)
    assert "(Flatten)" in text
    assert "784" in text
    assert f"{784 * 16 + 16 + 16 * 10 + 10:,}" in text


def test_wrong_image_shape_is_refused_by_fit_and_predict(few):
    images, target = few
    pipeline = make_image_pipeline(**QUICK, image_shape=(28, 28)).fit(images, target)

    with pytest.raises(ValueError, match=r"must have shape \(28, 28\), got \(14, 28\)"):
        pipeline.predict(images[:, :14])
    with pytest.raises(ValueError, match=r"must have shape \(28, 28\), got \(14, 28\)"):
        pipeline.fit(images[:, :14], target)


def test_clone_is_unfitted_and_learns_the_same(few):
    images, target = few
    pipeline = make_image_pipeline(**QUICK, optimizer="sgd", optimizer__momentum=0.9)
    pipeline.fit(images, target)

    twin = clone(pipeline)

    with pytest.raises(NotFittedError, match="not fitted"):
        twin.predict(images)
    assert twin["dnn"].get_params() == pipeline["dnn"].get_params()
    np.testing.assert_array_equal(
        twin.fit(images, target).predict_proba(images), pipeline.predict_proba(images)
    )


@pytest.mark.parametrize("flatten", [True, False])
def test_pickle_predicts_the_same(few, flatten):
    images, target = few
    pipeline = make_image_pipeline(**QUICK, flatten=flatten).fit(images, target)

    loaded = pickle.loads(pickle.dumps(pipeline))

    np.testing.assert_array_equal(loaded.predict_proba(images), pipeline.predict_proba(images))
    assert loaded["dnn"].history_ == pipeline["dnn"].history_


def test_grid_over_both_steps(few):
    images, target = few
    grid = {
        "dnn__optimizer": ["sgd", "adam"],
        "scale__kw_args": [{"flatten": True}, {"flatten": False}],
    }

    search = GridSearchCV(make_image_pipeline(**QUICK), grid, cv=2, error_score="raise")
    search.fit(images, target)

    score = {
        (params["dnn__optimizer"], params["scale__kw_args"]["flatten"]): mean
        for params, mean in zip(
            search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
        )
    }
    assert score["adam", True] == score["adam", False]
    assert score["sgd", True] == score["sgd", False]
    assert score["adam", True] > score["sgd", True]
    assert search.best_params_["dnn__optimizer"] == "adam"
    assert search.predict(images).shape == (400,)


def test_the_names_of_a_grid_are_not_those_of_the_function():
    message = "have KerasDNN{}'s names here: 'epochs', not 'dnn__epochs'"
    with pytest.raises(ValueError, match=message.format("Classifier")):
        make_image_pipeline(dnn__epochs=3)
    with pytest.raises(ValueError, match=message.format("Regressor")):
        make_image_pipeline(estimator=KerasDNNRegressor(), dnn__epochs=3)


# -- numbers ------------------------------------------------------------------------------


def test_an_estimator_of_numbers_takes_its_place(few):
    images, _ = few
    brightness = 1e6 * images.mean(axis=(1, 2))
    ours = KerasDNNRegressor((16,), loss="huber", epochs=3)
    pipeline = make_image_pipeline(
        estimator=ours, epochs=8, optimizer="sgd", optimizer__momentum=0.9, random_state=0
    )

    assert pipeline.fit(images, brightness).score(images, brightness) > 0.9

    assert is_regressor(pipeline)
    assert pipeline["dnn"].get_params().items() >= {"loss": "huber", "epochs": 8}.items()
    assert pipeline.get_params()["dnn__optimizer__momentum"] == 0.9
    assert pipeline.predict(images).shape == (400,)
    assert ours.epochs == 3
    assert not hasattr(ours, "n_iter_")


def test_a_classifier_of_ones_own_is_taken_too():
    pipeline = make_image_pipeline(estimator=KerasDNNClassifier((7,), class_weight="balanced"))

    assert is_classifier(pipeline)
    assert pipeline["dnn"].class_weight == "balanced"


def test_numbers_in_a_search(few):
    images, _ = few
    numbers = np.c_[images.mean(axis=(1, 2)), images.std(axis=(1, 2))]
    pipeline = make_image_pipeline(estimator=KerasDNNRegressor(), **QUICK)
    grid = {"dnn__loss": ["squared_error", "absolute_error"], "dnn__learning_rate": [0.01]}

    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(images, numbers)

    assert search.predict(images).shape == (400, 2)


def test_names_that_are_not_a_regressors_are_refused_with_those_that_are():
    for name in ("class_weight", "layers"):
        with pytest.raises(ValueError, match=f"parameter '{name}' .*'loss'.*'quantile'"):
            make_image_pipeline(estimator=KerasDNNRegressor(), **{name: None})
    with pytest.raises(ValueError, match=r"Invalid parameter 'quantile' .*'class_weight'"):
        make_image_pipeline(quantile=0.5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (KerasDNNRegressor, r"got <class '.*KerasDNNRegressor'>: write KerasDNNRegressor\(\);"),
        (LinearRegression(), r"a KerasDNNRegressor, got LinearRegression\(\); make_pipeline"),
        ("regressor", "got 'regressor'; make_pipeline"),
    ],
    ids=["class", "another", "text"],
)
def test_what_is_no_network_is_refused(wrong, message):
    with pytest.raises(TypeError, match=message):
        make_image_pipeline(estimator=wrong)


# -- tables -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def houses():
    """150 houses with gaps, their prices, and which are dear."""
    rng = np.random.RandomState(0)
    rooms, town = rng.randint(1, 8, 150).astype(float), rng.choice(["Ulm", "Bonn", "Köln"], 150)
    garden = rng.rand(150) > 0.5
    price = 1e5 * rooms + 2e5 * (town == "Köln") + 1e5 * garden
    table = pd.DataFrame({"rooms": rooms, "town": town, "garden": garden, "built": 1990})
    table.loc[rng.rand(150) < 0.1, "rooms"] = np.nan
    table.loc[rng.rand(150) < 0.1, "town"] = None
    return table, price, np.where(price > 6e5, "dear", "cheap")


QUICK_TABLE = {"hidden_units": (16,), "learning_rate": 0.02, "epochs": 20, "random_state": 0}


@pytest.fixture(scope="module")
def fitted_table(houses):
    table, _, dear = houses
    return make_table_pipeline(**QUICK_TABLE).fit(table, dear)


def test_two_steps_for_tables_with_names_for_a_grid():
    pipeline = make_table_pipeline(epochs=3, optimizer="sgd", optimizer__momentum=0.9)

    assert [(name, type(step)) for name, step in pipeline.steps] == [
        ("columns", ColumnTransformer),
        ("dnn", KerasDNNClassifier),
    ]
    assert is_classifier(pipeline)
    assert (
        pipeline.get_params().items()
        >= {"dnn__epochs": 3, "dnn__optimizer__momentum": 0.9}.items()
    )
    assert {
        "columns__numbers__impute__strategy",
        "columns__numbers__scale",
        "columns__numbers__clip__kw_args",
        "columns__categories__encode__max_categories",
        "columns__categories__encode__min_frequency",
    } <= pipeline.get_params().keys()


def test_tables_in_labels_out(fitted_table, houses):
    table, _, dear = houses

    assert fitted_table.score(table, dear) > 0.8
    assert list(fitted_table.classes_) == ["cheap", "dear"]
    assert list(fitted_table.feature_names_in_) == ["rooms", "town", "garden", "built"]
    assert [name.partition("__")[2] for name in fitted_table[:-1].get_feature_names_out()] == [
        "rooms",
        "missingindicator_rooms",
        "town_Bonn",
        "town_Köln",
        "town_Ulm",
        "town_missing",
        "garden_False",
        "garden_True",
    ]


def test_polars_columns_in_another_order_and_new_towns_are_predicted(fitted_table, houses):
    table, _, _ = houses
    expected = fitted_table.predict_proba(table)

    polars = pl.from_pandas(table).select(["garden", "rooms", "town"])
    np.testing.assert_array_equal(fitted_table.predict_proba(polars), expected)
    assert fitted_table.predict(table.assign(town="Trier")).shape == (150,)


def test_what_is_wrong_with_a_table_is_told_by_its_column(fitted_table, houses):
    table, _, dear = houses

    with pytest.raises(ValueError, match=r"columns are missing: \{'rooms'\}"):
        fitted_table.predict(table.drop(columns="rooms"))
    with pytest.raises(ValueError, match="column 'rooms' must hold numbers, got 'four'"):
        fitted_table.predict(table.assign(rooms="four"))
    dated = table.assign(sold=pd.Timestamp("2026-02-03"))
    with pytest.raises(ValueError, match="column 'sold' holds dates"):
        make_table_pipeline(**QUICK_TABLE).fit(dated, dear)


def test_numbers_from_a_table(houses):
    table, price, _ = houses
    ours = KerasDNNRegressor(loss="huber", epochs=3)

    pipeline = make_table_pipeline(estimator=ours, **QUICK_TABLE).fit(table, price)

    assert is_regressor(pipeline)
    assert pipeline.score(table, price) > 0.8
    assert ours.epochs == 3


def test_several_labels_and_numbers_from_a_table(houses):
    table, price, dear = houses
    labels = np.c_[dear == "dear", table["garden"]].astype(int)
    both = np.c_[price, table["garden"]]

    several = make_table_pipeline(**QUICK_TABLE).fit(table, labels)
    numbers = make_table_pipeline(estimator=KerasDNNRegressor(), **QUICK_TABLE).fit(table, both)

    assert several.predict(table).shape == numbers.predict(table).shape == (150, 2)


def test_a_table_pipeline_clones_and_pickles(fitted_table, houses):
    table, _, dear = houses
    expected = fitted_table.predict_proba(table)

    loaded = pickle.loads(pickle.dumps(fitted_table))
    twin = clone(fitted_table).set_output(transform="pandas").fit(table, dear)

    np.testing.assert_array_equal(loaded.predict_proba(table), expected)
    np.testing.assert_allclose(twin.predict_proba(table), expected, atol=1e-5)
    assert "columns are missing" not in repr(twin)


def test_a_search_over_both_steps_of_a_table_is_followed(houses):
    table, _, dear = houses
    grid = {
        "columns__numbers__impute__strategy": ["median", "mean"],
        "columns__categories__encode__max_categories": [3],
        "dnn__activation": ["relu", "tanh"],
    }
    search = GridSearchCV(make_table_pipeline(**QUICK_TABLE), grid, cv=2, error_score="raise")
    progress = SearchProgress()

    progress.follow(search).fit(table, dear)

    assert len(progress.fold_scores) > 0
    assert search.best_score_ > 0.7
    assert search.predict(table[["garden", "town", "rooms"]]).shape == (150,)


def test_a_table_pipeline_is_saved_whole(fitted_table, houses, tmp_path):
    save(fitted_table, tmp_path / "houses.safetensors")
    loaded = load(tmp_path / "houses.safetensors")
    answers = [each.predict_proba(houses[0]) for each in (loaded, fitted_table)]
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize(
    ("estimator", "hyperparameters", "l2"),
    [
        (None, {}, 0.001),
        (KerasDNNRegressor(), {}, 0.001),
        (KerasDNNRegressor(), {"l2": 0}, 0),
        (KerasDNNClassifier(l2=0.1), {}, 0.1),
        (KerasDNNClassifier(l2=[0.1, 0.0]), {}, [0.1, 0.0]),
        (KerasDNNClassifier(l2=0.1), {"l2": 0.2}, 0.2),
    ],
)
def test_a_network_for_tables_has_a_penalty_unless_told_otherwise(
    estimator, hyperparameters, l2
):
    pipeline = make_table_pipeline(estimator=estimator, **hyperparameters)

    assert pipeline["dnn"].l2 == l2


def test_arguments_of_a_table_pipeline_are_checked():
    assert (
        make_table_pipeline(max_categories=9, min_frequency=0.1)["columns"]
        .transformers[1][1]["encode"]
        .get_params()
        .items()
        >= {"max_categories": 9, "min_frequency": 0.1}.items()
    )
    with pytest.raises(TypeError, match=r"got LinearRegression\(\); .*make_table_transformer"):
        make_table_pipeline(estimator=LinearRegression())
    with pytest.raises(ValueError, match="names here: 'epochs', not 'dnn__epochs'"):
        make_table_pipeline(dnn__epochs=3)
    with pytest.raises(ValueError, match="Invalid parameter 'quantile'"):
        make_table_pipeline(quantile=0.5)
