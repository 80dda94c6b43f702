"""Keras callbacks as hyperparameters: one, a list or a dict of them, with routed settings."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def make_callbacks(
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
        In the order given; used by this fit only.

    Raises
    ------
    TypeError
        If one is no callback, or can't be copied; names it.
    ValueError
        If a routed name fits no callback or no setting of it, or a value no rule of its class.
    """
    named = _by_name(callbacks)
    settings: dict[str, dict[str, Any]] = {name: {} for name in named}
    for key, value in (routed or {}).items():
        name, setting = _split_routed_name(key, named)
        if setting:
            settings[name][setting] = value
        else:
            named[name] = value
    for name, callback in named.items():
        if callback is None and settings[name]:
            _raise_settings_of_none(name, settings[name], routed or {})
    return [
        _make(_label(name), callback, settings[name])
        for name, callback in named.items()
        if callback is not None
    ]


def monitors_validation(callback: Any) -> str | None:
    """Return the quantity that a callback monitors, if that needs validation data."""
    monitors = getattr(callback, "save_best_only", True)  # or saves every epoch
    monitor = getattr(callback, "monitor", None) if monitors else None
    return monitor if isinstance(monitor, str) and monitor.startswith("val_") else None


def restores_backup(callback: Any) -> bool:
    """Tell whether a callback resumes a fit from a backup."""
    import keras

    return isinstance(callback, keras.callbacks.BackupAndRestore)


def _by_name(callbacks: Any) -> dict[str, Any]:
    if callbacks is None:
        return {}
    if isinstance(callbacks, Mapping):
        named = {str(name): callback for name, callback in callbacks.items()}
        if len(named) < len(callbacks):
            raise ValueError(
                f"callbacks must have names that differ as text, got {list(callbacks)}"
            )
        return named
    if isinstance(callbacks, list | tuple):
        return {str(position): callback for position, callback in enumerate(callbacks)}
    return {"": callbacks}


def _split_routed_name(key: str, named: Mapping[str, Any]) -> tuple[str, str]:
    """Split a routed name into the callback's and the setting's."""
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


def _make(label: str, callback: Any, settings: Mapping[str, Any]) -> keras.callbacks.Callback:
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
    fresh = _copy(label, callback)
    for name, value in settings.items():
        _set(label, fresh, name, value)
    return fresh


def _raise_settings_of_none(
    name: str, settings: Mapping[str, Any], routed: Mapping[str, Any]
) -> None:
    prefix = f"callbacks__{name}" if name in routed else _label(name)
    given = ", ".join(f"callbacks__{name}__{key}={value!r}" for key, value in settings.items())
    raise ValueError(
        f"{prefix}=None leaves out the callback that {given} is for: leave out one of the two"
    )


def check_copies(callbacks: Any) -> None:
    """Check that callbacks can be copied, as each fit and each clone has copies of its own.

    Parameters
    ----------
    callbacks : keras.callbacks.Callback, class, list or dict of those, or None
        As the user gave them.

    Raises
    ------
    TypeError
        Names the one that can't be, and the remedy.
    """
    for name, callback in _by_name(callbacks).items():
        if not isinstance(callback, type):
            _copy(_label(name), callback)


def _copy(label: str, callback: Any) -> Any:
    # Without the model of an earlier fit in Keras: it would be copied by Keras's registry, and
    # a fit sets another.
    model = getattr(callback, "model", None)
    try:
        return copy.deepcopy(callback, {} if model is None else {id(model): None})
    except Exception as error:  # custom callbacks may raise anything
        name = type(callback).__name__
        raise TypeError(
            f"{label}: each fit works on a copy, and this {name} can't be copied ({error}): "
            f"give the class {name} in place of the instance, with callbacks__<name> for its "
            "settings, or make in on_train_begin what can't be copied"
        ) from error


def _set(label: str, callback: Any, name: str, value: Any) -> None:
    """Change a setting of an instance: an argument that is kept as an attribute of its name."""
    taken = inspect.signature(type(callback)).parameters
    held = {each: getattr(callback, each) for each in taken if hasattr(callback, each)}
    if name not in held:
        raise ValueError(
            f"{label}: {type(callback).__name__} has no setting {name!r} that can be changed; "
            f"it has {sorted(held)}. Others can be set where the class is given in place of "
            "the instance"
        )
    for attribute, changed in _changed_attributes(
        label, type(callback), held, name, value
    ).items():
        setattr(callback, attribute, changed)


def _changed_attributes(
    label: str, cls: type, held: Mapping[str, Any], name: str, value: Any
) -> dict[str, Any]:
    """Return the attributes that a constructor sets differently for another value.

    A constructor may check the value, or keep what follows from it: ``BackupAndRestore`` keeps
    the paths of its files.
    """
    try:
        before = vars(cls(**held))
    except Exception:  # it has arguments that it does not keep
        return {name: value}
    try:
        after = vars(cls(**{**held, name: value}))
    except Exception as error:
        raise ValueError(
            f"{label}: {cls.__name__} can't have {name}={value!r}: {error}"
        ) from error
    return {
        attribute: made
        for attribute, made in after.items()
        if attribute == name or (_is_plain(made) and made != before.get(attribute))
    }


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)
