import struct

import numpy as np
import pytest

from skdnn.datasets._idx import format_idx, parse_idx


@pytest.mark.parametrize("shape", [(5,), (0,), (2, 3), (4, 28, 28), (1, 2, 3, 4)])
def test_what_is_written_is_read_back(shape):
    array = np.random.RandomState(0).randint(256, size=shape).astype(np.uint8)

    result = parse_idx(format_idx(array))

    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, array)


def test_format_is_the_documented_one():
    # The header of MNIST's own t10k-images-idx3-ubyte, cut down to one 2 x 2 image.
    content = bytes.fromhex("00000803 00000001 00000002 00000002 00ff1007")

    np.testing.assert_array_equal(parse_idx(content), [[[0, 255], [16, 7]]])
    assert format_idx(parse_idx(content)) == content


def test_values_of_a_transposed_array_are_written_in_c_order():
    array = np.arange(6, dtype=np.uint8).reshape(2, 3).T

    np.testing.assert_array_equal(parse_idx(format_idx(array)), array)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "^content must start with the magic number of an idx file.*got nothing$"),
        (b"\0\0\x08", "magic number of an idx file.*got 00 00 08"),
        (b"\x89PNG....", "magic number of an idx file.*got 89 50 4e 47$"),
        (b"\0\0\x0d\x01" + struct.pack(">I", 1) + b"\0\0\0\0", "unsigned bytes.*0x0d"),
        (b"\0\0\x08\0", "^content must have at least one dimension, got 0$"),
        (b"\0\0\x08\x03" + struct.pack(">2I", 1, 2), "header of 16 bytes.*got 12 bytes"),
        (b"\0\0\x08\x01" + struct.pack(">I", 3) + b"ab", r"3 values.*\(3,\).*got 2"),
        (b"\0\0\x08\x01" + struct.pack(">I", 3) + b"abcd", r"3 values.*\(3,\).*got 4"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "must hold 79228162458924105385300197375 values"),
    ],
)
def test_content_that_is_no_idx_file_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        parse_idx(content)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(3, dtype=np.int64), "^array must have dtype uint8.*got dtype int64"),
        (np.uint8(3), r"at least one dimension.*shape \(\)"),
    ],
)
def test_array_that_has_no_idx_form_is_refused(array, message):
    with pytest.raises(ValueError, match=message):
        format_idx(array)
