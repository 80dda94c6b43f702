"""Report a finished search as a self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from skdnn.report._baselines import Baselines, score_baselines

__all__ = ["Baselines", "score_baselines", "write_report"]


def __getattr__(name: str) -> Any:
    if name in ("Baselines", "score_baselines"):  # scikit-learn's models take time to import
        from skdnn.report import _baselines

        return getattr(_baselines, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def write_report(
    search: Any,
    path: str | Path,
    *,
    X_test: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    images: ArrayLike | None = None,
    monitor: Any = None,
    baselines: Baselines | None = None,
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
    """Write an HTML report on a search to a single, self-contained file.

    The report shows the best candidate with its uncertainty, a sortable table of all
    candidates, scores against fit time, training curves if available, the layers of the best
    network, how to use it and how to reproduce it. On test data, it shows the confusion matrix
    and the worst mistakes of a classifier; for a regressor predicted against true values,
    residuals, R², mean absolute error and the samples with the largest errors. Of a table, it
    shows the rows that are most wrong with their values, and the permutation importance of the
    columns. The page loads no other resources, and shows all names and values as escaped text.

    Parameters
    ----------
    search : GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV or HalvingRandomSearchCV
        A fitted and refitted search over a :class:`skdnn.KerasDNNClassifier`, a
        :class:`skdnn.KerasDNNRegressor` or a pipeline that ends in one. With several metrics,
        the one named by `refit` is reported.
    path : str or Path
        Path of the file. An existing file is replaced.
    X_test : array-like of shape (n_test, ...), default=None
        Test data that were not used in the search. If None, the parts that need them are
        left out.
    y_test : array-like of shape (n_test,) or (n_test, n_outputs), default=None
        Labels or target values of `X_test`. Required if `X_test` is given.
    images : array-like of shape (n_test, height, width) or (n_test, height, width, channels), \
default=None
        The samples of `X_test` as images. By default `X_test`, if it has such a shape.
    monitor : skdnn.callbacks.HistoryMonitor, default=None
        The monitor that was set on the search before fitting it, for the training curves of
        the folds. If None, the curves of the refitted estimator are shown.
    baselines : Baselines, default=None
        Scores of simple models on the folds of the search, as :func:`score_baselines` returns
        them. The page shows them below the candidates, and says whether the network is worth
        it.
    title : str, default="Which network is best?"
        Heading of the page.
    data : str, default=None
        Description of the data, such as ``"4,000 photographs of my garden"``.
    names : sequence of str, default=None
        Names of the candidates, in the order of ``cv_results_``. By default, they are made
        from the parameters in which the candidates differ.
    target_names : sequence of str, default=None
        Names of the classes, in the order of ``search.classes_``, or of the regression
        targets with their units, such as ``["price (dollars)"]``. By default, the labels, or
        the column names of `y_test`.
    score_name : str, default=None
        Name of the score. By default, it is taken from the `scoring` of the search.
    model_path : str or Path, default=None
        Path to which ``search.best_estimator_`` was saved: by :func:`skdnn.persistence.save`
        if it ends in ``.safetensors``, otherwise by :func:`joblib.dump`. If None, the report
        shows how to save it.
    new_rows : str, default=None
        Code that loads new data as `X`, in the form that was passed to the search, such as
        ``"X = numpy.load('new.npy')"``, for the code that shows how to use the network.
    reproduce : str, default=None
        Code or a command that reproduces the search. If None, its repr is shown.
    n_images : int, default=24
        Maximum number of mistakes, or of images with the largest errors, to show.

    Returns
    -------
    path : Path
        Path of the file.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the search is not fitted.
    TypeError
        If `search` is not a search, or `baselines` is not what :func:`score_baselines` returns.
    ValueError
        If the search was not refitted, if it has several metrics and `refit` does not name one
        of them, if all fits failed, or if arguments are inconsistent.
    OSError
        If the file can't be written.

    See Also
    --------
    score_baselines : Scores simple models on the folds of a search.
    skdnn.callbacks.HistoryMonitor : Records the training curves of a search.

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
    from skdnn.report._baselines import best_baseline
    from skdnn.report._facts import SearchFacts
    from skdnn.report._importances import important_columns
    from skdnn.report._kinds import target_of
    from skdnn.report._network import describe_network, last_step
    from skdnn.report._page import render
    from skdnn.report._search_pictures import curves_pictures, heatmap_picture, times_picture
    from skdnn.report._unseen import validate_unseen

    facts = SearchFacts.of(search, names, score_name)
    winner = search.best_estimator_
    target = target_of(winner)
    best = best_baseline(baselines, facts)
    rows = validate_unseen(X_test, y_test, images, target.answers)
    rows, importances = important_columns(search, facts, rows)
    page = render(
        title=title,
        data=data,
        facts=facts,
        baselines=baselines,
        best_baseline=best,
        curves=curves_pictures(search, facts, monitor),
        times=times_picture(search, facts),
        heatmap=heatmap_picture(search, facts),
        unseen=None
        if rows is None
        else target.evaluate(search, facts, rows, target_names, n_images),
        importances=importances,
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
