"""What other libraries call a parameter, and what it is called or set by here."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar, cast

_Method = TypeVar("_Method", bound=Callable[..., Any])

# Names of MLPClassifier, Keras's `fit`, scikeras, skorch, XGBoost and LightGBM.
_CALLED = {
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

_SAID = {
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


# What is said by an estimator of classes alone, and by one of numbers.
SAID_OF_CLASSES: Mapping[str, str] = {
    "alpha": "it is l2 here, as alpha / (2 * batch_size); for multilabel targets see l2",
    "criterion": _CROSS_ENTROPY,
    "loss": _CROSS_ENTROPY,
    "metrics": _of_history("accuracy"),
}
SAID_OF_NUMBERS: Mapping[str, str] = {
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
    """Make a method say what a keyword that it does not take is called here.

    Parameters
    ----------
    method : function
        Of an estimator, with all that it takes in its signature, which is kept.

    Returns
    -------
    method : function
        The same, but for the words of its TypeError.
    """
    taken = list(inspect.signature(method).parameters)[1:]  # without self

    @functools.wraps(method)
    def explaining(*args: Any, **kwargs: Any) -> Any:
        unknown = [name for name in kwargs if name not in taken]
        if unknown and args:  # or it is called with no estimator, and Python says so
            raise TypeError(_refusal(args[0], method.__name__, unknown, taken))
        return method(*args, **kwargs)

    return cast(_Method, explaining)


def refuse_unknown_parameters(estimator: Any, names: Collection[str]) -> None:
    """Say what parameters are called here, or what has none of its own.

    Parameters
    ----------
    estimator : object
        Its class has parameters.
    names : collection of str
        What is to be set.

    Raises
    ------
    ValueError
        In scikit-learn's words, with advice.
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
        found = None if owner in parameters else advice(estimator, name, parameters)
        if found:
            raise ValueError(
                f"Invalid parameter {name!r} for estimator {estimator}: {found}. Valid "
                f"parameters are: {parameters!r}."
            )


def advice(estimator: Any, name: str, taken: Collection[str]) -> str | None:
    """Tell what to set or pass in place of a name.

    Parameters
    ----------
    estimator : object
        Its class has parameters, a `fit` that takes some, and what is said by it alone.
    name : str
        What is not taken.
    taken : collection of str
        What is.

    Returns
    -------
    advice : str or None
        None where nothing is known and no name is similar.
    """
    parameters = estimator._get_param_names()
    owner, _, setting = name.partition("__")
    if setting and owner in _METHODS:  # scikeras's names for their arguments
        return advice(estimator, setting, taken)
    if setting and owner in estimator._routing_parameters:
        return f"set it by set_params({name}=...)"
    said: dict[str, str] = {**_SAID, **estimator._said_of_names}
    if owner in said and owner not in parameters:
        return said[owner]
    of_fit = list(inspect.signature(estimator.fit).parameters)
    here = name if name in {*parameters, *of_fit} else _CALLED.get(name)
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


def _refusal(estimator: Any, method: str, unknown: list[str], taken: Collection[str]) -> str:
    said = "; ".join(_explained(estimator, method, name, taken) for name in unknown)
    return f"{type(estimator).__name__}.{method}() got an unexpected keyword argument {said}"


def _explained(estimator: Any, method: str, name: str, taken: Collection[str]) -> str:
    if method.startswith("predict"):
        return f"{name!r}: it takes rows alone, and chooses its batches itself"
    if method == "partial_fit" and _CALLED.get(name, name) == "epochs":
        return f"{name!r}: a call is one epoch"
    found = advice(estimator, name, taken)
    return repr(name) if found is None else f"{name!r}: {found}"
