"""Hyperparameters and fitted arrays become engine calls.

The one module between the estimator, which knows no TensorFlow, and the engine, which knows
no estimator. TensorFlow loads when the first of these functions is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

    from skdnn._engine import Training
    from skdnn._optimizers import OptimizerChoice
    from skdnn.network import Activation, Architecture


@dataclass(frozen=True)
class Settings:
    """What a call of `fit` or `partial_fit` asks for.

    Parameters
    ----------
    architecture : Architecture
        The layers.
    optimizer : OptimizerChoice
        The optimizer.
    batch_size, epochs, seed : int
        As the engine takes them.
    """

    architecture: Architecture
    optimizer: OptimizerChoice
    batch_size: int
    epochs: int
    seed: int


class Learnt(TypedDict):
    """What a training leaves behind: arrays and plain Python, so that it can be kept safely.

    ``input_shape``, ``n_classes``, ``hidden_units`` and ``activation`` are the architecture;
    ``weights`` and ``slots`` (the optimizer's state) are lists of arrays; ``optimizer`` says
    which optimizer the slots belong to; ``seed`` and ``epoch`` (epochs done) decide the order
    of the rows in the epochs to come.
    """

    input_shape: tuple[int, ...]
    n_classes: int
    hidden_units: tuple[int, ...]
    activation: tuple[Activation, ...]
    optimizer: str
    weights: list[NDArray[Any]]
    slots: list[NDArray[Any]]
    seed: int
    epoch: int


def architecture_of(learnt: Learnt) -> Architecture:
    """Return the layers that the weights belong to."""
    from skdnn.network import Architecture

    return Architecture(
        learnt["input_shape"], learnt["n_classes"], learnt["hidden_units"], learnt["activation"]
    )


def start_training(
    settings: Settings,
    X: NDArray[Any],
    y: NDArray[np.int32],
    row_weight: NDArray[np.float32] | None,
    learnt: Learnt | None,
) -> Training:
    """Set up a training.

    Parameters
    ----------
    settings : Settings
        Hyperparameters, checked.
    X : ndarray of shape (n_rows, ...)
        Rows.
    y : ndarray of int32, shape (n_rows,)
        Class numbers.
    row_weight : ndarray of float32, shape (n_rows,), or None
        Weights.
    learnt : Learnt or None
        Where to go on; None starts from new weights. The optimizer's state is kept if the
        optimizer is the same but for its learning rate.

    Returns
    -------
    training : Training
        Not begun.

    Raises
    ------
    ValueError
        If the layers are not those of `learnt`.
    """
    from skdnn import _engine
    from skdnn.network import compiled_network, initial_weights

    if learnt is not None and architecture_of(learnt) != settings.architecture:
        raise ValueError(
            "a fitted network is trained further with the layers it has, hidden_units="
            f"{learnt['hidden_units']} and activation={learnt['activation']}, got hidden_units="
            f"{settings.architecture.hidden_units} and activation="
            f"{settings.architecture.activation}; to start afresh, call fit with "
            "warm_start=False"
        )
    choice = settings.optimizer
    program = _engine.program_for(
        _engine.Structure(settings.architecture, choice.key, settings.batch_size),
        lambda: compiled_network(settings.architecture, choice.maker, choice.options),
    )
    slots = program.first_slots
    if learnt is None:
        weights, epoch = initial_weights(program.model, settings.seed), 0
    else:
        weights, epoch = learnt["weights"], learnt["epoch"]
        if learnt["optimizer"] == choice.key:
            slots = learnt["slots"]
    slots = program.with_learning_rate(slots, choice.learning_rate)
    return _engine.Training(
        program,
        _engine.TrainingState(weights, slots, epoch),
        _engine.Rows(X, y, row_weight),
        epochs=settings.epochs,
        seed=settings.seed,
    )


def learnt_so_far(training: Training, settings: Settings) -> Learnt:
    """Copy out what a training has reached."""
    state = training.state()
    architecture = settings.architecture
    return {
        "input_shape": architecture.input_shape,
        "n_classes": architecture.n_classes,
        "hidden_units": architecture.hidden_units,
        "activation": architecture.activation,
        "optimizer": settings.optimizer.key,
        "weights": state.weights,
        "slots": state.slots,
        "seed": settings.seed,
        "epoch": state.epoch,
    }


def class_probabilities(learnt: Learnt, X: NDArray[Any]) -> NDArray[np.float32]:
    """Compute the probability of each class.

    Parameters
    ----------
    learnt : Learnt
        What was trained.
    X : ndarray of shape (n_rows, ...)
        Rows.

    Returns
    -------
    probabilities : ndarray of float32, shape (n_rows, n_classes)
    """
    from skdnn import _engine

    architecture = architecture_of(learnt)
    # Seeded, though its weights mean nothing: Keras draws a missing seed from Python's random.
    compiled = _engine.forward_for(architecture, lambda: architecture.build(seed=0))
    outputs = _engine.forward(compiled, learnt["weights"], X)
    return np.hstack([1 - outputs, outputs]) if architecture.n_classes == 2 else outputs


def keras_model(learnt: Learnt, choice: OptimizerChoice) -> keras.Sequential:
    """Make a compiled Keras model with the weights, and the optimizer's state if it fits.

    Parameters
    ----------
    learnt : Learnt
        What was trained.
    choice : OptimizerChoice
        The optimizer to compile with.

    Returns
    -------
    model : keras.Sequential
        Independent of anything else.
    """
    from skdnn.network import compiled_network

    options = dict(choice.options)
    if choice.learning_rate is not None and isinstance(choice.maker, type):
        options["learning_rate"] = choice.learning_rate
    model = compiled_network(architecture_of(learnt), choice.maker, options)
    model.set_weights(learnt["weights"])
    model.optimizer.build(model.trainable_variables)
    if learnt["optimizer"] == choice.key:
        for variable, value in zip(model.optimizer.variables, learnt["slots"], strict=True):
            variable.assign(value)
    return model
