"""Save fitted estimators to files that contain data and no code.

:func:`save` writes an estimator or an image or table pipeline to a safetensors file,
:func:`load` reads it.
Loading executes nothing from the file, imports nothing by a name in it, opens no other file,
and checks sizes before allocating memory, so untrusted files are safe to load.
"""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from skdnn.persistence._container import LoadError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from skdnn.classifier import KerasDNNClassifier
    from skdnn.regressor import KerasDNNRegressor

__all__ = ["LoadError", "load", "save"]


def save(
    estimator: KerasDNNClassifier | KerasDNNRegressor | Pipeline, path: str | os.PathLike[str]
) -> None:
    """Save a fitted classifier, regressor, image pipeline or table pipeline to a file.

    The file holds the weights, optimizer state, hyperparameters, classes or target scaling,
    feature names, training history and library versions; for a table also its medians, scales
    and categories. A loaded estimator gives bit for bit the same predictions and can continue
    training.

    Parameters
    ----------
    estimator : KerasDNNClassifier, KerasDNNRegressor or sklearn.pipeline.Pipeline
        A fitted estimator, or a fitted pipeline created by :func:`skdnn.make_image_pipeline`
        or :func:`skdnn.make_table_pipeline`.
    path : path-like
        Path of the file; ``.safetensors`` is the usual suffix. An existing file is replaced
        only once the new one is complete, so it survives a full disk or a killed process.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is any other estimator or pipeline.
    ValueError
        If a hyperparameter can't be stored as data: custom functions or optimizer classes,
        callbacks, or a directory as `memory`; or if a step of a table pipeline was replaced.
        The message names it and a remedy.
    OSError
        If the file can't be written.

    See Also
    --------
    load : Load the file.
    skdnn.onnx.to_onnx : Export for prediction without Python.

    References
    ----------
    `The safetensors format <https://huggingface.co/docs/safetensors>`_

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import KerasDNNClassifier
    >>> from skdnn.persistence import load, save
    >>> X, y = load_iris(return_X_y=True)
    >>> network = KerasDNNClassifier(epochs=3, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = Path(directory, "iris.safetensors")
    ...     save(network, path)
    ...     loaded = load(path)
    >>> bool((loaded.predict_proba(X) == network.predict_proba(X)).all())
    True
    """
    from sklearn.utils.validation import check_is_fitted

    from skdnn.persistence import _atomic, _container, _description, _table_pipeline

    check_is_fitted(estimator)
    data = _container.to_bytes(*_description.describe(estimator))
    try:
        loaded = _estimator(io.BytesIO(data), len(data))
    except LoadError as error:  # nothing is written that could not be read
        raise ValueError(
            f"can't save this estimator, whose file would not load: {error}"
        ) from error
    if _description.is_table_pipeline(estimator):
        _table_pipeline.check_attributes(estimator, loaded)
    _atomic.write_whole(path, data)


def load(
    path: str | os.PathLike[str],
) -> KerasDNNClassifier | KerasDNNRegressor | Pipeline:
    """Load an estimator saved by :func:`save`.

    Parameters
    ----------
    path : path-like
        Path of the file. Untrusted files are safe to load: they hold data only, which is
        validated before use.

    Returns
    -------
    estimator : KerasDNNClassifier, KerasDNNRegressor or sklearn.pipeline.Pipeline
        The fitted estimator, as it was saved.

    Raises
    ------
    LoadError
        If the file is damaged, malicious, not one of skdnn's, or written by a later version.
        It is a subclass of ValueError, and the only error that invalid files raise.
    OSError
        If the file does not exist or can't be read.

    See Also
    --------
    save : Save an estimator to a file.

    Examples
    --------
    A renamed pickle is refused, not run:

    >>> import pickle, tempfile
    >>> from pathlib import Path
    >>> from skdnn.persistence import LoadError, load
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = Path(directory, "model.safetensors")
    ...     _ = path.write_bytes(pickle.dumps({"weights": [1, 2, 3]}))
    ...     try:
    ...         load(path)
    ...     except LoadError as error:
    ...         print("refused:", "header" in str(error))
    refused: True
    """
    path = Path(path)
    if not stat.S_ISREG(path.stat().st_mode):
        raise LoadError(f"can't load {path}: it is not a regular file")
    with path.open("rb") as file:
        try:
            return _estimator(file, os.fstat(file.fileno()).st_size)
        except LoadError as error:
            raise LoadError(f"can't load {path}: {error}") from error


def _estimator(file: BinaryIO, size: int) -> Any:
    from skdnn.persistence import _container, _formats

    header = _container.read_header(file, size)
    number = header.manifest.get("format") if isinstance(header.manifest, dict) else None
    file_format = _formats.format_of_number(number)
    if file_format is None:
        raise LoadError(
            f"it has format {number!r}, this version of skdnn reads 1 to {_formats.LATEST}; a "
            "later version of skdnn may have written it"
        )
    try:
        file_format.check_header(header)
        return file_format.restore(header.manifest, _container.read_arrays(file, header))
    except LoadError:
        raise
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
        raise LoadError(str(error)) from error
