"""Memory layout of weights and optimizer state during training, where another is faster.

An elementwise optimizer gives the same result in any layout. Two changes are made:

- *Transposed.* Keras stores the kernel of a dense layer as (inputs, units). XLA's matrix
  products on the CPU are faster with (units, inputs).
- *Packed.* The time of a step of a small network is that of its number of operations, and the
  time of a call that of its number of tensors. Small arrays are trained as one vector.

Outside of a training all arrays have Keras's layout. A plain graph serves hidden layers of any
width: `Layout.resized` gives the layout of another one.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

# Their update depends on a kernel's rows and columns.
_NEEDS_ROWS_AND_COLUMNS = (keras.optimizers.Adafactor, keras.optimizers.Muon)
# Their update depends on an array as a whole.
_NOT_ELEMENTWISE = (*_NEEDS_ROWS_AND_COLUMNS, keras.optimizers.Lamb)

# By docs/benchmarks/kernels.py on an AMD EPYC with AVX-512: steps are 1.0 to 2.2 times as fast
# within these bounds, and up to a tenth slower outside.
_FEWEST_INPUTS = 128
_FEWEST_UNITS = 16
_LARGEST_BATCH = 128

# For larger arrays, copying the gradient costs more than it saves.
_LARGEST_PACKED = 2_048

_OF_A_WEIGHT = re.compile(r"weight_(\d+)_(.*)")

Shape = tuple[int, ...]


def is_elementwise(optimizer: keras.optimizers.Optimizer) -> bool:
    """Tell whether the update is elementwise."""
    by_norm = optimizer.clipnorm or optimizer.global_clipnorm
    return not by_norm and not isinstance(optimizer, _NOT_ELEMENTWISE)


def open_shapes(shapes: Sequence[Shape]) -> list[tuple[int | None, ...]]:
    """Return the shapes of kernels and biases with the units of hidden layers left open."""
    found: list[tuple[int | None, ...]] = [(None,) * len(shape) for shape in shapes]
    found[0] = (shapes[0][0], *found[0][1:])
    found[-2:] = (*found[-2][:1], shapes[-2][1]), shapes[-1]
    return found


def packed_positions(shapes: Mapping[int, Shape]) -> tuple[int, ...]:
    """Return the positions of arrays that are packed, if the optimizer is elementwise."""
    small = tuple(i for i, shape in shapes.items() if _size(shape) <= _LARGEST_PACKED)
    return small if len(small) > 1 else ()


class Layout:
    """The layout of a training's arrays, and an optimizer for them.

    Parameters
    ----------
    model : keras.Sequential
        Read, not changed.
    new_optimizer : callable
        Makes an unbuilt optimizer.
    batch_size : int
        Rows of a batch.
    jit : bool
        Whether XLA compiles the steps. It fuses transpositions into matrix products; a plain
        graph would execute them one by one.

    Attributes
    ----------
    optimizer : keras.optimizers.Optimizer
        Built for the packed arrays.
    initial_slots : list of ndarray
        State of a new optimizer, in Keras's layout.
    placeholders : list of keras.Variable
        What the optimizer was built for.
    n_trainable : int
        How many packed arrays the optimizer updates. They precede the other weights.
    shapes : list of tuple of int
        Of the weights, in Keras's layout.
    """

    def __init__(
        self,
        model: keras.Sequential,
        new_optimizer: Callable[[], Any],
        *,
        batch_size: int,
        jit: bool,
    ) -> None:
        reference, self.optimizer = new_optimizer(), new_optimizer()
        values = [np.asarray(weight.numpy()) for weight in model.weights]
        self.shapes: list[Shape] = [value.shape for value in values]
        trainable = [i for i, weight in enumerate(model.weights) if weight.trainable]
        frozen = [i for i, weight in enumerate(model.weights) if not weight.trainable]
        transposes = (
            jit
            and batch_size <= _LARGEST_BATCH
            and not isinstance(reference, _NEEDS_ROWS_AND_COLUMNS)
        )
        transposed = {i for i in trainable if transposes and _worth_transposing(values[i])}
        packed: tuple[int, ...] = ()
        if is_elementwise(reference):
            packed = packed_positions(
                {i: self.shapes[i] for i in trainable if i not in transposed}
            )
        blocks = [_block(self.shapes, packed)] if packed else []
        blocks += [
            _block(self.shapes, [i], i in transposed) for i in trainable if i not in packed
        ]
        self.n_trainable = len(blocks)
        self._weights = [*blocks, *(_block(self.shapes, [i]) for i in frozen)]

        # The optimizers only need shapes; the names tell which slot belongs to which weight.
        reference.build([_placeholder(values[i], i) for i in trainable])
        self.placeholders = [_placeholder(b.pack(values), b.positions[0]) for b in blocks]
        self.optimizer.build(self.placeholders)
        self.initial_slots = [np.asarray(slot.numpy()) for slot in reference.variables]
        self._slot_weights = [_weight_of(slot) for slot in reference.variables]
        self._slots = _blocks_of_slots(reference, self.optimizer, blocks)

    def resized(self, shapes: Sequence[Shape]) -> Layout:
        """Return the layout of weights of other shapes, of which the same ones are packed.

        Parameters
        ----------
        shapes : sequence of tuple of int
            Of the weights, in Keras's layout. The optimizer must be elementwise.

        Returns
        -------
        layout : Layout
            With the same optimizer, which is built for the shapes of this one.
        """
        other = copy.copy(self)
        other.shapes = list(shapes)
        other.initial_slots = [
            slot if i is None else np.full(shapes[i], slot.flat[0], slot.dtype)
            for slot, i in zip(self.initial_slots, self._slot_weights, strict=True)
        ]
        other._weights = [block.resized(shapes) for block in self._weights]
        of_slots = [slot.shape for slot in other.initial_slots]
        other._slots = [block.resized(of_slots) for block in self._slots]
        return other

    def pack_weights(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Pack weights in the order of ``model.weights``."""
        return [block.pack(weights) for block in self._weights]

    def unpack_weights(self, arranged: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Unpack weights into the order of ``model.weights``."""
        return _in_order(self._weights, arranged, _Block.unpack)

    def pack_slots(self, slots: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Pack an optimizer's state in the order of ``optimizer.variables``."""
        return [block.pack(slots) for block in self._slots]

    def unpack_slots(self, arranged: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Unpack an optimizer's state into the order of ``optimizer.variables``."""
        return _in_order(self._slots, arranged, _Block.unpack)

    def unpacking(
        self, shapes: Sequence[Any]
    ) -> Callable[[Sequence[tf.Tensor]], list[tf.Tensor]]:
        """Return a function that unpacks weights inside a compiled program.

        Parameters
        ----------
        shapes : sequence of tuple of int or of Tensor of int32
            Of the weights, in Keras's layout. What follows from them is computed here, so
            that a loop of steps doesn't repeat it.

        Returns
        -------
        unpack : callable
        """
        unpack = {block: block.unpacking(shapes) for block in self._weights}
        return lambda arranged: _in_order(
            self._weights, arranged, lambda block, array: unpack[block](array)
        )

    def non_trainable(self, weights: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Return the non-trainable weights of all, which are in Keras's order."""
        return [weights[block.positions[0]] for block in self._weights[self.n_trainable :]]


@dataclass(frozen=True)
class _Block:
    """Arrays that are trained as one: several packed into a vector, or a single one."""

    positions: tuple[int, ...]  # in Keras's order
    shapes: tuple[Shape, ...]
    transposed: bool = False

    def pack(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        if len(self.positions) > 1:
            return np.concatenate([np.ravel(arrays[i]) for i in self.positions])
        array = arrays[self.positions[0]]
        return np.ascontiguousarray(array.T) if self.transposed else array

    def unpack(self, array: np.ndarray) -> list[np.ndarray]:
        if len(self.positions) == 1:
            return [np.ascontiguousarray(array.T) if self.transposed else array]
        parts = np.split(array, np.cumsum(self._sizes)[:-1])
        return [p.reshape(shape).copy() for p, shape in zip(parts, self.shapes, strict=True)]

    def unpacking(self, shapes: Sequence[Any]) -> Callable[[tf.Tensor], list[tf.Tensor]]:
        if len(self.positions) == 1:
            return lambda array: [tf.transpose(array) if self.transposed else array]
        own = [shapes[i] for i in self.positions]
        sizes = tf.stack([_size(shape) for shape in own])
        return lambda array: [
            tf.reshape(part, shape)
            for part, shape in zip(tf.split(array, sizes, num=len(own)), own, strict=True)
        ]

    def resized(self, shapes: Sequence[Shape]) -> _Block:
        return replace(self, shapes=tuple(shapes[i] for i in self.positions))

    @property
    def _sizes(self) -> list[int]:
        return [_size(shape) for shape in self.shapes]


def _size(shape: Any) -> Any:
    """Return the number of elements; a tensor for a tensor."""
    return tf.reduce_prod(shape) if tf.is_tensor(shape) else int(np.prod(shape))


def _block(
    shapes: Sequence[Shape], positions: Sequence[int], transposed: bool = False
) -> _Block:
    return _Block(tuple(positions), tuple(shapes[i] for i in positions), transposed)


def _blocks_of_slots(reference: Any, arranged: Any, blocks: Sequence[_Block]) -> list[_Block]:
    shapes = [tuple(slot.shape) for slot in reference.variables]
    with_first = {block.positions[0]: block for block in blocks}
    # In order of position; Adafactor has several slots of one name.
    at: dict[str, list[int]] = defaultdict(list)
    for position, slot in enumerate(reference.variables):
        at[_slot_name(slot)].append(position)

    def block(slot: keras.Variable) -> _Block:
        found = _OF_A_WEIGHT.fullmatch(slot.name)
        if found is None:
            return _Block((position := at[""].pop(0),), (shapes[position],))
        weights, kept = with_first[int(found[1])], found[2]
        positions = [at[f"weight_{i}_{kept}"].pop(0) for i in weights.positions]
        return _Block(tuple(positions), tuple(shapes[i] for i in positions), weights.transposed)

    return [block(slot) for slot in arranged.variables]


def _slot_name(slot: keras.Variable) -> str:
    """Return a slot's name; empty if it belongs to no weight, such as ``iterations``."""
    return slot.name if _OF_A_WEIGHT.fullmatch(slot.name) else ""


def _weight_of(slot: keras.Variable) -> int | None:
    """Return the position of the weight that a slot belongs to."""
    found = _OF_A_WEIGHT.fullmatch(slot.name)
    return None if found is None else int(found[1])


def _in_order(
    blocks: Sequence[_Block],
    arranged: Sequence[Any],
    unpack: Callable[[_Block, Any], list[Any]],
) -> list[Any]:
    arrays = {
        position: array
        for block, value in zip(blocks, arranged, strict=True)
        for position, array in zip(block.positions, unpack(block, value), strict=True)
    }
    return [arrays[position] for position in range(len(arrays))]


def _placeholder(value: np.ndarray, position: int) -> keras.Variable:
    return keras.Variable(value, name=f"weight_{position}_")


def _worth_transposing(kernel: np.ndarray) -> bool:
    if kernel.ndim != 2:
        return False
    inputs, units = kernel.shape
    return bool(inputs >= _FEWEST_INPUTS and units >= _FEWEST_UNITS)
