"""Hints for parameter names of other libraries."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar, cast

_Method = TypeVar("_Method", bound=Callable[..., Any])

# Names of MLPClassifier, Keras's `fit`, scikeras, skorch, XGBoost and LightGBM.
_EQUIVALENTS = {
    "X_test": "X_val",
    "X_valid": "X_val",
    "batch_norm": "batch_normalization",
    "eval_sample_weight": "sample_weight_val",
    "hidden_layer_sizes": "hidden_units",
    "hidden_layers": "hidden_units",
    "hidden_sizes": "hidden_units",
    "kernel_regularizer": "l2",
    "layers": "hidden_units",
    "lr": "learning_rate",
    "max_epochs": "epochs",
    "max_iter": "epochs",
    "learning_rate_init": "learning_rate",
    "n_epochs": "epochs",
    "nb_epoch": "epochs",
    "num_epochs": "epochs",
    "seed": "random_state",
    "solver": "optimizer",
    "units": "hidden_units",
    "w": "sample_weight",
    "weights": "sample_weight",
    "x": "X",
    "y_test": "y_val",
    "y_valid": "y_val",
}

_BY_HIDDEN_UNITS = (
    "the network is described by hidden_units and its other parameters; scikeras takes build "
    "functions of your own"
)
_BY_THE_DATA = "the data that fit is given decide it"
_WHOLE_EPOCHS = "an epoch takes all rows, and validation rows are evaluated after each"
_VALIDATION_ROWS = "pass X_val and y_val to fit"

_HINTS = {
    "beta_1": "set the optimizer's by set_params(optimizer__beta_1=...)",
    "beta_2": "set the optimizer's by set_params(optimizer__beta_2=...)",
    "build_fn": _BY_HIDDEN_UNITS,
    "epsilon": "set the optimizer's by set_params(optimizer__epsilon=...)",
    "eval_set": _VALIDATION_ROWS,
    "initial_epoch": "with warm_start=True fit goes on where the last call ended",
    "input_dim": _BY_THE_DATA,
    "input_shape": _BY_THE_DATA,
    "jit_compile": "engine decides how training is compiled",
    "max_fun": "it is a setting of lbfgs, which is no optimizer of Keras",
    "model": _BY_HIDDEN_UNITS,
    "module": _BY_HIDDEN_UNITS,
    "momentum": "set the optimizer's by set_params(optimizer='sgd', optimizer__momentum=...)",
    "n_classes": _BY_THE_DATA,
    "n_jobs": "it is a parameter of searches; a fit takes TensorFlow's threads",
    "nesterovs_momentum": (
        "set the optimizer's by set_params(optimizer='sgd', optimizer__nesterov=True)"
    ),
    "num_classes": _BY_THE_DATA,
    "output_activation": _BY_THE_DATA,
    "patience": "it is called n_iter_no_change here, beside early_stopping=True",
    "power_t": "learning_rate takes a schedule of keras.optimizers.schedules",
    "restore_best_weights": "early_stopping=True always takes the best weights back",
    "run_eagerly": "engine decides how training is compiled",
    "shuffle": "rows are taken in a new order in each epoch, always",
    "steps_per_epoch": _WHOLE_EPOCHS,
    "steps_per_execution": "engine decides how training is compiled",
    "validation_batch_size": _WHOLE_EPOCHS,
    "validation_data": _VALIDATION_ROWS,
    "validation_freq": _WHOLE_EPOCHS,
    "validation_split": (
        f"set early_stopping=True, with validation_fraction, or {_VALIDATION_ROWS}"
    ),
    "validation_steps": _WHOLE_EPOCHS,
    "weight_decay": "set l2, or set_params(optimizer='adamw', optimizer__weight_decay=...)",
}

_CROSS_ENTROPY = "the loss is the cross-entropy that fits the classes"
_IS_DELTA = "it is called delta here, beside loss='huber'"
_IS_QUANTILE = "it is called quantile here, beside loss='quantile'"
_IS_STANDARDIZED = "it is called standardize_y here"


def _of_history(metric: str) -> str:
    return (
        f"history_ has loss and {metric}; scoring is what early stopping looks at, and "
        "sklearn.callback.ScoringMonitor records any score"
    )


# Hints of one estimator only.
CLASSIFIER_HINTS: Mapping[str, str] = {
    "alpha": "it is l2 here, as alpha / (2 * batch_size); for multilabel targets see l2",
    "criterion": _CROSS_ENTROPY,
    "loss": _CROSS_ENTROPY,
    "metrics": _of_history("accuracy"),
}
REGRESSOR_HINTS: Mapping[str, str] = {
    "alpha": (
        "MLPRegressor's is l2 here, as alpha / (batch_size * number of outputs) if y is "
        "standardized; that of quantiles is called quantile"
    ),
    "class_weight": "numbers have no classes; sample_weight of fit weighs rows",
    "classes": "numbers have no classes",
    "criterion": "it is called loss here",
    "huber_delta": _IS_DELTA,
    "huber_slope": _IS_DELTA,
    "label_smoothing": "numbers have no classes",
    "metrics": _of_history("mean_absolute_error"),
    "normalize_y": _IS_STANDARDIZED,
    "objective": "it is called loss here",
    "q": _IS_QUANTILE,
    "quantile_alpha": _IS_QUANTILE,
    "scale_y": _IS_STANDARDIZED,
    "tau": _IS_QUANTILE,
}

_METHODS = ("fit", "compile", "predict")


def explains_keywords(method: _Method) -> _Method:
    """Decorate a method so that its TypeError for an unknown keyword has a hint.

    Parameters
    ----------
    method : function
        Of an estimator, without ``**kwargs``; its signature is kept.

    Returns
    -------
    method : function
        The same, but for the message of its TypeError.
    """
    taken = list(inspect.signature(method).parameters)[1:]  # without self

    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        unknown = [name for name in kwargs if name not in taken]
        if unknown and args:  # or it is called with no estimator, and Python says so
            raise TypeError(_error_text(args[0], method.__name__, unknown, taken))
        return method(*args, **kwargs)

    return cast(_Method, wrapper)


def check_parameter_names(estimator: Any, names: Collection[str]) -> None:
    """Raise an error with a hint for names that are not parameters.

    Parameters
    ----------
    estimator : object
        An estimator of skdnn.
    names : collection of str
        As `set_params` takes them.

    Raises
    ------
    ValueError
        With scikit-learn's message and a hint.
    """
    parameters = estimator._get_param_names()
    for name in names:
        owner, separator, _ = name.partition("__")
        if (
            owner in parameters
            and separator
            and not hasattr(getattr(estimator, owner, None), "set_params")
        ):
            raise ValueError(
                f"Invalid parameter {name!r} for estimator {estimator}: {owner} has no "
                f"parameters of its own, as {' and '.join(estimator._routing_parameters)} have"
            )
        found = None if owner in parameters else hint(estimator, name, parameters)
        if found:
            raise ValueError(
                f"Invalid parameter {name!r} for estimator {estimator}: {found}. Valid "
                f"parameters are: {parameters!r}."
            )


def hint(estimator: Any, name: str, taken: Collection[str]) -> str | None:
    """Return what to set or pass in place of a name.

    Parameters
    ----------
    estimator : object
        An estimator of skdnn.
    name : str
        The unknown name.
    taken : collection of str
        The names that are taken.

    Returns
    -------
    hint : str or None
        None if there is no hint and no similar name.
    """
    parameters = estimator._get_param_names()
    owner, _, setting = name.partition("__")
    if setting and owner in _METHODS:  # scikeras's names for their arguments
        return hint(estimator, setting, taken)
    if setting and owner in estimator._routing_parameters:
        return f"set it by set_params({name}=...)"
    hints: dict[str, str] = {**_HINTS, **estimator._parameter_hints}
    if owner in hints and owner not in parameters:
        return hints[owner]
    of_fit = list(inspect.signature(estimator.fit).parameters)
    here = name if name in {*parameters, *of_fit} else _EQUIVALENTS.get(name)
    if here is None:
        similar = difflib.get_close_matches(name, [*taken, *parameters, *of_fit], 1, 0.8)
        here = similar[0] if similar else None
    if here is None:
        return None
    if here in taken:
        return f"it is called {here} here"
    if here in parameters:
        it_is = "it is" if here == name else f"it is called {here} here,"
        return f"{it_is} a parameter of the estimator, set by its constructor or set_params"
    return f"pass {here} to fit"


def _error_text(estimator: Any, method: str, unknown: list[str], taken: Collection[str]) -> str:
    hints = "; ".join(_explained(estimator, method, name, taken) for name in unknown)
    return f"{type(estimator).__name__}.{method}() got an unexpected keyword argument {hints}"


def _explained(estimator: Any, method: str, name: str, taken: Collection[str]) -> str:
    if method.startswith("predict"):
        return f"{name!r}: it takes rows alone, and chooses its batches itself"
    if method == "partial_fit" and _EQUIVALENTS.get(name, name) == "epochs":
        return f"{name!r}: a call is one epoch"
    found = hint(estimator, name, taken)
    return repr(name) if found is None else f"{name!r}: {found}"
