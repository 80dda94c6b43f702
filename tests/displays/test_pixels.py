import numpy as np
import pytest

from skdnn.displays._pixels import checked_images, grid_shape


@pytest.mark.parametrize(
    ("given", "drawn"),
    [((2, 3, 1), (2, 3)), ((2, 3, 3), (2, 3, 3)), ((2, 3, 4), (2, 3, 4)), ((9,), (3, 3))],
)
def test_grey_colour_and_transparent_images_are_drawn_as_they_are(given, drawn):
    pixels = np.arange(2 * np.prod(given)).reshape(2, *given)
    np.testing.assert_array_equal(checked_images(pixels), pixels.reshape(2, *drawn))


@pytest.mark.parametrize("shape", [(2, 3, 2), (2, 3, 5), (8,)])
def test_other_numbers_of_channels_and_pixels_are_refused(shape):
    with pytest.raises(ValueError, match="with 1, 3 or 4 channels"):
        checked_images(np.zeros((2, *shape)))


@pytest.mark.parametrize(
    ("number", "shape"),
    [(0, (1, 1)), (1, (1, 1)), (2, (1, 2)), (4, (2, 3)), (12, (3, 4)), (100, (9, 12))],
)
def test_a_grid_is_wide_rather_than_high_and_holds_all(number, shape):
    assert grid_shape(number) == shape


@pytest.mark.parametrize(("number", "shape"), [(3, (1, 3)), (5, (1, 5)), (6, (2, 5))])
def test_a_grid_has_at_most_the_columns_that_were_asked_for(number, shape):
    assert grid_shape(number, 5) == shape
