"""How weights and optimizer state are laid out while steps are trained, where that is quicker.

An optimizer whose update treats each number by itself does not mind how the numbers are
arranged. So there are two liberties:

- *Turned.* Keras stores the kernel of a dense layer as (inputs, units). XLA's matrix products
  on the CPU are quicker with (units, inputs).
- *Packed.* A step of a small network costs by the number of its operations, and a call of a
  program by the number of its tensors. Small arrays are trained as one vector.

Outside a training all arrays are as Keras has them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

# Their update looks at a kernel's rows and columns.
_BY_ROWS_AND_COLUMNS = (keras.optimizers.Adafactor, keras.optimizers.Muon)
# Their update looks at an array as a whole.
_BY_ARRAYS = (*_BY_ROWS_AND_COLUMNS, keras.optimizers.Lamb)

# By docs/benchmarks/kernels.py on an AMD EPYC with AVX-512: steps are 1.0 to 2.2 times as fast
# within these bounds, and up to a tenth slower outside.
_FEWEST_INPUTS = 128
_FEWEST_UNITS = 16
_LARGEST_BATCH = 128

# Beyond, putting an array's gradient beside the others costs more than it saves.
_LARGEST_PACKED = 16_384

_OF_A_WEIGHT = re.compile(r"weight_(\d+)_(.*)")


class Layout:
    """How the arrays of a training are arranged, and an optimizer for them.

    Parameters
    ----------
    model : keras.Sequential
        Read, not changed.
    new_optimizer : callable
        Makes an unbuilt optimizer.
    batch_size : int
        Rows of a batch.
    jit : bool
        Whether XLA compiles the steps. It takes the turns into its products; a plain graph
        would make them one by one.

    Attributes
    ----------
    optimizer : keras.optimizers.Optimizer
        Built for the arrays as they are trained.
    first_slots : list of ndarray
        State of a fresh optimizer, as in Keras.
    n_trained : int
        How many arrays the optimizer updates. Arranged, they stand before the other weights.
    """

    def __init__(
        self,
        model: keras.Sequential,
        new_optimizer: Callable[[], Any],
        *,
        batch_size: int,
        jit: bool,
    ) -> None:
        as_in_keras, self.optimizer = new_optimizer(), new_optimizer()
        values = [np.asarray(weight.numpy()) for weight in model.weights]
        trained = [i for i, weight in enumerate(model.weights) if weight.trainable]
        fixed = [i for i, weight in enumerate(model.weights) if not weight.trainable]
        turns = (
            jit
            and batch_size <= _LARGEST_BATCH
            and not isinstance(as_in_keras, _BY_ROWS_AND_COLUMNS)
        )
        turned = {i for i in trained if turns and _worth_a_turn(values[i])}
        packed = [i for i in trained if i not in turned and values[i].size <= _LARGEST_PACKED]
        if not _by_numbers(as_in_keras) or len(packed) == 1:
            packed = []
        blocks = [_block(values, packed)] if packed else []
        blocks += [_block(values, [i], i in turned) for i in trained if i not in packed]
        self.n_trained = len(blocks)
        self._weights = [*blocks, *(_block(values, [i]) for i in fixed)]

        # The optimizers only need to know shapes; the names tell whose state is whose.
        as_in_keras.build([_stand_in(values[i], i) for i in trained])
        self.optimizer.build([_stand_in(b.together(values), b.positions[0]) for b in blocks])
        self.first_slots = [np.asarray(slot.numpy()) for slot in as_in_keras.variables]
        self._slots = _blocks_of_slots(as_in_keras, self.optimizer, blocks)

    def weights_inside(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Arrange weights, which come in the order of ``model.weights``."""
        return [block.together(weights) for block in self._weights]

    def weights_outside(self, arranged: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Take arranged weights apart."""
        return _in_order(self._weights, arranged, _Block.apart)

    def slots_inside(self, slots: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Arrange an optimizer's state, which comes in Keras's order."""
        return [block.together(slots) for block in self._slots]

    def slots_outside(self, arranged: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Take an arranged state apart."""
        return _in_order(self._slots, arranged, _Block.apart)

    def as_in_keras(self, arranged: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Take arranged weights apart in a program."""
        return _in_order(self._weights, arranged, _Block.apart_in_program)

    def changed_by_layers(self, weights: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Pick the weights that no optimizer updates, from all in Keras's order."""
        return [weights[block.positions[0]] for block in self._weights[self.n_trained :]]


@dataclass(frozen=True)
class _Block:
    """Arrays that are trained as one: several in a vector, or one alone."""

    positions: tuple[int, ...]  # in Keras's order
    shapes: tuple[tuple[int, ...], ...]
    turned: bool = False

    def together(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        if len(self.positions) > 1:
            return np.concatenate([np.ravel(arrays[i]) for i in self.positions])
        array = arrays[self.positions[0]]
        return np.ascontiguousarray(array.T) if self.turned else array

    def apart(self, array: np.ndarray) -> list[np.ndarray]:
        if len(self.positions) == 1:
            return [np.ascontiguousarray(array.T) if self.turned else array]
        parts = np.split(array, np.cumsum(self._sizes)[:-1])
        return [p.reshape(shape).copy() for p, shape in zip(parts, self.shapes, strict=True)]

    def apart_in_program(self, array: tf.Tensor) -> list[tf.Tensor]:
        if len(self.positions) == 1:
            return [tf.transpose(array) if self.turned else array]
        parts = tf.split(array, self._sizes)
        return [tf.reshape(p, shape) for p, shape in zip(parts, self.shapes, strict=True)]

    @property
    def _sizes(self) -> list[int]:
        return [int(np.prod(shape)) for shape in self.shapes]


def _block(
    values: Sequence[np.ndarray], positions: Sequence[int], turned: bool = False
) -> _Block:
    return _Block(tuple(positions), tuple(values[i].shape for i in positions), turned)


def _blocks_of_slots(as_in_keras: Any, arranged: Any, blocks: Sequence[_Block]) -> list[_Block]:
    shapes = [tuple(slot.shape) for slot in as_in_keras.variables]
    with_first = {block.positions[0]: block for block in blocks}
    # In order of position; Adafactor has several slots of one name.
    at: dict[str, list[int]] = defaultdict(list)
    for position, slot in enumerate(as_in_keras.variables):
        at[_kept_name(slot)].append(position)

    def block(slot: keras.Variable) -> _Block:
        found = _OF_A_WEIGHT.fullmatch(slot.name)
        if found is None:
            return _Block((position := at[""].pop(0),), (shapes[position],))
        weights, kept = with_first[int(found[1])], found[2]
        positions = [at[f"weight_{i}_{kept}"].pop(0) for i in weights.positions]
        return _Block(tuple(positions), tuple(shapes[i] for i in positions), weights.turned)

    return [block(slot) for slot in arranged.variables]


def _kept_name(slot: keras.Variable) -> str:
    """Return a slot's name; none for what belongs to no weight, such as the steps done."""
    return slot.name if _OF_A_WEIGHT.fullmatch(slot.name) else ""


def _in_order(
    blocks: Sequence[_Block], arranged: Sequence[Any], apart: Callable[[_Block, Any], list[Any]]
) -> list[Any]:
    arrays = {
        position: array
        for block, value in zip(blocks, arranged, strict=True)
        for position, array in zip(block.positions, apart(block, value), strict=True)
    }
    return [arrays[position] for position in range(len(arrays))]


def _stand_in(value: np.ndarray, position: int) -> keras.Variable:
    return keras.Variable(value, name=f"weight_{position}_")


def _by_numbers(optimizer: Any) -> bool:
    """Say whether each number's update depends on no other number."""
    by_norm = optimizer.clipnorm or optimizer.global_clipnorm
    return not by_norm and not isinstance(optimizer, _BY_ARRAYS)


def _worth_a_turn(kernel: np.ndarray) -> bool:
    if kernel.ndim != 2:
        return False
    inputs, units = kernel.shape
    return bool(inputs >= _FEWEST_INPUTS and units >= _FEWEST_UNITS)
