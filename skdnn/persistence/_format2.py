"""Format 2: a regressor, alone or behind the image transformer.

Readers of format 1 alone refuse it by its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from skdnn._estimator.numbers import Numbers
from skdnn.network.outputs import EXPONENTIAL, LINEAR, Output
from skdnn.persistence._format import Format
from skdnn.persistence._rules import Arrays, Expected, require
from skdnn.regressor import KerasDNNRegressor

# Named as the layer of `model_` that does the same: numbers are outputs * scale + shift.
_SCALE, _SHIFT = "units.scale", "units.shift"


class RegressorFormat(Format):
    """The units of the numbers are two arrays, with a number for each output."""

    number = 2
    estimator = KerasDNNRegressor
    kind, pipeline_kind = "regressor", "image pipeline of a regressor"
    network: ClassVar[Mapping[str, Any]] = {
        "n_outputs": int,
        "output_activation": str,
        "one_dimensional": bool,
    }

    def describe(self, estimator: Any) -> tuple[dict[str, Any], dict[str, Any], Arrays]:
        """Describe the units and the output layer."""
        fitted_state = estimator._fitted_state
        network = {
            "n_outputs": len(fitted_state["shift"]),
            "output_activation": fitted_state["output_activation"],
            "one_dimensional": fitted_state["one_dimensional"],
        }
        return {}, network, {_SCALE: fitted_state["scale"], _SHIFT: fitted_state["shift"]}

    def output(self, network: Mapping[str, Any]) -> Output:
        """Return a linear layer or an exponential one."""
        n, activation = network["n_outputs"], network["output_activation"]
        require(n > 0, f"n_outputs must be positive: {n}")
        known = (LINEAR, EXPONENTIAL)
        require(
            activation in known, f"output_activation must be one of {known}: {activation!r}"
        )
        valid = n == 1 or not network["one_dimensional"]
        require(valid, f"one_dimensional can't be true with n_outputs={n}")
        return Output(n, activation)

    def entries(self, manifest: Mapping[str, Any]) -> dict[str, Expected]:
        """Return the arrays of the units."""
        shape, dtype = (manifest["network"]["n_outputs"],), np.dtype(np.float64)
        return dict.fromkeys((_SCALE, _SHIFT), ("f", shape, dtype))

    def record(self, network: Mapping[str, Any], arrays: Arrays) -> dict[str, Any]:
        """Return the units; that they are finite and positive is for the estimator to check."""
        target = Numbers(
            network["one_dimensional"],
            network["output_activation"] == EXPONENTIAL,
            arrays[_SHIFT],
            arrays[_SCALE],
        )
        return target.record()
