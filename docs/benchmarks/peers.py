"""The peers: the same network under each library's interface, untrained.

Each function takes a `Network` and returns an object with ``fit(X, y)`` and, but for the floor,
``predict_proba(X)``, or ``predict(X)`` where numbers are learnt. Heavy imports are inside, so
that a process loads only what it measures.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Any

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

N_CLASSES = 10

SKDNN, KERAS, SCIKERAS = "skdnn", "Keras fit", "scikeras"
WRAPPER, MLP, SKORCH, FLOOR = "Keras wrapper", "MLPClassifier", "skorch", "floor"
# NumPy's matrix products are often faster on one thread at this size.
ONE_THREAD = ", 1 thread"
MLP_1, FLOOR_1 = MLP + ONE_THREAD, FLOOR + ONE_THREAD
# Of numbers: what they are without help, and what everybody is told to do.
MLP_NUMBERS = "MLPRegressor"
MLP_NUMBERS_1 = MLP_NUMBERS + ONE_THREAD
_STANDARDIZED = ", standardized y"
MLP_STANDARDIZED, SCIKERAS_STANDARDIZED = MLP_NUMBERS + _STANDARDIZED, SCIKERAS + _STANDARDIZED

# Loaded before any clock starts; skdnn's own rooms are loaded when they are first used.
_OWN_ROOMS = (
    "skdnn.network.optimizers",
    "skdnn._engine.choice",
    "skdnn._engine.evaluation",
    "skdnn._engine.inference",
    "skdnn._engine.keras_training",
    "skdnn._engine.programs",
    "skdnn._engine.training",
)
_MODULES = {
    SKDNN: ("tensorflow", "scikeras.wrappers", "skdnn.network", *_OWN_ROOMS),
    KERAS: ("tensorflow", "keras"),
    SCIKERAS: ("tensorflow", "scikeras.wrappers"),
    WRAPPER: ("tensorflow", "keras.wrappers"),
    MLP: ("sklearn.neural_network",),
    SKORCH: ("torch", "skorch"),
    FLOOR: (),
    MLP_1: ("sklearn.neural_network",),
    FLOOR_1: (),
    MLP_NUMBERS: ("sklearn.neural_network",),
    MLP_NUMBERS_1: ("sklearn.neural_network",),
    MLP_STANDARDIZED: ("sklearn.neural_network",),
    SCIKERAS_STANDARDIZED: ("tensorflow", "scikeras.wrappers"),
}


@dataclass(frozen=True)
class Network:
    """What is trained, and how long."""

    hidden_units: tuple[int, ...] = (100,)
    activation: str = "relu"
    optimizer: str = "adam"
    batch_size: int = 32
    epochs: int = 5
    classes: int | None = N_CLASSES  # None: numbers are learnt
    random_state: int = 0  # of the peers that take one


def available(peer: str) -> bool:
    """Tell whether the libraries of a peer are installed."""
    roots = {module.partition(".")[0] for module in _MODULES[peer]}
    return all(importlib.util.find_spec(root) for root in roots)


def load(peer: str) -> None:
    """Import a peer's libraries and start their runtime; compile nothing."""
    for module in _MODULES[peer]:
        importlib.import_module(module)
    if "tensorflow" in _MODULES[peer]:
        import tensorflow as tf

        tf.zeros(1)


def make(peer: str, network: Network | None) -> Any:
    """Return a peer's untrained estimator; without a network, with its library's defaults."""
    return _DEFAULTS[peer]() if network is None else _MAKERS[peer](network)


def seed(number: int) -> None:
    """Seed the global generators, for the peers that take no `random_state`."""
    import keras

    keras.utils.set_random_seed(number)


def search_grid(peer: str, network: Network) -> tuple[Any, Any, int]:
    """Return a peer's estimator, its parameter grid and the number of variants in it."""
    activations, optimizers = ["sigmoid", "relu"], ["sgd", "rmsprop", "adam"]
    grid: Any
    if peer == SKDNN:
        grid = {"activation": activations, "optimizer": optimizers}
    elif peer == SCIKERAS:
        grid = {"model__activation": activations, "optimizer": optimizers}
    elif peer == WRAPPER:
        variants = [
            replace(network, activation=activation, optimizer=optimizer)
            for activation, optimizer in product(activations, optimizers)
        ]
        grid = {"model_kwargs": [{"network": variant} for variant in variants]}
    else:
        both = {"activation": ["logistic", "relu"]}
        grid = [{**both, **_MLP_SOLVERS[name]} for name in ("sgd", "adam")]
    return make(peer, network), grid, 4 if peer == MLP else 6


def units_and_batches(peer: str) -> dict[str, list[Any]]:
    """Return what a random search of small networks draws from."""
    units = [(first, *more) for first in range(16, 132, 4) for more in ((), (16,), (32,))]
    name = "hidden_layer_sizes" if peer == MLP else "hidden_units"
    return {name: units, "batch_size": [16, 32, 64, 128]}


# -- skdnn, and what is built on Keras ----------------------------------------------------


def _skdnn(network: Network) -> Any:
    import skdnn

    numbers = network.classes is None
    return (skdnn.KerasDNNRegressor if numbers else skdnn.KerasDNNClassifier)(
        network.hidden_units,
        activation=network.activation,
        optimizer=network.optimizer,
        batch_size=network.batch_size,
        epochs=network.epochs,
        random_state=network.random_state,
    )


def _default_skdnn() -> Any:
    from skdnn import KerasDNNClassifier

    return KerasDNNClassifier(random_state=0)


def _sequential(
    n_features: int, hidden_units: tuple[int, ...], activation: str, classes: int | None
) -> Any:
    import keras

    hidden = [keras.layers.Dense(units, activation=activation) for units in hidden_units]
    output = keras.layers.Dense(classes or 1, activation="softmax" if classes else "linear")
    return keras.Sequential([keras.layers.Input((n_features,)), *hidden, output])


def _network(n_features: int, network: Network) -> Any:
    return _sequential(n_features, network.hidden_units, network.activation, network.classes)


def _loss_and_metric(classes: int | None) -> tuple[str, str]:
    if classes is None:
        return "mean_squared_error", "mean_absolute_error"
    return "sparse_categorical_crossentropy", "accuracy"


@dataclass
class _KerasFit:
    """Plain Keras; building and compiling belong to a fit."""

    network: Network

    def fit(self, X: np.ndarray, y: np.ndarray) -> _KerasFit:
        network = self.network
        loss, metric = _loss_and_metric(network.classes)
        self.model = _network(X.shape[1], network)
        self.model.compile(network.optimizer, loss, metrics=[metric])
        self.model.fit(X, y, batch_size=network.batch_size, epochs=network.epochs, verbose=0)
        return self

    def predict_proba(self, X: np.ndarray, **options: Any) -> np.ndarray:
        return self.model.predict(X, verbose=0, **options)

    predict = predict_proba  # of numbers


def _scikeras_network(
    meta: dict[str, Any], hidden_units: tuple[int, ...], activation: str, classes: int | None
) -> Any:
    return _sequential(meta["n_features_in_"], hidden_units, activation, classes)


def _scikeras(network: Network) -> Any:
    from scikeras.wrappers import KerasClassifier, KerasRegressor

    loss, metric = _loss_and_metric(network.classes)
    return (KerasRegressor if network.classes is None else KerasClassifier)(
        _scikeras_network,
        model__hidden_units=network.hidden_units,
        model__activation=network.activation,
        model__classes=network.classes,
        optimizer=network.optimizer,
        loss=loss,
        metrics=[metric],
        batch_size=network.batch_size,
        epochs=network.epochs,
        verbose=0,
    )


def wrapped_network(X: np.ndarray, y: np.ndarray, network: Network) -> Any:  # noqa: ARG001
    """Build and compile for Keras's wrapper, whose targets are one-hot."""
    model = _network(X.shape[1], network)
    model.compile(network.optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model


def _wrapper(network: Network) -> Any:
    from keras_wrapper import KerasWrapper

    return KerasWrapper(wrapped_network, model_kwargs={"network": network})


# -- what is not built on Keras -----------------------------------------------------------

# Keras's settings of each optimizer, so that the peers learn the same.
_MLP_SOLVERS = {
    "sgd": {
        "solver": ["sgd"],
        "learning_rate_init": [0.01],
        "momentum": [0.0],
        "nesterovs_momentum": [False],
    },
    "adam": {"solver": ["adam"], "learning_rate_init": [0.001]},
}


def _mlp(network: Network) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    solver = {name: value for name, (value,) in _MLP_SOLVERS[network.optimizer].items()}
    return (MLPRegressor if network.classes is None else MLPClassifier)(
        hidden_layer_sizes=network.hidden_units,
        activation="logistic" if network.activation == "sigmoid" else network.activation,
        alpha=0,
        batch_size=network.batch_size,
        max_iter=network.epochs,
        n_iter_no_change=10**6,
        tol=0,
        random_state=network.random_state,
        **solver,
    )


def _default_mlp() -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(random_state=0)


def _standardized(regressor: Any) -> TransformedTargetRegressor:
    return TransformedTargetRegressor(regressor, transformer=StandardScaler())


@dataclass
class _Skorch:
    """skorch; the network needs the number of features, so it is made at `fit`."""

    network: Network

    def fit(self, X: np.ndarray, y: np.ndarray) -> _Skorch:
        import torch
        from skorch import NeuralNetClassifier

        widths = [X.shape[1], *self.network.hidden_units, self.network.classes]
        layers: list[Any] = []
        for fan_in, fan_out in pairwise(widths):
            layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
        self.net = NeuralNetClassifier(
            torch.nn.Sequential(*layers[:-1]),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=0.001,
            batch_size=self.network.batch_size,
            max_epochs=self.network.epochs,
            train_split=None,
            iterator_train__shuffle=True,
            verbose=0,
        )
        self.net.fit(torch.from_numpy(X), torch.from_numpy(y))
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return self.net.predict_proba(X)


@dataclass
class _Floor:
    """The matrix products of training with one hidden layer, and nothing else."""

    network: Network

    def fit(self, X: np.ndarray, y: np.ndarray) -> _Floor:  # noqa: ARG002
        (units,), rng = self.network.hidden_units, np.random.default_rng(0)
        W1 = rng.normal(0, 0.05, (X.shape[1], units)).astype(np.float32)
        W2 = rng.normal(0, 0.05, (units, self.network.classes)).astype(np.float32)
        for _ in range(self.network.epochs):
            for x in self._batches(X):
                h = x @ W1
                o = h @ W2
                h.T @ o
                d = o @ W2.T
                x.T @ d
        return self

    def _batches(self, X: np.ndarray) -> Iterator[np.ndarray]:
        for start in range(0, len(X), self.network.batch_size):
            yield X[start : start + self.network.batch_size]


@dataclass
class _OneThread:
    """A NumPy peer with one thread for its matrix products."""

    peer: Any

    def fit(self, X: np.ndarray, y: np.ndarray) -> _OneThread:
        with threadpool_limits(1, "blas"):
            self.peer.fit(X, y)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return self.peer.predict_proba(X)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.peer.predict(X)


_MAKERS = {
    SKDNN: _skdnn,
    KERAS: _KerasFit,
    SCIKERAS: _scikeras,
    WRAPPER: _wrapper,
    MLP: _mlp,
    SKORCH: _Skorch,
    FLOOR: _Floor,
    MLP_1: lambda network: _OneThread(_mlp(network)),
    FLOOR_1: lambda network: _OneThread(_Floor(network)),
    MLP_NUMBERS: _mlp,
    MLP_NUMBERS_1: lambda network: _OneThread(_mlp(network)),
    MLP_STANDARDIZED: lambda network: _standardized(_mlp(network)),
    SCIKERAS_STANDARDIZED: lambda network: _standardized(_scikeras(network)),
}
_DEFAULTS = {SKDNN: _default_skdnn, MLP: _default_mlp}
