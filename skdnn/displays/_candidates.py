"""Names and parameters of a search's candidates, and how their values are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skdnn._messages import few
from skdnn.displays._arguments import validate_names

_MISSING = object()  # a list of grids need not have the same parameters in each


def validate_candidate_names(search: Any, names: Sequence[str] | None) -> list[str]:
    """Validate names of the candidates, or make them from the parameters.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.
    names : sequence of str or None
        As the user gave them.

    Returns
    -------
    names : list of str
        All different.

    Raises
    ------
    ValueError
        If there is not one for each candidate, or one twice.
    """
    params = search.cv_results_["params"]
    if names is None:
        return candidate_names(params)
    names = validate_names("names", names)
    if len(names) != len(params):
        raise ValueError(
            f"names must hold a name for each of the {len(params)} candidates, got {len(names)}"
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"names must all be different, got {few(twice)} more than once")
    return [str(name) for name in names]


def varied_parameters(params: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the parameters in which candidates differ.

    Parameters
    ----------
    params : sequence of mapping
        ``cv_results_["params"]``.

    Returns
    -------
    names : list of str
    """
    names = dict.fromkeys(name for candidate in params for name in candidate)
    return [
        name
        for name in names
        if len({_text_or_missing(candidate, name) for candidate in params}) > 1
    ]


def candidate_names(params: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name candidates by the parameters in which they differ: ``relu, adam, l2=0.001``.

    Parameters
    ----------
    params : sequence of mapping
        ``cv_results_["params"]``.

    Returns
    -------
    names : list of str
        All different.
    """
    varied = varied_parameters(params) or list(params[0])
    short = short_names(varied)
    names = [candidate_name(candidate, short) for candidate in params]
    counts = Counter(names)
    return [
        name if name and counts[name] == 1 else f"{name} (candidate {number})".strip()
        for number, name in enumerate(names, start=1)
    ]


def candidate_name(params: Mapping[str, Any], short: Mapping[str, str]) -> str:
    """Return the name of a candidate.

    Parameters
    ----------
    params : mapping
        All of its parameters.
    short : mapping of str to str
        Parameters for the name, by their short names; a candidate need not have all.

    Returns
    -------
    name : str
        Such as ``relu, adam, l2=0.001``.
    """
    return ", ".join(_part(short[name], params[name]) for name in short if name in params)


def candidate_network(search: Any, row: int) -> Any:
    """Return the unfitted estimator of a candidate.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.
    row : int
        Index of the candidate in ``cv_results_``.

    Returns
    -------
    network : estimator or None
        Not a pipeline, but its last step. None where the search keeps no estimator.
    """
    from sklearn.base import clone
    from sklearn.pipeline import Pipeline

    estimator = getattr(search, "estimator", None)
    if estimator is None:
        return None
    params = clone(search.cv_results_["params"][row], safe=False)  # as the search does
    candidate = clone(estimator).set_params(**params)
    return candidate[-1] if isinstance(candidate, Pipeline) else candidate


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Return the last part of each parameter's name, or all of it where that is ambiguous.

    Parameters
    ----------
    names : sequence of str
        Such as ``dnn__optimizer``.

    Returns
    -------
    short : dict of str
        By name.
    """
    last = {name: name.rsplit("__", 1)[-1] for name in names}
    counts = Counter(last.values())
    return {name: part if counts[part] == 1 else name for name, part in last.items()}


def value_text(value: Any) -> str:
    """Write a parameter's value for a table or a legend.

    Parameters
    ----------
    value : object
        A number, name, tuple, function, class, or configured object.

    Returns
    -------
    text : str
        Without memory addresses and line breaks.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    if isinstance(value, tuple | list):
        joint = "-" if all(isinstance(part, int | np.integer) for part in value) else ", "
        return joint.join(map(value_text, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={value_text(part)}" for key, part in value.items())
    if isinstance(value, type) or type(value).__name__ == "function":
        return str(value.__name__)
    return _object_text(value)


def _object_text(value: Any) -> str:
    text = " ".join(repr(value).split())
    if " at 0x" not in text:
        return text if len(text) <= 60 else text[:59] + "…"
    rate = value.get_config().get("learning_rate") if hasattr(value, "get_config") else None
    return type(value).__name__ + (f"({rate:.4g})" if isinstance(rate, float) else "")


def _text_or_missing(candidate: Mapping[str, Any], name: str) -> object:
    return value_text(candidate[name]) if name in candidate else _MISSING


def _part(name: str, value: Any) -> str:
    plain = isinstance(value, bool | int | float | np.number | tuple | list | dict | None)
    return f"{name}={value_text(value)}" if plain else value_text(value)
