"""Quantile loss, which Keras does not have."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("skdnn")
class PinballLoss(keras.losses.Loss):
    """Pinball loss for quantile regression.

    It is minimal if a fraction `quantile` of the targets is below the prediction. To load a
    saved model that was compiled with it, import this module before calling
    ``keras.saving.load_model``, or, without skdnn, pass ``compile=False``.

    Parameters
    ----------
    quantile : float, default=0.5
        Quantile to predict, from 0 to 1.
    reduction : str, default="sum_over_batch_size"
        As in :class:`keras.losses.Loss`.
    name : str, default="pinball_loss"
        Name of the loss.
    dtype : str, default=None
        As in :class:`keras.losses.Loss`.

    References
    ----------
    Koenker and Bassett, "Regression quantiles", Econometrica 46, 1978.
    https://doi.org/10.2307/1913643

    Examples
    --------
    >>> from skdnn.network.pinball import PinballLoss
    >>> loss = PinballLoss(0.9)
    >>> round(float(loss([[1.0]], [[0.0]])), 6), round(float(loss([[0.0]], [[1.0]])), 6)
    (0.9, 0.1)
    """

    def __init__(
        self,
        quantile: float = 0.5,
        reduction: str = "sum_over_batch_size",
        name: str = "pinball_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.quantile = quantile

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Compute the loss of each sample, averaged over its outputs.

        Parameters
        ----------
        y_true : tensor of shape (n_rows, n_outputs)
            Targets.
        y_pred : tensor of shape (n_rows, n_outputs)
            Predictions.

        Returns
        -------
        losses : tensor of shape (n_rows,)
        """
        ops = keras.ops
        y_pred = ops.convert_to_tensor(y_pred)
        above = ops.cast(y_true, y_pred.dtype) - y_pred
        losses = ops.maximum(self.quantile * above, (self.quantile - 1) * above)
        return ops.mean(losses, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the settings, for Keras to save.

        Returns
        -------
        config : dict
        """
        return {**super().get_config(), "quantile": self.quantile}
