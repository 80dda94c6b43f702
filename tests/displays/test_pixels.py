import pytest

from skdnn.displays._pixels import grid_shape


@pytest.mark.parametrize(
    ("number", "shape"),
    [(0, (1, 1)), (1, (1, 1)), (2, (1, 2)), (4, (2, 3)), (12, (3, 4)), (100, (9, 12))],
)
def test_a_grid_is_wide_rather_than_high_and_holds_all(number, shape):
    assert grid_shape(number) == shape


@pytest.mark.parametrize(("number", "shape"), [(3, (1, 3)), (5, (1, 5)), (6, (2, 5))])
def test_a_grid_has_at_most_the_columns_that_were_asked_for(number, shape):
    assert grid_shape(number, 5) == shape
