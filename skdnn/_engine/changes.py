"""What callbacks change in the model that they see, beside its weights and learning rate.

Steps are compiled from a model: from its layers' settings, its optimizer's, what is trained and
what is penalised. Keras compiles them as the first step is made, so that it honours what is
changed before, and goes on as before after what is changed later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Number
from typing import Any

import keras

_SCALARS = (Number, str, bytes, bool, type(None))

# Settings of layers that outputs depend on, and what `Model.compile` makes anew.
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
class _Same:
    """Is equal to what holds the same object; keeps it, so that its id is not used again."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Change:
    """What differs between two descriptions of a model.

    Parameters
    ----------
    names : tuple of str
        What has changed, such as ``hidden_1.trainable``.
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
        """Whether the network would answer otherwise with the same weights."""
        own = [name for name in self.names if not name.startswith("optimizer.")]
        return any(name.rpartition(".")[2] in _OUTPUTS for name in own)

    @property
    def steps(self) -> bool:
        """Whether steps are to be compiled anew: ``Model.make_train_function(force=True)``."""
        return _STEPS in self.names

    @property
    def optimizer(self) -> bool:
        """Whether the optimizer is another, or keeps other variables."""
        return _OPTIMIZER in self.names


def describe(model: keras.Sequential) -> Description:
    """Write down what steps are compiled from.

    Parameters
    ----------
    model : keras.Sequential
        Compiled; read, not changed.

    Returns
    -------
    description : dict
        By names for the user; equal as long as nothing of it has changed.
    """
    optimizer = model.optimizer
    described: Description = {
        "model.layers": [_Same(layer) for layer in model.layers],
        _COMPILED: [_Same(model.loss), *map(_Same, model.metrics)],
        _OPTIMIZER: [_Same(optimizer), *map(_Same, getattr(optimizer, "variables", ()))],
        _STEPS: _Same(getattr(model, "train_function", None)),
    }
    described.update(_settings("optimizer", optimizer))
    for layer in model.layers:
        described[f"{layer.name}.trainable"] = layer.trainable
        described.update(_settings(layer.name, layer))
        for variable in layer.weights:
            described.update(_of_variable(f"{layer.name}.{variable.name}", variable))
    return described


def difference(before: Description, after: Description) -> Change | None:
    """Compare two descriptions of a model; None if they are equal."""
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
    """Return what is equal while a value is the same, and its own settings are."""
    if isinstance(value, _SCALARS):
        return value
    own = getattr(value, "__dict__", {})
    return _Same(value), {k: v for k, v in own.items() if isinstance(v, _SCALARS)}
