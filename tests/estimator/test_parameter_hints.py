"""Keywords by habit: what a parameter of other libraries is called here."""

import inspect

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNClassifier, KerasDNNRegressor
from skdnn._estimator.parameter_hints import _EQUIVALENTS, _HINTS, REGRESSOR_HINTS

X, y = np.zeros((4, 2)), [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "validation_split",
            "set early_stopping=True, with validation_fraction, or pass X_val",
        ),
        ("validation_data", "pass X_val and y_val to fit"),
        ("eval_set", "pass X_val and y_val to fit"),
        ("epochs", "it is a parameter of the estimator, set by its constructor or set_params"),
        ("callbacks", "it is a parameter of the estimator"),
        ("max_epochs", "it is called epochs here, a parameter of the estimator"),
        ("hidden_layer_sizes", "it is called hidden_units here, a parameter of the estimator"),
        ("metrics", "history_ has loss and accuracy"),
        ("loss", "the loss is the cross-entropy"),
        ("initial_epoch", "with warm_start=True"),
        ("shuffle", "rows are taken in a new order in each epoch"),
        ("x", "it is called X here"),
        ("X_valid", "it is called X_val here"),
        ("sample_weights", "it is called sample_weight here"),
        ("class_weights", "it is called class_weight here, a parameter"),
        ("optimizer__momentum", r"set it by set_params\(optimizer__momentum=...\)"),
    ],
)
def test_fit_says_what_it_is_called_here(name, said):
    words = rf"^KerasDNNClassifier\.fit\(\) got an unexpected keyword argument '{name}': {said}"
    with pytest.raises(TypeError, match=words):
        KerasDNNClassifier().fit(X, y, **{name: 1})


def test_partial_fit_says_it_too():
    with pytest.raises(TypeError, match=r"partial_fit\(\) .* 'X_val': pass X_val to fit"):
        KerasDNNClassifier().partial_fit(X, y, X_val=X)
    with pytest.raises(TypeError, match="'epochs': a call is one epoch"):
        KerasDNNClassifier().partial_fit(X, y, epochs=3)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_prediction_takes_rows_alone(method):
    with pytest.raises(TypeError, match=rf"{method}\(\) .* 'batch_size': it takes rows alone"):
        getattr(KerasDNNClassifier(), method)(X, batch_size=32)


def test_several_names_are_explained_at_once():
    with pytest.raises(TypeError, match=r"argument 'epochs': it is .*; 'lr': it is called lea"):
        KerasDNNClassifier().fit(X, y, epochs=3, lr=0.1)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hidden_layer_sizes", "it is called hidden_units here$"),
        ("solver", "it is called optimizer here$"),
        ("learning_rate_init", "it is called learning_rate here$"),
        ("alpha", r"it is l2 here, as alpha / \(2 \* batch_size\)"),
        ("momentum", r"set_params\(optimizer='sgd', optimizer__momentum=...\)"),
        ("model", "the network is described by hidden_units"),
        ("validation_split", "set early_stopping=True"),
        ("optimizer__momentum", r"set it by set_params\(optimizer__momentum=...\)"),
        ("model__hidden_units", "the network is described by hidden_units"),
        ("X_val", "pass X_val to fit"),
        ("activations", "it is called activation here$"),
    ],
)
def test_the_constructor_says_what_it_is_called_here(name, said):
    words = rf"KerasDNNClassifier.__init__\(\) got .* '{name}': .*{said}"
    with pytest.raises(TypeError, match=words):
        KerasDNNClassifier(**{name: 1})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("alpha", r"MLPRegressor's is l2 here, as alpha / \(batch_size \* .* called quantile$"),
        ("metrics", "history_ has loss and mean_absolute_error; "),
        ("class_weight", "numbers have no classes; sample_weight of fit weighs rows$"),
        ("criterion", "it is called loss here$"),
        ("tau", "it is called quantile here, beside loss='quantile'$"),
        ("huber_delta", "it is called delta here, beside loss='huber'$"),
        ("normalize_y", "it is called standardize_y here$"),
        ("max_iter", "it is called epochs here$"),
    ],
)
def test_a_regressor_says_it_of_numbers(name, said):
    words = rf"KerasDNNRegressor.__init__\(\) got .* '{name}': {said}"
    with pytest.raises(TypeError, match=words):
        KerasDNNRegressor(**{name: 1})
    with pytest.raises(TypeError, match=r"'classes': numbers have no classes$"):
        KerasDNNRegressor().partial_fit(X, y, classes=[0, 1])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hidden_layer_sizes", "it is called hidden_units here"),
        ("fit__epochs", "it is called epochs here"),
        ("model__units", "the network is described by hidden_units"),
        ("loss__label_smoothing", "the loss is the cross-entropy"),
        ("hidden_unit", "it is called hidden_units here"),
    ],
)
def test_set_params_says_it_in_scikit_learns_words(name, said):
    words = (
        rf"^Invalid parameter '{name}' for estimator KerasDNNClassifier\(\): {said}.*\. "
        r"Valid parameters are: \['activation', "
    )
    with pytest.raises(ValueError, match=words):
        KerasDNNClassifier().set_params(**{name: 1})


def test_settings_of_what_has_none_are_refused():
    with pytest.raises(ValueError, match="learning_rate has no parameters of its own, as opt"):
        KerasDNNClassifier().set_params(learning_rate__decay_steps=10)


def test_a_subclass_may_hold_an_estimator():
    class Scaled(KerasDNNClassifier):
        def __init__(self, scaler=None, epochs=1):
            super().__init__(epochs=epochs)
            self.scaler = scaler

    scaled = Scaled(StandardScaler()).set_params(scaler__with_mean=False)
    assert not scaled.scaler.with_mean
    with pytest.raises(TypeError, match=r"^Scaled.fit\(\) .* 'max_iter': it is called epochs"):
        scaled.fit(X, y, max_iter=1)


def test_what_nobody_knows_gets_pythons_own_words():
    with pytest.raises(TypeError, match=r"got an unexpected keyword argument 'foo'$"):
        KerasDNNClassifier().fit(X, y, foo=1)
    with pytest.raises(TypeError, match=r"got an unexpected keyword argument 'foo'$"):
        KerasDNNClassifier(foo=1)
    with pytest.raises(ValueError, match=r"'foo' for estimator KerasDNNClassifier\(\)\. Valid"):
        KerasDNNClassifier().set_params(foo=1)


def test_searches_and_pipelines_pass_the_words_on():
    network = KerasDNNClassifier()
    with pytest.raises(ValueError, match="hidden_units here"):
        GridSearchCV(network, {"hidden_layer_sizes": [(4,)]}, cv=2).fit(X, y)
    with pytest.raises(TypeError, match="'epochs': it is a parameter of the estimator"):
        make_pipeline(StandardScaler(), network).fit(X, y, kerasdnnclassifier__epochs=3)
    with pytest.raises(ValueError, match="'verbose': it is a parameter of the estimator"):
        cross_val_score(network, X, y, cv=2, params={"verbose": 1})


@pytest.mark.parametrize("number", [32, 32.0, np.int64(32)])
def test_keras_third_argument_is_no_weight(number):
    with pytest.raises(ValueError, match=r"a weight for each row, got .*32.*; batch_size and"):
        KerasDNNClassifier().fit(X, y, number)


# -- the table, and what scikit-learn reads ------------------------------------------------


@pytest.mark.parametrize("estimator", [KerasDNNClassifier, KerasDNNRegressor])
def test_no_parameter_is_explained_away(estimator):
    parameters = estimator().get_params()
    of_fit = inspect.signature(estimator.fit).parameters
    said = {*_HINTS, *estimator._parameter_hints}
    assert not {*_EQUIVALENTS, *said} & {*parameters, *of_fit}
    assert not {*_EQUIVALENTS} & said
    assert not {*_HINTS} & {*estimator._parameter_hints}
    assert set(_EQUIVALENTS.values()) <= {*parameters, *of_fit}


def test_no_parameter_of_a_regressor_is_explained_away():
    parameters = KerasDNNRegressor().get_params()
    of_fit = inspect.signature(KerasDNNRegressor.fit).parameters
    assert not {*_EQUIVALENTS, *REGRESSOR_HINTS} & {*parameters, *of_fit}
    assert not {*_EQUIVALENTS} & {*REGRESSOR_HINTS}


def test_signatures_are_as_written():
    constructor = inspect.signature(KerasDNNClassifier)
    assert (
        list(constructor.parameters)
        == list(inspect.signature(KerasDNNClassifier.__init__.__wrapped__).parameters)[1:]
    )
    assert list(inspect.signature(KerasDNNClassifier().fit).parameters) == [
        "X",
        "y",
        "sample_weight",
        "X_val",
        "y_val",
        "sample_weight_val",
    ]
    assert "epochs" in clone(KerasDNNClassifier(epochs=3)).get_params()


@pytest.mark.parametrize(
    ("estimator", "peer"),
    [(KerasDNNClassifier, MLPClassifier), (KerasDNNRegressor, MLPRegressor)],
)
def test_parameters_of_mlp_all_get_an_answer(estimator, peer):
    for name in set(peer().get_params()) - set(estimator().get_params()):
        with pytest.raises(TypeError, match=f"'{name}': "):
            estimator(**{name: 1})
