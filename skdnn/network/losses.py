"""The loss of a network and the metric beside it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skdnn.network.outputs import EXPONENTIAL, LINEAR

if TYPE_CHECKING:
    from skdnn.network.outputs import Output

# Keras's reduction that divides by the weights, not by the rows (its default), so that a weight
# of 2 is a repeated row, as scikit-learn has it.
_OPTIONS = {"reduction": "mean_with_sample_weight", "dtype": "float32"}


class Loss(ABC):
    """A loss by its settings, comparable and hashable."""

    @abstractmethod
    def loss(self, output: Output) -> Any:
        """Return Keras's loss of a network.

        Parameters
        ----------
        output : Output
            Its output layer.

        Returns
        -------
        loss : keras.losses.Loss
        """

    @abstractmethod
    def metric(self, output: Output) -> Any:
        """Return Keras's metric beside the loss.

        Parameters
        ----------
        output : Output
            The network's output layer.

        Returns
        -------
        metric : keras.metrics.Metric or str
        """


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Cross-entropy of classes or labels, and the accuracy.

    Parameters
    ----------
    label_smoothing : float
        Share of a label that is spread over all classes, as in Keras's losses.
    """

    label_smoothing: float = 0.0

    def loss(self, output: Output) -> Any:
        """Return the loss that fits the output layer.

        Parameters
        ----------
        output : Output
            A sigmoid or a softmax.

        Returns
        -------
        loss : keras.losses.Loss
            Binary cross-entropy for sigmoid outputs. For a softmax sparse categorical
            cross-entropy; with `label_smoothing` the categorical one, whose targets are
            one-hot, because Keras's sparse one can't smooth.
        """
        from keras import losses

        smoothing = self.label_smoothing
        if output.activation == "sigmoid":
            return losses.BinaryCrossentropy(label_smoothing=smoothing, **_OPTIONS)
        if smoothing:
            return losses.CategoricalCrossentropy(label_smoothing=smoothing, **_OPTIONS)
        return losses.SparseCategoricalCrossentropy(**_OPTIONS)

    def metric(self, output: Output) -> Any:
        """Return the accuracy.

        Parameters
        ----------
        output : Output
            A sigmoid or a softmax.

        Returns
        -------
        metric : keras.metrics.Metric or str
        """
        from keras import metrics

        # By its name, Keras would take the place of the largest label for the answer.
        several = output.activation == "sigmoid" and output.units > 1
        return metrics.BinaryAccuracy("accuracy", "float32") if several else "accuracy"


@dataclass(frozen=True)
class RegressionLoss(Loss):
    """A regression loss and the mean absolute error.

    The metric is the same for each loss, so that networks of different losses can be compared.

    Parameters
    ----------
    name : {"squared_error", "absolute_error", "huber", "poisson", "quantile"}
        Name of the loss.
    setting : float
        Huber's threshold, or the quantile; no other loss has one.
    """

    name: str = "squared_error"
    setting: float = 0.0

    @property
    def positive(self) -> bool:
        """Whether predictions are positive: the output layer is exponential.

        Returns
        -------
        positive : bool
        """
        return self.name == "poisson"

    def loss(self, output: Output) -> Any:  # noqa: ARG002
        """Return Keras's loss.

        Parameters
        ----------
        output : Output
            Linear, or exponential for "poisson".

        Returns
        -------
        loss : keras.losses.Loss
        """
        from keras import losses

        if self.name == "huber":
            return losses.Huber(self.setting, **_OPTIONS)
        if self.name == "quantile":
            from skdnn.network.pinball import PinballLoss

            return PinballLoss(self.setting, **_OPTIONS)
        classes = {
            "squared_error": losses.MeanSquaredError,
            "absolute_error": losses.MeanAbsoluteError,
            "poisson": losses.Poisson,
        }
        return classes[self.name](**_OPTIONS)

    def metric(self, output: Output) -> Any:  # noqa: ARG002
        """Return the mean absolute error.

        Parameters
        ----------
        output : Output
            Linear or exponential.

        Returns
        -------
        metric : keras.metrics.Metric
        """
        from keras import metrics

        return metrics.MeanAbsoluteError("mean_absolute_error", "float32")


def default_loss(output: Output) -> Loss:
    """Return the default loss of an output layer.

    Parameters
    ----------
    output : Output
        Its output layer.

    Returns
    -------
    loss : Loss
    """
    losses = {LINEAR: RegressionLoss(), EXPONENTIAL: RegressionLoss("poisson")}
    return losses.get(output.activation, CrossEntropy())
