"""The loss and the metric of each row, without reduction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import keras
import numpy as np
import tensorflow as tf


class Objective(ABC):
    """The loss of a network and the metric beside it, for each row.

    Attributes
    ----------
    target_shape : tuple of int
        Shape of a row's target.
    target_dtype : str
        Type of a target.
    metric_name : str
        Key of the metric in logs and histories.
    """

    target_shape: tuple[int, ...]
    target_dtype: str
    metric_name: str

    def __init__(self, loss: keras.losses.Loss) -> None:
        self._loss = loss

    def targets(self, y: Any) -> Any:
        """Convert targets to the form that Keras's loss takes."""
        return y

    def losses(self, y: Any, output: Any) -> Any:
        """Return the loss of each row, before any reduction."""
        return self._loss.call(self.targets(y), output)

    @abstractmethod
    def metric(self, y: Any, output: Any) -> Any:
        """Return the metric of each row."""


class ClassificationObjective(Objective):
    """Cross-entropy and accuracy.

    Parameters
    ----------
    loss : keras.losses.Loss
        Binary cross-entropy for sigmoid outputs, sparse categorical cross-entropy for a
        softmax, or the categorical one, whose targets are one-hot.
    n_outputs : int
        Units of the output layer. A row's target is the number of a class, or zeros and ones
        for several sigmoid outputs.
    """

    target_dtype = "int32"
    metric_name = "accuracy"

    def __init__(self, loss: keras.losses.Loss, n_outputs: int) -> None:
        super().__init__(loss)
        self._n_outputs = n_outputs
        self._sigmoid = isinstance(loss, keras.losses.BinaryCrossentropy)
        self._one_hot = isinstance(loss, keras.losses.CategoricalCrossentropy)
        self.target_shape = (n_outputs,) if self._sigmoid and n_outputs > 1 else ()

    def targets(self, y: Any) -> Any:
        """Convert targets to the form that Keras's loss takes."""
        if self._sigmoid:
            return y if self.target_shape else y[:, None]
        return keras.ops.one_hot(y, self._n_outputs) if self._one_hot else y

    def metric(self, y: Any, output: Any) -> Any:
        """Return the accuracy of each row: 0 or 1, or the share of its labels that is right."""
        ops = keras.ops
        if not self._sigmoid:  # Keras's argmax tells -0 from 0, which no softmax gives
            return tf.cast(tf.argmax(output, axis=1, output_type=y.dtype) == y, tf.float32)
        right = ops.equal(ops.cast(output > 0.5, "int32"), ops.cast(self.targets(y), "int32"))
        return ops.mean(ops.cast(right, "float32"), axis=1)


class RegressionObjective(Objective):
    """A regression loss and the mean absolute error.

    Parameters
    ----------
    loss : keras.losses.Loss
        Any loss of targets and outputs of one shape.
    n_outputs : int
        Number of targets of a row.
    """

    target_dtype = "float32"
    metric_name = "mean_absolute_error"

    def __init__(self, loss: keras.losses.Loss, n_outputs: int) -> None:
        super().__init__(loss)
        self.target_shape = (n_outputs,)

    def metric(self, y: Any, output: Any) -> Any:
        """Return the mean absolute error of each row."""
        return keras.ops.mean(keras.ops.abs(y - output), axis=1)


_CROSS_ENTROPIES = (
    keras.losses.BinaryCrossentropy,
    keras.losses.CategoricalCrossentropy,
    keras.losses.SparseCategoricalCrossentropy,
)


def objective_of(loss: keras.losses.Loss, n_outputs: int) -> Objective:
    """Return the objective of a loss.

    Parameters
    ----------
    loss : keras.losses.Loss
        Of a classifier or a regressor.
    n_outputs : int
        Units of the output layer.

    Returns
    -------
    objective : Objective
    """
    kind = (
        ClassificationObjective if isinstance(loss, _CROSS_ENTROPIES) else RegressionObjective
    )
    return kind(loss, n_outputs)


def penalty(model: keras.Sequential, weights: list[np.ndarray]) -> float:
    """Compute the regularization losses of a model.

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
