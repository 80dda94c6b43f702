"""Fitted estimators and pipelines as ONNX models: prediction without Python, Keras or skdnn.

A network and an image pipeline are put together by ``onnx.helper``, node by node; in other
pipelines skl2onnx does that for scikit-learn's steps, and takes the same nodes for the network.
It needs the extra ``skdnn[onnx]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skdnn._estimator.base import KerasDNNBase
from skdnn.onnx._images import model_of_one_input
from skdnn.onnx._pipelines import model_of_pipeline
from skdnn.onnx._registration import register_converters
from skdnn.onnx._steps import last_step
from skdnn.pipeline import image_pipeline_parts

if TYPE_CHECKING:
    import onnx

    from skdnn.classifier import KerasDNNClassifier
    from skdnn.regressor import KerasDNNRegressor

__all__ = ["register_converters", "to_onnx"]


def to_onnx(
    estimator: KerasDNNClassifier | KerasDNNRegressor | Pipeline,
    X: Any = None,
    *,
    input_dtype: str | None = None,
    image_shape: tuple[int, ...] | None = None,
) -> onnx.ModelProto:
    """Convert a fitted network, or a whole pipeline that ends in one, into an ONNX model.

    Parameters
    ----------
    estimator : KerasDNNClassifier, KerasDNNRegressor or sklearn.pipeline.Pipeline
        Fitted. All steps of a pipeline become part of the model; skl2onnx must know them.
    X : array-like or frame of pandas or polars, default=None
        Rows such as those of `fit`. They tell the model's inputs, and up to 500 of them are
        run through it and compared with what the estimator predicts. Needed for a pipeline
        other than :func:`skdnn.make_image_pipeline` makes it, and for inputs by column.
    input_dtype : {"uint8", "int32", "int64", "float32", "float64"}, default=None
        Type of the model's inputs of numbers. None takes uint8 for an image pipeline and
        float32 else.
    image_shape : tuple of int, default=None
        Shape of an image, such as ``(28, 28)``; that of `X` if it is given. Needed for an
        image pipeline that flattens and was made without `image_shape`: nothing in it has
        learnt the shape.

    Returns
    -------
    model : onnx.ModelProto
        One input, ``"input"``: rows of shape (n, ...) or raw images. If `X` is a frame, one
        for each of its columns, of the same name and of shape (n, 1): numbers as
        `input_dtype`, bools as bool, text and categories as strings, ``"nan"`` or ``"None"``
        where they are missing.
        A classifier has two outputs: ``"label"``, of shape (n,), int64 or string as the
        classes are (numbers and bools become int64), for multilabel targets zeros and ones of
        shape (n, n_labels); and ``"probabilities"``, float32 of shape (n, n_classes), as
        `predict_proba` gives them. A regressor has one, ``"prediction"``: float32 in the shape
        of `y` and in its units.

    Raises
    ------
    ImportError
        If the package onnx or skl2onnx is missing.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is another estimator, or another pipeline and `X` is not given.
    ValueError
        If ONNX can't express it: an activation of your own, classes beyond int64, a step that
        skl2onnx does not know or that would answer otherwise than scikit-learn's; or if
        `image_shape` is missing, or is not that of the images.

    See Also
    --------
    register_converters : For skl2onnx's own functions.
    skdnn.persistence.save : A file that trains further, too.

    Notes
    -----
    Unlike `predict_proba` the model does not check its input: NaN goes in and comes out.

    References
    ----------
    `ONNX operators <https://onnx.ai/onnx/operators/>`_,
    `steps that skl2onnx knows <https://onnx.ai/sklearn-onnx/supported.html>`_

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import KerasDNNClassifier
    >>> from skdnn.onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> network = KerasDNNClassifier((20,), epochs=3, random_state=0).fit(X, y)
    >>> model = to_onnx(network)
    >>> [node.op_type for node in model.graph.node]
    ['Gemm', 'Relu', 'Gemm', 'Softmax', 'ArgMax', 'Gather']
    >>> [output.name for output in model.graph.output]
    ['label', 'probabilities']

    A whole pipeline, with an input for each column:

    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> pipeline = make_pipeline(StandardScaler(), network).fit(X, y)
    >>> model = to_onnx(pipeline, X)
    >>> [column.name for column in model.graph.input][:2]
    ['sepal length (cm)', 'sepal width (cm)']
    """
    check_is_fitted(estimator)
    network = last_step(estimator)
    if not isinstance(network, KerasDNNBase):
        raise TypeError(
            "only a KerasDNNClassifier, a KerasDNNRegressor or a pipeline that ends in one can "
            f"be converted, got {type(network).__name__}; skl2onnx converts scikit-learn's own"
        )
    scaling, plain = _image_scaling(estimator, X)
    if not plain:
        return model_of_pipeline(estimator, X, input_dtype)
    if X is not None and image_shape is None:
        image_shape = np.shape(X)[1:]
    return model_of_one_input(network, scaling, input_dtype, image_shape)


def _image_scaling(estimator: Any, X: Any) -> tuple[dict[str, Any] | None, bool]:
    """Return an image pipeline's scaling, and whether one input of arrays is all there is."""
    by_column = hasattr(X, "columns")
    if not isinstance(estimator, Pipeline):
        return None, not by_column
    try:
        return image_pipeline_parts(estimator)[0], not by_column
    except TypeError as error:
        if X is None:
            raise TypeError(
                f"to convert any pipeline, pass X, such as the rows of fit; without X {error}"
            ) from None
        return None, False
