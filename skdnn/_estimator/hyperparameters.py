"""The hyperparameters of the estimators: which values they may have, alone and together."""

from __future__ import annotations

import difflib
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt, StrOptions

from skdnn._engine.backend import load_tensorflow
from skdnn._estimator.keras_callbacks import (
    fresh_callbacks,
    goes_on,
    monitors_validation,
    refuse_unknown_monitors,
)
from skdnn._estimator.trainings import Settings

if TYPE_CHECKING:
    from skdnn._estimator.targets import Target
    from skdnn.network.layer_settings import Regularization
    from skdnn.network.losses import Loss
    from skdnn.network.optimizers import OptimizerChoice

VALIDATION_FRACTION = 0.1


class _Number(Interval):
    """An interval without True and False, which Python counts among the integers."""

    def is_satisfied_by(self, val: Any) -> bool:
        return not isinstance(val, bool) and bool(super().is_satisfied_by(val))


class _Names(StrOptions):
    """Names in the order of the alphabet; scikit-learn writes them in that of a set."""

    def __str__(self) -> str:
        return f"one of {sorted(self.options)}"


# What scikit-learn checks before a fit, in its own words.
CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_units": ["array-like", _Number(Integral, 1, None, closed="left")],
    "activation": [str, callable, "array-like"],
    "kernel_initializer": [str, callable, "array-like"],
    "batch_normalization": ["boolean", "array-like"],
    "dropout": [_Number(Real, 0, 1, closed="left"), "array-like"],
    "l2": [_Number(Real, 0, None, closed="left"), "array-like"],
    "optimizer": [str, callable, HasMethods(["get_config", "apply_gradients"])],
    "learning_rate": [
        _Number(Real, 0, None, closed="neither"),
        callable,
        None,
    ],
    "epochs": [_Number(Integral, 1, None, closed="left")],
    "batch_size": [_Number(Integral, 1, None, closed="left")],
    "early_stopping": ["boolean"],
    "validation_fraction": [
        _Number(RealNotInt, 0, 1, closed="neither"),
        _Number(Integral, 1, None, closed="left"),
    ],
    "scoring": [str, callable, None],
    "n_iter_no_change": [_Number(Integral, 1, None, closed="left")],
    "tol": [_Number(Real, 0, None, closed="left")],
    "memory": [str, HasMethods("cache"), None],
    "random_state": ["random_state"],
    "warm_start": ["boolean"],
    "engine": [_Names({"auto", "fused", "keras"})],
    "callbacks": [list, tuple, dict, callable, HasMethods("on_epoch_end"), None],
    "verbose": ["verbose"],
}
OF_CLASSES: dict[str, list[Any]] = {
    "label_smoothing": [_Number(Real, 0, 1, closed="left")],
    "class_weight": [dict, StrOptions({"balanced"}), None],
}
LOSSES = {"squared_error", "absolute_error", "huber", "poisson", "quantile"}

# What Keras, MLPRegressor, XGBoost and others call these losses.
_LOSSES_MEANT = {
    "l1": "absolute_error",
    "l2": "squared_error",
    "mae": "absolute_error",
    "mean_absolute_error": "absolute_error",
    "mean_squared_error": "squared_error",
    "mse": "squared_error",
    "pinball": "quantile",
    "pinball_loss": "quantile",
    "smooth_l1": "huber",
}
_OF_CLASSES = ("log_loss", "crossentropy", "cross_entropy", "hinge")

OF_NUMBERS: dict[str, list[Any]] = {
    "loss": [_Names(LOSSES)],
    "delta": [_Number(Real, 0, None, closed="neither")],
    "quantile": [_Number(Real, 0, 1, closed="neither")],
    "standardize_y": ["boolean"],
}


def meant_loss(loss: Any) -> str:
    """Say which loss of numbers is meant by another name.

    Parameters
    ----------
    loss : object
        As the user gave it.

    Returns
    -------
    hint : str
        A sentence with a space before it; empty where no loss is like it.
    """
    if not isinstance(loss, str):
        return ""
    name = loss.lower().replace("-", "_").replace(" ", "_")
    if any(part in name for part in _OF_CLASSES):
        return " Losses of classes are for KerasDNNClassifier."
    near = difflib.get_close_matches(name, sorted(LOSSES), 1)
    meant = _LOSSES_MEANT.get(name, near[0] if near else None)
    return f" Did you mean {meant!r}?" if meant else ""


def chosen_settings(
    estimator: Any,
    input_shape: tuple[int, ...],
    target: Target,
    loss: Loss,
    epochs: int,
    seed: int,
) -> Settings:
    """Check the hyperparameters against each other and the data.

    Parameters
    ----------
    estimator : KerasDNNBase
        Its hyperparameters are read.
    input_shape : tuple of int
        Shape of a row.
    target : Target
        What the network shall answer.
    loss : Loss
        What it is trained for.
    epochs, seed : int
        Of this call.

    Returns
    -------
    settings : Settings

    Raises
    ------
    ValueError, TypeError
        If a value breaks a rule; names the hyperparameter, the rule and the value.
    """
    from skdnn.network.architecture import Architecture
    from skdnn.network.initializers import choose_initializers

    load_tensorflow()
    architecture = Architecture.from_parameters(
        input_shape,
        target.output,
        estimator.hidden_units,
        estimator.activation,
        estimator.batch_normalization,
    )
    n_hidden = len(architecture.hidden_units)
    return Settings(
        architecture=architecture,
        target=target.record(),
        loss=loss,
        regularization=chosen_regularization(estimator, n_hidden),
        initializers=choose_initializers(estimator.kernel_initializer, n_hidden),
        optimizer=chosen_optimizer(estimator),
        batch_size=int(estimator.batch_size),  # NumPy's would be another type of tensor
        epochs=epochs,
        seed=seed,
        engine=estimator.engine,
        callbacks=fresh_callbacks(estimator.callbacks, estimator._routed.get("callbacks")),
        verbose=min(int(estimator.verbose), 2),  # more is nothing that Keras knows
    )


def chosen_regularization(estimator: Any, n_hidden: int) -> Regularization:
    """Return what the layers do while they are trained."""
    from skdnn.network.layer_settings import Regularization

    return Regularization.from_parameters(n_hidden, estimator.dropout, estimator.l2)


def chosen_optimizer(estimator: Any) -> OptimizerChoice:
    """Return the optimizer with its routed settings."""
    from skdnn.network.optimizers import choose_optimizer

    routed = estimator._routed.get("optimizer")
    return choose_optimizer(estimator.optimizer, estimator.learning_rate, routed)


def refuse_contradictions(
    estimator: Any, settings: Settings, given: bool, *, takes_rows: bool = True
) -> None:
    """Check what can't be used together.

    Parameters
    ----------
    estimator : KerasDNNBase
        Its hyperparameters are read.
    settings : Settings
        The same, checked one by one.
    given : bool
        Whether the user passed validation rows.
    takes_rows : bool, default=True
        Whether the method takes such: `partial_fit` does not.

    Raises
    ------
    ValueError
        Names both sides and the remedy.
    """
    refuse_unknown_monitors(settings.callbacks, settings.loss.metric_name)
    _refuse_beside_validation_rows(estimator, settings, given, takes_rows)
    if estimator.early_stopping and any(map(goes_on, settings.callbacks)):
        raise ValueError(
            "callback BackupAndRestore backs up weights and the optimizer's state, not the "
            "scores of early stopping: set early_stopping=False or leave out the callback"
        )
    if estimator.memory is not None:
        _refuse_beside_memory(estimator, settings)


def _refuse_beside_validation_rows(
    estimator: Any, settings: Settings, given: bool, takes_rows: bool
) -> None:
    fraction = estimator.validation_fraction
    if estimator.early_stopping and given and fraction != VALIDATION_FRACTION:
        raise ValueError(
            f"validation_fraction={fraction!r} can't be used beside X_val: leave out one of "
            "the two"
        )
    if given or estimator.early_stopping:
        return
    for callback in settings.callbacks:
        watched = monitors_validation(callback)
        if watched:
            remedy = "pass X_val and y_val to fit, set early_stopping=True, or"
            if not takes_rows:
                remedy = "partial_fit takes none; set callbacks=None or"
            raise ValueError(
                f"callback {type(callback).__name__} has monitor={watched!r}, but there are no "
                f"validation rows: {remedy} monitor {watched.removeprefix('val_')!r}"
            )


def _refuse_beside_memory(estimator: Any, settings: Settings) -> None:
    if estimator.early_stopping or settings.callbacks:
        raise ValueError(
            "memory keeps weights and the optimizer's state, not what early stopping or "
            f"callbacks have seen: got memory={estimator.memory!r} beside early_stopping="
            f"{estimator.early_stopping} and callbacks={estimator.callbacks!r}; leave out one "
            "of them"
        )
    if not isinstance(estimator.random_state, Integral):
        raise ValueError(
            "memory finds a training by its seed: random_state must be an int beside it, got "
            f"random_state={estimator.random_state!r}"
        )
