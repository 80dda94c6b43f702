"""A finished search as one page that a person reads: HTML that needs no other file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

__all__ = ["write_report"]


def write_report(
    search: Any,
    path: str | Path,
    *,
    X_test: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    images: ArrayLike | None = None,
    monitor: Any = None,
    title: str = "Which network is best?",
    data: str | None = None,
    names: Sequence[str] | None = None,
    target_names: Sequence[str] | None = None,
    score_name: str | None = None,
    model_path: str | Path | None = None,
    new_rows: str | None = None,
    reproduce: str | None = None,
    n_images: int = 24,
) -> Path:
    """Write a report on a search: one HTML file with everything in it.

    The page holds the winner with its uncertainty, a table of all candidates that can be
    sorted, scores against fit time, the winner's layers, how to use it and how to get it
    again; training curves where there is something to draw them from. Of rows that took no
    part in the search it shows a confusion matrix and the worst mistakes, or, where numbers
    were learnt, predicted against true numbers, residuals, R², the mean absolute error and the
    rows that are most wrong. It loads nothing from anywhere. Every name and value is shown as
    text, whatever it holds.

    Parameters
    ----------
    search : GridSearchCV or RandomizedSearchCV
        Fitted and refitted, over a :class:`skdnn.KerasDNNClassifier`, a
        :class:`skdnn.KerasDNNRegressor` or a pipeline that ends in one. Of several metrics
        the one that `refit` names is reported.
    path : str or Path
        Of the file. A file that is there is replaced.
    X_test : array-like of shape (n_test, ...), default=None
        Rows or images that took no part in the search. None leaves out what needs them.
    y_test : array-like of shape (n_test,) or (n_test, n_outputs), default=None
        Their labels or numbers; given together with `X_test`.
    images : array-like of shape (n_test, height, width) or (n_test, height, width, channels), \
default=None
        The rows of `X_test` as pictures. None takes `X_test` where it has such a shape.
    monitor : skdnn.callbacks.HistoryMonitor, default=None
        Set on the search before its fit: draws the training curves of the folds. None draws
        those of the refitted winner.
    title : str, default="Which network is best?"
        Heading of the page.
    data : str, default=None
        What was searched on, such as ``"4,000 photographs of my garden"``.
    names : sequence of str, default=None
        Name of each candidate, in the order of ``cv_results_``. None makes them from the
        parameters in which the candidates differ.
    target_names : sequence of str, default=None
        Names of the classes, in the order of ``search.classes_``; of numbers, what each is,
        with its unit, such as ``["price (dollars)"]``. None takes the labels, or the names
        that the table `y_test` has.
    score_name : str, default=None
        What the scores are; None takes it from the `scoring` of the search.
    model_path : str or Path, default=None
        Where ``search.best_estimator_`` was written: by :func:`skdnn.persistence.save` if it
        ends in ``.safetensors``, by :func:`joblib.dump` otherwise. None tells how to write it.
    new_rows : str, default=None
        Code that makes `X` of other data, in the form that the search was given, such as
        ``"X = numpy.load('new.npy')"``. None says no more than that.
    reproduce : str, default=None
        Code or a command that makes this search again. None shows the search's repr.
    n_images : int, default=24
        How many mistakes, or images that are most wrong, to show at most.

    Returns
    -------
    path : Path
        Of the file.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the search is not fitted.
    TypeError
        If `search` is no search.
    ValueError
        If the search has no refitted winner, if it has several metrics of which `refit` names
        none, if all fits failed, or if an argument does not fit the search or another one.
    OSError
        If the file can't be written.

    See Also
    --------
    skdnn.callbacks.HistoryMonitor : Keeps the training curves of a search.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skdnn import KerasDNNClassifier
    >>> from skdnn.report import write_report
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     KerasDNNClassifier(epochs=3, random_state=0), {"optimizer": ["sgd", "adam"]}, cv=2
    ... ).fit(X, y)
    >>> with TemporaryDirectory() as folder:
    ...     page = write_report(search, Path(folder) / "report.html").read_text("utf-8")
    >>> "Which network is best?" in page
    True
    """
    from skdnn.report._facts import SearchFacts
    from skdnn.report._kinds import target_of
    from skdnn.report._network import describe_network, last_step
    from skdnn.report._page import render
    from skdnn.report._search_pictures import curves_pictures, heatmap_picture, times_picture
    from skdnn.report._unseen import validate_unseen

    facts = SearchFacts.of(search, names, score_name)
    winner = search.best_estimator_
    target = target_of(winner)
    rows = validate_unseen(X_test, y_test, images, target.answers)
    page = render(
        title=title,
        data=data,
        facts=facts,
        curves=curves_pictures(search, facts, monitor),
        times=times_picture(facts),
        heatmap=heatmap_picture(search, facts),
        unseen=None
        if rows is None
        else target.evaluate(search, facts, rows, target_names, n_images),
        network=describe_network(winner),
        target=target,
        about_curves=target.about_curves(last_step(winner)),
        model_path=None if model_path is None else Path(model_path).as_posix(),
        new_rows=new_rows,
        reproduce=repr(search) if reproduce is None else reproduce,
    )
    path = Path(path)
    path.write_text(page, encoding="utf-8", errors="replace", newline="\n")
    return path
