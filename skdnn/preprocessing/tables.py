"""Tables become rows: gaps filled in, numbers on one scale, categories as zeros and ones."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, RobustScaler

from skdnn.preprocessing.columns import columns_of


def number_columns(X: Any) -> list[str | int]:
    """Find the columns of a table that hold numbers.

    Parameters
    ----------
    X : DataFrame of pandas or polars, or array of shape (n_rows, n_columns)
        The table.

    Returns
    -------
    columns : list of str or int
        Their names; or their places, where names are not all strings. Columns with one and the
        same number, or with none, are left out.

    Raises
    ------
    TypeError
        If `X` is no table.
    ValueError
        If a column holds dates, values of several kinds, or infinity.
    """
    return [column.key for column in columns_of(X) if column.holds("numbers")]


def category_columns(X: Any) -> list[str | int]:
    """Find the columns of a table that hold categories: strings, booleans, `category`.

    Parameters
    ----------
    X : DataFrame of pandas or polars, or array of shape (n_rows, n_columns)
        The table.

    Returns
    -------
    columns : list of str or int
        As :func:`number_columns` returns them.

    Raises
    ------
    TypeError
        If `X` is no table.
    ValueError
        If a column holds dates or values of several kinds, or if no column of the table, of
        numbers or categories, has two different values.
    """
    found = [column.key for column in columns_of(X) if column.holds("categories")]
    if not found and not number_columns(X):
        raise ValueError(
            "a table must have a column with two different values, got none in "
            f"{X.shape[0]} rows of {X.shape[1]} columns"
        )
    return found


def read_numbers(X: Any) -> NDArray[np.float64]:
    """Read columns of numbers, whatever they are held in, as an array with NaN for gaps.

    Parameters
    ----------
    X : DataFrame of pandas or polars, or array of shape (n_rows, n_columns)
        Columns of numbers; booleans count as 0 and 1.

    Returns
    -------
    numbers : ndarray of float64, shape (n_rows, n_columns)
        A new array.

    Raises
    ------
    ValueError
        If a column holds something else, or infinity.
    """
    numbers = np.empty(X.shape)
    for place, column in enumerate(columns_of(X, whole=False)):
        numbers[:, place] = column.numbers()
    return numbers


def read_categories(X: Any) -> NDArray[np.object_]:
    """Read columns of categories as text, so that a category is one however it is held.

    Parameters
    ----------
    X : DataFrame of pandas or polars, or array of shape (n_rows, n_columns)
        Strings, booleans, the dtype `category`.

    Returns
    -------
    texts : ndarray of object, shape (n_rows, n_columns)
        Strings. Gaps (None, NaN, `pandas.NA`) and empty strings are ``"missing"``.
    """
    texts = np.empty(X.shape, object)
    for place, column in enumerate(columns_of(X, whole=False)):
        texts[:, place] = column.texts()
    return texts


def clip_smoothly(X: ArrayLike, *, limit: float = 3.0) -> NDArray[np.float32]:
    """Bend numbers so that none is beyond `limit`: ``x / sqrt(1 + (x / limit) ** 2)``.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_columns)
        Numbers, scaled.
    limit : float, default=3.0
        What the largest come close to. Small ones stay as they are.

    Returns
    -------
    bent : ndarray of float32, shape (n_rows, n_columns)
        In the same order as before.

    Raises
    ------
    ValueError
        If `limit` is not a positive number.
    """
    if not isinstance(limit, Real) or isinstance(limit, bool) or not 0 < limit < np.inf:
        raise ValueError(f"limit must be a positive number, got {limit!r}")
    numbers = np.asarray(X, np.float64)
    divisor = numbers / float(limit)
    # hypot, since squares of large numbers overflow, and would make 0 of them.
    np.hypot(1.0, divisor, out=divisor)
    bent: NDArray[np.float32] = np.divide(numbers, divisor, out=divisor).astype(np.float32)
    return bent


def make_table_transformer(
    *, max_categories: int | None = 50, min_frequency: float | None = 2
) -> ColumnTransformer:
    """Make scikit-learn's `ColumnTransformer` for a table of numbers and categories.

    Its columns are found at ``fit``, and by their names at ``transform``, in whatever order:

    - ``numbers``: gaps become the median, beside a column of zeros and ones that tells where
      they were; `RobustScaler` takes away the median and divides by the range of the middle
      half; and what is still far out is bent smoothly to below 3, as in RealMLP [1]_.
    - ``categories``, that is strings, booleans and the dtype `category`: a column of zeros and
      ones for each category, one for all rare ones, and one for gaps. A category that is new
      at ``transform`` counts as a rare one, or as none where there were no rare ones.

    Columns in which all rows are the same are left out: they tell nothing, and what they hold
    later would be weighed by chance. Integers are numbers, also where they are codes: make
    those `category` before, ``table.astype({"zip": "category"})``.

    Parameters
    ----------
    max_categories : int or None, default=50
        Most columns that a column of categories becomes; the most frequent have one of their
        own. None has no limit.
    min_frequency : int, float or None, default=2
        Rows, or share of the rows, that a category must have for a column of its own. None
        takes all.

    Returns
    -------
    transformer : sklearn.compose.ColumnTransformer
        Makes float32. What it is made of, as names in a grid: ``numbers__impute``
        (:class:`sklearn.impute.SimpleImputer`), ``numbers__scale``, ``numbers__clip__kw_args``
        (``{"limit": 3.0}``), ``categories__encode``
        (:class:`sklearn.preprocessing.OneHotEncoder`), and their parameters, such as
        ``categories__encode__max_categories``.

    References
    ----------
    .. [1] Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
       boosted trees on tabular data", NeurIPS 2024. https://arxiv.org/abs/2407.04491

    Examples
    --------
    >>> import pandas as pd
    >>> from skdnn.preprocessing import make_table_transformer
    >>> table = pd.DataFrame({"age": [31, None, 54, 40], "town": ["Ulm", "Bonn", "Ulm", None]})
    >>> transformer = make_table_transformer(min_frequency=None).set_output(transform="pandas")
    >>> print(transformer.fit_transform(table).round(1).T.to_string(header=False))
    numbers__age                  -1.4  0.0  1.9  0.0
    numbers__missingindicator_age  0.0  2.4  0.0  0.0
    categories__town_Bonn          0.0  1.0  0.0  0.0
    categories__town_Ulm           1.0  0.0  1.0  0.0
    categories__town_missing       0.0  0.0  0.0  1.0
    """
    numbers = Pipeline(
        [
            ("read", FunctionTransformer(read_numbers, feature_names_out="one-to-one")),
            # What `read` returns is nobody else's: no need for copies.
            ("impute", SimpleImputer(strategy="median", add_indicator=True, copy=False)),
            ("scale", RobustScaler(copy=False)),
            (
                "clip",
                FunctionTransformer(
                    clip_smoothly, feature_names_out="one-to-one", kw_args={"limit": 3.0}
                ),
            ),
        ]
    )
    categories = Pipeline(
        [
            ("read", FunctionTransformer(read_categories, feature_names_out="one-to-one")),
            (
                "encode",
                OneHotEncoder(
                    handle_unknown="infrequent_if_exist",
                    min_frequency=min_frequency,
                    max_categories=max_categories,
                    sparse_output=False,
                    dtype=np.float32,
                ),
            ),
        ]
    )
    return ColumnTransformer(
        [
            ("numbers", numbers, number_columns),
            ("categories", categories, category_columns),
        ]
    )
