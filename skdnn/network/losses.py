"""What a network is trained for: its loss, and the metric beside it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skdnn.network.outputs import Output

# Keras's reduction that divides by the weights, not by the rows (its default), so that a weight
# of 2 is a repeated row, as scikit-learn has it.
_OPTIONS = {"reduction": "mean_with_sample_weight", "dtype": "float32"}


class Loss(ABC):
    """What a network is trained for, as settings; equal ones train alike."""

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


def usual_loss(output: Output) -> Loss:  # noqa: ARG001
    """Return what a network is trained for where nothing else is said.

    Parameters
    ----------
    output : Output
        Its output layer.

    Returns
    -------
    loss : Loss
    """
    return CrossEntropy()
