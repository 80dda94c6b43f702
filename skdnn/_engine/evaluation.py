"""Loss and accuracy on rows that are not trained on."""

from __future__ import annotations

import keras
import numpy as np

from skdnn._engine.inference import Forward, forward
from skdnn._engine.objective import Objective, penalty
from skdnn._engine.rows import Rows


class Evaluation:
    """Validation rows and the compiled pass over them.

    Parameters
    ----------
    compiled : Forward
        The network.
    model : keras.Sequential
        The one that is trained, or its template: its loss and its regularizers are used.
    rows : Rows
        Rows of weight 0 count as removed.
    """

    def __init__(self, compiled: Forward, model: keras.Sequential, rows: Rows) -> None:
        self._compiled = compiled
        self._model = model
        self._objective = Objective(model.loss, compiled.n_outputs)
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
            ``"val_accuracy"`` over the rows that count and ``"val_loss"``, weighted and
            with what the regularizers add, as in Keras.
        """
        rows = self.rows
        outputs = forward(self._compiled, weights, rows.X)
        losses = np.asarray(self._objective.losses(rows.y, outputs))
        hits = np.asarray(self._objective.hits(rows.y, outputs))
        counting = rows.counting()
        weight = None if rows.weight is None else rows.weight[counting]
        loss = np.average(losses[counting], weights=weight)
        return {
            "val_accuracy": float(np.mean(hits[counting])),
            "val_loss": float(loss) + penalty(self._model, weights),
        }
