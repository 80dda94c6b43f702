"""Keys of custom functions, for caches of what is compiled from them.

Neither the name nor the object will do: a notebook's cell is edited and run again, a global
that the function reads changes, an attribute of a callable is set. What is compiled from a
function is its TensorFlow graph, so its key is a digest of the graph. Tracing takes a
millisecond.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

# Stateful operations without side effects: they read a variable, check or print.
_HARMLESS = {"Assert", "CheckNumericsV2", "CheckNumerics", "PrintV2", "ReadVariableOp"}
_CALLS = {
    "If",
    "StatefulPartitionedCall",
    "While",
}  # the functions that they call are checked too
_SIDE_EFFECTS = re.compile(
    r"Assign|PyFunc|^(Multinomial|Parameterized|Random|Rng|Stateful(?!Partitioned)|Truncated)"
)

# Attributes that differ from tracing to tracing.
_NAMES = {"_class", "_gradient_op_type", "shared_name"}
# Keys of functions that were validated as activations.
_known: set[FunctionKey] = set()
_MOST_KNOWN = 4096

_DERIVED_GRADIENT = re.compile(rb"(Stateful)?PartitionedCall-\d+$")


@dataclass(frozen=True)
class FunctionKey:
    """The key of a function; equal for functions that compute the same.

    Parameters
    ----------
    graph : bytes
        Digest of its operations, of their constants and of the tensors that it captures.
    variables : tuple of int
        Ids of the variables that it reads. Their values are not part of the key: they are
        read at each call.
    """

    graph: bytes
    variables: tuple[int, ...] = ()


def function_key(
    function: Callable[..., Any], shape: Sequence[int | None], dtype: str, what: str
) -> FunctionKey:
    """Trace a function and return the key of its graph.

    Parameters
    ----------
    function : callable
        Of one tensor; returns a floating-point tensor of the same shape.
    shape : sequence of int or None
        Shape of the tensor.
    dtype : str
        Type of the tensor.
    what : str
        What the function is, for messages.

    Returns
    -------
    key : FunctionKey

    Raises
    ------
    ValueError
        If the function fails, returns something else, draws random numbers, changes a variable
        or calls back into Python (`SideEffectError`).
    """
    import tensorflow as tf

    graph, outputs = _trace(function, shape, dtype, what, with_gradient=False)
    if any(_sets_its_gradient(node) for node in _nodes(graph.as_graph_def())):
        graph, outputs = _trace(function, shape, dtype, what, with_gradient=True)
    described = _Description(graph.as_graph_def())
    captured = [external for external, _ in graph.captures]
    values = [_value(tensor) for tensor in captured if tensor.dtype != tf.resource]
    return FunctionKey(
        _digest([*described.lines(), *map(described.reference, outputs), *values]),
        # What is compiled keeps the variables alive, so that no other gets the id of one.
        tuple(id(tensor) for tensor in captured if tensor.dtype == tf.resource),
    )


class SideEffectError(ValueError):
    """A function has side effects."""


def schedule_key(schedule: Callable[..., Any]) -> FunctionKey:
    """Return the key of a learning-rate schedule.

    Parameters
    ----------
    schedule : callable
        Of the number of a step, a tensor of int64; returns a number or a tensor.

    Returns
    -------
    key : FunctionKey

    Raises
    ------
    ValueError
        If it is refused by `function_key`.
    """
    import tensorflow as tf

    def rate(step: Any) -> Any:
        return tf.cast(schedule(step), tf.float32)

    return function_key(rate, (), "int64", f"learning_rate: schedule {type(schedule).__name__}")


def activation_key(function: Callable[..., Any], units: int, what: str) -> FunctionKey:
    """Return the key of an activation, and check that it is one.

    Parameters
    ----------
    function : callable
        The activation.
    units : int
        Of its layer.
    what : str
        What the function is, for messages.

    Returns
    -------
    key : FunctionKey

    Raises
    ------
    ValueError
        If it is refused by `function_key`, does something else each time it is traced, or mixes
        rows: its result would then depend on how rows are put into batches.
    """
    key = function_key(function, (None, units), "float32", what)
    if key not in _known:
        if function_key(function, (None, units), "float32", what) != key:
            raise ValueError(
                f"{what} is another function each time it is traced: perhaps it draws random "
                "numbers in Python, or makes a layer with weights"
            )
        _check_rows_apart(function, units, what)
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known.add(key)
    return key


def _check_rows_apart(function: Callable[..., Any], units: int, what: str) -> None:
    import tensorflow as tf

    rows = np.random.default_rng(0).normal(size=(4, units)).astype(np.float32)
    together = np.asarray(function(tf.constant(rows)))
    alone = np.concatenate([np.asarray(function(tf.constant(row[None]))) for row in rows])
    if not np.allclose(together, alone, rtol=1e-3, atol=1e-5, equal_nan=True):
        raise ValueError(
            f"{what} mixes the rows of a batch: what it returns for a row depends on the "
            "others. It must work along the last axis alone"
        )


def _trace(
    function: Callable[..., Any],
    shape: Sequence[int | None],
    dtype: str,
    what: str,
    *,
    with_gradient: bool,
) -> tuple[Any, list[str]]:
    """Return the graph of a function, perhaps with its gradient, and its outputs' names."""
    import keras
    import tensorflow as tf

    graph = tf.__internal__.FuncGraph("function")
    # Within the scope an assignment to a Keras variable is recorded, not executed.
    with graph.as_default(), keras.StatelessScope() as scope:
        tensor = tf.compat.v1.placeholder(dtype, shape)
        with tf.GradientTape() if with_gradient else nullcontext() as tape:
            if tape is not None:
                tape.watch(tensor)
            output = _call(function, tensor, what)
        outputs = [output] if tape is None else [output, tape.gradient(output, tensor)]
    _check_side_effects(graph, bool(scope.state_mapping), what)
    return graph, [each.name for each in outputs if each is not None]


def _call(function: Callable[..., Any], tensor: Any, what: str) -> Any:
    import tensorflow as tf

    try:
        output = function(tensor)
    except Exception as error:
        words = " ".join(str(error).split())
        raise ValueError(
            f"{what} can't be called with a tensor of shape {tuple(tensor.shape)}: "
            f"{type(error).__name__}: {words:.300}"
        ) from error
    if not tf.is_tensor(output):
        raise ValueError(f"{what} must return a tensor, got {output!r:.200}")
    if not (output.dtype.is_floating and output.shape.is_compatible_with(tensor.shape)):
        raise ValueError(
            f"{what} must return floating-point numbers in the shape that it gets, "
            f"{tuple(tensor.shape)}, got {output.dtype.name} in {tuple(output.shape)}"
        )
    return output


def _check_side_effects(graph: Any, assigns: bool, what: str) -> None:
    found = {op.type for op in graph.get_operations() if op.op_def.is_stateful}
    if found & _CALLS:
        called = graph.as_graph_def().library.function
        inside = {node.op for function in called for node in function.node_def}
        found |= {op for op in inside if _SIDE_EFFECTS.search(op)}
    found -= _HARMLESS | _CALLS
    if assigns or found:
        raise SideEffectError(
            f"{what} draws random numbers, changes a variable or calls back into Python "
            f"({', '.join(sorted(found)) or 'Variable.assign'}), but a network's outputs must "
            "be a function of its rows alone. For noise in training take dropout"
        )


def _nodes(definition: Any) -> Iterator[Any]:
    yield from definition.node
    for called in definition.library.function:
        yield from called.node_def


def _sets_its_gradient(node: Any) -> bool:
    """Tell whether a gradient is set (tf.custom_gradient), which operations do not show."""
    kind = node.attr["_gradient_op_type"].s if "_gradient_op_type" in node.attr else b""
    return bool(kind) and not _DERIVED_GRADIENT.match(kind)


class _Description:
    """The operations of a graph in order, with numbers in place of TensorFlow's names."""

    def __init__(self, definition: Any) -> None:
        self._nodes = definition.node
        self._numbers = _numbered(node.name for node in definition.node)
        self._library = {
            called.signature.name: called for called in definition.library.function
        }
        self._digests: dict[str, bytes] = {}

    def lines(self) -> list[bytes]:
        return self._lines(self._nodes, self._numbers)

    def reference(self, name: str) -> bytes:
        return _reference(name, self._numbers)

    def _lines(self, nodes: Any, numbers: dict[str, int]) -> list[bytes]:
        return [
            _digest(
                [
                    node.op.encode(),
                    *(_reference(name, numbers) for name in node.input),
                    *(
                        part
                        for name in sorted(node.attr)
                        if name not in _NAMES
                        for part in (name.encode(), self._attribute(node.attr[name]))
                    ),
                ]
            )
            for node in nodes
        ]

    def _attribute(self, value: Any) -> bytes:
        if value.HasField("func"):
            return self._function(value.func.name)
        if value.list.func:
            return _digest([self._function(called.name) for called in value.list.func])
        serialized: bytes = value.SerializeToString(deterministic=True)
        return serialized

    def _function(self, name: str) -> bytes:
        if name not in self._digests:
            called = self._library[name]
            names = [argument.name for argument in called.signature.input_arg]
            numbers = _numbered([*names, *(node.name for node in called.node_def)])
            returned = [called.ret[each.name] for each in called.signature.output_arg]
            self._digests[name] = _digest(
                [
                    *self._lines(called.node_def, numbers),
                    *(_reference(each, numbers) for each in returned),
                ]
            )
        return self._digests[name]


def _numbered(names: Any) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}


def _reference(name: str, numbers: dict[str, int]) -> bytes:
    bare = name.removeprefix("^")
    node, _, output = bare.partition(":")
    return f"{'^' if bare != name else ''}{numbers[node]}:{output or 0}".encode()


def _value(tensor: Any) -> bytes:
    value = np.ascontiguousarray(tensor.numpy())
    return _digest([value.dtype.str.encode(), repr(value.shape).encode(), value.tobytes()])


def _digest(parts: Sequence[bytes]) -> bytes:
    digest = blake2b(digest_size=20)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()
