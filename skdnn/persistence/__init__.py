"""Fitted estimators as files that hold data and no code.

:func:`save` writes a network or an image pipeline as one safetensors file, :func:`load`
reads it. Reading runs nothing from the file, imports nothing by a name in it, opens no other
file, and allocates nothing before sizes are checked; so a file from a stranger can be loaded.
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
    """Save a fitted classifier, regressor or image pipeline as one file.

    The file holds the weights and the optimizer's state, hyperparameters, classes or the units
    of numbers, names of features, the history and the versions of the libraries: a loaded
    estimator predicts the same, bit by bit, and goes on training where the saved one stood.

    Parameters
    ----------
    estimator : KerasDNNClassifier, KerasDNNRegressor or sklearn.pipeline.Pipeline
        Fitted; a pipeline as :func:`skdnn.make_image_pipeline` makes it.
    path : path-like
        Where; ``.safetensors`` is the usual suffix. A file that is there is replaced once the
        new one is complete: if the disk is full or the process dies, the old one is intact.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is another estimator or pipeline.
    ValueError
        If it holds what can't be data: functions of your own, callbacks, an optimizer class of
        your own, a directory as `memory`. Names the hyperparameter and the remedy.
    OSError
        If the file can't be written.

    See Also
    --------
    load : Reads the file.
    skdnn.onnx.to_onnx : For prediction without Python.

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

    from skdnn.persistence import _atomic, _container, _description

    check_is_fitted(estimator)
    data = _container.to_bytes(*_description.describe(estimator))
    try:
        _estimator(io.BytesIO(data), len(data))
    except LoadError as error:  # nothing is written that could not be read
        raise ValueError(
            f"can't save this estimator, whose file would not load: {error}"
        ) from error
    _atomic.write_whole(path, data)


def load(
    path: str | os.PathLike[str],
) -> KerasDNNClassifier | KerasDNNRegressor | Pipeline:
    """Load what :func:`save` has written.

    Parameters
    ----------
    path : path-like
        The file. It may be from anyone: it is data, and checked before it is used.

    Returns
    -------
    estimator : KerasDNNClassifier, KerasDNNRegressor or sklearn.pipeline.Pipeline
        Fitted, as it was saved.

    Raises
    ------
    LoadError
        If the file is not one of skdnn's, damaged, made to do harm, or written by a later
        version. Whatever is wrong with a file, it is this error, a ValueError.
    OSError
        If there is no file or it can't be read.

    See Also
    --------
    save : Writes the file.

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
        known = " and ".join(map(str, _formats.NUMBERS))
        raise LoadError(
            f"it has format {number!r}, this version of skdnn reads {known}; a later version "
            "of skdnn may have written it"
        )
    try:
        file_format.check_header(header)
        return file_format.restore(header.manifest, _container.read_arrays(file, header))
    except LoadError:
        raise
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
        raise LoadError(str(error)) from error
