"""Memory shared with TensorFlow."""

import gc

import numpy as np

from skdnn._engine.buffers import aligned_zeros, as_tensor


def test_arrays_are_aligned_and_zero_behind_what_is_used():
    for n in range(1, 40):
        array = aligned_zeros((n, 3, 5), n // 2)
        assert array.ctypes.data % 64 == 0
        assert array.shape == (n, 3, 5)
        assert not array[n // 2 :].any()


def test_a_tensor_shares_its_array_and_outlives_it():
    array = aligned_zeros((1000, 100), 0)
    array[:] = np.arange(100)
    tensor = as_tensor(array)
    array[3, 3] = -1  # what the engine never does shows that there is no copy
    assert tensor.numpy()[3, 3] == -1
    array[3, 3] = 3
    del array
    gc.collect()
    others = [np.full((1000, 100), 7, np.float32) for _ in range(20)]  # would reuse the memory
    np.testing.assert_array_equal(tensor.numpy(), np.broadcast_to(np.arange(100), (1000, 100)))
    assert len(others) == 20
