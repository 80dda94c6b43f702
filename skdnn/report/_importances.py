"""A picture of how much each column of a table matters to the best estimator."""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.inspection import permutation_importance
from sklearn.utils import resample

from skdnn.displays._canvas import GREY, literal, shortened
from skdnn.report._facts import SearchFacts
from skdnn.report._pictures import MARK, Picture, picture
from skdnn.report._scoring import Scorer, scorer_for
from skdnn.report._unseen import UnseenData

_LEAST_ROWS, _MOST_ROWS = 20, 2_000
_MOST_COLUMNS, _MOST_UNNAMED = 100, 50  # more are seldom a table, and cost seconds
_MOST_SHOWN = 12
_N_REPEATS = 5


@dataclass(frozen=True)
class Importances:
    """How far the score falls when the values of a column are shuffled.

    Parameters
    ----------
    names : list of str
        Of the columns.
    falls : ndarray of shape (n_columns, n_repeats)
        Of the score, each time that a column was shuffled.
    n_rows : int
        Rows that were scored.
    """

    names: list[str]
    falls: NDArray[np.float64]
    n_rows: int

    @classmethod
    def of(cls, search: Any, rows: UnseenData) -> Importances | None:
        """Compute them from unseen rows; None where these are not a table of some rows."""
        names = _column_names(rows)
        if not names or len(rows) < _LEAST_ROWS:
            return None
        n_rows = min(len(rows), _MOST_ROWS)
        X, y = resample(rows.X, rows.y, n_samples=n_rows, replace=False, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of the scorer: on all rows it has warned
            falls = _falls(search.best_estimator_, X, y, scorer_for(search))
        return cls(names, falls, n_rows) if np.isfinite(falls).all() else None

    @property
    def most_important_first(self) -> list[int]:
        """Places of the columns."""
        return [int(k) for k in np.argsort(-self.falls.mean(axis=1), kind="stable")]


def important_columns(
    search: Any, facts: SearchFacts, rows: UnseenData | None
) -> tuple[UnseenData | None, Picture | None]:
    """Draw the importance of a table's columns, and put the most important ones first.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.
    facts : SearchFacts
        Of the search.
    rows : UnseenData or None
        The unseen data.

    Returns
    -------
    rows : UnseenData or None
        The same, with the most important columns shown first.
    picture : Picture or None
        None where the rows are not a table, or too few.
    """
    importances = None
    with suppress(TypeError, ValueError):  # of y_test: told where the predictions are evaluated
        importances = None if rows is None else Importances.of(search, rows)
    if rows is None or importances is None:
        return rows, None
    first = tuple(importances.most_important_first)
    return replace(rows, first=first), _picture(importances, facts, len(rows))


def _picture(importances: Importances, facts: SearchFacts, n_rows: int) -> Picture:
    shown = importances.most_important_first[:_MOST_SHOWN]
    names = [importances.names[place] for place in shown]
    falls = importances.falls[shown]
    listed = [
        f"{name} {facts.text(mean)}"
        for name, mean in zip(names, falls.mean(axis=1), strict=True)
    ]
    return picture(
        "importances",
        lambda ax: _draw(names, falls, facts.score_name, ax),
        title=f"Fall of {facts.score_name} when a column is shuffled",
        caption=_caption(importances, facts.score_name, n_rows, len(shown)),
        text=lambda: "; ".join(listed),
        size=(4.6, 1.2 + 0.27 * len(shown)),
    )


def _column_names(rows: UnseenData) -> list[str]:
    """Return the names of a table's columns; none where it is no table, or a wide one."""
    shape = rows.X.shape if hasattr(rows.X, "shape") else np.shape(rows.X)
    if rows.pixels is not None or issparse(rows.X) or len(shape) != 2:
        return []
    names = getattr(rows.X, "columns", None)
    if shape[1] > (_MOST_UNNAMED if names is None else _MOST_COLUMNS):
        return []
    return [f"x{k}" for k in range(shape[1])] if names is None else list(map(str, names))


def _falls(estimator: Any, X: Any, y: Any, scorer: Scorer) -> NDArray[np.float64]:
    """Return by how much the score falls, for each column and each time that it is shuffled."""

    def importances(X: Any, scorer: Scorer) -> NDArray[np.float64]:
        found: NDArray[np.float64] = permutation_importance(
            estimator, X, y, scoring=scorer, n_repeats=_N_REPEATS, random_state=0
        ).importances
        return found

    if hasattr(X, "iloc") or not hasattr(X, "columns"):
        return importances(X, scorer)

    # Of polars, which scikit-learn would make an array without names: numbers of rows are
    # shuffled in place of the values, and the values taken by them.
    def scored(estimator: Any, places: NDArray[np.intp], y: Any) -> float:
        columns = {name: X[name][places[:, number]] for number, name in enumerate(X.columns)}
        return scorer(estimator, type(X)(columns), y)

    return importances(np.tile(np.arange(len(X))[:, None], X.shape[1]), scored)


def _draw(names: list[str], falls: NDArray[np.float64], score_name: str, ax: Any) -> None:
    means = falls.mean(axis=1)
    reach = [means - falls.min(axis=1), falls.max(axis=1) - means]
    places = range(len(names))
    ax.barh(places, means, color=MARK, height=0.6, xerr=reach, ecolor=GREY, capsize=2)
    ax.set_yticks(places, [literal(shortened(name, 24)) for name in names])
    ax.invert_yaxis()
    ax.axvline(0, color=GREY, linewidth=1)
    ax.locator_params(axis="x", nbins=4)
    ax.set_xlabel(f"Fall of {literal(score_name)}")
    ax.grid(visible=True, axis="x", alpha=0.3)
    ax.set_axisbelow(True)


def _caption(importances: Importances, score_name: str, n_rows: int, n_shown: int) -> str:
    n_columns = len(importances.names)
    which = f"The {n_shown} of {n_columns} columns that matter most. " * (n_columns > n_shown)
    part = f", on {importances.n_rows:,} of the {n_rows:,}" * (importances.n_rows < n_rows)
    return (
        f"{which}How far the {score_name} on these rows falls when the values of a column are "
        f"shuffled among them: mean, lowest and highest of {_N_REPEATS} times{part}. Columns "
        "that tell the same hide each other: shuffle one, and the network still has the other."
    )
