"""Loss and metric on validation data."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from skdnn._engine.buffers import as_tensor
from skdnn._engine.inference import check_no_nan, pieces, predicted, weight_specs
from skdnn._engine.objective import objective_of, penalty
from skdnn._engine.rows import Rows


class RowLosses:
    """Loss and metric of each row as one compiled pass, shared by all fits of one network.

    The loss is part of the compiled pass: Keras computes it from the logits, where a
    probability has not been rounded to 0 or 1 yet.

    Parameters
    ----------
    model : keras.Sequential
        A template; its weights are not used.
    loss : keras.losses.Loss
        As `objective_of` takes it.
    resizable : bool, default=False
        Whether hidden layers may have other numbers of units than the model's.
    """

    def __init__(
        self, model: keras.Sequential, loss: keras.losses.Loss, *, resizable: bool = False
    ) -> None:
        self._model = model
        self._objective = objective = objective_of(loss, int(model.output_shape[-1]))
        self.metric_name = objective.metric_name
        function = tf.function(self._call, autograph=False)
        self._function = function.get_concrete_function(
            *weight_specs(model, resizable=resizable),
            tf.TensorSpec((None, *model.input_shape[1:]), tf.float32),
            tf.TensorSpec((None, *objective.target_shape), objective.target_dtype),
        )

    def __call__(self, weights: list[np.ndarray], rows: Rows) -> np.ndarray:
        """Compute the loss and the metric of each row.

        Parameters
        ----------
        weights : list of ndarray of float32
            Network weights.
        rows : Rows
            At least one.

        Returns
        -------
        losses_and_metrics : ndarray of float32, shape (n_rows, 2)

        Raises
        ------
        ValueError
            If a loss is NaN: sums over features of a row have overflowed.
        """
        tensors = [tf.constant(weight) for weight in weights]
        found = np.empty((len(rows.y), 2), np.float32)
        for taken, padded in pieces(rows.X):
            n = taken.stop - taken.start
            y = np.zeros(
                (len(padded), *self._objective.target_shape), self._objective.target_dtype
            )
            y[:n] = rows.y[taken]
            found[taken] = self._function(*tensors, as_tensor(padded), tf.constant(y))[:n]
        check_no_nan(np.isnan(found[:, 0]), rows.X)
        return found

    def _call(self, *flat: tf.Tensor) -> tf.Tensor:
        *weights, X, y = flat
        output = predicted(self._model, weights, X)
        losses = self._objective.losses(y, output)
        return tf.stack([losses, self._objective.metric(y, output)], axis=1)


class Evaluation:
    """Validation data and the compiled pass over it.

    Parameters
    ----------
    compiled : RowLosses
        The network.
    model : keras.Sequential
        The model in training, or its template; only its regularizers are used.
    rows : Rows
        Rows with zero weight are left out.
    """

    def __init__(self, compiled: RowLosses, model: keras.Sequential, rows: Rows) -> None:
        self._compiled = compiled
        self._model = model
        self.rows = rows

    def __call__(self, weights: list[np.ndarray]) -> dict[str, float]:
        """Evaluate the network.

        Parameters
        ----------
        weights : list of ndarray of float32
            Network weights.

        Returns
        -------
        logs : dict of float
            The metric over the rows with positive weight, such as ``"val_accuracy"``, and
            ``"val_loss"``, weighted and with the regularization losses, as in Keras.
        """
        rows = self.rows
        weighted = rows.weighted()
        losses, metrics = self._compiled(weights, rows)[weighted].astype(np.float64).T
        weight = None if rows.sample_weight is None else rows.sample_weight[weighted]
        loss = np.average(losses, weights=weight)
        return {
            f"val_{self._compiled.metric_name}": float(np.mean(metrics)),
            "val_loss": float(loss) + penalty(self._model, weights),
        }
