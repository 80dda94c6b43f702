"""What the page says of what a search has learnt: the interface of each kind of target.

There is a class for each kind, which finds the facts and draws the pictures, and a template of
macros that has the words. Nothing else asks which kind it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from skdnn.report._facts import SearchFacts
from skdnn.report._unseen import UnseenRows


class Target(ABC):
    """One kind of target.

    `template` has the words of the page that are about it, and `answers` is what is predicted.
    """

    template: ClassVar[str]
    answers: ClassVar[str]

    @abstractmethod
    def unseen(
        self,
        search: Any,
        facts: SearchFacts,
        rows: UnseenRows,
        target_names: Sequence[str] | None,
        n_images: int,
    ) -> Any:
        """Predict rows that took no part in the search, and see what goes wrong.

        Parameters
        ----------
        search : fitted search
            Such as GridSearchCV.
        facts : SearchFacts
            Of the search.
        rows : UnseenRows
            Rows.
        target_names, n_images
            As for :func:`skdnn.report.write_report`.

        Returns
        -------
        unseen : object
            What the template names; its `noun` is "images" or "rows".
        """

    def about_curves(self, network: Any) -> str:  # noqa: ARG002
        """Tell what the figures of training curves mean, beyond their names.

        Parameters
        ----------
        network : estimator
            The winner, not a pipeline.

        Returns
        -------
        words : str
            Sentences; empty where nothing is to be told.
        """
        return ""
