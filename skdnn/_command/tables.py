"""The table that ``--data`` names: target, task, and rows to search on and to keep back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    train_test_split,
)
from sklearn.pipeline import Pipeline

from skdnn._command.inputs import InputError, Inputs
from skdnn._command.table_columns import check_learnable, check_not_dates, remarks_on
from skdnn._command.table_files import (
    TableFile,
    check_columns,
    column_names,
    read_table_file,
)
from skdnn._command.table_targets import Target, target_of
from skdnn._messages import few
from skdnn.pipeline import make_table_pipeline
from skdnn.regressor import KerasDNNRegressor

_KEPT_BACK = 0.2
_SEED = 42  # of the split, as for images: --seed does not change it

_MOST_EPOCHS, _FEWEST_EPOCHS = 100, 5
_ROWS_IN_ALL = 2_000_000  # that a fit is shown, unless that takes too few epochs

_L2 = [1e-4, 1e-3, 1e-2]
_NETWORKS = [(100,), (100, 50)]


@dataclass(frozen=True, kw_only=True)
class TableInputs(Inputs):
    """Rows of a table.

    Parameters
    ----------
    code : str
        Code that reads another table in the same way.
    """

    noun: ClassVar[str] = "rows"

    code: str

    @property
    def epochs(self) -> int:
        """Epochs of a fit, if the user does not choose them: fewer for large tables."""
        return max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, round(_ROWS_IN_ALL / len(self.y))))

    def pipeline(self, *, epochs: int, seed: int) -> Pipeline:
        """Make the unfitted pipeline."""
        return make_table_pipeline(epochs=epochs, random_state=seed)

    def grid(self, hidden_units: Sequence[tuple[int, ...]]) -> dict[str, list[Any]]:
        """Return networks and penalties: what a table is learnt by heart with."""
        return {"dnn__hidden_units": list(hidden_units) or _NETWORKS, "dnn__l2": _L2}

    def folds(self, n: int, seed: int) -> Any:
        """Return stratified folds, of whole groups where there are any."""
        if self.groups is None:
            return n
        return StratifiedGroupKFold(n, shuffle=True, random_state=seed)

    def reading(self, *, short: bool) -> str:
        """Return code that reads new rows."""
        return self.code if short else f"import pandas\n\nX = {self.code}"

    def check_folds(self, name: str, n: int) -> None:
        """Raise an `InputError` if the rows can't be split into `n` folds."""
        self._check_groups(n)
        super().check_folds(name, n)

    def _check_groups(self, n: int) -> None:
        if self.groups is not None and len(np.unique(self.groups)) < n:
            raise InputError(
                f"--cv must not exceed the groups ({len(np.unique(self.groups))} to search "
                f"on), got {n}"
            )


@dataclass(frozen=True, kw_only=True)
class NumberTableInputs(TableInputs):
    """Rows of a table whose target is numbers."""

    score_name: ClassVar[str] = "R²"

    def pipeline(self, *, epochs: int, seed: int) -> Pipeline:
        """Make the unfitted pipeline."""
        return make_table_pipeline(
            estimator=KerasDNNRegressor(), epochs=epochs, random_state=seed
        )

    def folds(self, n: int, seed: int) -> Any:
        """Return folds of rows in any order, of whole groups where there are any."""
        kind = KFold if self.groups is None else GroupKFold
        return kind(n, shuffle=True, random_state=seed)

    def check_folds(self, name: str, n: int) -> None:
        """Raise an `InputError` if the rows can't be split into `n` folds."""
        self._check_groups(n)
        if len(self.y) < 2 * n:
            raise InputError(
                f"{name} must have at least 2 rows for each of {n} folds, got {len(self.y)} "
                "rows to search on"
            )
        if self.y.min() == self.y.max():
            raise InputError(
                f"the target must have different values, got {self.y[0]:g} in all rows"
            )


@dataclass(frozen=True)
class TableOptions:
    """What the command line says about a table.

    Parameters
    ----------
    target : str or None
        Column to predict.
    task : {"classification", "regression"} or None
        None decides by the target.
    groups : str or None
        Column of groups that are kept together.
    drop, categorical : tuple of str
        Columns that are left out, and that are taken as categories.
    """

    target: str | None = None
    task: str | None = None
    groups: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()


def read_table_inputs(name: str, options: TableOptions) -> TableInputs:
    """Read the table that ``--data`` names.

    Parameters
    ----------
    name : str
        Path of a CSV or Parquet file.
    options : TableOptions
        From the command line.

    Returns
    -------
    inputs : TableInputs
        80 % of the rows to search on, the rest held out.

    Raises
    ------
    InputError
        If the file, or a column, can't be searched on.
    """
    path = Path(name)
    target_name = _check_options(path, options)
    file = read_table_file(path, drop=options.drop, categorical=options.categorical)
    frame, lost = _with_target(path, file, target_name)
    check_not_dates(path, frame[target_name])
    target = target_of(path, frame[target_name], options.task)
    groups = _groups(path, frame, options.groups)
    kept_apart = [target_name, *([options.groups] if options.groups else [])]
    features = frame.drop(columns=kept_apart)
    check_learnable(path, features)
    lines = [
        f"read {len(file.frame):,} rows and {file.frame.shape[1]} columns, {file.form}",
        target.about,
        *lost,
        *file.remarks,
        *remarks_on(features, frame[target_name]),
    ]
    return _split(name, features, target, groups, "\n".join(lines), file)


def _check_options(path: Path, options: TableOptions) -> str:
    """Check options against the names of the columns; return that of the target."""
    names = column_names(path)
    if options.target is None:
        raise InputError(
            f"--target must name the column to predict; {path} has {few(names, most=20)}"
        )
    check_columns(path, names, [options.target], "--target")
    check_columns(path, names, [options.groups] if options.groups else [], "--groups")
    for option, columns in {
        "--groups": [options.groups],
        "--drop": options.drop,
    }.items():
        if options.target in columns:
            raise InputError(f"{option} must not be the target, {options.target!r}")
    if options.groups in options.drop:
        raise InputError(f"--drop must not be the column of --groups, {options.groups!r}")
    return options.target


def _with_target(path: Path, file: TableFile, name: str) -> tuple[Any, list[str]]:
    """Return the rows that have a target, and in words how many have none."""
    gaps = file.frame[name].isna()
    n_gaps = int(gaps.sum())
    if n_gaps == len(gaps):
        raise InputError(f"column {name!r} in {path} must hold values to predict; it is empty")
    if not n_gaps:
        return file.frame, []
    words = [f"{word!r} in {n:,}" for word, n in file.gap_words(name, gaps).items()]
    told = f" ({', '.join(words)}: if that is a class, give it another name)" if words else ""
    return file.frame[~gaps], [
        f"{n_gaps:,} row{'s' * (n_gaps > 1)} without {name!r} left out{told}"
    ]


def _groups(path: Path, frame: Any, name: str | None) -> NDArray[np.int64] | None:
    if name is None:
        return None
    codes: NDArray[np.int64] = frame[name].factorize()[0]
    n_missing = int((codes < 0).sum())
    if n_missing:
        raise InputError(
            f"column {name!r} in {path} must tell the group of each row; {n_missing:,} rows "
            "have none"
        )
    if codes.max() < 2:
        raise InputError(
            f"column {name!r} in {path} must hold at least 3 groups, one of them to keep back; "
            f"it has {codes.max() + 1}"
        )
    return codes


def _split(
    name: str,
    features: Any,
    target: Target,
    groups: NDArray[np.int64] | None,
    note: str,
    file: TableFile,
) -> TableInputs:
    """Keep a fifth of the rows back: of each class, or of whole groups."""
    search, rest = _places(target, groups)
    share = round(100 * len(rest) / len(target.y))
    of_groups = "" if groups is None else f", of {len(np.unique(groups[rest]))} other groups"
    held_out = {
        f"rows kept back, {share} % ({len(rest):,}){of_groups}": (
            features.iloc[rest],
            target.y[rest],
        )
    }
    kind = TableInputs if target.is_classes else NumberTableInputs
    return kind(
        title=name,
        X=features.iloc[search],
        y=target.y[search],
        held_out=held_out,
        note=note,
        target_names=None if target.is_classes else (target.name,),
        groups=None if groups is None else groups[search],
        code=file.reading,
    )


def _places(
    target: Target, groups: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the rows to search on, and of those to keep back."""
    places = np.arange(len(target.y))
    if groups is None:
        n_kept = -(-len(places) // 5)
        if target.is_classes:
            n_kept = max(n_kept, target.n_different)
        search, rest = train_test_split(
            places,
            test_size=n_kept,
            stratify=target.y if target.is_classes else None,
            random_state=_SEED,
        )
        return search, rest
    n_groups = len(np.unique(groups))
    if target.is_classes and n_groups >= round(1 / _KEPT_BACK):
        splitter = StratifiedGroupKFold(round(1 / _KEPT_BACK), shuffle=True, random_state=_SEED)
    else:
        splitter = GroupShuffleSplit(1, test_size=_KEPT_BACK, random_state=_SEED)
    search, rest = next(splitter.split(places, target.y, groups))
    return search, rest
