"""Figures of any size can be read."""

import numpy as np
import pytest

from skdnn.displays._figures import figure_text, number_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.87123, "0.8712"),
        (1.0, "1.0000"),
        (0.0, "0.0000"),
        (-0.5, "-0.5000"),
        (53.12345, "53.123"),
        (1234.5678, "1,234.6"),
        (-45_123_456.7, "-45,123,457"),
        (1.25e12, "1.250e+12"),
        (0.00123456, "0.001235"),
        (1.23456e-6, "1.235e-06"),
        (np.float64(np.nan), "nan"),
        (-np.inf, "-inf"),
    ],
)
def test_a_figure_has_the_digits_that_tell_it_from_others(value, text):
    assert figure_text(value) == text


@pytest.mark.parametrize(
    ("value", "like", "text"),
    [
        (0.00004, 0.9, "0.0000"),
        (12.3456, 53_123.4, "12"),
        (0.98, -4.5e7, "1"),
        (-4.5e7, 0.98, "-45,000,000"),
        (0.00001234, 0.00123456, "0.000012"),
        (1.5e-8, 2.3e-6, "1.500e-08"),
        (0.0, 2.3e-6, "0.0000"),
        (0.25, np.nan, "0.2500"),
    ],
)
def test_a_figure_has_as_many_decimals_as_its_neighbour(value, like, text):
    assert figure_text(value, like) == text


def test_in_a_small_cell_there_are_fewer_digits():
    assert figure_text(0.87123, decimals=3) == "0.871"
    assert figure_text(2_345.678, decimals=3) == "2,346"


@pytest.mark.parametrize(
    ("value", "spread", "text"),
    [
        (14.2345, 5.0, "14.23"),
        (-100_012.345, 5.0, "-100,012.35"),
        (1_234_567.8, 5e6, "1,234,568"),
        (1.234567e-5, 5e-6, "1.235e-05"),
        (1.234567e12, 5e11, "1.235e+12"),
        (1.00000123, 2e-6, "1.00000123"),
        (7.0, 0.0, "7.00"),
        (0.0, 0.0, "0.00"),
        (0.0, 5e-6, "0.000e+00"),
        (np.inf, 1.0, "inf"),
    ],
)
def test_a_number_shows_a_hundredth_of_the_spread(value, spread, text):
    assert number_text(value, spread) == text
