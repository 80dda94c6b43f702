"""Prediction: a network's outputs for any number of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from skdnn._engine.buffers import aligned_zeros, as_tensor
from skdnn._engine.layout import open_shapes
from skdnn._engine.rows import Matrix, write_rows

# Rows are padded to a power of two between these, so that a row gets nearly the same answer
# alone and among others (matrix kernels sum in another order for another shape, and for the
# last rows of one), and so that memory stays bounded.
_FEWEST_ROWS = 8
_CHUNK_BYTES = 32 * 2**20


class Forward:
    """A network's forward pass, shared by all estimators of one architecture.

    Parameters
    ----------
    model : keras.Sequential
        A template; its weights are not used.
    resizable : bool, default=False
        Whether hidden layers may have other numbers of units than the model's.
    """

    def __init__(self, model: keras.Sequential, *, resizable: bool = False) -> None:
        self.row_shape: tuple[int, ...] = tuple(model.input_shape[1:])
        self.n_outputs = int(model.output_shape[-1])
        self._model = model
        signature = [
            *weight_specs(model, resizable=resizable),
            tf.TensorSpec((None, *self.row_shape), tf.float32),
        ]
        function = tf.function(self._call, autograph=False)
        self._function = function.get_concrete_function(*signature)
        self._captured = list(self._function.captured_inputs)  # by functions in the layers
        self._latest: tuple[list[np.ndarray], list[tf.Tensor]] = ([], [])

    def tensors(self, weights: list[np.ndarray]) -> list[tf.Tensor]:
        """Convert weights to tensors; the latest ones are kept for repeated calls on few rows.

        Parameters
        ----------
        weights : list of ndarray of float32
            Must not be changed afterwards.

        Returns
        -------
        tensors : list of Tensor
        """
        known, tensors = self._latest
        if known is not weights:
            tensors = [tf.constant(w) for w in weights]
            self._latest = (weights, tensors)
        return tensors

    def __call__(self, weights: list[tf.Tensor], X: tf.Tensor) -> Any:
        # As an operation, not `self._function(*weights, X)`: looking through the arguments
        # takes TensorFlow's Python longer than the network takes for a row.
        (output,) = tf.raw_ops.StatefulPartitionedCall(
            args=[*weights, X, *self._captured],
            Tout=[tf.float32],
            f=self._function,
        )
        return output

    def _call(self, *flat: tf.Tensor) -> tf.Tensor:
        *weights, X = flat
        return predicted(self._model, weights, X)


def weight_specs(model: keras.Sequential, *, resizable: bool) -> list[tf.TensorSpec]:
    """Return the specifications of a network's weights for a function that takes them.

    Parameters
    ----------
    model : keras.Sequential
        A template.
    resizable : bool
        Whether units of hidden layers are left open.

    Returns
    -------
    specs : list of TensorSpec
        In the order of ``model.weights``.
    """
    shapes = [v.shape for v in model.weights]
    shapes = open_shapes(shapes) if resizable else shapes
    return [tf.TensorSpec(s, v.dtype) for s, v in zip(shapes, model.weights, strict=True)]


def predicted(model: keras.Sequential, weights: Sequence[tf.Tensor], X: tf.Tensor) -> tf.Tensor:
    """Return a network's outputs inside a compiled function.

    Parameters
    ----------
    model : keras.Sequential
        A template; its weights are not used.
    weights : sequence of Tensor
        In the order of ``model.weights``.
    X : Tensor of float32, shape (n_rows, ...)

    Returns
    -------
    outputs : Tensor of float32, shape (n_rows, n_outputs)
    """
    with keras.StatelessScope():
        for variable, value in zip(model.weights, weights, strict=True):
            variable.assign(value)  # may be of unknown shape, unlike the scope's mapping
        return model(X, training=False)


def forward(compiled: Forward, weights: list[np.ndarray], X: Matrix) -> np.ndarray:
    """Compute a network's outputs.

    Parameters
    ----------
    compiled : Forward
        The network.
    weights : list of ndarray of float32
        Its weights.
    X : ndarray of shape (n_rows, ...), or sparse matrix in rows
        Any numeric dtype that float32 holds exactly; cast piece by piece.

    Returns
    -------
    outputs : ndarray of float32, shape (n_rows, n_outputs)

    Raises
    ------
    ValueError
        If an output is NaN: sums over features of a row have overflowed.
    """
    tensors = compiled.tensors(weights)
    n_rows = X.shape[0]
    outputs = np.empty((n_rows, compiled.n_outputs), np.float32)
    for taken, padded in pieces(X):
        n = taken.stop - taken.start
        outputs[taken] = compiled(tensors, as_tensor(padded)).numpy()[:n]
    check_no_nan(np.isnan(outputs).any(axis=1), X)
    return outputs


def pieces(X: Matrix) -> Iterator[tuple[slice, np.ndarray]]:
    """Split rows into pieces of bounded size, padded with rows of zeros.

    Parameters
    ----------
    X : ndarray of shape (n_rows, ...), or sparse matrix in rows
        Any numeric dtype that float32 holds exactly.

    Yields
    ------
    taken : slice
        The rows of the piece.
    padded : ndarray of float32
        These rows, then padding; an array for `as_tensor`.
    """
    row_shape, n_rows = X.shape[1:], X.shape[0]
    row_bytes = 4 * int(np.prod(row_shape))
    most = max(_FEWEST_ROWS, _power_of_two(_CHUNK_BYTES // row_bytes) // 2)
    for start in range(0, n_rows, most):
        taken = slice(start, min(start + most, n_rows))
        n = taken.stop - start
        padded = aligned_zeros((max(_FEWEST_ROWS, _power_of_two(n)), *row_shape), n)
        write_rows(X, taken, padded[:n])
        yield taken, padded


def check_no_nan(wrong: Any, X: Matrix) -> None:
    """Raise an error if outputs are NaN.

    Parameters
    ----------
    wrong : ndarray of bool, shape (n_rows,)
        Which rows have such outputs.
    X : ndarray of shape (n_rows, ...), or sparse matrix in rows
        The rows.

    Raises
    ------
    ValueError
        If any output is NaN.
    """
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"the network's output is NaN for {wrong.sum()} of {len(wrong)} rows, the first "
            f"at {first}, whose largest feature is {abs(X[[first]]).max():g}: sums overflow in "
            "float32. Scale the features, for example with StandardScaler, unless it is the "
            "weights that are too large"
        )


def _power_of_two(n: int) -> int:
    """Return the least power of two that is not less than `n`."""
    return 1 << max(n - 1, 0).bit_length()
