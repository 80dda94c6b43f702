"""Propagation of callbacks from a search to the steps of its pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.pipeline import Pipeline

from skdnn.callbacks._tasks import is_search

if TYPE_CHECKING:
    from sklearn.callback import CallbackContext


class PipelineCallback:
    """A callback for a search, its pipelines and those steps that support callbacks.

    scikit-learn would propagate it to every step, and warn of each that does not support
    callbacks, such as a `FunctionTransformer` or a `ColumnTransformer`. So it is propagated as
    far as the pipeline only, and sets itself on the supporting steps during their fit. A
    warning filter would not do: concurrent threads overwrite each other's.

    A subclass calls these hooks in its own.
    """

    max_propagation_depth: int | None = None

    def setup(self, estimator: Any, context: CallbackContext) -> None:  # noqa: ARG002
        self.max_propagation_depth = _depth_of_pipelines(estimator)

    def teardown(self, estimator: Any, context: CallbackContext) -> None:  # noqa: ARG002
        # Of a fit that failed: one that ended has left them.
        _leave_steps(self, estimator)
        _leave_steps(self, getattr(estimator, "best_estimator_", None))

    def on_fit_task_begin(self, estimator: Any, context: CallbackContext) -> None:
        if self._reaches_steps(estimator, context):
            for step in _steps_with_callbacks(estimator):
                step.set_callbacks(*_others(self, step), _StepCallback(self))

    def on_fit_task_end(self, estimator: Any, context: CallbackContext) -> None:
        if self._reaches_steps(estimator, context):
            _leave_steps(self, estimator)

    def _reaches_steps(self, estimator: Any, context: CallbackContext) -> bool:
        # The task of the pipeline itself, not of one of its steps.
        whole = context.parent is None or context.source_task_name is not None
        by_itself = self.max_propagation_depth is not None
        return by_itself and whole and isinstance(estimator, Pipeline)


class _StepCallback:
    """The callback as set on a step: without `max_propagation_depth`.

    Parameters
    ----------
    callback : PipelineCallback
        Whose hooks are called.
    """

    def __init__(self, callback: PipelineCallback) -> None:
        self.callback = callback
        # The very methods: scikit-learn reads from their signatures what they ask for.
        self.on_fit_task_begin = callback.on_fit_task_begin
        self.on_fit_task_end = callback.on_fit_task_end

    def setup(self, estimator: Any, context: CallbackContext) -> None:
        """Do nothing: the outermost estimator has set the callback up."""

    def teardown(self, estimator: Any, context: CallbackContext) -> None:
        """Do nothing, for the same reason."""


def _depth_of_pipelines(estimator: Any) -> int | None:
    """Return how deep scikit-learn propagates a callback; None for no limit.

    A search in a step of a pipeline is only reached by scikit-learn's propagation.
    """
    inner = estimator.get_params().values()
    if any(map(is_search, inner)):
        return None
    if isinstance(estimator, Pipeline):
        return 0
    of_pipelines = is_search(estimator) and isinstance(estimator.estimator, Pipeline)
    return 1 if of_pipelines else None


def _steps_with_callbacks(pipeline: Pipeline) -> list[Any]:
    return [step for _, step in pipeline.steps if hasattr(step, "set_callbacks")]


def _leave_steps(callback: PipelineCallback, estimator: Any) -> None:
    if isinstance(estimator, Pipeline):
        for step in _steps_with_callbacks(estimator):
            step.set_callbacks(*_others(callback, step))
            _leave_steps(callback, step)


def _others(callback: PipelineCallback, step: Any) -> list[Any]:
    """Return the callbacks of a step without this one."""
    return [
        each
        for each in getattr(step, "_skl_callbacks", [])
        if not (isinstance(each, _StepCallback) and each.callback is callback)
    ]
