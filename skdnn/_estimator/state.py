"""Validation of an estimator's state: unpickling skips ``__init__`` and ``fit``.

Pickle and skops put a state into an estimator without running its constructor, so the state is
checked against itself: the layers decide the shape of every array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdnn._estimator.kinds import kind_of
from skdnn._estimator.networks import architecture_of
from skdnn._estimator.state_rules import is_count, require
from skdnn._estimator.targets import Target
from skdnn.network.architecture import Architecture

Shape = tuple[int, ...]

_KERAS_OPTIMIZERS = "keras.src.optimizers."
_ROUTED = "_routed"

# Earlier names of attributes, in pickles and skops files.
_RENAMED = {"_learnt": "_fitted_state"}


def weight_shapes(architecture: Architecture) -> dict[str, Shape]:
    """Compute names and shapes of a network's weights, without building it.

    Parameters
    ----------
    architecture : Architecture
        The layers.

    Returns
    -------
    shapes : dict of tuple of int
        In the order of ``model.weights``; names are those of Keras's layers and variables.
    """
    shapes: dict[str, Shape] = {}
    width = prod(architecture.input_shape)
    for number, (units, normalized) in enumerate(
        zip(architecture.hidden_units, architecture.batch_normalization, strict=True), start=1
    ):
        shapes[f"hidden_{number}.kernel"] = (width, units)
        if normalized:
            for name in ("gamma", "beta", "moving_mean", "moving_variance"):
                shapes[f"batch_normalization_{number}.{name}"] = (units,)
        else:
            shapes[f"hidden_{number}.bias"] = (units,)
        width = units
    shapes["output.kernel"] = (width, architecture.output.units)
    shapes["output.bias"] = (architecture.output.units,)
    return shapes


def slot_shapes(architecture: Architecture) -> set[Shape]:
    """Return the shapes that slots of a Keras optimizer may have.

    Parameters
    ----------
    architecture : Architecture
        The layers.

    Returns
    -------
    shapes : set of tuple of int
        Of a scalar, of a weight, and of a weight's rows or columns (Adafactor).
    """
    weights = weight_shapes(architecture).values()
    lines = {part for shape in weights for part in (shape[:-1], shape[-1:])}
    return {(), *weights, *lines}


def validate_state(estimator: Any, state: Any) -> dict[str, Any]:
    """Validate what is about to become an estimator's ``__dict__``.

    Parameters
    ----------
    estimator : KerasDNNBase
        Its class has the hyperparameters and the kind of target. The values of
        hyperparameters are validated at `fit`, as in scikit-learn.
    state : object
        Of an estimator that is unfitted, fitted, or being fitted.

    Returns
    -------
    state : dict
        The same, with today's names of attributes.

    Raises
    ------
    ValueError
        Names what is wrong: a hyperparameter that is missing, an attribute of a wrong type,
        an array of a shape that does not follow from the layers, a weight that is not finite.
    """
    require(isinstance(state, dict), "must be a dict", type(state))
    require(all(isinstance(name, str) for name in state), "must have names as keys", state)
    named: dict[str, Any] = {_RENAMED.get(name, name): state[name] for name in state}
    missing = [name for name in estimator._get_param_names() if name not in named]
    require(not missing, "lacks hyperparameters", missing)
    methods = [name for name in named if callable(getattr(type(estimator), name, None))]
    require(not methods, "would replace methods", methods)
    if _ROUTED in named:
        _check_routed(named[_ROUTED], estimator._routing_parameters)
    for name, check in _FITTED.items():
        if name in named:
            check(name, named[name])
    if "_fitted_state" in named:
        _check_parts(named, validate_fitted_state(named["_fitted_state"], estimator._kind))
    return named


def validate_fitted_state(fitted_state: Any, kind: type[Target]) -> Architecture:
    """Validate the fitted state of an estimator.

    Parameters
    ----------
    fitted_state : FittedState
        Layers, weights, the optimizer's state.
    kind : type of Target
        The estimator's kind of target.

    Returns
    -------
    architecture : Architecture
        Its layers.

    Raises
    ------
    ValueError
        Names the entry that is wrong.
    """
    given = set(fitted_state) if isinstance(fitted_state, dict) else set()
    layers = (*_LAYERS, *kind.keys)
    names = {*_TRAINING, *layers}
    require(given == names, f"_fitted_state must be a dict of {sorted(names)}", fitted_state)
    architecture = validate_architecture({name: fitted_state[name] for name in layers})
    for name in ("seed", "epoch"):
        number = fitted_state[name]
        valid = is_count(number) and number < 2**31
        require(valid, f"_fitted_state[{name!r}] must be an int from 0 to 2**31 - 1", number)
    require(
        isinstance(fitted_state["optimizer"], str),
        "_fitted_state['optimizer'] must be text",
        fitted_state,
    )
    _check_weights(fitted_state["weights"], architecture)
    _check_slots(fitted_state["slots"], fitted_state["optimizer"], architecture)
    return architecture


_LAYERS = ("input_shape", "hidden_units", "activation", "batch_normalization")
_TRAINING = ("optimizer", "weights", "slots", "seed", "epoch")


def validate_architecture(layers: Mapping[str, Any]) -> Architecture:
    """Validate the description of a network's layers.

    Parameters
    ----------
    layers : mapping
        The hidden layers, and the record of the target.

    Returns
    -------
    architecture : Architecture

    Raises
    ------
    ValueError
        Names the field.
    """
    check_layers(layers)
    kind_of(layers).check_record(layers)
    return architecture_of(layers)


def check_layers(layers: Mapping[str, Any]) -> None:
    """Check types and lengths of what describes the hidden layers.

    Parameters
    ----------
    layers : mapping
        The hidden layers.

    Raises
    ------
    ValueError
        Names the field.
    """
    for name in ("input_shape", "hidden_units"):
        sizes = layers[name]
        valid = isinstance(sizes, tuple) and all(is_count(size) and size for size in sizes)
        require(valid, f"{name} must be a tuple of positive ints", sizes)
    require(len(layers["input_shape"]) > 0, "input_shape must have a dimension", ())
    flags = layers["batch_normalization"]
    valid = isinstance(flags, tuple) and all(isinstance(flag, bool) for flag in flags)
    require(valid, "batch_normalization must be a tuple of bools", flags)
    functions = layers["activation"]
    valid = isinstance(functions, tuple) and all(
        isinstance(each, str) or callable(each) for each in functions
    )
    require(valid, "activation must be a tuple of names or functions", functions)
    for name in ("activation", "batch_normalization"):
        lengths = len(layers[name]), len(layers["hidden_units"])
        require(lengths[0] == lengths[1], f"{name} must have a value per layer", lengths)


def _check_weights(weights: Any, architecture: Architecture) -> None:
    expected = weight_shapes(architecture)
    require(isinstance(weights, list), "weights must be a list", type(weights))
    found = [getattr(weight, "shape", None) for weight in weights]
    require(found == [*expected.values()], f"weights must have shapes {expected}", found)
    for name, weight in zip(expected, weights, strict=True):
        valid = isinstance(weight, np.ndarray) and weight.dtype == np.float32
        require(valid, f"weight {name} must be an ndarray of float32", weight)
        require(bool(np.isfinite(weight).all()), f"weight {name} must be finite", weight)


def _check_slots(slots: Any, optimizer: str, architecture: Architecture) -> None:
    require(isinstance(slots, list), "the optimizer's state must be a list", type(slots))
    for position, slot in enumerate(slots):
        valid = isinstance(slot, np.ndarray | np.generic) and slot.dtype.kind in "fiub"
        require(valid, f"slots[{position}] must be an ndarray of numbers", type(slot))
    if optimizer.startswith(_KERAS_OPTIMIZERS):  # a custom one may have any
        shapes = slot_shapes(architecture)
        odd = [slot.shape for slot in slots if slot.shape not in shapes]
        require(not odd, f"the optimizer's state must have shapes of {shapes}", odd)


def _check_parts(state: Mapping[str, Any], architecture: Architecture) -> None:
    """Check that the public attributes agree with the fitted state."""
    fitted_state, shape = state["_fitted_state"], architecture.input_shape
    kind = kind_of(fitted_state)
    missing = [name for name in (*kind.attributes, "input_shape_") if name not in state]
    require(not missing, "is fitted, but lacks", missing)
    shown = state["input_shape_"]
    require(shown == shape, f"input_shape_ must be {shape}", shown)
    kind.check_attributes(state, fitted_state)
    features = state.get("n_features_in_", shape[0])
    require(features == shape[0], f"n_features_in_ must be {shape[0]}", features)
    names = state.get("feature_names_in_")
    valid = names is None or len(names) == shape[0]
    require(valid, f"feature_names_in_ must hold {shape[0]} names", names)


def _check_routed(routed: Any, parameters: Sequence[str]) -> None:
    valid = isinstance(routed, Mapping) and all(
        parameter in parameters
        and isinstance(settings, Mapping)
        and all(isinstance(name, str) for name in settings)
        for parameter, settings in routed.items()
    )
    require(valid, f"_routed must hold settings by name for {list(parameters)}", routed)


def _check_classes(name: str, classes: Any) -> None:
    valid = (
        isinstance(classes, np.ndarray) and classes.ndim == 1 and classes.dtype.kind in _LABELS
    )
    require(valid, f"{name} must be a one-dimensional ndarray of labels", classes)
    try:
        increasing = bool((classes[1:] > classes[:-1]).all())
    except TypeError:
        increasing = False
    require(increasing, f"{name} must be sorted, each label once", classes)


_LABELS = "biufUSOTmM"


def _check_names(name: str, names: Any) -> None:
    valid = isinstance(names, np.ndarray) and names.ndim == 1
    valid = valid and all(isinstance(each, str) for each in names)
    require(valid, f"{name} must be a one-dimensional ndarray of str", names)


def _check_history(name: str, history: Any) -> None:
    valid = isinstance(history, dict) and all(
        isinstance(key, str)
        and isinstance(values, list)
        and all(isinstance(value, Real) for value in values)
        for key, values in history.items()
    )
    require(valid, f"{name} must be a dict of lists of numbers", history)


def _check_scores(name: str, scores: NDArray[Any]) -> None:
    valid = isinstance(scores, np.ndarray) and scores.ndim == 1 and scores.dtype.kind == "f"
    require(valid, f"{name} must be a one-dimensional ndarray of floats", scores)


def _check_count(name: str, number: Any) -> None:
    require(is_count(number), f"{name} must be an int from 0", number)


def _check_shape(name: str, shape: Any) -> None:
    valid = isinstance(shape, tuple) and all(is_count(size) for size in shape)
    require(valid, f"{name} must be a tuple of ints from 0", shape)


_FITTED = {
    "classes_": _check_classes,
    "feature_names_in_": _check_names,
    "history_": _check_history,
    "input_shape_": _check_shape,
    "n_features_in_": _check_count,
    "n_iter_": _check_count,
    "n_parameters_": _check_count,
    "best_iteration_": _check_count,
    "validation_scores_": _check_scores,
}
