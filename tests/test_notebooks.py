"""What a user changes between two fits of a process is what counts: as in a new process."""

import json
import tempfile
from functools import cache
from pathlib import Path

import pytest
from helpers import notebook
from helpers.python_process import run_python
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CELLS = st.fixed_dictionaries(
    {
        "activation": st.sampled_from(sorted(notebook.ACTIVATIONS)),
        "number": st.sampled_from([0.25, 1.0, -2.0]),
        "start": st.booleans(),
        "rates": st.booleans(),
        "batch_normalization": st.booleans(),
        "epochs": st.integers(1, 3),
        "memory": st.booleans(),
        "policy": st.sampled_from(["float32", "mixed_float16"]),
        "floatx": st.sampled_from(["float32", "float16"]),
        "thread": st.booleans(),
    }
)


@cache
def in_a_new_process(cell):
    return run_python(Path(notebook.__file__), cell, check=True).stdout.split()[-1]


@pytest.mark.long_form(row="notebooks")
def test_a_fit_is_that_of_a_new_process(count, record_property):
    n = count(3, 30)
    record_property("notebooks, each with some fits", n)
    quiet = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]

    @settings(max_examples=n, deadline=None, suppress_health_check=quiet)
    @given(st.lists(CELLS, min_size=2, max_size=4))
    def body(cells):
        with tempfile.TemporaryDirectory() as memory:
            fits = notebook.Notebook(memory)
            for cell in cells:
                alone = in_a_new_process(json.dumps(cell, sort_keys=True))
                assert fits.fit(cell) == alone, cell

    body()
