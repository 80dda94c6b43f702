"""Convert fitted estimators and pipelines to ONNX: prediction without Python, Keras or skdnn.

The graph of a network or an image pipeline is built node by node with ``onnx.helper``. Other
pipelines are converted by skl2onnx, which calls the same code for the network. The extra
``skdnn[onnx]`` is needed.
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
    """Convert a fitted network, or a pipeline that ends in one, to an ONNX model.

    Parameters
    ----------
    estimator : KerasDNNClassifier, KerasDNNRegressor or sklearn.pipeline.Pipeline
        Fitted. All steps of a pipeline become part of the model; those before the network must
        be supported by skl2onnx.
    X : array-like or DataFrame of pandas or polars, default=None
        Data such as those passed to `fit`. They determine the inputs of the model, and the
        results for up to 500 rows are compared with those of `estimator`. Required for all
        pipelines other than those of :func:`skdnn.make_image_pipeline`, and for one input per
        column.
    input_dtype : {"uint8", "int32", "int64", "float32", "float64"}, default=None
        Type of the inputs that are numbers. None means uint8 for an image pipeline and float32
        otherwise.
    image_shape : tuple of int, default=None
        Shape of an image, such as ``(28, 28)``. None means that of the images in `X`. Needed
        for an image pipeline that flattens the images, unless it was made with `image_shape`
        or `X` is given.

    Returns
    -------
    model : onnx.ModelProto
        It has one input, ``"input"``: rows of shape (n, ...) or raw images. If `X` is a
        DataFrame, it has one input per column, with its name and shape (n, 1): numbers of type
        `input_dtype`, bools, and strings for strings and categories, with ``"nan"`` or
        ``"None"`` for missing ones.
        A classifier has two outputs: ``"label"``, of shape (n,), int64 or string as the
        classes are (numbers and bools become int64), for multilabel targets zeros and ones of
        shape (n, n_labels); and ``"probabilities"``, float32 of shape (n, n_classes), as
        `predict_proba` returns them. A regressor has one, ``"prediction"``: float32 in the
        shape of `y` and in its units.

    Raises
    ------
    ImportError
        If onnx or skl2onnx is not installed.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is another estimator, or a pipeline for which `X` is needed.
    ValueError
        If ONNX can't express it: an activation function of your own, classes that don't fit
        int64, a step that skl2onnx does not support or does not convert correctly. Or if
        `image_shape` is missing, or does not match the images.

    See Also
    --------
    register_converters : For skl2onnx's own functions.
    skdnn.persistence.save : A file that can be trained further.

    Notes
    -----
    Unlike `predict_proba`, the model does not validate its input: NaN gives NaN.

    References
    ----------
    `ONNX operators <https://onnx.ai/onnx/operators/>`_,
    `scikit-learn estimators that skl2onnx supports
    <https://onnx.ai/sklearn-onnx/supported.html>`_

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

    A pipeline, with one input per column:

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
                f"X, such as the training data, is needed to convert this pipeline; without X "
                f"{error}"
            ) from None
        return None, False
