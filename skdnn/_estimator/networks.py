"""The fitted state of an estimator, and the networks that are built from it.

TensorFlow loads when the first of these functions is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from skdnn._engine.backend import load_tensorflow
from skdnn._estimator.kinds import kind_of

if TYPE_CHECKING:
    import keras

    from skdnn.network.architecture import Architecture
    from skdnn.network.layer_settings import Activation, Regularization
    from skdnn.network.losses import Loss
    from skdnn.network.optimizers import OptimizerSpec


class FittedState(TypedDict):
    """What a fitted estimator holds: arrays and plain Python, so that it can be stored safely.

    ``input_shape`` to ``batch_normalization`` are the layers; the output layer follows from the
    record of the target (`Target.record`), which is here too. ``weights`` and ``slots`` (the
    optimizer's state) are lists of arrays; ``optimizer`` says which optimizer the slots belong
    to; ``seed`` and ``epoch`` (epochs done) decide the order of the rows in the epochs to come.
    """

    input_shape: tuple[int, ...]
    hidden_units: tuple[int, ...]
    activation: tuple[Activation, ...]
    batch_normalization: tuple[bool, ...]
    optimizer: str
    weights: list[NDArray[Any]]
    slots: list[NDArray[Any]]
    seed: int
    epoch: int
    n_classes: NotRequired[int]
    multilabel: NotRequired[bool]
    output_activation: NotRequired[str]
    one_dimensional: NotRequired[bool]
    shift: NotRequired[NDArray[np.float64]]
    scale: NotRequired[NDArray[np.float64]]


def architecture_of(fitted_state: Mapping[str, Any]) -> Architecture:
    """Return the architecture that the weights belong to."""
    from skdnn.network.architecture import Architecture

    return Architecture(
        fitted_state["input_shape"],
        kind_of(fitted_state).output_of(fitted_state),
        fitted_state["hidden_units"],
        fitted_state["activation"],
        fitted_state["batch_normalization"],
    )


def outputs(fitted_state: FittedState, X: Any) -> NDArray[np.float32]:
    """Compute the outputs of the network.

    Parameters
    ----------
    fitted_state : FittedState
        Of the estimator.
    X : ndarray of shape (n_rows, ...), or sparse matrix in rows
        Rows.

    Returns
    -------
    outputs : ndarray of float32, shape (n_rows, n_outputs)
    """
    load_tensorflow()
    from skdnn._engine.inference import forward

    architecture = architecture_of(fitted_state)
    return forward(_compiled_forward(architecture), fitted_state["weights"], X)


def keras_model(
    fitted_state: FittedState,
    spec: OptimizerSpec,
    regularization: Regularization | None,
    loss: Loss,
) -> keras.Sequential:
    """Make a compiled Keras model with the weights, and the optimizer's state if it fits.

    Parameters
    ----------
    fitted_state : FittedState
        Of the estimator.
    spec : OptimizerSpec
        The optimizer to compile with.
    regularization : Regularization or None
        Dropout and penalties.
    loss : Loss
        The loss to compile with.

    Returns
    -------
    model : keras.Sequential
        A copy.
    """
    from skdnn.network.building import compiled_network

    model = compiled_network(architecture_of(fitted_state), spec, regularization, loss)
    model.set_weights(fitted_state["weights"])
    model.optimizer.build(model.trainable_variables)
    if fitted_state["optimizer"] == spec.key:
        variables = model.optimizer.variables
        for variable, value in zip(
            variables, compatible_slots(fitted_state, variables), strict=True
        ):
            variable.assign(value)
    return model


def model_in_own_units(model: keras.Sequential, fitted_state: FittedState) -> keras.Sequential:
    """Append a layer that scales outputs to the units of the targets, unless they have them.

    Parameters
    ----------
    model : keras.Sequential
        From `keras_model`; used up.
    fitted_state : FittedState
        Of the estimator.

    Returns
    -------
    model : keras.Sequential
        With the same weights and optimizer.
    """
    from skdnn.network.building import rescaled_network

    scale, shift = fitted_state.get("scale"), fitted_state.get("shift")
    if scale is None or shift is None or ((scale == 1).all() and not shift.any()):
        return model
    return rescaled_network(model, scale.tolist(), shift.tolist())


def compatible_slots(fitted_state: FittedState, fresh: Sequence[Any]) -> list[NDArray[Any]]:
    """Return the optimizer's state; raise an error if it is of another version of Keras."""
    kept, expected = (
        [f"{np.dtype(slot.dtype)}{list(slot.shape)}" for slot in slots]
        for slots in (fitted_state["slots"], fresh)
    )
    if kept != expected:
        raise ValueError(
            "the optimizer's state that was kept has another form than this version of Keras "
            f"gives it: {kept}, must be {expected}. Predictions are not concerned; to train, "
            "start afresh with fit and warm_start=False"
        )
    return fitted_state["slots"]


def _compiled_forward(architecture: Architecture) -> Any:
    from skdnn._engine.inference import Forward
    from skdnn._engine.programs import forward_for

    shared = architecture.without_units()
    return forward_for(
        shared or architecture.key(),
        # Seeded, though its weights are not used: Keras would draw one from Python's random.
        lambda: Forward(architecture.build(seed=0), resizable=shared is not None),
    )
