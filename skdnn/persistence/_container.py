"""One safetensors file: a strict JSON header, then arrays, read after they are checked.

A file is 8 bytes with the header's length, the header, and the arrays' bytes, as
https://huggingface.co/docs/safetensors has it. skdnn's own description, the manifest, is JSON
text in the header's ``__metadata__``. The rules here are stricter than those of the format: the
library takes keys that occur twice, and arrays without bytes but with huge dimensions.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_LENGTH_BYTES = 8
_MOST_HEADER_BYTES = 4 * 2**20
_DEEPEST = 32
_LONGEST_INT = 20  # digits: of 64 bits
MOST_DIMENSIONS = 32
_METADATA, _MANIFEST = "__metadata__", "skdnn"

_DTYPES = {
    "BOOL": np.dtype(np.bool_),
    "U8": np.dtype("<u1"),
    "I8": np.dtype("<i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "F16": np.dtype("<f2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "F32": np.dtype("<f4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
}


class LoadError(ValueError):
    """Raised if a file can't be loaded: it is damaged, malicious or not one of skdnn's."""


@dataclass(frozen=True)
class Entry:
    """An array in a file that has not been read yet.

    Parameters
    ----------
    dtype : numpy.dtype
        Of its elements.
    shape : tuple of int
        Every dimension is positive.
    begin : int
        Where its first byte stands, counted from the end of the header.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int

    @property
    def n_bytes(self) -> int:
        """Number of its bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Header:
    """The checked header of a file.

    Parameters
    ----------
    manifest : object
        skdnn's description, as JSON has it: None, bool, int, float, str, list, dict.
    entries : dict of Entry
        The arrays by name. They fill the file's rest without gap or overlap.
    end : int
        Where the header ends, in bytes from the start of the file.
    """

    manifest: Any
    entries: Mapping[str, Entry]
    end: int


def read_header(file: BinaryIO, size: int) -> Header:
    """Read and check the header, and nothing behind it.

    Parameters
    ----------
    file : binary file
        Read from where it stands.
    size : int
        Bytes of the whole file.

    Returns
    -------
    header : Header

    Raises
    ------
    LoadError
        If the header breaks a rule, or the file is not exactly as long as it says.
    """
    _require(size >= _LENGTH_BYTES, f"it has only {size} bytes")
    length = int.from_bytes(_exactly(file, _LENGTH_BYTES), "little")
    rest = size - _LENGTH_BYTES
    _require(0 < length <= rest, f"its header should have {length} bytes, {rest} are left")
    most = _MOST_HEADER_BYTES
    _require(length <= most, f"its header has {length} bytes, more than the {most} allowed")
    record = strict_json(_exactly(file, length))
    _require(isinstance(record, dict), "its header is no JSON object")
    metadata = record.pop(_METADATA, None)
    valid = isinstance(metadata, dict) and set(metadata) == {_MANIFEST}
    _require(valid and isinstance(metadata[_MANIFEST], str), "skdnn did not write it")
    entries = {name: _entry(name, description) for name, description in record.items()}
    _check_contiguous(entries, rest - length)
    return Header(strict_json(metadata[_MANIFEST].encode()), entries, _LENGTH_BYTES + length)


def read_arrays(file: BinaryIO, header: Header) -> dict[str, NDArray[Any]]:
    """Read the arrays that stand behind a header.

    Parameters
    ----------
    file : binary file
        Stands at the header's end.
    header : Header
        Checked.

    Returns
    -------
    arrays : dict of ndarray
        By name.

    Raises
    ------
    LoadError
        If the file ends early.
    """
    arrays = {}
    for name, entry in sorted(header.entries.items(), key=lambda item: item[1].begin):
        data = bytearray(_exactly(file, entry.n_bytes))  # writable, as fitted arrays are
        if entry.dtype.kind == "b":
            _require(set(data) <= {0, 1}, f"tensor {name!r} holds bytes that are no bool")
        arrays[name] = np.frombuffer(data, entry.dtype).reshape(entry.shape)
    return arrays


def to_bytes(manifest: Any, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Put a manifest and arrays into the bytes of a file.

    Parameters
    ----------
    manifest : object
        What JSON has.
    arrays : mapping of ndarray
        By name.

    Returns
    -------
    data : bytes
        The same for the same arguments.
    """
    from safetensors.numpy import save

    text = json.dumps(manifest, allow_nan=False)
    contiguous = {name: np.ascontiguousarray(each) for name, each in arrays.items()}
    # ascontiguousarray gives a number one dimension
    shaped = {name: contiguous[name].reshape(arrays[name].shape) for name in arrays}
    return bytes(save(shaped, metadata={_MANIFEST: text}))


def strict_json(text: bytes) -> Any:
    """Parse JSON, and only JSON.

    Parameters
    ----------
    text : bytes
        UTF-8.

    Returns
    -------
    value : object

    Raises
    ------
    LoadError
        If it is not JSON, holds a key twice, NaN, an infinite number or an int of thousands
        of digits, or nests too deep.
    """
    _check_depth(text)
    try:
        return json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_each_key_once,
            parse_constant=_raise_constant,
            parse_float=_finite,
            parse_int=_not_too_long,
        )
    except LoadError:
        raise
    except (ValueError, RecursionError) as error:
        raise LoadError(f"its header is not JSON: {error}") from error


# An unclosed one takes all that is left, so that a text is passed over once.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def _check_depth(text: bytes) -> None:
    # Before it is parsed: the parser recurses, some versions until the process ends.
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        _require(depth <= _DEEPEST, f"its header nests deeper than {_DEEPEST} levels")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    _require(len(record) == len(pairs), "its header has a key twice")
    return record


def _raise_constant(name: str) -> Any:
    raise LoadError(f"its header holds {name}, which is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    _require(math.isfinite(number), f"its header holds {text}, which is no finite number")
    return number


def _not_too_long(text: str) -> int:
    # A product of long numbers takes minutes.
    _require(len(text) <= _LONGEST_INT, f"its header holds an int of {len(text)} digits")
    return int(text)


def _entry(name: str, description: Any) -> Entry:
    keys = {"dtype", "shape", "data_offsets"}
    valid = isinstance(description, dict) and set(description) == keys
    _require(valid, f"tensor {name!r} must have {sorted(keys)} and nothing else")
    dtype, shape, offsets = (description[key] for key in ("dtype", "shape", "data_offsets"))
    valid = isinstance(dtype, str) and dtype in _DTYPES
    _require(valid, f"tensor {name!r} has dtype {dtype!r}, must be one of {sorted(_DTYPES)}")
    valid = isinstance(shape, list) and all(type(n) is int and n > 0 for n in shape)
    valid = valid and len(shape) <= MOST_DIMENSIONS
    _require(
        valid, f"tensor {name!r} must have a shape of at most {MOST_DIMENSIONS} positive ints"
    )
    valid = isinstance(offsets, list) and [type(n) for n in offsets] == [int, int]
    _require(valid, f"tensor {name!r} must have two ints as data_offsets")
    entry = Entry(_DTYPES[dtype], tuple(shape), offsets[0])
    valid = offsets[1] - offsets[0] == entry.n_bytes
    _require(valid, f"tensor {name!r} has other data_offsets than its shape needs")
    return entry


def _check_contiguous(entries: Mapping[str, Entry], n_bytes: int) -> None:
    end = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1].begin):
        _require(entry.begin == end, f"tensor {name!r} must begin at {end}: {entry.begin}")
        end += entry.n_bytes
    _require(end == n_bytes, f"its tensors need {end} bytes, {n_bytes} are there")


def _exactly(file: BinaryIO, n_bytes: int) -> bytes:
    data = file.read(n_bytes)
    _require(len(data) == n_bytes, f"it ends after {len(data)} of {n_bytes} bytes")
    return data


def _require(valid: bool, message: str) -> None:
    if not valid:
        raise LoadError(message if len(message) <= 300 else f"{message[:300]}...")
