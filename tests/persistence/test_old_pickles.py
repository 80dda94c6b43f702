"""Pickles of an earlier version, whose modules stood elsewhere, are still read."""

import pickle
from pathlib import Path

import numpy as np
import pytest

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(params=sorted(FIXTURES.glob("*.pickle")), ids=lambda p: p.stem)
def kept(request):
    """Return the estimators, and what they predicted for which rows when they were pickled."""
    return pickle.loads(request.param.read_bytes())


@pytest.mark.parametrize("name", ["iris", "images", "multilabel"])
def test_they_predict_what_they_did(kept, name):
    probabilities = kept["estimators"][name].predict_proba(kept["rows"][name])
    np.testing.assert_allclose(probabilities, kept["probabilities"][name], atol=1e-6)


def test_they_go_on(kept):
    network, X = kept["estimators"]["iris"], kept["rows"]["iris"]
    before = network.n_iter_
    network.set_params(warm_start=True, epochs=1, early_stopping=False)
    network.fit(np.tile(X, (2, 1)), np.resize(network.classes_, 10))
    assert network.n_iter_ == before + 1


def test_an_unfitted_one_keeps_its_parameters(kept):
    network = kept["estimators"]["unfitted"]
    assert network.hidden_units == (5,)
    assert network.get_params()["callbacks__patience"] == 2
