"""What a network is trained for: a loss and a metric for each row."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


class Objective:
    """The loss of a network that answers with classes, row by row, and its accuracy.

    Parameters
    ----------
    loss : keras.losses.Loss
        Binary cross-entropy for sigmoid outputs, sparse categorical cross-entropy for a
        softmax, or the categorical one, whose targets are one-hot.
    n_outputs : int
        Units of the output layer.

    Attributes
    ----------
    target_shape : tuple of int
        Shape of a row's target: ``()`` for the number of a class, ``(n_outputs,)`` for the
        zeros and ones of labels.
    target_dtype : str
        Type of a target.
    metric_name : str
        What `metric` is called in a history.
    """

    target_dtype = "int32"
    metric_name = "accuracy"

    def __init__(self, loss: keras.losses.Loss, n_outputs: int) -> None:
        self._loss = loss
        self._n_outputs = n_outputs
        self._sigmoid = isinstance(loss, keras.losses.BinaryCrossentropy)
        self._one_hot = isinstance(loss, keras.losses.CategoricalCrossentropy)
        self.target_shape = (n_outputs,) if self._sigmoid and n_outputs > 1 else ()

    def targets(self, y: Any) -> Any:
        """Bring targets into the form that Keras's loss takes."""
        if self._sigmoid:
            return y if self.target_shape else y[:, None]
        return keras.ops.one_hot(y, self._n_outputs) if self._one_hot else y

    def losses(self, y: Any, output: Any) -> Any:
        """Return the loss of each row, before any reduction."""
        return self._loss.call(self.targets(y), output)

    def metric(self, y: Any, output: Any) -> Any:
        """Return for each row 1 where its class is found; the share of labels that are."""
        ops = keras.ops
        if not self._sigmoid:
            return ops.cast(
                ops.equal(ops.argmax(output, axis=1), ops.cast(y, "int32")), "float32"
            )
        right = ops.equal(ops.cast(output > 0.5, "int32"), ops.cast(self.targets(y), "int32"))
        return ops.mean(ops.cast(right, "float32"), axis=1)


def penalty(model: keras.Sequential, weights: list[np.ndarray]) -> float:
    """Compute what a model's regularizers add to its loss.

    Parameters
    ----------
    model : keras.Sequential
        A template; its regularizers are used, not its weights.
    weights : list of ndarray
        In the order of ``model.weights``.

    Returns
    -------
    penalty : float
    """
    pairs = zip(model.weights, weights, strict=True)
    return float(sum(float(v.regularizer(w)) for v, w in pairs if v.regularizer is not None))
