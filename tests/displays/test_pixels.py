import numpy as np
import pytest

from skdnn.displays._pixels import grid_shape, validate_images


@pytest.mark.parametrize(
    ("given", "drawn"),
    [((2, 3, 1), (2, 3)), ((2, 3, 3), (2, 3, 3)), ((2, 3, 4), (2, 3, 4)), ((9,), (3, 3))],
)
def test_grey_colour_and_transparent_images_are_drawn_as_they_are(given, drawn):
    pixels = np.arange(2 * np.prod(given)).reshape(2, *given)
    np.testing.assert_array_equal(validate_images(pixels), pixels.reshape(2, *drawn))


def test_rows_get_the_shape_that_is_given():
    pixels = np.arange(32).reshape(2, 16)
    np.testing.assert_array_equal(validate_images(pixels, (4, 4)), pixels.reshape(2, 4, 4))
    np.testing.assert_array_equal(validate_images(pixels, (2, 8)), pixels.reshape(2, 2, 8))
    assert validate_images(pixels, (2, 2, 4)).shape == (2, 2, 2, 4)
    np.testing.assert_array_equal(validate_images(pixels, (4, 4, 1)), pixels.reshape(2, 4, 4))


def test_images_need_not_be_square():
    pixels = np.arange(40).reshape(2, 4, 5)
    np.testing.assert_array_equal(validate_images(pixels), pixels)


@pytest.mark.parametrize("images", [np.zeros((2, 9)), np.zeros(16)])
def test_other_numbers_of_pixels_than_the_shape_has_are_refused(images):
    with pytest.raises(
        ValueError, match=r"^image_shape must be .* got \(4, 4\) for images of shape \("
    ):
        validate_images(images, (4, 4))


@pytest.mark.parametrize("shape", [28, "28"], ids=repr)
def test_a_shape_that_is_no_tuple_is_refused(shape):
    with pytest.raises(
        TypeError, match=rf"^image_shape must be a tuple such as \(28, 28\), got {shape!r}$"
    ):
        validate_images(np.zeros((2, 784)), shape)


@pytest.mark.parametrize("shape", [(2, 3, 2), (2, 3, 5), (8,)])
def test_other_numbers_of_channels_and_pixels_are_refused(shape):
    with pytest.raises(ValueError, match="with 1, 3 or 4 channels"):
        validate_images(np.zeros((2, *shape)))


@pytest.mark.parametrize(
    ("number", "shape"),
    [(0, (1, 1)), (1, (1, 1)), (2, (1, 2)), (4, (2, 3)), (12, (3, 4)), (100, (9, 12))],
)
def test_a_grid_is_wide_rather_than_high_and_holds_all(number, shape):
    assert grid_shape(number) == shape


@pytest.mark.parametrize(("number", "shape"), [(3, (1, 3)), (5, (1, 5)), (6, (2, 5))])
def test_a_grid_has_at_most_the_columns_that_were_asked_for(number, shape):
    assert grid_shape(number, 5) == shape
