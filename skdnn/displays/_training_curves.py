"""Loss or accuracy against epochs, for one network or several, with the spread of folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

History = Mapping[str, Sequence[float]]

# Okabe and Ito's palette, told apart by colour-blind readers, and a dash for each round of it.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
_DASHES = ("-", "--", ":", "-.")


class TrainingCurvesDisplay:
    """Training curves.

    Make one with :meth:`from_estimator` or :meth:`from_histories`.

    Parameters
    ----------
    curves : dict of ndarray of shape (n_fits, n_epochs)
        Values of each label: a row per fit, NaN after the end of a shorter fit.
    metric : str
        Name of what is drawn, a key of `history_`.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of `ax_`.
    lines_ : list of matplotlib.lines.Line2D
        One line a label: the mean over its fits.
    bands_ : list of matplotlib.collections.FillBetweenPolyCollection
        The range from the lowest to the highest fit, for each label with more than one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import KerasDNNClassifier
    >>> from skdnn.displays import TrainingCurvesDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = KerasDNNClassifier(epochs=5, random_state=0).fit(X, y)
    >>> display = TrainingCurvesDisplay.from_estimator(classifier, metric="loss")
    >>> len(display.lines_)
    1
    """

    def __init__(self, *, curves: dict[str, NDArray[np.float64]], metric: str) -> None:
        self.curves = curves
        self.metric = metric

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        metric: str = "loss",
        name: str | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the curve of a fitted classifier or of a pipeline that ends in one.

        Parameters
        ----------
        estimator : KerasDNNClassifier or Pipeline
            Fitted.
        metric : str, default="loss"
            Key of `history_`: "loss" or "accuracy".
        name : str, default=None
            Label of the curve; None takes the name of the class.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrainingCurvesDisplay
            Drawn.
        """
        from sklearn.pipeline import Pipeline
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(estimator)
        last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
        label = type(last).__name__ if name is None else name
        return cls.from_histories({label: [last.history_]}, metric=metric, ax=ax, **kwargs)

    @classmethod
    def from_histories(
        cls,
        histories: Mapping[str, Sequence[History]],
        *,
        metric: str = "loss",
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the curves of several fits, those of one label as a mean and a band.

        Parameters
        ----------
        histories : mapping of str to sequence of dict
            The `history_` of each fit, by label: such as the folds of a variant.
        metric : str, default="loss"
            Key of each history.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrainingCurvesDisplay
            Drawn.

        Raises
        ------
        ValueError
            If a history has no such metric.
        """
        curves = {label: _stacked(label, fits, metric) for label, fits in histories.items()}
        return cls(curves=curves, metric=metric).plot(ax=ax, **kwargs)

    def plot(self, *, ax: Axes | None = None, **kwargs: Any) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrainingCurvesDisplay
            This display.
        """
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots()
        self.ax_: Axes = ax
        self.figure_: Figure = ax.get_figure(root=True)  # type: ignore[assignment]
        self.lines_: list[Any] = []
        self.bands_: list[Any] = []
        for number, (label, values) in enumerate(self.curves.items()):
            self._plot_label(number, label, values, normalize_kwargs(kwargs, Line2D))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.set(xlabel="Epoch", ylabel=f"Training {self.metric}")
        ax.grid(visible=True, alpha=0.3)
        ax.legend()
        return self

    def _plot_label(
        self, number: int, label: str, values: NDArray[np.float64], kwargs: dict[str, Any]
    ) -> None:
        epochs = np.arange(1, values.shape[1] + 1)
        style = {
            "color": _COLOURS[number % len(_COLOURS)],
            "linestyle": _DASHES[number // len(_COLOURS) % len(_DASHES)],
            "marker": "o" if len(epochs) == 1 else "",
        }
        self.lines_ += self.ax_.plot(
            epochs, np.nanmean(values, axis=0), label=label, **(style | kwargs)
        )
        if len(values) > 1:
            low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
            colour = self.lines_[-1].get_color()
            self.bands_.append(
                self.ax_.fill_between(epochs, low, high, color=colour, alpha=0.15, linewidth=0)
            )


def _stacked(label: str, fits: Sequence[History], metric: str) -> NDArray[np.float64]:
    for history in fits:
        if metric not in history:
            raise ValueError(
                f"metric must be a key of every history, {sorted(history)} for {label!r}, "
                f"got {metric!r}"
            )
    longest = max(len(history[metric]) for history in fits)
    stacked = np.full((len(fits), longest), np.nan)
    for row, history in zip(stacked, fits, strict=True):
        row[: len(history[metric])] = history[metric]
    return stacked
