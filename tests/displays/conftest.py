"""Figures that are closed again."""

import matplotlib as mpl
import pytest

mpl.use("Agg")

from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def _figures_closed():
    yield
    plt.close("all")
