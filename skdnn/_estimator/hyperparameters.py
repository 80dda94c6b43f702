"""Validation of the hyperparameters, alone and in combination."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt, StrOptions

from skdnn._engine.backend import load_tensorflow
from skdnn._estimator.keras_callbacks import (
    make_callbacks,
    monitors_validation,
    restores_backup,
)
from skdnn._estimator.trainings import Settings

if TYPE_CHECKING:
    from skdnn._estimator.targets import Target
    from skdnn.network.layer_settings import Regularization
    from skdnn.network.losses import Loss
    from skdnn.network.optimizers import OptimizerSpec

VALIDATION_FRACTION = 0.1


class _Number(Interval):
    """An interval without True and False, which are integers in Python."""

    def is_satisfied_by(self, val: Any) -> bool:
        return not isinstance(val, bool) and bool(super().is_satisfied_by(val))


# For scikit-learn's validation before a fit.
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
    "engine": [StrOptions({"auto", "fused", "keras"})],
    "callbacks": [list, tuple, dict, callable, HasMethods("on_epoch_end"), None],
    "verbose": ["verbose"],
}
CLASSIFIER_CONSTRAINTS: dict[str, list[Any]] = {
    "label_smoothing": [_Number(Real, 0, 1, closed="left")],
    "class_weight": [dict, StrOptions({"balanced"}), None],
}
REGRESSOR_CONSTRAINTS: dict[str, list[Any]] = {
    "loss": [StrOptions({"squared_error", "absolute_error", "huber", "poisson", "quantile"})],
    "delta": [_Number(Real, 0, None, closed="neither")],
    "quantile": [_Number(Real, 0, 1, closed="neither")],
    "standardize_y": ["boolean"],
}


def settings_of(
    estimator: Any,
    input_shape: tuple[int, ...],
    target: Target,
    loss: Loss,
    epochs: int,
    seed: int,
) -> Settings:
    """Validate the hyperparameters of a fit against each other and the data.

    Parameters
    ----------
    estimator : KerasDNNBase
        Its hyperparameters are read.
    input_shape : tuple of int
        Shape of a row.
    target : Target
        The targets.
    loss : Loss
        The loss.
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
    from skdnn.network.initializers import validate_initializers

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
        regularization=regularization_of(estimator, n_hidden),
        initializers=validate_initializers(estimator.kernel_initializer, n_hidden),
        optimizer=optimizer_of(estimator),
        batch_size=int(estimator.batch_size),  # NumPy's would be another type of tensor
        epochs=epochs,
        seed=seed,
        engine=estimator.engine,
        callbacks=make_callbacks(estimator.callbacks, estimator._routed.get("callbacks")),
        verbose=min(int(estimator.verbose), 2),  # more is nothing that Keras knows
    )


def regularization_of(estimator: Any, n_hidden: int) -> Regularization:
    """Validate the hyperparameters `dropout` and `l2`."""
    from skdnn.network.layer_settings import Regularization

    return Regularization.from_parameters(n_hidden, estimator.dropout, estimator.l2)


def optimizer_of(estimator: Any) -> OptimizerSpec:
    """Validate the hyperparameter `optimizer` with its routed settings."""
    from skdnn.network.optimizers import validate_optimizer

    routed = estimator._routed.get("optimizer")
    return validate_optimizer(estimator.optimizer, estimator.learning_rate, routed)


def check_combinations(
    estimator: Any,
    settings: Settings,
    *,
    has_validation_data: bool,
    takes_validation_data: bool,
) -> None:
    """Check for hyperparameters and arguments that can't be used together.

    Parameters
    ----------
    estimator : KerasDNNBase
        Its hyperparameters are read.
    settings : Settings
        The same, validated one by one.
    has_validation_data : bool
        Whether the user passed validation data.
    takes_validation_data : bool
        Whether the method takes validation data; `partial_fit` does not.

    Raises
    ------
    ValueError
        Names both sides and the remedy.
    """
    _check_beside_validation_data(
        estimator, settings, has_validation_data, takes_validation_data
    )
    if estimator.early_stopping and any(map(restores_backup, settings.callbacks)):
        raise ValueError(
            "callback BackupAndRestore backs up weights and the optimizer's state, not the "
            "scores of early stopping: set early_stopping=False or leave out the callback"
        )
    if estimator.memory is not None:
        _check_beside_memory(estimator, settings)


def _check_beside_validation_data(
    estimator: Any, settings: Settings, has_validation_data: bool, takes_validation_data: bool
) -> None:
    fraction = estimator.validation_fraction
    if estimator.early_stopping and has_validation_data and fraction != VALIDATION_FRACTION:
        raise ValueError(
            f"validation_fraction={fraction!r} can't be used beside X_val: leave out one of "
            "the two"
        )
    if has_validation_data or estimator.early_stopping:
        return
    for callback in settings.callbacks:
        monitor = monitors_validation(callback)
        if monitor:
            remedy = "pass X_val and y_val to fit, set early_stopping=True, or"
            if not takes_validation_data:
                remedy = "partial_fit takes none; set callbacks=None or"
            raise ValueError(
                f"callback {type(callback).__name__} has monitor={monitor!r}, but there are no "
                f"validation rows: {remedy} monitor {monitor.removeprefix('val_')!r}"
            )


def _check_beside_memory(estimator: Any, settings: Settings) -> None:
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
