"""Kernels stored as (units, inputs) while steps are trained, where that is quicker.

Keras stores the kernel of a dense layer as (inputs, units). XLA's matrix products on the CPU
are quicker with (units, inputs). An update that treats each weight by itself, as most
optimizers do, does not mind. So kernels, and what the optimizer keeps of them, are turned once
for a chunk of steps and turned back at its end: outside a program they are as Keras has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

# Their update looks at a kernel's rows and columns.
_BY_ROWS_AND_COLUMNS = (keras.optimizers.Adafactor, keras.optimizers.Muon)

# By docs/benchmarks/kernels.py on an AMD EPYC with AVX-512: steps are 1.0 to 2.2 times as fast
# within these bounds, and up to a tenth slower outside.
_FEWEST_INPUTS = 128
_FEWEST_UNITS = 16
_LARGEST_BATCH = 128


class Orientation:
    """Which arrays of a training are turned, and an optimizer for them.

    Parameters
    ----------
    model : keras.Sequential
        Read, not changed.
    optimizer : keras.optimizers.Optimizer
        Unbuilt; built here.
    batch_size : int
        Rows of a batch.
    jit : bool
        Whether XLA compiles the steps. It takes the turns into its products; a plain graph
        would make them one by one.
    """

    def __init__(
        self,
        model: keras.Sequential,
        optimizer: keras.optimizers.Optimizer,
        *,
        batch_size: int,
        jit: bool,
    ) -> None:
        turns = jit and batch_size <= _LARGEST_BATCH
        turns = turns and not isinstance(optimizer, _BY_ROWS_AND_COLUMNS)
        self._weights = [turns and _worth_a_turn(weight) for weight in model.weights]
        each = zip(model.weights, self._weights, strict=True)
        trained = [(weight, turned) for weight, turned in each if weight.trainable]
        # The optimizer only needs to know shapes; the names tell whose state is whose.
        stand_ins = [
            keras.Variable(_turned(np.asarray(weight.numpy()), turned), name=f"weight_{i}_")
            for i, (weight, turned) in enumerate(trained)
        ]
        optimizer.build(stand_ins)
        names = [f"weight_{i}_" for i, (_, turned) in enumerate(trained) if turned]
        self._slots = [
            any(slot.name.startswith(name) for name in names) for slot in optimizer.variables
        ]
        self.first_slots = [
            _turned(np.asarray(slot.numpy()), turned)
            for slot, turned in zip(optimizer.variables, self._slots, strict=True)
        ]

    def weights(self, values: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Turn weights, in the order of ``model.weights``, or turn them back."""
        return _each_turned(values, self._weights)

    def slots(self, values: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Turn the optimizer's state, or turn it back."""
        return _each_turned(values, self._slots)


def _worth_a_turn(weight: Any) -> bool:
    if len(weight.shape) != 2:
        return False
    inputs, units = weight.shape
    return bool(inputs >= _FEWEST_INPUTS and units >= _FEWEST_UNITS)


def _turned(value: np.ndarray, turned: bool) -> np.ndarray:
    return np.ascontiguousarray(value.T) if turned else value


def _each_turned(values: Sequence[tf.Tensor], turned: Sequence[bool]) -> list[tf.Tensor]:
    return [
        tf.transpose(value) if is_turned else value
        for value, is_turned in zip(values, turned, strict=True)
    ]
