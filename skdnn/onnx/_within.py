"""Nodes within the graph that skl2onnx is building."""

from __future__ import annotations

from typing import Any

from skdnn.onnx._graph import Graph

# Operators of the domain ai.onnx.ml, in the version that skl2onnx writes too.
_ML_OPERATORS = {"LabelEncoder": 2}


class Within(Graph):
    """The graph that skl2onnx is building, where all names are given out by its scope."""

    flat_numbers = False  # or an ensemble would add (n,) to the (n, 1) of other regressors

    def __init__(self, scope: Any, container: Any, outputs: dict[str, str]) -> None:
        super().__init__()
        self._scope, self._container, self._outputs = scope, container, outputs

    def _new(self, seed: str) -> str:
        return str(self._scope.get_unique_variable_name(seed))

    def _named(self, name: str) -> str:
        return self._new(name)

    def _output(self, name: str) -> str:
        return self._outputs[name]

    def _keep_node(
        self, op: str, inputs: list[str], outputs: list[str], attributes: dict[str, Any]
    ) -> None:
        name = self._scope.get_unique_operator_name(op)
        version = _ML_OPERATORS.get(op)
        domain = "" if version is None else "ai.onnx.ml"
        self._container.add_node(
            op, inputs, outputs, op_domain=domain, op_version=version, name=name, **attributes
        )

    def _keep_constant(self, tensor: Any) -> None:
        self._container.initializers.append(tensor)

    def rows(self, variables: Any) -> str:
        """Return numbers as float32, those of several variables side by side."""
        values = []
        for variable in variables:
            if is_text(variable):
                raise TypeError(
                    f"{variable.raw_name!r} must contain numbers, got strings: encode them, "
                    "for example with OneHotEncoder"
                )
            single = type(variable.type).__name__ == "FloatTensorType"
            name = variable.full_name
            values.append(name if single else self.cast(name, "float32"))
        return self._side_by_side(values)

    def texts(self, variables: Any) -> str:
        """Return text, that of several variables side by side."""
        numbers = [each.raw_name for each in variables if not is_text(each)]
        if numbers:
            raise TypeError(f"{numbers[0]!r} must contain strings, got numbers")
        return self._side_by_side([each.full_name for each in variables])

    def _side_by_side(self, values: list[str]) -> str:
        return values[0] if len(values) == 1 else self.add("Concat", *values, axis=1)


def is_text(variable: Any) -> bool:
    """Tell whether a variable of skl2onnx holds strings."""
    return type(variable.type).__name__ == "StringTensorType"


def tensor_type(dtype: str, shape: list[Any]) -> Any:
    """Return skl2onnx's type of a tensor; sides that are no integers are open."""
    from skl2onnx.common import data_types

    names = {"string": "String", "int64": "Int64", "float32": "Float"}
    shape = [side if isinstance(side, int) else None for side in shape]
    return getattr(data_types, f"{names[dtype]}TensorType")(shape)
