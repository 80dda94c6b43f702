"""What is compiled, and how often."""

import sys
import threading

import numpy as np
import pytest
from helpers.python_process import run_python
from sklearn.base import clone

from skdnn import KerasDNNClassifier
from skdnn._engine import programs
from skdnn._engine.program import Program
from skdnn._engine.programs import _Cache


@pytest.fixture
def forgotten(monkeypatch):
    """Return a function that makes skdnn forget what it has compiled."""

    def forget():
        for name in ("_programs", "_forwards", "_row_losses"):
            monkeypatch.setattr(programs, name, _Cache(most_kept=2))

    return forget


@pytest.fixture
def traces(monkeypatch, forgotten):
    """Counts how often a training program is traced, from none that is kept."""
    forgotten()
    counted = []
    trace = Program._traced

    def counting(self):
        counted.append(self.jit)
        return trace(self)

    monkeypatch.setattr(Program, "_traced", counting)
    return counted


def test_folds_rates_seeds_and_epochs_share_a_program(traces, iris):
    X, y = iris
    classifier = KerasDNNClassifier((11,), optimizer="adamax", epochs=2, random_state=0)
    classifier.fit(X, y)
    assert len(traces) == 1
    for n_rows in (149, 148, 100, 31):
        rows = np.random.default_rng(0).permutation(150)[:n_rows]
        clone(classifier).fit(X[rows], y[rows])
    for params in ({"learning_rate": 0.1}, {"random_state": 5}, {"epochs": 3}):
        clone(classifier).set_params(**params).fit(X, y)
    clone(classifier).fit(X, y, sample_weight=np.arange(1, 151))
    clone(classifier).set_params(class_weight="balanced").fit(X, np.array(["a", "b", "c"])[y])
    classifier.set_params(optimizer__learning_rate=0.3).partial_fit(X, y)
    assert len(traces) == 1
    clone(classifier).set_params(activation="tanh").fit(X, y)
    assert len(traces) == 2


def test_plain_graphs_share_a_program_whatever_the_widths(traces, iris, forgotten):
    X, y = iris
    narrow = KerasDNNClassifier((5, 3), optimizer="adam", dropout=0.1, epochs=2, random_state=0)
    narrow.fit(X, y, X_val=X, y_val=y)
    wide = clone(narrow).set_params(hidden_units=(11, 6), batch_size=16)
    wide.fit(X, y, X_val=X, y_val=y)
    assert len(traces) == 1

    forgotten()
    alone = clone(wide).fit(X, y, X_val=X, y_val=y)
    assert len(traces) == 2
    assert alone.history_ == wide.history_
    np.testing.assert_array_equal(alone.predict_proba(X), wide.predict_proba(X))


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_normalization": True},
        {"activation": lambda x: x},
        {"optimizer": "lamb"},
        {"epochs": 2_000},
    ],
    ids=["batch normalisation", "custom activation", "update by whole arrays", "XLA"],
)
def test_where_shapes_matter_each_width_has_its_program(traces, iris, settings):
    network = KerasDNNClassifier((5,), epochs=1, random_state=0).set_params(**settings)
    for units in (7, 10):
        for _ in range(2):
            clone(network).set_params(hidden_units=(units,)).fit(*iris)
    assert len(traces) == 2


def test_threads_that_start_together_trace_once(traces, iris):
    classifier = KerasDNNClassifier((8,), epochs=1)
    threads = [threading.Thread(target=lambda: clone(classifier).fit(*iris)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(traces) == 1


def test_the_cache_is_bounded_and_keeps_what_was_used_last():
    made = []
    cache = _Cache(most_kept=2)

    def get(key):
        return cache.get(key, lambda: made.append(key) or key)

    for key in "abacb":
        assert get(key) == key
    assert made == ["a", "b", "c", "b"]


def test_what_failed_to_build_is_tried_again():
    cache = _Cache(most_kept=2)

    def fail():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        cache.get("a", fail)
    assert cache.get("a", lambda: 1) == 1


@pytest.mark.long_form(row="memory")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_fits_leave_no_memory_behind(count, record_property):
    n_fits = count(150, 500)
    code = """
import gc, sys, numpy as np
from skdnn import KerasDNNClassifier
X, y = np.random.default_rng(0).random((100, 5)), np.arange(100) % 3
structures = [{}, {"hidden_units": (9,)}, {"activation": "tanh"}, {"optimizer": "sgd"},
              {"optimizer": "sgd", "optimizer__momentum": 0.9}]
def fits(n):
    for i in range(n):
        network = KerasDNNClassifier((8,), epochs=2, learning_rate=0.01 + i / 1e4)
        n_rows = 100 - i % 3
        network.set_params(**structures[i % 5]).fit(X[:n_rows], y[:n_rows]).predict(X)
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * 4  # KiB in pages of 4
n_fits = int(sys.argv[1])
before = fits(50)
print((fits(n_fits) - before) / n_fits)
"""
    run = run_python("-c", code, str(n_fits), check=True)
    record_property(f"growth over {n_fits} fits of 5 structures, KiB a fit", run.stdout.strip())
    assert float(run.stdout) < 10, "KiB a fit"
