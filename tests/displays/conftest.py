"""Figures that are closed again."""

import matplotlib as mpl
import pytest

mpl.use("Agg")

from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def _figures_closed():
    plt.close("all")  # of tests elsewhere, which share the process
    yield
    plt.close("all")
