"""Scores of a search over two of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from skdnn.displays._candidates import short_names, value_text, varied_parameters
from skdnn.displays._canvas import axes_or_new, literal, score_title, shortened
from skdnn.displays._figures import figure_text
from skdnn.displays._scores import check_searched, fold_scores_of, validate_score_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.colors import Colormap
    from matplotlib.image import AxesImage


class SearchHeatmapDisplay:
    """Heat map of the mean scores of a search over two parameters.

    It is recommended to use :meth:`from_search` to create a display.

    Parameters
    ----------
    scores : ndarray of shape (n_y_values, n_x_values)
        Mean score over the folds; NaN for pairs of values that were not tried.
    deviations : ndarray of shape (n_y_values, n_x_values)
        Standard deviation over the folds.
    x_values, y_values : list of str
        Values of the two parameters.
    x_name, y_name : str
        Names of the two parameters.
    score_name : str
        Name of the score.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the plot.
    im_ : matplotlib.image.AxesImage
        Image of the heat map.
    text_ : ndarray of shape (n_y_values, n_x_values), dtype=matplotlib Text, or None
        Mean and standard deviation in each cell; None for cells that were not tried. None if
        `include_values` is false.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        The colour bar; None if `colorbar` is false.

    See Also
    --------
    SearchResultsDisplay : Scores against fit time.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skdnn import KerasDNNClassifier
    >>> from skdnn.displays import SearchHeatmapDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"optimizer": ["sgd", "adam"], "activation": ["sigmoid", "relu"]}
    >>> search = GridSearchCV(KerasDNNClassifier(epochs=3, random_state=0), grid, cv=2)
    >>> display = SearchHeatmapDisplay.from_search(search.fit(X, y))
    >>> display.x_name, display.x_values
    ('optimizer', ['sgd', 'adam'])
    """

    def __init__(
        self,
        *,
        scores: NDArray[np.float64],
        deviations: NDArray[np.float64],
        x_values: list[str],
        y_values: list[str],
        x_name: str,
        y_name: str,
        score_name: str,
    ) -> None:
        self.scores = scores
        self.deviations = deviations
        self.x_values = x_values
        self.y_values = y_values
        self.x_name = x_name
        self.y_name = y_name
        self.score_name = score_name

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        x: str | None = None,
        y: str | None = None,
        score_name: str | None = None,
        include_values: bool = True,
        cmap: str | Colormap = "cividis",
        ax: Axes | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Plot the scores of a search over two of its parameters.

        Parameters
        ----------
        search : GridSearchCV or RandomizedSearchCV
            A fitted search.
        x, y : str, default=None
            Names of the parameters on the x axis and y axis. By default, the two parameters in
            which the candidates differ. If they differ in others too, a cell shows the
            candidate with the best mean score.
        score_name : str, default=None
            Name of the score. By default, it is taken from the `scoring` of the search.
        include_values : bool, default=True
            Whether to show mean and standard deviation in the cells.
        cmap : str or matplotlib Colormap, default="cividis"
            Colour map. The default is suitable for colour-blind readers.
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.
        colorbar : bool, default=True
            Whether to add a colour bar.

        Returns
        -------
        display : SearchHeatmapDisplay
            The plotted display.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the search is not fitted.
        ValueError
            If `x` or `y` is not a parameter in which candidates differ, or is None and the
            candidates do not differ in exactly two.
        """
        check_searched(search)
        x, y = _choose_parameters(search, x, y)
        params, folds = search.cv_results_["params"], fold_scores_of(search)
        x_values, y_values = _values(params, x), _values(params, y)
        scores = np.full((len(y_values), len(x_values)), np.nan)
        deviations = scores.copy()
        for candidate, row in zip(params, folds, strict=True):
            if x not in candidate or y not in candidate:
                continue
            across, down = value_text(candidate[x]), value_text(candidate[y])
            place = y_values.index(down), x_values.index(across)
            if np.isnan(scores[place]) or row.mean() > scores[place]:
                scores[place], deviations[place] = row.mean(), row.std()
        short = short_names([x, y])
        return cls(
            scores=scores,
            deviations=deviations,
            x_values=x_values,
            y_values=y_values,
            x_name=short[x],
            y_name=short[y],
            score_name=validate_score_name(search, score_name),
        ).plot(include_values=include_values, cmap=cmap, ax=ax, colorbar=colorbar)

    def plot(
        self,
        *,
        include_values: bool = True,
        cmap: str | Colormap = "cividis",
        ax: Axes | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Plot the display.

        Parameters
        ----------
        include_values : bool, default=True
            Whether to show mean and standard deviation in the cells.
        cmap : str or matplotlib Colormap, default="cividis"
            Colour map. The default is suitable for colour-blind readers.
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.
        colorbar : bool, default=True
            Whether to add a colour bar.

        Returns
        -------
        display : SearchHeatmapDisplay
            The display itself.
        """
        self.ax_, self.figure_ = axes_or_new(ax)
        self.im_: AxesImage = self.ax_.imshow(self.scores, cmap=cmap, aspect="auto")
        self.text_ = self._plot_texts() if include_values else None
        self.ax_.set(
            xticks=np.arange(len(self.x_values)),
            yticks=np.arange(len(self.y_values)),
            xlabel=literal(self.x_name),
            ylabel=literal(self.y_name),
        )
        crowded = len(self.x_values) > 6 or max(map(len, self.x_values)) > 12
        self.ax_.set_xticklabels(
            _tick_labels(self.x_values),
            rotation=30 if crowded else 0,
            ha="right" if crowded else "center",
        )
        self.ax_.set_yticklabels(_tick_labels(self.y_values))
        self.colorbar_: Colorbar | None = None
        if colorbar:
            self.colorbar_ = self.ax_.figure.colorbar(self.im_, ax=self.ax_)
            self.colorbar_.set_label(score_title(self.score_name, ", ", "mean of the folds"))
        return self

    def _plot_texts(self) -> NDArray[Any]:
        texts = np.full(self.scores.shape, None, object)
        for place in np.ndindex(self.scores.shape):
            if not np.isnan(self.scores[place]):
                texts[place] = self._plot_text(*place)
        return texts

    def _plot_text(self, row: int, column: int) -> Any:
        score, deviation = self.scores[row, column], self.deviations[row, column]
        background = np.array(self.im_.cmap(self.im_.norm(score))[:3])
        return self.ax_.text(
            column,
            row,
            f"{figure_text(score, decimals=3)}\n± {figure_text(deviation, score, 3)}",
            ha="center",
            va="center",
            color="black" if _luminance(background) > 0.179 else "white",
            fontsize="medium" if len(self.x_values) <= 6 else "x-small",
        )


def _choose_parameters(search: Any, x: str | None, y: str | None) -> tuple[str, str]:
    varied = varied_parameters(search.cv_results_["params"])
    for argument, name in (("x", x), ("y", y)):
        if name is not None and name not in varied:
            raise ValueError(
                f"{argument} must be a parameter in which candidates differ, one of {varied}, "
                f"got {name!r}"
            )
    left = [name for name in varied if name not in (x, y)]
    n_missing = (x is None) + (y is None)
    if x == y is not None or (n_missing and len(left) != n_missing):
        raise ValueError(
            "x and y must name two parameters where the candidates do not differ in exactly "
            f"two: they differ in {varied}, got x={x!r} and y={y!r}"
        )
    # The one with more values goes from left to right, where there is more room.
    counts = {name: len(_values(search.cv_results_["params"], name)) for name in left}
    left.sort(key=lambda name: counts[name])
    y = left.pop(0) if y is None else y
    return (left.pop(0) if x is None else x), y


def _luminance(colour: NDArray[np.float64]) -> float:
    """Return WCAG's relative luminance; above 0.179 black stands out more than white."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _values(params: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    """Return the values of a parameter as text: numbers sorted, others as they appear."""
    found = {value_text(c[name]): c[name] for c in params if name in c}
    if all(isinstance(v, Real) and not isinstance(v, bool) for v in found.values()):
        return sorted(found, key=lambda text: found[text])
    return list(found)


def _tick_labels(values: Sequence[str]) -> list[str]:
    return [literal(shortened(value, 24)) for value in values]
