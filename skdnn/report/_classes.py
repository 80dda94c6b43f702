"""Evaluation of the best classifier of a search on unseen data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skdnn.displays import ImagesDisplay
from skdnn.displays._arguments import check_comparable, validate_target_names
from skdnn.displays._canvas import literal, shortened
from skdnn.report._facts import SearchFacts, wilson_interval
from skdnn.report._pictures import Picture, picture
from skdnn.report._shown_images import ShownImage, shown_images
from skdnn.report._targets import Target
from skdnn.report._unseen import UnseenData

Namer = Callable[[Any], str]

_MOST_CLASSES = 30  # that a confusion matrix can be read with
_MOST_CONFUSIONS = 10


@dataclass(frozen=True)
class ClassificationResults:
    """Evaluation on unseen data.

    Parameters
    ----------
    noun : str
        "images" or "rows".
    n_rows : int
        Number of rows.
    score : float or None
        The score of the search, if it is not the accuracy.
    accuracy : float or None
        Share of right predictions; None for rows with several labels.
    interval : tuple of float or None
        Its 95 % interval.
    matrix : Picture or None
        Confusion matrix; None for too many classes.
    confusions : list of (str, str, int)
        True class, predicted class and count, the most frequent first.
    mistakes : list of ShownImage
        Empty where the rows are no images.
    mistakes_title : str
        Their heading.
    """

    noun: str
    n_rows: int
    score: float | None
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    matrix: Picture | None = None
    confusions: list[tuple[str, str, int]] = field(default_factory=list)
    mistakes: list[ShownImage] = field(default_factory=list)
    mistakes_title: str = ""


class Classes(Target):
    """Targets of a classifier, or multilabel."""

    template: ClassVar[str] = "classes.html.jinja"
    answers: ClassVar[str] = "labels"

    def evaluate(
        self,
        search: Any,
        facts: SearchFacts,
        rows: UnseenData,
        target_names: Sequence[str] | None,
        n_images: int,
    ) -> ClassificationResults:
        """Compute accuracy and confusions, and find the mistakes; multilabel is only scored."""
        if rows.true.ndim > 1:  # there is no one class to confuse with another
            return ClassificationResults("rows", len(rows), float(search.score(rows.X, rows.y)))
        estimator = search.best_estimator_
        answers = _Labels(
            rows.true,
            np.asarray(estimator.predict(rows.X)),
            estimator.classes_,
            _namer(estimator.classes_, target_names),
        )
        check_comparable("y_test", answers.true, answers.predicted)
        already_shown = facts.score_name == "accuracy"
        mistakes, title = _mistakes(estimator, rows, answers, n_images)
        return ClassificationResults(
            noun=rows.noun,
            n_rows=len(rows),
            score=None if already_shown else float(search.score(rows.X, rows.y)),
            accuracy=answers.n_right / len(rows),
            interval=wilson_interval(answers.n_right, len(rows)),
            matrix=_matrix_picture(answers),
            confusions=answers.confusions,
            mistakes=mistakes,
            mistakes_title=title,
        )


@dataclass(frozen=True)
class _Labels:
    """True and predicted labels, the classes of the search, and names of labels."""

    true: NDArray[Any]
    predicted: NDArray[Any]
    classes: NDArray[Any]
    name: Namer

    @property
    def n_right(self) -> int:
        return int((self.true == self.predicted).sum())

    @property
    def labels(self) -> NDArray[Any]:
        """Labels of the search and of the unseen data."""
        return np.unique(np.concatenate([self.classes, self.true]))

    @property
    def confusions(self) -> list[tuple[str, str, int]]:
        wrong = self.true != self.predicted
        names = self.names(self.true[wrong]), self.names(self.predicted[wrong])
        pairs = Counter(zip(*names, strict=True))
        return [(*pair, count) for pair, count in pairs.most_common(_MOST_CONFUSIONS)]

    def names(self, labels: NDArray[Any]) -> NDArray[Any]:
        return np.array([self.name(label) for label in labels], object)


def _namer(classes: NDArray[Any], target_names: Sequence[str] | None) -> Namer:
    if target_names is None:
        return str
    given = validate_target_names(target_names, classes)
    names = dict(zip(classes.tolist(), map(str, given), strict=True))
    return lambda label: names.get(label, str(label))


def _matrix_picture(answers: _Labels) -> Picture | None:
    n_labels, n_rows = len(answers.labels), len(answers.true)
    if n_labels > _MOST_CLASSES:
        return None
    side = 3.6 + 0.17 * max(n_labels, 6)
    return picture(
        "confusion",
        lambda ax: _draw_matrix(answers, ax),
        title="Confusion matrix",
        caption=(
            "How many of each class (rows) were taken for which class (columns). What is right "
            "lies on the diagonal."
        ),
        text=lambda: (
            f"{answers.n_right:,} of {n_rows:,} lie on the diagonal; the table lists the most "
            "frequent confusions"
        ),
        size=(side, side),
        wide=True,
    )


def _draw_matrix(answers: _Labels, ax: Any) -> None:
    from sklearn.metrics import ConfusionMatrixDisplay

    labels = answers.labels
    names = list(map(answers.name, labels))
    ConfusionMatrixDisplay.from_predictions(
        answers.true,
        answers.predicted,
        labels=labels,
        display_labels=[literal(shortened(name, 16)) for name in names],
        xticks_rotation=90 if len("".join(names)) > 40 else 0,
        values_format="d",
        cmap="cividis",
        colorbar=False,
        text_kw={"fontsize": "small" if len(labels) <= 12 else "x-small"},
        ax=ax,
    )


def _mistakes(
    estimator: Any, rows: UnseenData, answers: _Labels, n_images: int
) -> tuple[list[ShownImage], str]:
    if rows.pixels is None:
        return [], ""
    proba = estimator.predict_proba(rows.X) if hasattr(estimator, "predict_proba") else None
    chosen = ImagesDisplay.chosen(
        rows.pixels,
        answers.names(answers.true),
        answers.names(answers.predicted),
        certainty=None if proba is None else np.max(proba, axis=1),
        n_images=n_images,
    )
    pairs = zip(chosen.y_true, chosen.y_pred, strict=True)
    shown = shown_images(
        chosen.images,
        rows.pixels,
        texts=[f"An image of {true}, taken for {predicted}" for true, predicted in pairs],
        words=[chosen.words(number) for number in range(len(chosen.images))],
    )
    return shown, chosen.title
