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
    """Weights of the first layer's units, as images.

    Where a unit's image is red, bright pixels raise what goes into the unit; where it is blue,
    they lower it. Units that look like noise have not learnt a shape. Make one with
    :meth:`from_estimator`.

    Parameters
    ----------
    weights : ndarray of shape (n_units, height, width) or (n_units, height, width, channels)
        Weights of each unit.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of `ax_`.
    im_ : matplotlib.image.AxesImage
        All units in a grid with gaps between them, row by row.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        The scale of the weights; None for colour images, whose weights are shown as colours
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
        """Draw the first layer of a fitted network or of a pipeline that ends in one.

        Parameters
        ----------
        estimator : KerasDNNClassifier, KerasDNNRegressor or Pipeline
            Fitted on images.
        image_shape : tuple of int, default=None
            Shape of an image, ``(height, width)`` or ``(height, width, channels)``. None
            takes that of the rows the network was fitted on, and squares for rows of
            pixels.
        n_units : int, default=100
            How many units to draw at most, in the layer's order.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : FirstLayerWeightsDisplay
            Drawn.

        Raises
        ------
        TypeError
            If it is no network of skdnn.
        ValueError
            If `n_units` is less than 1, or the rows are no images of that shape.
        """
        check_at_least_one("n_units", n_units)
        last = validate_network(estimator, "input_shape_")
        kernel = next(
            np.asarray(layer.kernel) for layer in last.model_.layers if hasattr(layer, "kernel")
        )
        rows = kernel.T[:n_units].reshape(-1, *last.input_shape_)
        return cls(weights=validate_images(rows, image_shape)).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None, cmap: str = "RdBu_r") -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        cmap : str, default="RdBu_r"
            Diverging colour map; its middle is the weight 0.

        Returns
        -------
        display : FirstLayerWeightsDisplay
            This display.
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
