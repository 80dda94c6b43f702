"""A fitted table transformer, taken apart and put together again.

What is taken are fitted attributes that scikit-learn documents. To put them together, a new
transformer is fitted to rows that are made up, with the same columns, gaps and categories: so
its private attributes are those of the scikit-learn that is installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from joblib import parallel_config
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer

from skdnn.preprocessing import make_table_transformer

Kind = Literal["numbers", "categories", "dropped"]

_MOST_CELLS = 2**22  # of the rows that are made up


@dataclass(frozen=True)
class TableState:
    """The fitted state of a table transformer.

    Parameters
    ----------
    columns : list of str
        For each column of the table, what it is.
    names : ndarray of str or None
        Their names, if they have any.
    settings : dict
        Hyperparameters of the transformer.
    statistics : ndarray of shape (n_numbers,) or None
        What replaces missing values; None if that is a setting.
    gaps : ndarray of shape (n_numbers,)
        Whether there is an indicator of missing values.
    center, scale : ndarray or None
        Of the columns of numbers, and of the indicators after them.
    categories : list of ndarray of str
        For each column of categories, in order.
    infrequent : list of ndarray of bool
        Which of these share one column of zeros and ones.
    """

    columns: list[Kind]
    names: NDArray[np.object_] | None
    settings: dict[str, Any]
    statistics: NDArray[np.float64] | None
    gaps: NDArray[np.bool_]
    center: NDArray[np.float64] | None
    scale: NDArray[np.float64] | None
    categories: list[NDArray[np.object_]]
    infrequent: list[NDArray[np.bool_]]

    def places(self, kind: Kind) -> list[int]:
        """Return where in the table the columns of a kind are."""
        return [place for place, each in enumerate(self.columns) if each == kind]

    @property
    def n_scaled(self) -> int:
        """Columns of numbers that come out, indicators included."""
        return len(self.gaps) + int(self.gaps.sum())

    @property
    def n_outputs(self) -> int:
        """Columns that come out."""
        return self.n_scaled + sum(
            int((~infrequent).sum() + infrequent.any()) for infrequent in self.infrequent
        )


# -- taken apart --------------------------------------------------------------------------


def state_of(transformer: ColumnTransformer, settings: dict[str, Any]) -> TableState:
    """Take a fitted transformer apart.

    Parameters
    ----------
    transformer : ColumnTransformer
        Fitted, steps as `make_table_transformer` makes them.
    settings : dict
        Its hyperparameters, for `set_params`.

    Returns
    -------
    state : TableState
    """
    names = getattr(transformer, "feature_names_in_", None)
    columns: list[Kind] = ["dropped"] * transformer.n_features_in_
    place_of = {name: place for place, name in enumerate(() if names is None else names)}
    for kind in ("numbers", "categories"):
        for column in _columns_of(transformer, kind):
            columns[place_of.get(column, column)] = kind
    return TableState(
        columns,
        names,
        settings,
        **_state_of_numbers(transformer, columns.count("numbers")),
        **_state_of_categories(transformer, columns.count("categories")),
    )


def _columns_of(transformer: ColumnTransformer, kind: Kind) -> list[Any]:
    return next(list(columns) for name, _, columns in transformer.transformers_ if name == kind)


def _state_of_numbers(transformer: ColumnTransformer, n: int) -> dict[str, Any]:
    gaps = np.zeros(n, bool)
    if not n:
        return {"statistics": None, "gaps": gaps, "center": None, "scale": None}
    impute, scale = (transformer.named_transformers_["numbers"][i] for i in ("impute", "scale"))
    if impute.indicator_ is not None:
        gaps[impute.indicator_.features_] = True
    return {
        "statistics": None if impute.strategy == "constant" else impute.statistics_,
        "gaps": gaps,
        "center": scale.center_,
        "scale": scale.scale_,
    }


def _state_of_categories(transformer: ColumnTransformer, n: int) -> dict[str, Any]:
    if not n:
        return {"categories": [], "infrequent": []}
    encoder = transformer.named_transformers_["categories"]["encode"]
    # Only there if the settings make categories infrequent.
    rare = getattr(encoder, "infrequent_categories_", [None] * n)
    known = [set() if each is None else set(each) for each in rare]
    return {
        "categories": encoder.categories_,
        "infrequent": [
            np.array([category in each for category in categories])
            for categories, each in zip(encoder.categories_, known, strict=True)
        ],
    }


# -- put together -------------------------------------------------------------------------


def fitted_transformer(state: TableState) -> ColumnTransformer:
    """Put a fitted transformer together.

    Parameters
    ----------
    state : TableState
        Its parts fit each other.

    Returns
    -------
    transformer : ColumnTransformer
        Fitted.

    Raises
    ------
    ValueError, TypeError
        If scikit-learn does not take the settings, or the rows to be made up are too many.
    """
    transformer = make_table_transformer().set_params(**state.settings)
    as_made = transformer.transformers
    encoder = transformer.get_params()["categories__encode"]
    transformer.transformers = [
        (name, clone(pipeline), state.places(name)) for name, pipeline, _ in as_made
    ]
    transformer.set_params(categories__encode=clone(encoder).set_params(**_counting(state)))
    # Whatever the user has set for fits of their own.
    with (
        config_context(transform_output="default", skip_parameter_validation=False),
        parallel_config("sequential"),
    ):
        clone(encoder).fit([["to validate its settings"]])
        transformer.fit(_rows_like(state))
    transformer.transformers = as_made
    transformer.sparse_output_ = False
    transformer.named_transformers_["categories"]["encode"].set_params(**encoder.get_params())
    _set_numbers(transformer, state)
    _set_names(transformer, state)
    return transformer


def _counting(state: TableState) -> dict[str, Any]:
    """Return settings by which the encoder takes as infrequent what is not in the rows.

    What it makes of the rows is sparse: they are as many as the most frequent categories.
    """
    settings: dict[str, Any] = {
        "categories": state.categories,
        "handle_unknown": "ignore",
        "sparse_output": True,
    }
    if any(infrequent.any() for infrequent in state.infrequent):
        settings.update(min_frequency=1, max_categories=None)
    elif groups_infrequent(state.settings):  # it could, but there is none
        longest = max(map(len, state.categories), default=0)
        settings.update(min_frequency=None, max_categories=longest + 1)
    return settings


def groups_infrequent(settings: Mapping[str, Any]) -> bool:
    """Tell whether settings make an encoder look for infrequent categories."""
    names = ("max_categories", "min_frequency")
    return any(settings[f"categories__encode__{name}"] is not None for name in names)


def _rows_like(state: TableState) -> NDArray[np.object_]:
    """Return rows with the same gaps, and with the frequent categories."""
    frequent = [
        categories[~infrequent]
        for categories, infrequent in zip(state.categories, state.infrequent, strict=True)
    ]
    counts = any(infrequent.any() for infrequent in state.infrequent)
    n = max(2, *map(len, frequent)) if counts else 2
    if n * len(state.columns) > _MOST_CELLS:
        raise ValueError(
            f"{n:,} categories that are not infrequent are too many for a file of a table with "
            f"{len(state.columns):,} columns; fit with max_categories"
        )
    rows = np.zeros((n, len(state.columns)), object)
    rows[-1, np.array(state.places("numbers"), int)[state.gaps]] = np.nan
    for place, categories, each in zip(
        state.places("categories"), state.categories, frequent, strict=True
    ):
        rows[:, place] = f"{categories[-1]} "  # which comes after the last one, so is none
        if counts:
            rows[: len(each), place] = each
    return rows


def _set_numbers(transformer: ColumnTransformer, state: TableState) -> None:
    if len(state.gaps):
        pipeline = transformer.named_transformers_["numbers"]
        if state.statistics is not None:
            pipeline["impute"].statistics_ = state.statistics
        pipeline["scale"].center_ = state.center
        pipeline["scale"].scale_ = state.scale


def _set_names(transformer: ColumnTransformer, state: TableState) -> None:
    if state.names is None:
        return
    transformer.feature_names_in_ = state.names
    named = []
    for name, fitted, places in transformer.transformers_:
        if name != "remainder":
            names = state.names[places]
            if len(names):
                fitted["read"].feature_names_in_ = names
            named.append((name, fitted, names.tolist()))
        else:
            named.append((name, fitted, places))
    transformer.transformers_ = named
