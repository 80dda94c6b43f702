import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError

from skdnn import KerasDNNClassifier, KerasDNNRegressor, make_image_pipeline
from skdnn.displays import FirstLayerWeightsDisplay

mpl.use("Agg")

from matplotlib import pyplot as plt


@pytest.fixture(scope="module")
def images():
    """Return 200 images of 8 x 8 pixels and their labels."""
    digits = load_digits()
    return digits.images[:200], digits.target[:200]


@pytest.fixture(scope="module")
def flat(images):
    """A pipeline that flattens before its network."""
    return make_image_pipeline(scale=16, hidden_units=(7,), epochs=1).fit(*images)


def kernel_of(classifier):
    return np.asarray(classifier.model_.get_layer("hidden_1").kernel)


def test_each_unit_is_an_image_of_its_weights(flat):
    display = FirstLayerWeightsDisplay.from_estimator(flat)

    kernel = kernel_of(flat[-1])
    assert display.weights.shape == (7, 8, 8)
    for unit in range(7):
        np.testing.assert_array_equal(display.weights[unit].ravel(), kernel[:, unit])
    grid = np.asarray(display.im_.get_array().filled(np.nan))
    np.testing.assert_allclose(grid[:8, :8], display.weights[0])
    np.testing.assert_allclose(grid[:8, 9:17], display.weights[1])
    assert np.isnan(grid[:8, 8]).all()


def test_colours_are_even_around_zero_and_have_a_scale(flat):
    display = FirstLayerWeightsDisplay.from_estimator(flat)

    low, high = display.im_.get_clim()
    assert -low == high == pytest.approx(np.abs(display.weights).max())
    assert display.colorbar_.ax.get_ylabel() == "Weight"
    assert display.ax_.get_title() == "First layer: 7 units, 8 x 8 weights each"


def test_a_network_that_flattens_itself_knows_the_shape(images):
    X, y = images
    classifier = KerasDNNClassifier((3,), epochs=1).fit(X[:, :4, :], y)

    display = FirstLayerWeightsDisplay.from_estimator(classifier)

    assert display.weights.shape == (3, 4, 8)
    np.testing.assert_array_equal(display.weights[2].ravel(), kernel_of(classifier)[:, 2])


def test_a_network_that_learns_numbers_has_weights_too(images):
    X, _ = images
    regressor = KerasDNNRegressor((3,), epochs=1).fit(X, 1e6 * X.sum(axis=(1, 2)))

    display = FirstLayerWeightsDisplay.from_estimator(regressor)

    np.testing.assert_array_equal(display.weights.reshape(3, -1).T, kernel_of(regressor))


def test_a_network_without_hidden_layers_shows_its_classes(images):
    pipeline = make_image_pipeline(scale=16, hidden_units=(), epochs=1).fit(*images)

    assert FirstLayerWeightsDisplay.from_estimator(pipeline).weights.shape == (10, 8, 8)


def test_shape_and_number_can_be_chosen(flat):
    display = FirstLayerWeightsDisplay.from_estimator(flat, image_shape=(4, 16), n_units=2)

    assert display.weights.shape == (2, 4, 16)
    assert display.ax_.get_title() == "First layer: 2 units, 4 x 16 weights each"


def test_colour_images_show_colours_around_grey():
    weights = np.zeros((2, 4, 4, 3))
    weights[0, 0, 0] = [1, 0, -1]

    display = FirstLayerWeightsDisplay(weights=weights).plot()

    assert display.colorbar_ is None
    shown = np.asarray(display.im_.get_array())
    np.testing.assert_allclose(shown[0, 0], [1, 0.5, 0])
    np.testing.assert_allclose(shown[1, 1], [0.5, 0.5, 0.5])


def test_axes_that_are_given_are_drawn_on(flat):
    figure, (left, right) = plt.subplots(1, 2)

    display = FirstLayerWeightsDisplay.from_estimator(flat, ax=right)

    assert display.ax_ is right
    assert display.figure_ is figure
    assert len(left.images) == 0


def test_what_does_not_fit_is_refused(flat, iris):
    table = KerasDNNClassifier((3,), epochs=1).fit(
        np.hstack([iris[0], iris[0][:, :1]]), iris[1]
    )

    with pytest.raises(ValueError, match="n_units must be at least 1, got 0"):
        FirstLayerWeightsDisplay.from_estimator(flat, n_units=0)
    with pytest.raises(ValueError, match=r"image_shape must .* got \(5, 5\) .* \(7, 64\)"):
        FirstLayerWeightsDisplay.from_estimator(flat, image_shape=(5, 5))
    with pytest.raises(ValueError, match=r"image_shape must .* got None .* \(3, 5\)"):
        FirstLayerWeightsDisplay.from_estimator(table)
    with pytest.raises(NotFittedError):
        FirstLayerWeightsDisplay.from_estimator(make_image_pipeline())
