"""The part of the page that depends on the kind of target: its interface.

There is a class for each kind, which evaluates and draws, and a template of macros with the
text. Nothing else asks which kind it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from skdnn.report._facts import SearchFacts
from skdnn.report._unseen import UnseenData


class Target(ABC):
    """One kind of target.

    `template` has the text of the page, and `answers` is what is predicted, for messages.
    """

    template: ClassVar[str]
    answers: ClassVar[str]

    @abstractmethod
    def evaluate(
        self,
        search: Any,
        facts: SearchFacts,
        rows: UnseenData,
        target_names: Sequence[str] | None,
        n_images: int,
    ) -> Any:
        """Evaluate the best estimator on unseen data.

        Parameters
        ----------
        search : fitted search
            Such as GridSearchCV.
        facts : SearchFacts
            Of the search.
        rows : UnseenData
            The unseen data.
        target_names, n_images
            As for :func:`skdnn.report.write_report`.

        Returns
        -------
        results : object
            For the template; its `noun` is "images" or "rows".
        """

    def about_curves(self, network: Any) -> str:  # noqa: ARG002
        """Return an explanation of the training curves' figures.

        Parameters
        ----------
        network : estimator
            The best estimator, not a pipeline.

        Returns
        -------
        words : str
            Sentences; may be empty.
        """
        return ""
