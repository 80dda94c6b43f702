"""Loss or score against epochs, for one network, several, or all folds of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from skdnn._messages import brief
from skdnn.displays._arguments import (
    check_at_least_one,
    check_best_epochs,
    check_histories,
    check_labelled,
    validate_network,
)
from skdnn.displays._candidates import candidate_network, validate_candidate_names
from skdnn.displays._canvas import COLOURS, DASHES, GREY, MARKERS, axes_or_new, literal
from skdnn.displays._measures import shared_measure
from skdnn.displays._scores import best_first, check_searched

if TYPE_CHECKING:
    from matplotlib.axes import Axes

History = Mapping[str, Sequence[float]]
Curves = dict[str, NDArray[np.float64]]

SCORE = "validation_score"  # stands for `validation_scores_`, which is not in `history_`

_EXPLANATIONS = _VALIDATION, _TRAINING, _BEST = "validation", "training", "best epoch"


class TrainingCurvesDisplay:
    """Training curves: loss or score by epoch.

    It is recommended to use :meth:`from_estimator`, :meth:`from_estimators`,
    :meth:`from_search` or :meth:`from_histories` to create a display.

    Parameters
    ----------
    curves : dict of ndarray of shape (n_fits, n_epochs)
        Values by label, one row per fit; NaN after the end of a shorter fit.
    metric : str
        Name of the plotted metric, a key of `history_`.
    validation_curves : dict of ndarray of shape (n_fits, n_epochs), default=None
        The same metric on validation data, with the same labels, if there are any.
    best_epochs : dict of sequence of int, default=None
        The best epoch of each fit by label, counted from 1. Labels may be missing.
    measure : str, default=""
        Axis label that says what is measured, such as "squared error of standardized y".

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the plot.
    lines_ : list of matplotlib.lines.Line2D
        One line per label: the mean of `curves` over its fits.
    validation_lines_ : list of matplotlib.lines.Line2D
        One line per label: the mean of `validation_curves`. With them, `lines_` are dashed.
    bands_ : list of matplotlib.collections.FillBetweenPolyCollection
        The range from the lowest to the highest fit, for each label with more than one fit;
        of the validation curves if there are any.
    best_marks_ : list of matplotlib.lines.Line2D
        A star at the best epoch of each fit, one artist per label.

    See Also
    --------
    skdnn.callbacks.HistoryMonitor : Records the histories of all folds of a search.

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

    def __init__(
        self,
        *,
        curves: Curves,
        metric: str,
        validation_curves: Curves | None = None,
        best_epochs: Mapping[str, Sequence[int]] | None = None,
        measure: str = "",
    ) -> None:
        self.curves = curves
        self.metric = metric
        self.validation_curves = validation_curves
        self.best_epochs = best_epochs
        self.measure = measure

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
        """Plot the training curves of a fitted estimator.

        Parameters
        ----------
        estimator : KerasDNNClassifier, KerasDNNRegressor or Pipeline
            A fitted estimator, or a pipeline whose last step is one.
        metric : str, default="loss"
            Key of `history_`: "loss", "accuracy" or "mean_absolute_error". Its values on
            validation data are plotted too if there are any; "val_loss" plots only them, and
            "validation_score" plots `validation_scores_`.
        name : str, default=None
            Label of the curve. By default, the name of the class.
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.
        **kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrainingCurvesDisplay
            The plotted display, with `best_iteration_` marked if the estimator has it.
        """
        label = type(_network_of(estimator)).__name__ if name is None else name
        return cls.from_estimators({label: estimator}, metric=metric, ax=ax, **kwargs)

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, Any],
        *,
        metric: str = "loss",
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Plot the training curves of several fitted estimators.

        Parameters
        ----------
        estimators : mapping of str to estimator or list of estimators
            Fitted estimators or pipelines by label. A list, such as the "estimator" of
            ``cross_validate(..., return_estimator=True)``, is plotted as a mean and a band.
        metric : str, default="loss"
            As for :meth:`from_estimator`.
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.
        **kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrainingCurvesDisplay
            The plotted display, with `best_iteration_` marked if the estimators have it.
        """
        check_labelled("estimators", estimators, "a fitted network")
        fits = {label: list(map(_network_of, _listed(e))) for label, e in estimators.items()}
        return cls.from_histories(
            {label: list(map(_history_of, group)) for label, group in fits.items()},
            metric=metric,
            best_epochs={
                label: [fit.best_iteration_ for fit in group]
                for label, group in fits.items()
                if all(hasattr(fit, "best_iteration_") for fit in group)
            },
            measure=shared_measure((fit for group in fits.values() for fit in group), metric),
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_search(
        cls,
        search: Any,
        monitor: Any,
        *,
        metric: str = "loss",
        names: Sequence[str] | None = None,
        n_candidates: int = 6,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Plot the training curves of the best candidates of a search, with bands of folds.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV or a halving search
            A fitted search.
        monitor : skdnn.callbacks.HistoryMonitor
            The monitor that was set on the search before fitting it, or any object with a
            method ``fold_histories(search)``.
        metric : str, default="loss"
            As for :meth:`from_estimator`.
        names : sequence of str, default=None
            Names of the candidates, in the order of ``cv_results_``. By default, they are made
            from the parameters in which the candidates differ.
        n_candidates : int, default=6
            Maximum number of candidates to plot, the best mean scores first; of a halving
            search, those of the last round first.
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.
        **kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrainingCurvesDisplay
            The plotted display.

        Raises
        ------
        ValueError
            If `n_candidates` is less than 1, or `monitor` was not set on this search.
        """
        check_searched(search)
        check_at_least_one("n_candidates", n_candidates)
        if not hasattr(monitor, "fold_histories"):
            raise TypeError(
                "monitor must be the HistoryMonitor that was set on the search, got "
                f"{brief(monitor)}"
            )
        labels = validate_candidate_names(search, names)
        histories = monitor.fold_histories(search)
        rows = best_first(search)[:n_candidates]
        return cls.from_histories(
            {labels[row]: histories[row] for row in rows},
            metric=metric,
            measure=shared_measure((candidate_network(search, row) for row in rows), metric),
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_histories(
        cls,
        histories: Mapping[str, Sequence[History]],
        *,
        metric: str = "loss",
        best_epochs: Mapping[str, Sequence[int]] | None = None,
        measure: str = "",
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Plot training histories, those of one label as a mean and a band.

        Parameters
        ----------
        histories : mapping of str to sequence of dict
            The `history_` of each fit by label, such as the folds of a candidate.
        metric : str, default="loss"
            Key of each history, as for :meth:`from_estimator`.
        best_epochs : mapping of str to sequence of int, default=None
            The best epoch of each fit by label, counted from 1. Labels may be missing.
        measure : str, default=""
            What the values measure, written below the axis label.
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.
        **kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrainingCurvesDisplay
            The plotted display.

        Raises
        ------
        ValueError
            If a history does not have the metric.
        """
        check_histories(histories)
        check_best_epochs(best_epochs or {}, histories)
        beside = f"val_{metric}"
        validated = all(beside in history for fits in histories.values() for history in fits)
        return cls(
            curves=_stacked_by_label(histories, metric),
            metric=metric,
            validation_curves=_stacked_by_label(histories, beside) if validated else None,
            best_epochs=best_epochs,
            measure=measure,
        ).plot(ax=ax, **kwargs)

    def plot(self, *, ax: Axes | None = None, **kwargs: Any) -> Self:
        """Plot the display.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. If None, a new figure is created.
        **kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrainingCurvesDisplay
            The display itself.
        """
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D
        from matplotlib.ticker import MaxNLocator

        self.ax_, self.figure_ = axes_or_new(ax)
        self.lines_: list[Any] = []
        self.validation_lines_: list[Any] = []
        self.bands_: list[Any] = []
        self.best_marks_: list[Any] = []
        drawn = self.ax_.get_legend_handles_labels()[1]  # by an earlier display
        first = len([label for label in drawn if label not in _EXPLANATIONS])
        for number, label in enumerate(self.curves, start=first):
            self._plot_label(number, label, normalize_kwargs(kwargs, Line2D))
        if self.validation_curves:
            self._explain(_VALIDATION, color=GREY)
            self._explain(_TRAINING, color=GREY, linestyle="--", linewidth=1)
        if self.best_marks_:
            self._explain(_BEST, color=GREY, **_MARK)
        self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        measure = f"\n({literal(self.measure)})" if self.measure else ""
        self.ax_.set(xlabel="Epoch", ylabel=self._axis_title() + measure)
        self.ax_.grid(visible=True, alpha=0.3)
        short = len(self.ax_.get_legend_handles_labels()[1]) <= 4
        self.ax_.legend(fontsize="medium" if short else "small")
        return self

    def _axis_title(self) -> str:
        bare = self.metric.removeprefix("val_")
        words = literal(bare.replace("_", " "))
        if bare != self.metric:
            return f"Validation {words}"
        if self.validation_curves or bare not in ("loss", "accuracy", "mean_absolute_error"):
            return words[:1].upper() + words[1:]
        return f"Training {words}"

    def _plot_label(self, number: int, label: str, kwargs: dict[str, Any]) -> None:
        main = self.curves[label]
        style = {
            "color": COLOURS[number % len(COLOURS)],
            "linestyle": DASHES[number // len(COLOURS) % len(DASHES)],
            # Colours alone are not for everyone.
            "marker": MARKERS[number % len(MARKERS)] if len(self.curves) > 1 else "",
            "markersize": 4,
            "markevery": -(-main.shape[1] // 10),
        }
        if self.validation_curves:
            thin = {"linestyle": "--", "linewidth": 1, "marker": ""}
            self.lines_.append(self._plot_mean(main, style | thin | kwargs))
            main = self.validation_curves[label]
        line = self._plot_mean(main, style | {"label": literal(label)} | kwargs)
        (self.validation_lines_ if self.validation_curves else self.lines_).append(line)
        if len(main) > 1:
            self._plot_band(main, line.get_color())
        if self.best_epochs and label in self.best_epochs:
            self._plot_best(main, self.best_epochs[label], line.get_color())

    def _plot_mean(self, values: NDArray[np.float64], style: dict[str, Any]) -> Any:
        epochs = np.arange(1, values.shape[1] + 1)
        if len(epochs) == 1:
            style = {"marker": "o"} | {k: v for k, v in style.items() if v != ""}
        return self.ax_.plot(epochs, np.nanmean(values, axis=0), **style)[0]

    def _plot_band(self, values: NDArray[np.float64], colour: Any) -> None:
        epochs = np.arange(1, values.shape[1] + 1)
        low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
        self.bands_.append(
            self.ax_.fill_between(epochs, low, high, color=colour, alpha=0.15, linewidth=0)
        )

    def _plot_best(
        self, values: NDArray[np.float64], best_epochs: Sequence[int], colour: Any
    ) -> None:
        heights = [row[best - 1] for row, best in zip(values, best_epochs, strict=True)]
        self.best_marks_ += self.ax_.plot(best_epochs, heights, color=colour, **_MARK)

    def _explain(self, label: str, **style: Any) -> None:
        """Add an explanation to the legend, once per axes."""
        if label not in self.ax_.get_legend_handles_labels()[1]:
            self.ax_.plot([], [], label=label, **style)


_MARK: dict[str, Any] = {
    "linestyle": "none",
    "marker": "*",
    "markersize": 14,
    "markeredgecolor": "white",
}


def _network_of(estimator: Any) -> Any:
    return validate_network(estimator, "history_")


def _listed(estimators: Any) -> Sequence[Any]:
    several = isinstance(estimators, list | tuple | np.ndarray)
    return list(estimators) if several else [estimators]


def _history_of(estimator: Any) -> History:
    scores = getattr(estimator, "validation_scores_", None)
    return estimator.history_ if scores is None else {**estimator.history_, SCORE: scores}


def _stacked_by_label(histories: Mapping[str, Sequence[History]], metric: str) -> Curves:
    return {label: _stacked(label, fits, metric) for label, fits in histories.items()}


def _stacked(label: str, fits: Sequence[History], metric: Any) -> NDArray[np.float64]:
    for history in fits:
        if not isinstance(metric, str) or metric not in history:
            raise ValueError(
                f"metric must be a key of every history, {sorted(history)} for {label!r}, "
                f"got {metric!r}"
            )
    longest = max(len(history[metric]) for history in fits)
    stacked = np.full((len(fits), longest), np.nan)
    for row, history in zip(stacked, fits, strict=True):
        row[: len(history[metric])] = history[metric]
    return stacked
