"""Successive halving over epochs, which goes on from the weights of earlier rounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV

RESOURCE = "dnn__epochs"

# Each round keeps one candidate of so many, and has so many times the epochs.
FACTOR = 3


@dataclass(frozen=True)
class Round:
    """A round of a search.

    Parameters
    ----------
    n_candidates : int
        Candidates that are trained and scored.
    epochs : int
        Epochs of each.
    """

    n_candidates: int
    epochs: int


def halving_rounds(n_candidates: int, epochs: int) -> list[Round]:
    """Return the rounds that scikit-learn makes, the last of them as long as possible.

    Parameters
    ----------
    n_candidates : int
        Candidates of the first round.
    epochs : int
        Most epochs of a round.

    Returns
    -------
    rounds : list of Round
        A single one, if there are too few candidates or epochs for two.
    """
    n_required = math.floor(math.log(n_candidates, FACTOR))
    first = max(1, epochs // FACTOR**n_required)
    n_possible = math.floor(math.log(epochs // first, FACTOR))
    rounds = [Round(n_candidates, first)]
    for _ in range(min(n_required, n_possible)):
        last = rounds[-1]
        rounds.append(Round(math.ceil(last.n_candidates / FACTOR), last.epochs * FACTOR))
    return rounds


class HalvingSearch(HalvingGridSearchCV):
    """A halving search that tells its candidates while it runs.

    Attributes
    ----------
    evaluated : list of dict
        Parameters of the candidates so far, in the order of ``cv_results_``.
    """

    def _run_search(self, evaluate_candidates: Any, *, callback_ctx: Any) -> None:
        self.evaluated: list[dict[str, Any]] = []

        def evaluate(candidates: Sequence[Mapping[str, Any]], *args: Any, **kwargs: Any) -> Any:
            self.evaluated += map(dict, candidates)
            return evaluate_candidates(candidates, *args, **kwargs)

        super()._run_search(evaluate, callback_ctx=callback_ctx)
