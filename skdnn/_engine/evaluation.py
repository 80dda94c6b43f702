"""Loss and accuracy on rows that are not trained on."""

from __future__ import annotations

import keras
import numpy as np

from skdnn._engine.inference import Forward, forward
from skdnn._engine.rows import Rows


class Evaluation:
    """Validation rows and the compiled pass over them.

    Parameters
    ----------
    compiled : Forward
        The network.
    loss : keras.losses.Loss
        The loss of the training.
    rows : Rows
        Rows of weight 0 count as removed.
    """

    def __init__(self, compiled: Forward, loss: keras.losses.Loss, rows: Rows) -> None:
        self._compiled = compiled
        self._loss = loss
        self._rows = rows

    def __call__(self, weights: list[np.ndarray]) -> dict[str, float]:
        """Evaluate the network.

        Parameters
        ----------
        weights : list of ndarray of float32
            Network weights.

        Returns
        -------
        logs : dict of float
            ``"val_accuracy"`` over the rows that count and ``"val_loss"``, weighted.
        """
        rows = self._rows
        outputs = forward(self._compiled, weights, rows.X)
        binary = outputs.shape[1] == 1
        losses = self._loss.call(rows.y[:, None] if binary else rows.y, outputs).numpy()
        predicted = outputs[:, 0] > 0.5 if binary else outputs.argmax(axis=1)
        counting = rows.counting()
        weight = None if rows.weight is None else rows.weight[counting]
        return {
            "val_accuracy": float(np.mean((predicted == rows.y)[counting])),
            "val_loss": float(np.average(losses[counting], weights=weight)),
        }
