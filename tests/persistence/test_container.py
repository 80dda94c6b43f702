"""The rules of a file's header, each told by its own message."""

import io
import json
import struct

import numpy as np
import pytest

from skdnn.persistence import LoadError
from skdnn.persistence._container import read_arrays, read_header, strict_json, to_bytes

FLAGS = np.array([[True, False], [False, False]])
ARRAYS = {
    "b": FLAGS,
    "a": np.arange(3, dtype=np.float32),
    "all": np.ones(2, bool),
    "n": np.array(0.5),
}


def read(data):
    file = io.BytesIO(data)
    header = read_header(file, len(data))
    return header, read_arrays(file, header)


def with_header(header, data=b""):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def with_tensor(**values):
    tensor = {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]} | values
    return with_header({"__metadata__": {"skdnn": "1"}, "w": tensor}, b"ab")


def test_what_is_written_is_read_back():
    header, arrays = read(to_bytes({"of": [1, 0.5, None]}, ARRAYS))
    assert header.manifest == {"of": [1, 0.5, None]}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)
        assert arrays[name].flags.writeable


def test_tensors_may_stand_in_another_order_than_their_names():
    first, second = ({"dtype": "U8", "shape": [1], "data_offsets": [n, n + 1]} for n in (0, 1))
    header = {"__metadata__": {"skdnn": "1"}, "a": second, "b": first}
    _, arrays = read(with_header(header, b"\x07\x09"))
    assert (arrays["a"].tolist(), arrays["b"].tolist()) == ([9], [7])


def test_bytes_that_are_no_bool_are_refused():
    with pytest.raises(LoadError, match=r"^tensor .w. holds bytes that are no bool$"):
        read(with_tensor(dtype="BOOL"))


def test_what_json_lacks_is_not_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_bytes({"loss": float("nan")}, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"a": 1, "a": 2}', "^its header has a key twice$"),
        (b"[NaN]", "^its header holds NaN, which is not JSON$"),
        (b"[1e999]", "^its header holds 1e999, which is no finite number$"),
        (b"[" + b"1" * 21 + b"]", "^its header holds an int of 21 digits$"),
        (b"[" * 33 + b"]" * 33, "^its header nests deeper than 32 levels$"),
        (
            b"[" + b"[]," * 99 + b"[" * 32 + b"]" * 33,
            "^its header nests deeper than 32 levels$",
        ),
        (b"{", "^its header is not JSON: Expecting"),
        (b'["\xff"]', "^its header is not JSON: 'utf-8'"),
    ],
)
def test_json_that_python_would_take_or_choke_on_is_refused(text, message):
    with pytest.raises(LoadError, match=message):
        strict_json(text)


def test_json_at_its_limits_is_taken():
    assert strict_json(b"[" + b"1" * 20 + b"]") == [int("1" * 20)]
    deep = strict_json(b"[" * 32 + b"]" * 32)
    assert json.dumps(deep) == "[" * 32 + "]" * 32
    assert strict_json(b'["' + b"[{" * 40 + b'"]') == ["[{" * 40]  # brackets in a text
    assert len(strict_json(b"[" + b",".join([b"[]"] * 99) + b"]")) == 99


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"more": 1},
            r"^tensor 'w' must have \['data_offsets', 'dtype', 'shape'\] and nothing",
        ),
        ({"dtype": "F8_E4M3"}, "^tensor 'w' has dtype 'F8_E4M3', must be one of"),
        ({"dtype": 3}, "^tensor 'w' has dtype 3, must be one of"),
        ({"shape": 2}, "^tensor 'w' must have a shape of at most 32 positive ints$"),
        ({"shape": [2.0]}, "must have a shape of at most 32 positive ints$"),
        ({"shape": [True, 2]}, "must have a shape of at most 32 positive ints$"),
        ({"shape": [2, 0]}, "must have a shape of at most 32 positive ints$"),
        ({"shape": [-1, -2]}, "must have a shape of at most 32 positive ints$"),
        ({"shape": [2] + [1] * 32}, "must have a shape of at most 32 positive ints$"),
        ({"data_offsets": 2}, "^tensor 'w' must have two ints as data_offsets$"),
        ({"data_offsets": [0, 2.0]}, "^tensor 'w' must have two ints as data_offsets$"),
        ({"data_offsets": [0, 3]}, "^tensor 'w' has other data_offsets than its shape needs$"),
        ({"data_offsets": [1, 3]}, "^tensor 'w' must begin at 0: 1$"),
        ({"shape": [1], "data_offsets": [0, 1]}, "^its tensors need 1 bytes, 2 are there$"),
    ],
)
def test_a_tensor_that_breaks_a_rule_is_refused(values, message):
    with pytest.raises(LoadError, match=message):
        read(with_tensor(**values))


def test_a_tensor_of_the_most_dimensions_is_taken():
    assert read(with_tensor(shape=[2] + [1] * 31))[1]["w"].ndim == 32


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"abc", "^it has only 3 bytes$"),
        (struct.pack("<Q", 0), "^its header should have 0 bytes, 0 are left$"),
        (struct.pack("<Q", 5) + b"{}", "^its header should have 5 bytes, 2 are left$"),
        (
            struct.pack("<Q", 2**22 + 1) + bytes(2**22 + 1),
            "^its header has 4194305 bytes, more",
        ),
        (with_header([1]), "^its header is no JSON object$"),
        (with_header({}), "^skdnn did not write it$"),
        (with_header({"__metadata__": {"skdnn": 1}}), "^skdnn did not write it$"),
    ],
)
def test_a_header_that_breaks_a_rule_is_refused(data, message):
    with pytest.raises(LoadError, match=message):
        read(data)


def test_a_file_that_ends_while_it_is_read_is_refused():
    data = to_bytes(None, {"a": np.zeros(3, np.uint8)})
    with pytest.raises(LoadError, match=r"^it ends after 12 of \d+ bytes$"):
        read_header(io.BytesIO(data[:20]), len(data))
    file = io.BytesIO(data[:-1])
    header = read_header(file, len(data))
    with pytest.raises(LoadError, match=r"^it ends after 2 of 3 bytes$"):
        read_arrays(file, header)


def test_a_header_ends_where_the_arrays_begin():
    data = to_bytes(None, {"a": np.array([7, 9], np.uint8)})
    header = read_header(io.BytesIO(data), len(data))
    assert data[header.end :] == b"\x07\x09"


def test_a_long_message_is_cut():
    with pytest.raises(LoadError, match=r"^its header holds 1{283}\.\.\.$"):
        strict_json(b"[" + b"1" * 400 + b".0]")
