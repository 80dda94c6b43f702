"""Rows that do not fit into memory."""

import sys

import pytest
from helpers.python_process import run_python


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
def test_a_memory_map_larger_than_memory_is_trained_on_and_predicted(tmp_path):
    code = """
import resource, sys
import numpy as np
from skdnn import KerasDNNClassifier

path, n_rows = sys.argv[1], 300_000
with open(path, "wb") as file:
    file.truncate(n_rows * 784)  # zeros that take no space
X = np.memmap(path, np.uint8, "r", shape=(n_rows, 784))
y = np.arange(n_rows) % 3
network = KerasDNNClassifier((20,), random_state=0)
network.partial_fit(X[:10_000], y[:10_000], classes=[0, 1, 2]).predict(X[:10_000])

def used():  # private memory, which the map is not part of
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData"))

# As float32 a chunk below would take 470 MB, and all rows 940 MB.
limit = used() + 400 * 2**20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
try:
    np.ones(500 * 2**20, np.uint8)
    raise AssertionError("there is no limit")
except MemoryError:
    pass
network.partial_fit(X[:150_000], y[:150_000])
assert network.n_iter_ == 2
labels = network.predict(X)
assert labels.shape == (n_rows,) and len(set(labels.tolist())) == 1
"""
    run_python("-c", code, tmp_path / "X.bin", check=True)
