"""Keras callbacks as hyperparameters: one, several or by name, with settings of their own."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def fresh_callbacks(
    callbacks: Any, routed: Mapping[str, Any] | None = None
) -> list[keras.callbacks.Callback]:
    """Make the callbacks of one fit.

    Parameters
    ----------
    callbacks : keras.callbacks.Callback, class, list or dict of those, or None
        As the user gave them; instances are copied, classes are called.
    routed : mapping, optional
        Values of ``callbacks__<name>`` parameters, without the prefix: ``patience`` for a
        single callback, ``0__patience`` in a list, ``stop__patience`` in a dict; ``stop``
        replaces a callback as a whole, and None leaves it out.

    Returns
    -------
    callbacks : list of keras.callbacks.Callback
        In the order given; shared with nobody.

    Raises
    ------
    TypeError
        If one is no callback; names it.
    ValueError
        If a routed name fits no callback or no setting of it.
    """
    named = _by_name(callbacks)
    settings: dict[str, dict[str, Any]] = {name: {} for name in named}
    for key, value in (routed or {}).items():
        name, setting = _addressed(key, named)
        if setting:
            settings[name][setting] = value
        else:
            named[name] = value
    return [
        _fresh(_label(name), callback, settings[name])
        for name, callback in named.items()
        if callback is not None
    ]


def monitors_validation(callback: Any) -> str | None:
    """Return what a callback watches, if that needs validation rows."""
    watches = getattr(callback, "save_best_only", True)  # or saves every epoch
    monitor = getattr(callback, "monitor", None) if watches else None
    return monitor if isinstance(monitor, str) and monitor.startswith("val_") else None


def _by_name(callbacks: Any) -> dict[str, Any]:
    if callbacks is None:
        return {}
    if isinstance(callbacks, Mapping):
        return {str(name): callback for name, callback in callbacks.items()}
    if isinstance(callbacks, list | tuple):
        return {str(position): callback for position, callback in enumerate(callbacks)}
    return {"": callbacks}


def _addressed(key: str, named: Mapping[str, Any]) -> tuple[str, str]:
    """Split a routed name into that of a callback and that of its setting."""
    if set(named) == {""}:
        return "", key
    name, _, setting = key.partition("__")
    if name not in named:
        raise ValueError(
            f"callbacks__{key} names no callback: callbacks has {sorted(named) or 'none'}"
        )
    return name, setting


def _label(name: str) -> str:
    return f"callbacks[{name if name.isdigit() else repr(name)}]" if name else "callbacks"


def _fresh(label: str, callback: Any, settings: Mapping[str, Any]) -> keras.callbacks.Callback:
    import keras

    if isinstance(callback, type) and issubclass(callback, keras.callbacks.Callback):
        try:
            return callback(**settings)
        except TypeError as error:
            raise ValueError(f"{label}: {callback.__name__} can't be made: {error}") from error
    if not isinstance(callback, keras.callbacks.Callback):
        raise TypeError(
            f"{label} must be an instance or a subclass of keras.callbacks.Callback, got "
            f"{callback!r}"
        )
    fresh = copy.deepcopy(callback)
    for name, value in settings.items():
        _set(label, fresh, name, value)
    return fresh


def _set(label: str, callback: Any, name: str, value: Any) -> None:
    """Change a setting of an instance: one that its constructor takes and keeps by its name."""
    taken = set(inspect.signature(type(callback)).parameters)
    settable = sorted(each for each in taken if hasattr(callback, each))
    if name not in settable:
        raise ValueError(
            f"{label}: {type(callback).__name__} has no setting {name!r} that can be changed; "
            f"it has {settable}. Others can be set where the class is given in place of the "
            "instance"
        )
    setattr(callback, name, value)
