"""What a network is trained for: its loss, and the metric beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skdnn.network.architecture import Architecture


def cross_entropy(architecture: Architecture, label_smoothing: float = 0.0) -> Any:
    """Return the loss of a network.

    Parameters
    ----------
    architecture : Architecture
        The layers; their outputs decide.
    label_smoothing : float
        Share of a label that is spread over all classes, as in Keras's losses.

    Returns
    -------
    loss : keras.losses.Loss
        Binary cross-entropy for sigmoid outputs. For a softmax sparse categorical
        cross-entropy; with `label_smoothing` the categorical one, whose targets are one-hot,
        because Keras's sparse one can't smooth. It divides by the weights, not by the rows
        (Keras's default), so that a weight of 2 is a repeated row, as scikit-learn has it.
    """
    from keras import losses

    options = {"reduction": "mean_with_sample_weight", "dtype": "float32"}
    if architecture.multilabel or architecture.n_outputs == 1:
        return losses.BinaryCrossentropy(label_smoothing=label_smoothing, **options)
    if label_smoothing:
        return losses.CategoricalCrossentropy(label_smoothing=label_smoothing, **options)
    return losses.SparseCategoricalCrossentropy(**options)


def accuracy(architecture: Architecture) -> Any:
    """Return the metric of a network.

    Parameters
    ----------
    architecture : Architecture
        The layers; their outputs decide.

    Returns
    -------
    metric : keras.metrics.Metric or str
    """
    from keras import metrics

    # By its name, Keras would take the place of the largest label for the answer.
    return (
        metrics.BinaryAccuracy("accuracy", "float32") if architecture.multilabel else "accuracy"
    )
