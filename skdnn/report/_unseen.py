"""What the winner does with rows that took no part in the search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_regressor

from skdnn.displays import ImagesDisplay
from skdnn.displays._arguments import check_comparable, named_classes
from skdnn.displays._canvas import literal, shortened
from skdnn.displays._images import drawable
from skdnn.displays._pixels import checked_images
from skdnn.report._facts import SearchFacts, wilson_interval
from skdnn.report._pictures import Picture, data_uri, picture

Namer = Callable[[Any], str]

_MOST_CLASSES = 30  # that a confusion matrix can be read with
_MOST_CONFUSIONS = 10


@dataclass(frozen=True)
class Mistake:
    """A picture of a wrong prediction.

    Parameters
    ----------
    uri : str
        The picture itself.
    text : str
        For those who can't see it.
    words : tuple of str
        What was predicted, and what it is.
    """

    uri: str
    text: str
    words: tuple[str, str]


@dataclass(frozen=True)
class Unseen:
    """What the winner does with rows that took no part in the search.

    Parameters
    ----------
    noun : str
        "images" or "rows".
    n_rows : int
        How many.
    accuracy : float or None
        Share of right predictions; None for rows with several labels.
    interval : tuple of float or None
        Its 95 % interval.
    score : float or None
        The score of the search, where that is not the accuracy.
    matrix : Picture or None
        Confusion matrix; None for too many classes.
    confusions : list of (str, str, int)
        True class, predicted class and count, the most frequent first.
    mistakes : list of Mistake
        Empty where the rows are no images.
    mistakes_title : str
        Which they are.
    """

    noun: str
    n_rows: int
    accuracy: float | None
    interval: tuple[float, float] | None
    score: float | None
    matrix: Picture | None
    confusions: list[tuple[str, str, int]]
    mistakes: list[Mistake]
    mistakes_title: str


def unseen_rows(
    search: Any,
    facts: SearchFacts,
    X_test: ArrayLike | None,
    y_test: ArrayLike | None,
    images: ArrayLike | None,
    target_names: Sequence[str] | None,
    n_images: int,
) -> Unseen | None:
    """Predict the rows that took no part in the search, and see what goes wrong.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.
    facts : SearchFacts
        Of the search.
    X_test, y_test, images, target_names, n_images
        As for :func:`skdnn.report.write_report`.

    Returns
    -------
    unseen : Unseen or None
    """
    if (X_test is None) != (y_test is None):
        missing = "X_test" if X_test is None else "y_test"
        raise ValueError(f"X_test and y_test must be given together, got {missing}=None")
    if X_test is None or y_test is None:
        return None
    estimator, true = search.best_estimator_, np.asarray(y_test)
    if target_names is not None and is_regressor(estimator):
        raise ValueError("target_names are names of classes, but the search learnt numbers")
    if np.ndim(true) < 1 or len(true) != _number_of_rows(X_test):
        raise ValueError(
            f"y_test must hold the labels of the {_number_of_rows(X_test)} rows of X_test, got "
            f"shape {true.shape}"
        )
    # Numbers, or several labels a row: there is no one class to confuse with another.
    no_classes = true.ndim > 1 or is_regressor(estimator)
    told = facts.score_name == "accuracy" and not no_classes
    score = None if told else float(search.score(X_test, y_test))
    if no_classes:
        return Unseen("rows", len(true), None, None, score, None, [], [], "")
    predicted = np.asarray(estimator.predict(X_test))
    check_comparable("y_test", true, predicted)
    wrong = true != predicted
    right = int((~wrong).sum())
    name = _namer(estimator.classes_, target_names)
    pairs = Counter(zip(map(name, true[wrong]), map(name, predicted[wrong]), strict=True))
    confusions = [(*pair, count) for pair, count in pairs.most_common(_MOST_CONFUSIONS)]
    pixels = _pictures_of(X_test, images, len(true))
    mistakes, mistakes_title = (
        ([], "")
        if pixels is None
        else _mistakes(estimator, X_test, pixels, true, predicted, name, n_images)
    )
    return Unseen(
        noun="images" if pixels is not None else "rows",
        n_rows=len(true),
        accuracy=right / len(true),
        interval=wilson_interval(right, len(true)),
        score=score,
        matrix=_matrix_picture(true, predicted, estimator.classes_, name),
        confusions=confusions,
        mistakes=mistakes,
        mistakes_title=mistakes_title,
    )


def _number_of_rows(X: Any) -> int:
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def _namer(classes: NDArray[Any], target_names: Sequence[str] | None) -> Namer:
    if target_names is None:
        return str
    given = named_classes(target_names, classes)
    names = dict(zip(classes.tolist(), map(str, given), strict=True))
    return lambda label: names.get(label, str(label))


def _matrix_picture(
    true: NDArray[Any], predicted: NDArray[Any], classes: NDArray[Any], name: Namer
) -> Picture | None:
    from sklearn.metrics import ConfusionMatrixDisplay

    labels = np.unique(np.concatenate([classes, true]))
    if len(labels) > _MOST_CLASSES:
        return None
    right = int((true == predicted).sum())

    def draw(ax: Any) -> None:
        ConfusionMatrixDisplay.from_predictions(
            true,
            predicted,
            labels=labels,
            display_labels=[literal(shortened(name(label), 16)) for label in labels],
            xticks_rotation=90 if len("".join(map(name, labels))) > 40 else 0,
            values_format="d",
            cmap="cividis",
            colorbar=False,
            text_kw={"fontsize": "small" if len(labels) <= 12 else "x-small"},
            ax=ax,
        )

    side = 3.6 + 0.17 * max(len(labels), 6)
    return picture(
        "confusion",
        draw,
        title="Confusion matrix",
        caption=(
            "How many of each class (rows) were taken for which class (columns). What is right "
            "lies on the diagonal."
        ),
        text=lambda: (
            f"{right:,} of {len(true):,} lie on the diagonal; the table lists the "
            "most frequent confusions"
        ),
        size=(side, side),
        wide=True,
    )


def _mistakes(
    estimator: Any,
    X_test: ArrayLike,
    pixels: NDArray[Any],
    true: NDArray[Any],
    predicted: NDArray[Any],
    name: Namer,
    n_images: int,
) -> tuple[list[Mistake], str]:
    proba = estimator.predict_proba(X_test) if hasattr(estimator, "predict_proba") else None
    chosen = ImagesDisplay.chosen(
        pixels,
        np.array([name(label) for label in true], object),
        np.array([name(label) for label in predicted], object),
        certainty=None if proba is None else np.max(proba, axis=1),
        n_images=n_images,
    )
    low, high = (float(pixels.min()), float(pixels.max())) if pixels.size else (0.0, 1.0)
    found = [
        Mistake(
            uri=data_uri(drawable(image), low, max(high, low + 1e-12)),
            text=f"An image of {chosen.y_true[row]}, taken for {chosen.y_pred[row]}",
            words=chosen.words(row),
        )
        for row, image in enumerate(chosen.images)
    ]
    return found, chosen.title


def _pictures_of(
    X_test: ArrayLike, images: ArrayLike | None, n_rows: int
) -> NDArray[Any] | None:
    if images is not None:
        pixels: NDArray[Any] = checked_images(images)
        if len(pixels) != n_rows:
            raise ValueError(
                f"images must hold one for each of the {n_rows} rows of X_test, got "
                f"{len(pixels)}"
            )
        return pixels
    shape = np.shape(X_test)
    if len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3, 4)):
        return checked_images(X_test)
    return None
