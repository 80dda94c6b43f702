"""Layers and hyperparameters of the best estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skdnn.displays._candidates import value_text


@dataclass(frozen=True)
class Layer:
    """A row of the table of layers.

    Parameters
    ----------
    name, kind, output, activation : str
        As in Keras; the output is the shape without the rows.
    n_weights : int
        Trained or not.
    """

    name: str
    kind: str
    output: str
    activation: str
    n_weights: int


@dataclass(frozen=True)
class Network:
    """The winner's layers and hyperparameters.

    Parameters
    ----------
    layers : list of Layer
        Empty where it is no Keras network.
    n_weights : int
        Of all layers.
    n_epochs : int or None
        Epochs of its training.
    best_epoch : int or None
        Epoch whose weights were restored.
    hyperparameters : dict of str
        All, as text.
    """

    layers: list[Layer]
    n_weights: int
    n_epochs: int | None
    best_epoch: int | None
    hyperparameters: dict[str, str]

    @property
    def random_state(self) -> str | None:
        """The seed of initial weights and shuffling."""
        return self.hyperparameters.get("random_state")


def describe_network(estimator: Any) -> Network:
    """Describe a fitted classifier, or the last step of a pipeline.

    Parameters
    ----------
    estimator : fitted estimator
        Such as `best_estimator_`.

    Returns
    -------
    network : Network
        Without layers, where the last step is no Keras network.
    """
    last = last_step(estimator)
    model = getattr(last, "model_", None)
    layers = [] if model is None else [_layer(layer) for layer in model.layers]
    return Network(
        layers=layers,
        n_weights=sum(layer.n_weights for layer in layers),
        n_epochs=getattr(last, "n_iter_", None),
        best_epoch=getattr(last, "best_iteration_", None),
        hyperparameters={
            name: value_text(value) for name, value in sorted(last.get_params().items())
        },
    )


def _layer(layer: Any) -> Layer:
    activation = getattr(layer, "activation", None)
    return Layer(
        name=str(layer.name),
        kind=type(layer).__name__,
        output=" x ".join(str(size) for size in layer.output.shape[1:]),
        activation="" if activation is None else value_text(activation),
        n_weights=int(layer.count_params()),
    )


def last_step(estimator: Any) -> Any:
    """Return a pipeline's last step, or an estimator itself."""
    from sklearn.pipeline import Pipeline

    return estimator[-1] if isinstance(estimator, Pipeline) else estimator
