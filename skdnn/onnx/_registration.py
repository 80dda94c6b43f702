"""Registration of converters with skl2onnx."""

from __future__ import annotations

from typing import Any

from sklearn.base import is_classifier
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from skdnn._estimator.base import KerasDNNBase
from skdnn.classifier import KerasDNNClassifier
from skdnn.onnx._estimators import convert_network, network_shapes
from skdnn.onnx._functions import convert_function, function_shape
from skdnn.onnx._scikit_learn import (
    convert_encoder,
    convert_imputer,
    convert_indicator,
    encoder_shape,
    imputer_shape,
    indicator_shape,
)
from skdnn.regressor import KerasDNNRegressor

_STEPS = [
    (FunctionTransformer, function_shape, convert_function),
    (MissingIndicator, indicator_shape, convert_indicator),
    (OneHotEncoder, encoder_shape, convert_encoder),
    (SimpleImputer, imputer_shape, convert_imputer),
]


def register_converters() -> None:
    """Register converters for the estimators of skdnn with skl2onnx.

    After this call ``skl2onnx.to_onnx`` and ``skl2onnx.convert_sklearn`` convert
    :class:`skdnn.KerasDNNClassifier` and :class:`skdnn.KerasDNNRegressor` wherever they are
    used: in pipelines, searches, and ensembles such as `VotingClassifier`. They also convert
    the functions of :func:`skdnn.make_image_pipeline` and :func:`skdnn.make_table_pipeline`,
    and what skl2onnx lacks of scikit-learn's transformers: `MissingIndicator`, `SimpleImputer`
    with ``add_indicator=True``, and `OneHotEncoder` with infrequent categories.

    :func:`skdnn.onnx.to_onnx` makes the call itself.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    See Also
    --------
    skdnn.onnx.to_onnx : Converts a pipeline and compares the results.

    Notes
    -----
    The conventions are those of skl2onnx: probabilities are a list of dictionaries unless
    ``options={"zipmap": False}`` is passed, and predicted numbers have shape (n, n_outputs).
    `target_opset` must be at least 15.

    References
    ----------
    `skl2onnx <https://onnx.ai/sklearn-onnx/>`_

    Examples
    --------
    >>> import numpy as np
    >>> import skl2onnx
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skdnn import KerasDNNClassifier
    >>> from skdnn.onnx import register_converters
    >>> X, y = load_iris(return_X_y=True)
    >>> network = KerasDNNClassifier((8,), epochs=3, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), network).fit(X, y)
    >>> register_converters()
    >>> model = skl2onnx.to_onnx(
    ...     pipeline, X.astype(np.float32), options={"zipmap": False}
    ... )
    >>> [output.name for output in model.graph.output]
    ['label', 'probabilities']
    """
    for kind in (KerasDNNClassifier, KerasDNNRegressor):
        register_network(kind)
    for step, shape, converter in _STEPS:
        imported_skl2onnx().update_registered_converter(
            step, f"Sklearn{step.__name__}", shape, converter
        )


def register_network(kind: type[KerasDNNBase]) -> None:
    """Register a class of networks; skl2onnx does not look at its base classes.

    Parameters
    ----------
    kind : type
        :class:`skdnn.KerasDNNClassifier`, :class:`skdnn.KerasDNNRegressor` or a subclass.
    """
    # skl2onnx asks for `nocl`, labels without their names, which networks here don't have.
    options = {"zipmap": [True, False, "columns"], "nocl": [False]}
    imported_skl2onnx().update_registered_converter(
        kind,
        f"Skdnn{kind.__name__}",
        network_shapes,
        convert_network,
        options=options if is_classifier(kind()) else None,
    )


def imported_skl2onnx() -> Any:
    """Import skl2onnx, or name the extra that brings it.

    Returns
    -------
    skl2onnx : module

    Raises
    ------
    ImportError
        If it is missing.
    """
    try:
        import skl2onnx
    except ImportError as error:
        raise ImportError(
            "the package skl2onnx is needed to convert pipelines: install skdnn with the "
            "extra, pip install 'skdnn[onnx]'"
        ) from error
    return skl2onnx
