"""Nodes and constants of a graph under construction, whoever keeps them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# Operators as of ONNX 1.14; what reads a later version reads these.
OPSET, IR_VERSION = 18, 8


class Graph(ABC):
    """A graph to which nodes are added; every method returns the name of its result."""

    # Whether numbers in one column lose that dimension, as they do in `predict`.
    flat_numbers = True

    def __init__(self) -> None:
        self.onnx = imported_onnx()

    @abstractmethod
    def _new(self, seed: str) -> str:
        """Return a name, made from this one, that nothing has yet."""

    def _named(self, name: str) -> str:
        """Return a name for what has one."""
        return name

    @abstractmethod
    def _keep_node(
        self, op: str, inputs: list[str], outputs: list[str], attributes: dict[str, Any]
    ) -> None:
        """Take a node, which is called as its first output is."""

    @abstractmethod
    def _keep_constant(self, tensor: Any) -> None:
        """Take a TensorProto."""

    def _output(self, name: str) -> str:
        """Return what an output of the model is called in this graph."""
        return name

    def add(self, op: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        name = self._new(op.lower()) if out is None else self._output(out)
        self._keep_node(op, list(inputs), [name], attributes)
        return name

    def largest_first(self, value: str, units: int) -> str:
        k = self.constant([units], dtype=np.int64)
        name = self._new("topk")
        self._keep_node("TopK", [value, k], [name, self._named(f"{name}_places")], {})
        return name

    def constant(self, value: Any, name: str | None = None, dtype: Any = np.float32) -> str:
        name = self._named(name) if name else self._new("constant")
        array = np.ascontiguousarray(value, dtype).reshape(np.shape(value))
        self._keep_constant(self.onnx.numpy_helper.from_array(array, name))
        return name

    def cast(self, value: str, dtype: str, out: str | None = None) -> str:
        return self.add("Cast", value, out=out, to=self.type(dtype))

    def type(self, dtype: str) -> int:
        return element_type(self.onnx, dtype)


class Model(Graph):
    """A graph of its own, which becomes a model."""

    def __init__(self) -> None:
        super().__init__()
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def _new(self, seed: str) -> str:
        kept = self._constants if seed == "constant" else self._nodes
        return f"{seed}_{len(kept)}"

    def _keep_node(
        self, op: str, inputs: list[str], outputs: list[str], attributes: dict[str, Any]
    ) -> None:
        make_node = self.onnx.helper.make_node
        self._nodes.append(make_node(op, inputs, outputs, outputs[0], **attributes))

    def _keep_constant(self, tensor: Any) -> None:
        self._constants.append(tensor)

    def model(
        self, dtype: str, shape: Sequence[Any], outputs: Mapping[str, tuple[str, list[Any]]]
    ) -> Any:
        """Return the model of one input, "input", and these outputs."""
        helper = self.onnx.helper
        graph = helper.make_graph(
            self._nodes,
            "skdnn",
            [helper.make_tensor_value_info("input", self.type(dtype), shape)],
            [
                helper.make_tensor_value_info(name, self.type(kind), output_shape)
                for name, (kind, output_shape) in outputs.items()
            ],
            self._constants,
        )
        model = helper.make_model(
            graph,
            producer_name="skdnn",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        self.onnx.checker.check_model(model, full_check=True)
        return model


def imported_onnx() -> Any:
    """Import onnx, or name the extra that brings it."""
    try:
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise ImportError(
            "to_onnx needs the package onnx: install skdnn with the extra, "
            "pip install 'skdnn[onnx]'"
        ) from error
    return onnx


def element_type(onnx: Any, dtype: str) -> int:
    names = {"string": "STRING", "float32": "FLOAT", "float64": "DOUBLE"}
    return int(getattr(onnx.TensorProto, names.get(dtype, dtype.upper())))
