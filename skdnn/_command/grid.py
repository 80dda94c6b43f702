"""The grid of ``--set``: hyperparameters with the values to try."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

NETWORK = "dnn__"  # the last step of a pipeline, whose hyperparameters go without a prefix

# Hyperparameters that have an option of their own.
_OPTIONS = {"epochs": "--epochs", "hidden_units": "--hidden-units", "random_state": "--seed"}

# What a search from the command line can't take, and why.
_LEFT_OUT = {
    "callbacks": "callbacks are objects of Python: use GridSearchCV in Python for them",
    "memory": "--halving goes on from the weights of earlier rounds by itself",
    "scale": "the data decide by what pixels are divided",
    "warm_start": "each fit of a search begins anew",
}

_MOST_NAMES = 30  # of hyperparameters in a message: all of a network

_EXAMPLE = "must be NAME=VALUE[,VALUE...], such as l2=0,0.001"
_CAPITALS = {"true": "True", "false": "False", "none": "None", "null": "None"}


class OptionError(ValueError):
    """A wrong argument, which is found after the command line was parsed."""


@dataclass(frozen=True)
class Setting:
    """What one ``--set`` gives.

    Parameters
    ----------
    name : str
        Hyperparameter of the network, such as ``l2``; or of another step, with its prefix.
    values : tuple
        To try, each once.
    text : str
        The argument.
    """

    name: str
    values: tuple[Any, ...]
    text: str


def parse_setting(text: str) -> Setting:
    """Parse an argument of ``--set``.

    Parameters
    ----------
    text : str
        ``NAME=VALUE[,VALUE...]``. A value is what it is in Python, if it is a number, None,
        True, False, a string in quotes or a tuple of these; else a string.

    Returns
    -------
    setting : Setting

    Raises
    ------
    argparse.ArgumentTypeError
        If it has another form.
    """
    name, equals, listed = (part.strip() for part in text.partition("="))
    if not (equals and listed and re.fullmatch(r"[A-Za-z]\w*", name)):
        raise argparse.ArgumentTypeError(f"{_EXAMPLE}, got {text!r}")
    name = name.removeprefix(NETWORK)
    try:
        values = _values(listed)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}, got {text!r}") from None
    if name == "hidden_units" and len(values) > 1 and int in map(type, values):
        raise argparse.ArgumentTypeError(
            "must have brackets for several numbers of units: (100,50) is one network of two "
            f"layers, (100,),(50,) are two networks, got {text!r}"
        )
    # By how they are written: False and 0 are equal, and only one of them may be valid.
    different = {repr(value): value for value in values}
    return Setting(name, tuple(different.values()), text)


def _values(listed: str) -> list[Any]:
    source = f"({listed},)"
    try:
        parsed = ast.parse(source, mode="eval").body
    except SyntaxError:  # such as a name that begins with a digit
        if re.search(r"[][(){}'\"]", listed):
            raise ValueError("must have brackets and quotes that close") from None
        values: list[Any] = [part.strip() for part in listed.split(",")]
    else:
        values = [_value(each, source) for each in getattr(parsed, "elts", ())]
    if not values or "" in values:
        raise ValueError(_EXAMPLE)
    for value in values:
        if isinstance(value, str) and value in _CAPITALS:
            raise ValueError(f"must have {_CAPITALS[value]} for {value}, as in Python")
    return values


def _value(node: ast.expr, source: str) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        if isinstance(node, ast.Tuple | ast.List):  # of names without quotes
            return tuple(_value(each, source) for each in node.elts)
        return ast.get_source_segment(source, node)


def check_settings(settings: Sequence[Setting], given: Iterable[str]) -> None:
    """Check that no hyperparameter is given twice.

    Parameters
    ----------
    settings : sequence of Setting
        Of all ``--set``.
    given : iterable of str
        The hyperparameters that options of their own give.

    Raises
    ------
    OptionError
        Names the hyperparameter, and both places.
    """
    seen: dict[str, Setting] = {}
    for setting in settings:
        if setting.name in seen:
            raise OptionError(
                f"argument --set: {setting.name} is given twice, by "
                f"{seen[setting.name].text!r} and {setting.text!r}: give all its values at "
                "once, separated by commas"
            )
        seen[setting.name] = setting
    for name in given:
        if name in seen:
            raise OptionError(
                f"argument --set: {seen[name].text!r} is not allowed with {_OPTIONS[name]}, "
                "which sets the same: leave out one of them"
            )


def check_halving(settings: Sequence[Setting], dask: str | None) -> None:
    """Check that nothing is given which ``--halving`` can't be used with.

    Parameters
    ----------
    settings : sequence of Setting
        Of all ``--set``.
    dask : str or None
        As ``--dask`` gives it.

    Raises
    ------
    OptionError
        Names both.
    """
    if dask is not None:
        raise OptionError(
            "argument --halving: not allowed with argument --dask, whose workers don't share "
            "the folder of weights to go on from"
        )
    for setting in settings:
        if setting.name == "epochs":
            raise OptionError(
                f"argument --halving: not allowed with --set {setting.text!r}, since its "
                "rounds decide the epochs: give the most by --epochs"
            )
        if setting.name == "early_stopping" and any(setting.values):
            raise OptionError(
                f"argument --halving: not allowed with --set {setting.text!r}, since a fit "
                "that goes on can't know what early stopping had seen: leave out one of them"
            )
        if setting.name == "random_state" and None in setting.values:
            raise OptionError(
                f"argument --halving: not allowed with --set {setting.text!r}, since it finds "
                "the weights to go on from by the seed: give integers"
            )


def settings_grid(
    settings: Sequence[Setting], hidden_units: Sequence[tuple[int, ...]], pipeline: Pipeline
) -> dict[str, list[Any]]:
    """Return the parameter grid of what is given, and of nothing else.

    Parameters
    ----------
    settings : sequence of Setting
        Of all ``--set``.
    hidden_units : sequence of tuple of int
        Of all ``--hidden-units``; may be empty.
    pipeline : Pipeline
        What is searched.

    Returns
    -------
    grid : dict of str to list

    Raises
    ------
    OptionError
        If a name is no hyperparameter. Lists those that are, the closest first.
    """
    grid: dict[str, list[Any]] = {}
    if hidden_units:
        grid[f"{NETWORK}hidden_units"] = list(dict.fromkeys(hidden_units))
    for setting in settings:
        grid[_full_name(setting.name, pipeline)] = list(setting.values)
    return grid


def _full_name(name: str, pipeline: Pipeline) -> str:
    step, _, rest = name.partition("__")
    if step in _LEFT_OUT:
        raise OptionError(f"argument --set: {step} can't be set: {_LEFT_OUT[step]}")
    if rest and step in pipeline.named_steps:
        _check_name(name, _of_the_columns(pipeline))
        return name
    network = pipeline[-1]
    if not (rest and step in network._routing_parameters):
        _check_name(name, network.get_params(), hint=_hint(network, name))
    return NETWORK + name


def _of_the_columns(pipeline: Pipeline) -> dict[str, Any]:
    """Return the hyperparameters of a table's first step that a saved pipeline keeps."""
    from skdnn.persistence._table_settings import KEPT

    step = pipeline.steps[0][0]
    parameters = pipeline.get_params()
    names = [f"{step}__{name}" for name in KEPT]
    return {name: parameters[name] for name in names if name in parameters}


def _check_name(name: str, parameters: Mapping[str, Any], *, hint: str = "") -> None:
    names = [
        each
        for each, value in parameters.items()
        if each.rsplit("__", 1)[-1] not in _LEFT_OUT
        and (value is None or isinstance(value, bool | int | float | str | tuple | dict))
    ]
    if name in names:
        return
    meant = re.findall(r"\w+", hint)
    names.sort(
        key=lambda each: (each in meant, SequenceMatcher(None, name, each).ratio()),
        reverse=True,
    )
    raise OptionError(
        f"argument --set: {name!r} is not a hyperparameter{hint}; the closest first, they are "
        f"{', '.join(names[:_MOST_NAMES])}"
    )


def _hint(network: Any, name: str) -> str:
    """Say what another library's name is called here, as one would write it here."""
    from skdnn._estimator.parameter_hints import hint

    found = hint(network, name, network._get_param_names())
    if not found:
        return ""
    here = re.sub(r"set_params\((.*?)\)", _as_options, found)
    return f" ({here})"


def _as_options(call: re.Match[str]) -> str:
    return " ".join(f"--set {each}" for each in call[1].replace("'", "").split(", "))


def check_candidates(
    pipeline: Pipeline, candidates: Iterable[Mapping[str, Any]], y: Any
) -> None:
    """Check all values together with each other, before the first fit.

    This loads TensorFlow.

    Parameters
    ----------
    pipeline : Pipeline
        What is searched.
    candidates : iterable of mapping
        Of the grid.
    y : ndarray
        Targets.

    Raises
    ------
    OptionError
        With the message that a fit would have.
    """
    from sklearn.base import clone

    from skdnn._estimator.before_fit import check_before_fit
    from skdnn.persistence._values import encode

    for params in candidates:
        try:
            candidate = clone(pipeline).set_params(**params)
            for each in candidate.get_params().values():
                if hasattr(each, "_validate_params"):
                    each._validate_params()
            check_before_fit(candidate[-1], y)
            for name, value in candidate[-1].get_params().items():
                encode(name, value)  # or the winner could not be saved
        except (TypeError, ValueError) as error:
            raise OptionError(f"argument --set: {' '.join(str(error).split())}") from error
