"""How a callback gets from a search into the pipeline, and to the steps that take callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.pipeline import Pipeline

from skdnn.callbacks._tasks import is_search

if TYPE_CHECKING:
    from sklearn.callback import CallbackContext


class PipelineCallback:
    """A callback that sees a search, its pipelines and those of their steps that take it.

    scikit-learn would hand it on to every step, and warn of each that takes no callbacks, such
    as a `FunctionTransformer` or a `ColumnTransformer`. There is nothing in them to follow: so
    scikit-learn hands it on as far as the pipeline, which it sets on the other steps itself,
    for the time of their fit. A warning filter would not do: threads that fit at a time
    undo each other's.

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
                step.set_callbacks(*_others(self, step), _OfStep(self))

    def on_fit_task_end(self, estimator: Any, context: CallbackContext) -> None:
        if self._reaches_steps(estimator, context):
            _leave_steps(self, estimator)

    def _reaches_steps(self, estimator: Any, context: CallbackContext) -> bool:
        # The task of the pipeline itself, not of one of its steps.
        whole = context.parent is None or context.source_task_name is not None
        by_itself = self.max_propagation_depth is not None
        return by_itself and whole and isinstance(estimator, Pipeline)


class _OfStep:
    """The callback as a step has it: without `max_propagation_depth`, it is the step's own.

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
    """Return how deep scikit-learn shall hand a callback on; None for all the way.

    A search in a step of a pipeline is reached only by scikit-learn.
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
        if not (isinstance(each, _OfStep) and each.callback is callback)
    ]
