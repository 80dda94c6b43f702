"""Values that hyperparameters may have."""

import numpy as np
import pytest
from sklearn.utils._param_validation import InvalidParameterError

from skdnn import KerasDNNClassifier


@pytest.mark.parametrize(
    "name",
    [
        "hidden_units",
        "dropout",
        "l2",
        "learning_rate",
        "label_smoothing",
        "epochs",
        "batch_size",
        "validation_fraction",
        "n_iter_no_change",
        "tol",
    ],
)
def test_true_is_no_number(name, iris):
    with pytest.raises(InvalidParameterError, match=rf"'{name}' parameter .* Got True instead"):
        KerasDNNClassifier().set_params(**{name: True}).fit(*iris)


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8, np.int16])
def test_a_batch_size_may_be_any_integer(kind, iris):
    X, y = iris
    network = KerasDNNClassifier((8,), epochs=1, random_state=0, batch_size=30)
    expected = network.fit(X, y).predict_proba(X)
    network.set_params(batch_size=kind(30), epochs=kind(1), hidden_units=(kind(8),))
    np.testing.assert_array_equal(network.fit(X, y).predict_proba(X), expected)
