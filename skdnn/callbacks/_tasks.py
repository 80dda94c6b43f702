"""Kinds of tasks in scikit-learn's callback contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.callback import CallbackContext

_FOLD, _REFIT = "candidate-split-evaluation", "refit-with-best-params"


def is_search(estimator: Any) -> bool:
    """Tell whether an estimator, or a parameter of one, is a search such as GridSearchCV."""
    return hasattr(estimator, "refit") and hasattr(estimator, "cv")


def is_fold(context: CallbackContext) -> bool:
    """Tell whether a task is the fit of one candidate on one fold."""
    return _FOLD in _names(context)


def is_refit(context: CallbackContext) -> bool:
    """Tell whether a task is the fit of the best candidate on all rows."""
    return _REFIT in _names(context)


def evaluation_of(context: CallbackContext | None) -> CallbackContext | None:
    """Return the fit of a fold that a task belongs to; None for a refit or no search."""
    while context is not None and not is_fold(context):
        context = context.parent
    return context


def evaluation_number(context: CallbackContext) -> int | None:
    """Return the index of the fit of a fold that a task belongs to, in the search's order.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        Of the task.

    Returns
    -------
    number : int or None
        ``candidate * n_folds + fold``; None for a refit or no search.
    """
    evaluation = evaluation_of(context)
    return None if evaluation is None else int(evaluation.task_id)


def evaluation_round(context: CallbackContext) -> int:
    """Return the index of the round of a search that the fit of a fold belongs to.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        Of a task in it.

    Returns
    -------
    round : int
        0 but for halving searches, which number the fits of each round from 0 again.
    """
    evaluation = evaluation_of(context)
    return (
        0 if evaluation is None or evaluation.parent is None else int(evaluation.parent.task_id)
    )


def _names(context: CallbackContext) -> tuple[str | None, str | None]:
    # A task that stands for the fit of an inner estimator has the name of the outer's as well.
    return context.task_name, context.source_task_name
