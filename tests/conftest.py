"""Data that tests share, and the counts of the long form."""

import gc
import os
from types import SimpleNamespace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("SCIPY_ARRAY_API", "1")  # one of scikit-learn's checks runs only with it
# BLAS's threads would wait for each other in loops: the tests are spread over processes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from helpers import changed, python_process
from joblib.externals.loky import reusable_executor
from sklearn.datasets import load_digits, load_iris, make_friedman1
from sklearn.model_selection import ParameterGrid
from sklearn.preprocessing import StandardScaler

from skdnn.datasets import fetch_fashion_mnist, load_fashion_mnist_sample

CHANGED = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption(
        "--long",
        action="store_true",
        help="full counts and all cases of tests marked long_form, as docs/trust/run.py takes "
        "them, and each process that tests start is Python started anew",
    )
    parser.addoption(
        "--changed",
        nargs="?",
        const="main",
        metavar="BASE",
        help="only the tests of the modules that differ from BASE (default: main)",
    )


def pytest_configure(config):
    if config.getoption("long"):
        python_process.start_afresh()
    if config.getoption("changed"):
        try:
            files = changed.changed_files(config.getoption("changed"))
        except ValueError as error:
            raise pytest.UsageError(f"--changed: {error}") from None
        config.stash[CHANGED] = changed.tests_of(files)


def pytest_report_header(config):
    if CHANGED not in config.stash:
        return []
    tests, without = config.stash[CHANGED]
    names = sorted(str(path.relative_to(changed.ROOT)) for path in tests)
    return [
        f"tests of what was changed: {' '.join(names)}",
        *([f"changed, without tests of its name: {' '.join(without)}"] if without else []),
    ]


def pytest_ignore_collect(collection_path, config):
    if CHANGED not in config.stash or not collection_path.is_file():
        return None
    tests, _ = config.stash[CHANGED]
    return None if tests & {collection_path, *collection_path.parents} else True


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    # What imports make stays to the end: leave it out of each collection of garbage.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config, items):
    if config.getoption("long"):
        return
    long_ones = [
        item
        for item in items
        if any(mark.kwargs.get("only") for mark in item.iter_markers("long_form"))
    ]
    config.hook.pytest_deselected(items=long_ones)
    items[:] = [item for item in items if item not in long_ones]


@pytest.fixture
def count(request):
    """Choose how often a test does what it does: `count(quick, long)`."""
    long_form = request.config.getoption("long")
    return lambda quick, long: long if long_form else quick


@pytest.fixture
def loky_forks():
    """Fork loky's workers from the prepared process, which spares them the import."""
    with python_process.forked_workers():
        yield


@pytest.fixture(scope="session")
def iris():
    """Three classes, four standardised features, 150 rows."""
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="session")
def digits():
    """Ten classes, 64 standardised features, 1,797 rows."""
    X, y = load_digits(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="session")
def binary(iris):
    """Two of iris's classes, the two that overlap, with names."""
    X, y = iris
    kept = y > 0
    return X[kept], y[kept] == 2


@pytest.fixture(scope="session")
def friedman():
    """600 rows of 5 standardised features that count and 5 that don't; y from 1 to 29."""
    X, y = make_friedman1(600, random_state=0)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="session")
def sample():
    """The bundled 5,000 training images."""
    return load_fashion_mnist_sample()


@pytest.fixture(scope="session")
def fashion_mnist():
    """All 70,000 images; skipped where the machine has none, but not in CI."""
    try:
        return fetch_fashion_mnist(subset="all", download_if_missing=False)
    except OSError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"Fashion-MNIST is not on this machine: {str(error).splitlines()[0]}")


@pytest.fixture
def searched():
    """Return a function that makes results as those of GridSearchCV, without a search."""

    def make(grid, scores, fit_times=None, *, scoring=None, refit=True):
        scores = np.asarray(scores, float)
        metric = refit if isinstance(refit, str) else "score"
        params = list(ParameterGrid(grid))
        results = {f"split{k}_test_{metric}": column for k, column in enumerate(scores.T)}
        results["mean_fit_time"] = np.ones(len(params)) if fit_times is None else fit_times
        assert len(params) == len(scores)
        return SimpleNamespace(
            cv_results_=results | {"params": params},
            n_splits_=scores.shape[1],
            scoring=scoring,
            refit=refit,
        )

    return make


@pytest.fixture(autouse=True)
def workers_of_its_own():
    """End loky's workers after each test that has used them.

    Kept for the next test, they grow with each, and loky replaces a worker that has grown by
    300 MB (it measures where psutil is installed, as it is with Dask): one that was replaced
    in the middle of a search has been seen to stop the search for ever.
    """
    yield
    executor = reusable_executor._executor
    if executor is not None:
        executor.shutdown(wait=True, kill_workers=True)
