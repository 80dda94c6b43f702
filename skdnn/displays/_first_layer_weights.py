"""The weights of the first layer, each unit's as an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from skdnn.displays._arguments import check_at_least_one, validate_network
from skdnn.displays._canvas import axes_or_new
from skdnn.displays._pixels import grid_shape, validate_images

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.image import AxesImage


class FirstLayerWeightsDisplay:
    """Weights of the first hidden layer, as one image per unit.

    Bright pixels increase the input of the unit in red areas and decrease it in blue areas.
    Units that look like noise have not learned a shape. It is recommended to use
    :meth:`from_estimator` to create a display.

    Parameters
    ----------
    weights : ndarray of shape (n_units, height, width) or (n_units, height, width, channels)
        Weights of each unit.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the plot.
    im_ : matplotlib.image.AxesImage
        All units in a grid, row by row.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        Colour bar of the weights; None for colour images, whose weights are shown as colours
        around grey.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdnn import make_image_pipeline
    >>> from skdnn.displays import FirstLayerWeightsDisplay
    >>> digits = load_digits()
    >>> pipeline = make_image_pipeline(scale=16, hidden_units=(20,), epochs=5, random_state=0)
    >>> pipeline = pipeline.fit(digits.images, digits.target)
    >>> FirstLayerWeightsDisplay.from_estimator(pipeline).weights.shape
    (20, 8, 8)
    """

    def __init__(self, *, weights: NDArray[np.floating[Any]]) -> None:
        self.weights = weights

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        image_shape: tuple[int, ...] | None = None,
        n_units: int = 100,
        ax: Axes | None = None,
    ) -> Self:
        """Plot the first layer of a fitted estimator or of the last step of a pipeline.

        Parameters
        ----------
        estimator : KerasDNNClassifier, KerasDNNRegressor or Pipeline
            An estimator or pipeline fitted on images.
        image_shape : tuple of int, default=None
            Shape of an image, ``(height, width)`` or ``(height, width, channels)``. By
            default, the shape of the samples in `fit`; flat rows are taken as squares.
        n_units : int, default=100
            Maximum number of units to plot, in the order of the layer.
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.

        Returns
        -------
        display : FirstLayerWeightsDisplay
            The plotted display.

        Raises
        ------
        TypeError
            If the estimator is not one of skdnn's.
        ValueError
            If `n_units` is less than 1, or the samples do not have the image shape.
        """
        check_at_least_one("n_units", n_units)
        last = validate_network(estimator, "input_shape_")
        kernel = next(
            np.asarray(layer.kernel) for layer in last.model_.layers if hasattr(layer, "kernel")
        )
        rows = kernel.T[:n_units].reshape(-1, *last.input_shape_)
        return cls(weights=validate_images(rows, image_shape)).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None, cmap: str = "RdBu_r") -> Self:
        """Plot the display.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.
        cmap : str, default="RdBu_r"
            Diverging colour map, centred at a weight of 0.

        Returns
        -------
        display : FirstLayerWeightsDisplay
            The display itself.
        """
        self.ax_, self.figure_ = axes_or_new(ax)
        reach = float(np.abs(self.weights).max()) or 1.0
        grid = _tiled(self.weights)
        self.colorbar_: Colorbar | None = None
        if self.weights.ndim == 4:
            grid = np.nan_to_num(0.5 + grid[..., :3] / (2 * reach), nan=1.0)
            self.im_: AxesImage = self.ax_.imshow(grid, interpolation="nearest")
        else:
            self.im_ = self.ax_.imshow(
                grid, cmap=cmap, vmin=-reach, vmax=reach, interpolation="nearest"
            )
            self.colorbar_ = self.ax_.figure.colorbar(self.im_, ax=self.ax_, label="Weight")
        number, height, width = self.weights.shape[:3]
        units = "1 unit" if number == 1 else f"{number} units"
        self.ax_.set_title(f"First layer: {units}, {height} x {width} weights each")
        self.ax_.set_axis_off()
        return self


def _tiled(images: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Lay images out in a grid, row by row, with NaN between them."""
    number, height, width = images.shape[:3]
    rows, columns = grid_shape(number)
    gap = max(1, round(0.08 * width))
    tiled = np.full(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, *images.shape[3:]), np.nan
    )
    for place, image in enumerate(images):
        top, left = (place // columns) * (height + gap), (place % columns) * (width + gap)
        tiled[top : top + height, left : left + width] = image
    return tiled
