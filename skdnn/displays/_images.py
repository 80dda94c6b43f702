"""Images with their true and their predicted labels: the mistakes, the least certain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skdnn._messages import few
from skdnn.displays._arguments import (
    check_at_least_one,
    check_comparable,
    validate_target_names,
)
from skdnn.displays._canvas import RIGHT, WRONG, axes_or_new, literal, shortened
from skdnn.displays._pixels import grid_shape, validate_images

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from matplotlib.text import Text

_CHOICES = ("mistakes", "least_certain", "first")

# Width and height of an image's cell in units of the image's longer side: room for two lines
# of text above it.
_CELL_WIDTH, _CELL_HEIGHT = 1.3, 1.5


class ImagesDisplay:
    """Images with their true and predicted labels.

    Correct predictions have a blue frame, wrong ones an orange frame; the text above an image
    says the same. It is recommended to use :meth:`from_estimator` or :meth:`from_predictions`
    to create a display.

    Parameters
    ----------
    images : ndarray of shape (n, height, width) or (n, height, width, channels)
        Images to show, in this order.
    y_true : ndarray of shape (n,)
        True labels.
    y_pred : ndarray of shape (n,)
        Predicted labels.
    certainty : ndarray of shape (n,), default=None
        Predicted probability of the predicted label, if known.
    title : str, default=""
        Title of the plot.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the plot.
    images_ : list of matplotlib.image.AxesImage
        The images.
    texts_ : list of matplotlib.text.Text
        The text above each image.

    Examples
    --------
    >>> from skdnn import make_image_pipeline
    >>> from skdnn.datasets import load_fashion_mnist_sample
    >>> from skdnn.displays import ImagesDisplay
    >>> images, target = load_fashion_mnist_sample(return_X_y=True)
    >>> pipeline = make_image_pipeline(epochs=2, random_state=0).fit(images, target)
    >>> display = ImagesDisplay.from_estimator(pipeline, images, target, n_images=6)
    >>> bool((display.y_true != display.y_pred).all())
    True
    """

    def __init__(
        self,
        *,
        images: NDArray[Any],
        y_true: NDArray[Any],
        y_pred: NDArray[Any],
        certainty: NDArray[np.floating[Any]] | None = None,
        title: str = "",
    ) -> None:
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred
        self.certainty = certainty
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        images: ArrayLike,
        y: ArrayLike,
        *,
        which: str = "mistakes",
        n_images: int = 20,
        target_names: Sequence[str] | None = None,
        image_shape: tuple[int, ...] | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Predict images and plot some of them.

        Parameters
        ----------
        estimator : classifier or Pipeline
            A fitted scikit-learn classifier, or a pipeline that ends in one.
        images : array-like of shape (n, height, width), (n, height, width, channels) or \
(n, pixels)
            Input of the estimator.
        y : array-like of shape (n,)
            True labels.
        which : {"mistakes", "least_certain", "first"}, default="mistakes"
            Which images to plot: "mistakes" are wrong predictions, the most confident first;
            "least_certain" are those whose predicted label has the lowest probability;
            "first" are the first images.
        n_images : int, default=20
            Maximum number of images to plot.
        target_names : sequence of str, default=None
            Names of the classes, in the order of ``estimator.classes_``. By default, the
            labels.
        image_shape : tuple of int, default=None
            Shape of an image. By default that of `images`; flat rows are taken as squares.
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.

        Returns
        -------
        display : ImagesDisplay
            The plotted display.

        Raises
        ------
        TypeError
            If the estimator is a regressor.
        ValueError
            As for :meth:`from_predictions`.
        """
        from sklearn.base import is_regressor
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(estimator)
        if is_regressor(estimator):
            raise TypeError(
                "ImagesDisplay takes classifiers, whose labels are right or wrong, got "
                f"{type(estimator).__name__}, which predicts numbers; scikit-learn's "
                "PredictionErrorDisplay shows how wrong they are"
            )
        proba = estimator.predict_proba(images) if hasattr(estimator, "predict_proba") else None
        y, y_pred = np.asarray(y), np.asarray(estimator.predict(images))
        if target_names is not None and y.ndim == y_pred.ndim == 1:
            names = np.array(validate_target_names(target_names, estimator.classes_), object)
            check_comparable("y", y, y_pred)
            y, y_pred = (_named(labels, estimator.classes_, names) for labels in (y, y_pred))
        return cls.from_predictions(
            images,
            y,
            y_pred,
            certainty=None if proba is None else np.max(proba, axis=1),
            which=which,
            n_images=n_images,
            image_shape=image_shape,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        images: ArrayLike,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        certainty: ArrayLike | None = None,
        which: str = "mistakes",
        n_images: int = 20,
        image_shape: tuple[int, ...] | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Plot some images, given their true and predicted labels.

        Parameters
        ----------
        images : array-like of shape (n, height, width), (n, height, width, channels) or \
(n, pixels)
            Images, with pixels of any scale.
        y_true : array-like of shape (n,)
            True labels.
        y_pred : array-like of shape (n,)
            Predicted labels.
        certainty : array-like of shape (n,), default=None
            Predicted probability of each predicted label.
        which : {"mistakes", "least_certain", "first"}, default="mistakes"
            As for :meth:`from_estimator`.
        n_images : int, default=20
            Maximum number of images to plot.
        image_shape : tuple of int, default=None
            Shape of an image. By default that of `images`; flat rows are taken as squares.
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.

        Returns
        -------
        display : ImagesDisplay
            The plotted display.

        Raises
        ------
        ValueError
            If `which` is unknown, `n_images` is less than 1, the numbers of images and labels
            differ, true labels are missing or of another type than predicted ones, labels are
            continuous, the images do not have `image_shape`, or `which` is "least_certain"
            without `certainty`.
        """
        return cls.chosen(
            images,
            y_true,
            y_pred,
            certainty=certainty,
            which=which,
            n_images=n_images,
            image_shape=image_shape,
        ).plot(ax=ax)

    @classmethod
    def chosen(
        cls,
        images: ArrayLike,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        certainty: ArrayLike | None = None,
        which: str = "mistakes",
        n_images: int = 20,
        image_shape: tuple[int, ...] | None = None,
    ) -> Self:
        """Choose images as :meth:`from_predictions` does, without plotting.

        Parameters
        ----------
        images : array-like of shape (n, height, width), (n, height, width, channels) or \
(n, pixels)
            Images, with pixels of any scale.
        y_true, y_pred : array-like of shape (n,)
            True and predicted labels.
        certainty : array-like of shape (n,), default=None
            Predicted probability of each predicted label.
        which : {"mistakes", "least_certain", "first"}, default="mistakes"
            As for :meth:`from_estimator`.
        n_images : int, default=20
            Maximum number of images to choose.
        image_shape : tuple of int, default=None
            Shape of an image.

        Returns
        -------
        display : ImagesDisplay
            The display, not plotted yet.
        """
        if which not in _CHOICES:
            raise ValueError(f"which must be one of {list(_CHOICES)}, got {which!r}")
        check_at_least_one("n_images", n_images)
        pixels = validate_images(images, image_shape)
        true, predicted = np.asarray(y_true), np.asarray(y_pred)
        sure = None if certainty is None else np.asarray(certainty, np.float64)
        for name, values in (("y_true", true), ("y_pred", predicted), ("certainty", sure)):
            if values is not None and values.shape != (len(pixels),):
                raise ValueError(
                    f"{name} must hold one value for each of the {len(pixels)} images, got "
                    f"shape {values.shape}"
                )
        check_comparable("y_true", true, predicted)
        rows, title = _choice(which, true != predicted, sure)
        rows = rows[:n_images]
        return cls(
            images=pixels[rows],
            y_true=true[rows],
            y_pred=predicted[rows],
            certainty=None if sure is None else sure[rows],
            title=title.format(shown=len(rows)),
        )

    def plot(self, *, ax: Axes | None = None, fontsize: float | str = "small") -> Self:
        """Plot the display.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure with room for the images is created.
        fontsize : float or str, default="small"
            Font size of the text above the images.

        Returns
        -------
        display : ImagesDisplay
            The display itself.
        """
        rows, columns = grid_shape(len(self.images), 5 if ax is None else None)
        self.ax_, self.figure_ = axes_or_new(ax, (1.35 * columns + 0.3, 1.6 * rows + 0.5))
        self.images_: list[AxesImage] = []
        self.texts_: list[Text] = []
        for number in range(len(self.images)):
            self._plot_image(number, *divmod(number, columns), fontsize)
        self.ax_.set(
            xlim=(0, columns * _CELL_WIDTH),
            ylim=(rows * _CELL_HEIGHT, 0),
            aspect="equal",
            title=literal(self.title),
        )
        self.ax_.set_axis_off()
        return self

    def _plot_image(self, number: int, row: int, column: int, fontsize: float | str) -> None:
        from matplotlib.patches import Rectangle

        image = self.images[number]
        height, width = np.array(image.shape[:2]) / max(image.shape[:2])
        left = column * _CELL_WIDTH + (_CELL_WIDTH - width) / 2
        bottom = (row + 1) * _CELL_HEIGHT - 0.02
        top = bottom - height
        colour = RIGHT if self.y_true[number] == self.y_pred[number] else WRONG
        self.images_.append(
            self.ax_.imshow(
                drawable(image),
                cmap="gray",
                vmin=self.images.min(),
                vmax=self.images.max(),
                extent=(left, left + width, bottom, top),
                interpolation="nearest",
            )
        )
        self.ax_.add_patch(
            Rectangle((left, top), width, height, fill=False, edgecolor=colour, linewidth=2)
        )
        self.texts_.append(
            self.ax_.text(
                left + width / 2,
                top - 0.03,
                literal("\n".join(self.words(number))),
                ha="center",
                va="bottom",
                fontsize=fontsize,
            )
        )

    def words(self, number: int) -> tuple[str, str]:
        """Return the text above an image.

        Parameters
        ----------
        number : int
            Index of the image.

        Returns
        -------
        words : tuple of str
            The predicted label with its probability, and the true label.
        """
        predicted = shortened(self.y_pred[number], 14)
        if self.certainty is not None:
            predicted += f" {self.certainty[number]:.2f}"
        right = self.y_true[number] == self.y_pred[number]
        return predicted, "right" if right else f"is {shortened(self.y_true[number], 14)}"


def drawable(image: NDArray[Any]) -> NDArray[Any]:
    """Return an image with colours in the range that matplotlib takes; grey stays as it is.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, 3 or 4)
        Pixels of any scale.

    Returns
    -------
    image : ndarray of the same shape
    """
    if image.ndim == 2 or image.dtype == np.uint8:
        return image
    low, high = float(image.min()), float(image.max())
    if low >= 0 and high <= 1:
        return image
    # NumPy would overflow in the integers' own type.
    return (image.astype(np.float64) - min(low, 0)) / max(high - min(low, 0), 1e-12)


def _choice(
    which: str, wrong: NDArray[np.bool_], certainty: NDArray[np.float64] | None
) -> tuple[NDArray[np.intp], str]:
    """Return row indices in the order shown, and a title."""
    if which == "first":
        return np.arange(len(wrong)), f"The first {{shown}} of {len(wrong):,} images"
    if which == "least_certain":
        if certainty is None:
            raise ValueError(
                "which='least_certain' needs the certainty of the predictions: an estimator "
                "with predict_proba, or certainty beside y_pred"
            )
        title = f"The {{shown}} least certain of {len(wrong):,} images"
        return np.argsort(certainty, kind="stable"), title
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return rows, f"No mistakes among {len(wrong):,} images"
    of = f"of {len(rows):,} mistakes among {len(wrong):,} images"
    if certainty is None:
        return rows, f"The first {{shown}} {of}"
    return rows[np.argsort(-certainty[rows], kind="stable")], f"The {{shown}} most certain {of}"


def _named(
    labels: NDArray[Any], classes: NDArray[Any], names: NDArray[np.object_]
) -> NDArray[np.object_]:
    unknown = sorted(set(labels.tolist()) - set(classes.tolist()), key=str)
    if unknown:
        raise ValueError(f"y must hold labels seen in fit, {few(classes)}, got {few(unknown)}")
    return names[np.searchsorted(classes, labels)]
