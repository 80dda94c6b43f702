"""Formats 3 and 4: a classifier and a regressor behind the table transformer.

Readers of formats 1 and 2 refuse them by their numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from sklearn.pipeline import Pipeline

from skdnn._estimator.base import KerasDNNBase
from skdnn.persistence import _table_pipeline
from skdnn.persistence._format import Format
from skdnn.persistence._format1 import ClassifierFormat
from skdnn.persistence._format2 import RegressorFormat
from skdnn.persistence._rules import Arrays, Expected


class _TableFormat(Format):
    """The transformer is a record and arrays; it is always there."""

    for_tables = True

    def pipeline_entries(self, record: Any) -> dict[str, Expected]:
        """Return the arrays that the transformer needs."""
        return _table_pipeline.entries(record)

    def pipeline(self, record: Any, arrays: Arrays, estimator: KerasDNNBase) -> Pipeline:
        """Return the pipeline of a fitted transformer and the network."""
        return _table_pipeline.restore(record, arrays, estimator)


class ClassifierTableFormat(_TableFormat, ClassifierFormat):
    """Classes are as in format 1."""

    number = 3
    pipeline_kind = "table pipeline"
    manifest: ClassVar[Mapping[str, Any]] = {**ClassifierFormat.manifest, "pipeline": dict}


class RegressorTableFormat(_TableFormat, RegressorFormat):
    """Units are as in format 2."""

    number = 4
    pipeline_kind = "table pipeline of a regressor"
    manifest: ClassVar[Mapping[str, Any]] = {**RegressorFormat.manifest, "pipeline": dict}
