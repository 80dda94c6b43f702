"""Validation of the data that an estimator is fitted on, evaluated on and predicts from."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from skdnn._estimator.rows import LabelledRows, check_not_masked, warn_of_lost_digits
from skdnn._estimator.targets import Target, validate_sample_weight

# These are kept and cast batch by batch; other dtypes are cast to float32 once.
_KEPT_DTYPES = (np.float32, np.uint8, np.int8, np.uint16, np.int16, np.bool_)

_CHECKS = {"dtype": _KEPT_DTYPES, "accept_sparse": "csr", "allow_nd": True}


class DataValidationMixin(BaseEstimator):
    """Validates training data, validation data, and rows to predict."""

    input_shape_: tuple[int, ...]

    @abstractmethod
    def _check_y(self, y: Any) -> dict[str, Any]:
        """Check targets as the user gave them, before NumPy makes one dtype of them.

        Returns
        -------
        checks : dict
            Arguments of ``validate_data`` for `y`.
        """

    def _validate_rows(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, *, reset: bool
    ) -> LabelledRows:
        check_not_masked(X=X, y=y, sample_weight=sample_weight)
        checks = self._check_y(y)
        rows, targets = validate_data(self, X, y, reset=reset, **checks, **_CHECKS)
        if reset:
            warn_of_lost_digits(X, rows)
        else:
            self._check_row_shape(rows)
        targets = targets.toarray() if hasattr(targets, "toarray") else targets
        if isinstance(sample_weight, Number):  # Keras's third argument is batch_size
            raise ValueError(
                f"sample_weight must hold a weight for each row, got {sample_weight!r}; "
                "batch_size and epochs are parameters of the estimator"
            )
        return LabelledRows(rows, targets, validate_sample_weight(sample_weight, rows))

    def _validate_validation_data(
        self,
        target: Target,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> LabelledRows | None:
        if (X_val is None) != (y_val is None):
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(f"X_val and y_val must be given together, got {missing}=None")
        if X_val is None or y_val is None:
            if sample_weight_val is not None:
                raise ValueError("sample_weight_val must be given with X_val and y_val")
            return None
        try:
            rows = self._validate_rows(X_val, y_val, sample_weight_val, reset=False)
            target.encode(rows.y, rows.sample_weight)
            return rows
        except ValueError as error:
            raise ValueError(f"in X_val, y_val or sample_weight_val: {error}") from error

    def _validate_features(self, X: ArrayLike) -> NDArray[Any]:
        check_not_masked(X=X)
        rows: NDArray[Any] = validate_data(self, X, reset=False, **_CHECKS)
        self._check_row_shape(rows)
        return rows

    def _check_row_shape(self, X: NDArray[Any]) -> None:
        if X.shape[1:] != self.input_shape_:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}, but {type(self).__name__} was fitted on "
                f"rows of shape {self.input_shape_}"
            )
