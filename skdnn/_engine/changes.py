"""Changes that callbacks make to a model, other than to weights and the learning rate.

Training steps are compiled from the settings of layers and optimizer, from what is trainable
and from the regularizers. Keras compiles them at the first step: it honours changes made
before, and ignores those made later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Number
from typing import Any

import keras

_SCALARS = (Number, str, bytes, bool, type(None))

# Settings of layers that outputs depend on, and what `Model.compile` replaces.
_OUTPUTS = frozenset(
    (
        *("layers", "activation", "activity_regularizer", "units", "use_bias"),
        *("axis", "center", "epsilon", "scale"),
    )
)
_COMPILED = "what Model.compile sets"
_OPTIMIZER = "model.optimizer"
_STEPS = "model.train_function"

Description = dict[str, Any]


@dataclass(frozen=True)
class _Identity:
    """Compares by identity, and keeps the object alive, so that its id is not reused."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.value is self.value

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Change:
    """What differs between two descriptions of a model.

    Parameters
    ----------
    names : tuple of str
        The names of what has changed, such as ``hidden_1.trainable``.
    """

    names: tuple[str, ...]

    def __str__(self) -> str:
        shown = [name for name in self.names if name != _STEPS] or list(self.names)
        more = f" and {len(shown) - 1} more" if len(shown) > 1 else ""
        return f"{shown[0]}{more}"

    @property
    def compiles(self) -> bool:
        """Whether ``Model.compile`` was called."""
        return _COMPILED in self.names

    @property
    def outputs(self) -> bool:
        """Whether the same weights would give other outputs."""
        own = [name for name in self.names if not name.startswith("optimizer.")]
        return any(name.rpartition(".")[2] in _OUTPUTS for name in own)

    @property
    def steps(self) -> bool:
        """Whether the train function was rebuilt: ``Model.make_train_function(force=True)``."""
        return _STEPS in self.names

    @property
    def optimizer(self) -> bool:
        """Whether the optimizer was replaced, or has other variables."""
        return _OPTIMIZER in self.names


def describe(model: keras.Sequential) -> Description:
    """Describe what training steps are compiled from.

    Parameters
    ----------
    model : keras.Sequential
        Compiled; read, not changed.

    Returns
    -------
    description : dict
        By name; equal as long as nothing has changed.
    """
    optimizer = model.optimizer
    described: Description = {
        "model.layers": [_Identity(layer) for layer in model.layers],
        _COMPILED: [_Identity(model.loss), *map(_Identity, model.metrics)],
        _OPTIMIZER: [
            _Identity(optimizer),
            *map(_Identity, getattr(optimizer, "variables", ())),
        ],
        _STEPS: _Identity(getattr(model, "train_function", None)),
    }
    described.update(_settings("optimizer", optimizer))
    for layer in model.layers:
        described[f"{layer.name}.trainable"] = layer.trainable
        described.update(_settings(layer.name, layer))
        for variable in layer.weights:
            described.update(_of_variable(f"{layer.name}.{variable.name}", variable))
    return described


def difference(before: Description, after: Description) -> Change | None:
    """Return the change between two descriptions of a model; None if they are equal."""
    if before == after:
        return None
    names = [*before, *(name for name in after if name not in before)]
    missing = object()
    return Change(
        tuple(name for name in names if before.get(name, missing) != after.get(name, missing))
    )


def _of_variable(name: str, variable: Any) -> Iterator[tuple[str, Any]]:
    yield f"{name}.trainable", variable.trainable
    for part in ("regularizer", "constraint"):
        yield f"{name}.{part}", _comparable(getattr(variable, part))


def _settings(name: str, owner: Any) -> Iterator[tuple[str, Any]]:
    for setting, value in vars(owner).items():
        if not setting.startswith("_") and not isinstance(value, keras.Variable):
            yield f"{name}.{setting}", _comparable(value)


def _comparable(value: Any) -> Any:
    """Return what stays equal as long as a value is the same object with the same settings."""
    if isinstance(value, _SCALARS):
        return value
    own = getattr(value, "__dict__", {})
    return _Identity(value), {k: v for k, v in own.items() if isinstance(v, _SCALARS)}
