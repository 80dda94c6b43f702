"""Score against fit time, for every candidate of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from skdnn.displays._candidates import validate_candidate_names
from skdnn.displays._canvas import (
    COLOURS,
    GREY,
    MARKERS,
    axes_or_new,
    literal,
    score_title,
    shortened,
)
from skdnn.displays._scores import check_searched, fold_scores_of, validate_score_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import ErrorbarContainer

# More colours and markers can't be distinguished in a legend.
_MOST_NAMED = 12


class SearchResultsDisplay:
    """Scores of the candidates of a search against fit time.

    The plot shows whether a candidate is as good as the best one in less time. The grey band
    is the mean of the best candidate plus and minus one standard deviation over its folds. It
    is recommended to use :meth:`from_search` to create a display.

    Parameters
    ----------
    names : list of str
        Names of the candidates.
    scores : ndarray of shape (n_candidates, n_folds)
        Score of each candidate in each fold; greater is better. NaN for failed fits.
    fit_times : ndarray of shape (n_candidates,)
        Mean fit time in seconds.
    score_name : str
        Name of the score.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the plot.
    points_ : list of matplotlib.container.ErrorbarContainer
        Mean of each candidate, with a bar from its lowest to its highest fold.
    band_ : matplotlib.patches.Rectangle
        Mean of the best candidate plus and minus one standard deviation over its folds.

    See Also
    --------
    SearchHeatmapDisplay : Scores over two parameters of a grid.

    Notes
    -----
    With more than twelve candidates, only those on the Pareto front of score and time are
    named; the others are grey.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skdnn import KerasDNNClassifier
    >>> from skdnn.displays import SearchResultsDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     KerasDNNClassifier(epochs=3, random_state=0), {"optimizer": ["sgd", "adam"]}, cv=2
    ... ).fit(X, y)
    >>> SearchResultsDisplay.from_search(search).names
    ['sgd', 'adam']
    """

    def __init__(
        self,
        *,
        names: list[str],
        scores: NDArray[np.float64],
        fit_times: NDArray[np.float64],
        score_name: str,
    ) -> None:
        self.names = names
        self.scores = scores
        self.fit_times = fit_times
        self.score_name = score_name

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        names: Sequence[str] | None = None,
        score_name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Plot the results of a search.

        Parameters
        ----------
        search : GridSearchCV or RandomizedSearchCV
            A fitted search. With several metrics, the one named by `refit` is plotted.
        names : sequence of str, default=None
            Names of the candidates, in the order of ``cv_results_``. By default, they are made
            from the parameters in which the candidates differ.
        score_name : str, default=None
            Name of the score. By default, it is taken from the `scoring` of the search.
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.

        Returns
        -------
        display : SearchResultsDisplay
            The plotted display.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the search is not fitted.
        ValueError
            If `names` does not have one name per candidate, or the search has several metrics
            and `refit` does not name one of them.
        """
        check_searched(search)
        return cls(
            names=validate_candidate_names(search, names),
            scores=fold_scores_of(search),
            fit_times=np.array(search.cv_results_["mean_fit_time"], np.float64),
            score_name=validate_score_name(search, score_name),
        ).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Plot the display.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.

        Returns
        -------
        display : SearchResultsDisplay
            The display itself.
        """
        self.ax_, self.figure_ = axes_or_new(ax)
        self._plot_band()
        named = self._named()
        others = [row for row in range(len(self.names)) if row not in named]
        drawn = {
            row: self._plot_other(row, len(others), first=not k) for k, row in enumerate(others)
        }
        drawn |= {row: self._plot_named(row, place) for place, row in enumerate(named)}
        self.points_: list[ErrorbarContainer] = [drawn[row] for row in range(len(self.names))]
        self._limit_times()
        self.ax_.set(
            xlabel="Time of a fit, mean of the folds (s)",
            ylabel=score_title(self.score_name, ": ", "mean, lowest and highest fold"),
        )
        self.ax_.grid(visible=True, alpha=0.3)
        self.ax_.legend(fontsize="small")
        return self

    def _plot_band(self) -> None:
        best = self.scores[_best_row(self.scores)]
        mean, deviation = best.mean(), best.std()
        self.band_ = self.ax_.axhspan(
            mean - deviation,
            mean + deviation,
            color=GREY,
            alpha=0.2,
            linewidth=0,
            label="best, ± std of its folds",
        )

    def _named(self) -> list[int]:
        """Return the candidates with a name, best first; of many, the Pareto-optimal ones."""
        best_first = [int(row) for row in np.argsort(-self.scores.mean(axis=1), kind="stable")]
        if len(best_first) <= _MOST_NAMED:
            return best_first
        unbeaten: list[int] = []
        for row in best_first:
            if all(self.fit_times[row] < self.fit_times[better] for better in unbeaten):
                unbeaten.append(row)
        return unbeaten[:_MOST_NAMED]

    def _plot_named(self, row: int, place: int) -> ErrorbarContainer:
        return self._plot_bar(
            row,
            color=COLOURS[place % len(COLOURS)],
            marker=MARKERS[(place + place // len(COLOURS)) % len(MARKERS)],
            label=literal(shortened(self.names[row], 40)),
        )

    def _plot_other(self, row: int, number: int, *, first: bool) -> ErrorbarContainer:
        label = f"{number} others" if first else "_"  # one line in the legend for all
        return self._plot_bar(row, color=GREY, marker=".", label=label)

    def _plot_bar(self, row: int, **style: Any) -> ErrorbarContainer:
        folds = self.scores[row]
        mean = folds.mean()
        reach = [[mean - folds.min()], [folds.max() - mean]]
        return self.ax_.errorbar(
            self.fit_times[row], mean, yerr=reach, linestyle="none", capsize=3, **style
        )

    def _limit_times(self) -> None:
        from matplotlib.ticker import NullFormatter

        shortest, longest = self.fit_times.min(), self.fit_times.max()
        if shortest > 0 and longest > 20 * shortest:
            self.ax_.set_xscale("log")
            self.ax_.xaxis.set_major_formatter("{x:g}")
            self.ax_.xaxis.set_minor_formatter(NullFormatter())
        else:  # from zero, so that a third of the time is a third of the way
            self.ax_.set_xlim(0, 1.08 * longest if longest > 0 else 1)


def _best_row(scores: NDArray[np.float64]) -> int:
    means = scores.mean(axis=1)
    if np.isnan(means).all():
        raise ValueError("search must have a candidate without failed fits, got none")
    return int(np.nanargmax(means))
