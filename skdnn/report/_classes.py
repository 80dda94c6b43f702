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
_MOST_ROWS = 10


@dataclass(frozen=True)
class MistakenRow:
    """A row of a table that was taken for another class, as text.

    Parameters
    ----------
    label : str
        Label of the row.
    true, predicted : str
        Its classes.
    probability : str
        Of the predicted class; empty where the estimator gives none.
    values : list of str
        Those of the shown columns.
    """

    label: str
    true: str
    predicted: str
    probability: str
    values: list[str]


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
    columns : list of str
        Names of `values` of `mistaken_rows`.
    mistaken_rows : list of MistakenRow
        The most certain mistakes of a table; empty where the rows are images.
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
    columns: list[str] = field(default_factory=list)
    mistaken_rows: list[MistakenRow] = field(default_factory=list)


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
            columns=rows.columns,
            mistaken_rows=_mistaken_rows(estimator, rows, answers),
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
    certainty = _certainty(estimator, rows)
    chosen = ImagesDisplay.chosen(
        rows.pixels,
        answers.names(answers.true),
        answers.names(answers.predicted),
        certainty=certainty,
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


def _certainty(estimator: Any, rows: UnseenData) -> NDArray[np.float64] | None:
    """Return the probability of each row's predicted class, if the estimator gives any."""
    if not hasattr(estimator, "predict_proba"):
        return None
    certainty: NDArray[np.float64] = np.max(estimator.predict_proba(rows.X), axis=1)
    return certainty


def _mistaken_rows(estimator: Any, rows: UnseenData, answers: _Labels) -> list[MistakenRow]:
    wrong = np.flatnonzero(answers.true != answers.predicted)
    if rows.pixels is not None or not rows.columns or not len(wrong):
        return []
    certainty = _certainty(estimator, rows)
    if certainty is not None:
        wrong = wrong[np.argsort(-certainty[wrong], kind="stable")]
    places = [int(place) for place in wrong[:_MOST_ROWS]]
    return [
        MistakenRow(
            label=label,
            true=answers.name(answers.true[place]),
            predicted=answers.name(answers.predicted[place]),
            probability="" if certainty is None else f"{100 * certainty[place]:.0f} %",
            values=values,
        )
        for place, label, values in zip(
            places, rows.labels(places), rows.values(places), strict=True
        )
    ]
