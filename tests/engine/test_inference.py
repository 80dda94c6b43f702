"""Outputs for any number of rows."""

import numpy as np
import pytest

from skdnn import KerasDNNClassifier
from skdnn._engine import inference


@pytest.fixture(scope="module")
def fitted(digits):
    return KerasDNNClassifier((20,), epochs=5, random_state=0).fit(*digits)


def test_rows_alone_and_together_get_the_same_answer(fitted, digits):
    X = digits[0]
    together = fitted.predict_proba(X)
    for rows in (slice(0, 1), slice(5, 37), slice(100, 133), slice(0, 1797, 7)):
        np.testing.assert_allclose(fitted.predict_proba(X[rows]), together[rows], atol=1e-6)
    shuffled = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_allclose(fitted.predict_proba(X[shuffled]), together[shuffled], atol=1e-6)


def test_a_row_among_a_few_gets_the_answer_it_gets_alone(fitted, digits):
    X = digits[0][:32]
    together = fitted.predict_proba(X)
    for i in range(
        32
    ):  # to the bit on some processors, not where the last rows are summed apart
        alone = fitted.predict_proba(X[i : i + 1])[0]
        np.testing.assert_allclose(alone, together[i], rtol=0, atol=2e-7)


def test_pieces_of_bounded_size(fitted, digits, monkeypatch):
    whole = fitted.predict_proba(digits[0])
    monkeypatch.setattr(inference, "_CHUNK_BYTES", 64 * 4 * 100)  # 100 rows: 64 at a time
    np.testing.assert_allclose(fitted.predict_proba(digits[0]), whole, atol=1e-6)


def test_a_million_rows_in_little_memory(fitted):
    # Rows of a broadcast array take no memory; one float32 copy of them would take 256 MB.
    import tracemalloc

    X = np.broadcast_to(np.zeros(64, np.uint8), (1_000_000, 64))
    tracemalloc.start()
    try:
        labels = fitted.predict(X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(labels) == 1_000_000
    assert len(set(labels.tolist())) == 1
    assert peak < 200e6
