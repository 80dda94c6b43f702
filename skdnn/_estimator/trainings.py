"""The settings of a fit become a training of the engine.

TensorFlow loads when the first of these functions is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skdnn._estimator.networks import compatible_slots, keras_model

if TYPE_CHECKING:
    import keras

    from skdnn._engine.evaluation import RowLosses
    from skdnn._engine.keras_training import KerasTraining
    from skdnn._engine.program import Program
    from skdnn._engine.programs import Structure
    from skdnn._engine.training import FusedTraining
    from skdnn._estimator.networks import FittedState
    from skdnn._estimator.rows import Table
    from skdnn.network.architecture import Architecture
    from skdnn.network.initializers import InitializerSpec
    from skdnn.network.layer_settings import Regularization
    from skdnn.network.losses import Loss
    from skdnn.network.optimizers import OptimizerSpec


@dataclass(frozen=True)
class Settings:
    """Validated settings of a call of `fit` or `partial_fit`.

    Parameters
    ----------
    architecture : Architecture
        The layers.
    target : mapping
        The record of the target.
    loss : Loss
        The loss.
    regularization : Regularization
        Dropout and penalties.
    initializers : sequence of InitializerSpec
        Of each layer's kernel.
    optimizer : OptimizerSpec
        The optimizer.
    batch_size, epochs, seed : int
        As the engine takes them.
    engine : {"auto", "fused", "keras"}
        Which engine.
    callbacks : sequence of keras.callbacks.Callback
        This fit's own.
    verbose : int
        For callbacks' ``params``; 1 or more prints a switch to another engine.
    """

    architecture: Architecture
    target: Mapping[str, Any]
    loss: Loss
    regularization: Regularization
    initializers: Sequence[InitializerSpec]
    optimizer: OptimizerSpec
    batch_size: int
    epochs: int
    seed: int
    engine: str
    callbacks: Sequence[keras.callbacks.Callback]
    verbose: int = 0


def optimizer_key(spec: OptimizerSpec) -> tuple[Any, ...]:
    """Return the key of an optimizer: its settings, and the key of a custom schedule."""
    from skdnn._engine.functions import schedule_key

    return (spec.key, spec.schedule and schedule_key(spec.schedule))


def fused_training(
    settings: Settings, network: Architecture, rows: Table, fitted_state: FittedState | None
) -> FusedTraining:
    """Make the fused training of a fit, from a fitted state or from new weights."""
    from skdnn._engine.rows import Rows
    from skdnn._engine.training import FusedTraining, TrainingState
    from skdnn.network.initializers import initial_weights

    data, spec = Rows(**rows), settings.optimizer
    program = _program(settings, network, n_rows=len(data.weighted()))
    slots = program.initial_slots
    if fitted_state is None:
        weights = initial_weights(
            program.model, settings.seed, settings.initializers, program.layout.shapes
        )
        epoch = 0
    else:
        weights, epoch = fitted_state["weights"], fitted_state["epoch"]
        if fitted_state["optimizer"] == spec.key:
            slots = compatible_slots(fitted_state, slots)
    return FusedTraining(
        program,
        TrainingState(weights, program.with_learning_rate(slots, spec.learning_rate), epoch),
        data,
        seed=settings.seed,
    )


def _program(settings: Settings, network: Architecture, n_rows: int) -> Program:
    from skdnn._engine.programs import Structure, program_for
    from skdnn._engine.rows import padded_batch_size
    from skdnn._engine.training import worth_compiling

    batch_size = padded_batch_size(settings.batch_size, n_rows)
    structure = Structure(
        network,
        settings.regularization,
        optimizer_key(settings.optimizer),
        batch_size,
        worth_compiling(
            settings.epochs,
            n_rows,
            batch_size,
            settings.architecture.units,
            dropout=any(settings.regularization.dropout),
        ),
        settings.loss,
    )
    return _resizable_program(settings, structure, batch_size) or program_for(
        structure, lambda: _compiled(settings)
    )


def _resizable_program(
    settings: Settings, structure: Structure, batch_size: int
) -> Program | None:
    """Return a program shared by networks of all widths, where that is possible."""
    from skdnn._engine.layout import is_elementwise, packed_positions
    from skdnn._engine.programs import program_for

    network = settings.architecture.without_units()
    if structure.jit or network is None or not is_elementwise(settings.optimizer.template):
        return None
    shapes = settings.architecture.weight_shapes
    packed = packed_positions(dict(enumerate(shapes)))
    shared = replace(structure, network=network, batch_size=None, packed=packed)
    program = program_for(shared, lambda: _compiled(settings))
    return program.resized(shapes, batch_size)


def keras_training(
    settings: Settings,
    rows: Table,
    fitted_state: FittedState | None,
    callbacks: list[keras.callbacks.Callback],
) -> KerasTraining:
    """Make the training of a fit in Keras, from a fitted state or from new weights."""
    from skdnn._engine.keras_training import KerasTraining
    from skdnn._engine.rows import Rows
    from skdnn.network.initializers import initial_weights

    spec = settings.optimizer
    if fitted_state is None:
        model = _compiled(settings)
        model.set_weights(initial_weights(model, settings.seed, settings.initializers))
        model.optimizer.build(model.trainable_variables)  # some start from the weights
        epoch = 0
    else:
        model = keras_model(fitted_state, spec, settings.regularization, settings.loss)
        epoch = fitted_state["epoch"]
        if spec.learning_rate is not None:
            model.optimizer.learning_rate = spec.learning_rate
    return KerasTraining(
        model,
        Rows(**rows),
        batch_size=settings.batch_size,
        epoch=epoch,
        seed=settings.seed,
        callbacks=callbacks,
    )


def _compiled(settings: Settings) -> keras.Sequential:
    from skdnn.network.building import compiled_network

    return compiled_network(
        settings.architecture, settings.optimizer, settings.regularization, settings.loss
    )


def callbacks_model(settings: Settings) -> keras.Sequential:
    """Make the model that callbacks get with the fused engine."""
    model = _compiled(settings)
    model.optimizer.build(model.trainable_variables)
    return model


def row_losses(settings: Settings, network: Architecture) -> RowLosses:
    """Return the compiled pass over validation data."""
    from skdnn._engine.evaluation import RowLosses
    from skdnn._engine.programs import row_losses_for

    architecture, loss = settings.architecture, settings.loss
    shared = architecture.without_units()
    return row_losses_for(
        (shared or network, loss),
        lambda: RowLosses(
            architecture.build(seed=0),
            loss.loss(architecture.output),
            resizable=shared is not None,
        ),
    )


def n_batches(rows: Table, batch_size: int) -> int:
    """Return the number of batches of an epoch."""
    from skdnn._engine.rows import Rows

    return -(-len(Rows(**rows).weighted()) // batch_size)
