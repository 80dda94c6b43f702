"""The settings of a table transformer that a file keeps; all others must be as it is made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer

from skdnn._messages import brief, few
from skdnn.persistence._rules import require, validate_fields
from skdnn.preprocessing import make_table_transformer

# By their names in a grid, with the types that JSON has for them. Their ranges are for
# scikit-learn to validate, when the transformer is fitted again.
_TYPES: dict[str, Any] = {
    "numbers__impute__strategy": str,
    "numbers__impute__fill_value": int | float | None,
    "numbers__impute__add_indicator": bool,
    "numbers__scale__with_centering": bool,
    "numbers__scale__with_scaling": bool,
    "numbers__scale__quantile_range": list,
    "numbers__scale__unit_variance": bool,
    "numbers__clip__kw_args": dict | None,
    "categories__encode__max_categories": int | None,
    "categories__encode__min_frequency": int | float | None,
    "categories__encode__handle_unknown": str,
    "verbose_feature_names_out": bool,
}

KEPT = frozenset(_TYPES)

_LIMIT = "limit"  # of clip_smoothly, its only setting
_REMEDY = "set it back and fit, or save the pipeline with skops"


def encode(transformer: ColumnTransformer) -> dict[str, Any]:
    """Encode the settings of a transformer as JSON.

    Parameters
    ----------
    transformer : ColumnTransformer
        Fitted.

    Returns
    -------
    settings : dict
        What JSON has, by names in a grid.

    Raises
    ------
    ValueError
        If another setting, or a step, is not as `make_table_transformer` makes it, or was set
        after `fit`; names it and the remedy.
    """
    given = transformer.get_params()
    _check_as_made(given)
    encoded = {name: _encoded(name, given[name]) for name in _TYPES}
    _check_as_fitted(transformer, given)
    return encoded


def decode(record: Any) -> dict[str, Any]:
    """Decode the settings in a file.

    Parameters
    ----------
    record : object
        From :func:`encode`, or from an attacker.

    Returns
    -------
    settings : dict
        By names in a grid, for `set_params`.

    Raises
    ------
    LoadError
        If :func:`encode` would not write it.
    """
    settings = validate_fields(record, _TYPES)
    limits = settings["numbers__clip__kw_args"] or {}
    valid = limits.keys() <= {_LIMIT} and all(map(_is_number, limits.values()))
    require(valid, f"numbers__clip__kw_args can only hold a number as {_LIMIT!r}")
    quantiles = settings["numbers__scale__quantile_range"]
    valid = len(quantiles) == 2 and all(map(_is_number, quantiles))
    require(valid, "numbers__scale__quantile_range must hold two numbers")
    return {**settings, "numbers__scale__quantile_range": tuple(quantiles)}


def _check_as_made(given: Mapping[str, Any]) -> None:
    made = make_table_transformer().get_params()

    # From the outside in, and lists of steps before the steps, which then are all there.
    def order(name: str) -> tuple[int, bool, str]:
        return name.count("__"), not isinstance(made[name], list), name

    for name in sorted(made.keys() - _TYPES.keys(), key=order):
        if not _is_same(given[name], made[name]):
            raise ValueError(
                f"can't save columns__{name}={_shown(given[name])}: a file holds "
                f"{_shown(made[name])} here; {_REMEDY}"
            )


def _check_as_fitted(transformer: ColumnTransformer, given: Mapping[str, Any]) -> None:
    for step, fitted in transformer.named_transformers_.items():
        if isinstance(fitted, BaseEstimator):
            for name, value in fitted.get_params().items():
                if not _is_same(given[f"{step}__{name}"], value):
                    raise ValueError(
                        f"can't save columns__{step}__{name}={brief(given[f'{step}__{name}'])}"
                        f", which was set after fit, with {brief(value)}: fit again, or set "
                        "it back"
                    )


def _is_same(given: Any, made: Any) -> bool:
    """Tell whether two parameters are the same; steps, by their names and classes."""
    if isinstance(made, BaseEstimator):
        return type(given) is type(made)
    if isinstance(made, list):  # of steps, or of transformers and how they find columns
        parts = [[(name, *rest) for name, _, *rest in each] for each in (given, made)]
        return parts[0] == parts[1]
    if isinstance(made, float) and math.isnan(made):  # not itself any more once pickled
        return isinstance(given, float) and math.isnan(given)
    return type(given) is type(made) and bool(given == made)


def _shown(value: Any) -> str:
    """Write steps by their classes, and lists of steps by their names."""
    if isinstance(value, BaseEstimator):
        return type(value).__name__
    return few(name for name, *_ in value) if isinstance(value, list) else brief(value)


def _encoded(name: str, value: Any) -> Any:
    encoded = _plain(value)
    parts = [encoded]
    if isinstance(value, dict):
        encoded = {key: _plain(each) for key, each in value.items()}
        parts = [*encoded, *encoded.values()]
    elif isinstance(value, tuple):
        encoded = parts = [_plain(each) for each in value]
    if not (isinstance(encoded, _TYPES[name]) and all(map(_is_data, parts))):
        raise ValueError(f"can't save columns__{name}={brief(value)}: it is no data; {_REMEDY}")
    return encoded


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _is_data(value: Any) -> bool:
    return isinstance(value, bool | int | str | None) or (
        isinstance(value, float) and math.isfinite(value)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
