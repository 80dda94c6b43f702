"""The results of a search, for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdnn.displays._candidates import (
    short_names,
    validate_candidate_names,
    value_text,
    varied_parameters,
)
from skdnn.displays._figures import figure_text
from skdnn.displays._scores import (
    check_refitted,
    fold_scores_of,
    ranks_of,
    rounds_of,
    scorer_of,
    validate_score_name,
)


@dataclass(frozen=True)
class SearchFacts:
    """The results of a search.

    Parameters
    ----------
    names : list of str
        Of the candidates.
    scores : ndarray of shape (n_candidates, n_folds)
        NaN where a fit failed.
    fit_times : ndarray of shape (n_candidates,)
        Mean seconds of a fit.
    ranks : ndarray of int, shape (n_candidates,)
        From 1, the best.
    winner : int
        The candidate that was refitted.
    score_name : str
        Name of the score.
    param_values : dict of str to list of str
        Values that were searched, by parameter.
    score_note : str
        An explanation of the scores.
    rounds : tuple of int
        The round of each candidate, if the search was a halving search; else empty.
    halving_note : str
        What its rounds were, in words.
    """

    names: list[str]
    scores: NDArray[np.float64]
    fit_times: NDArray[np.float64]
    ranks: NDArray[np.int64]
    winner: int
    score_name: str
    param_values: dict[str, list[str]]
    score_note: str = ""
    rounds: tuple[int, ...] = ()
    halving_note: str = ""

    @classmethod
    def of(
        cls, search: Any, names: Sequence[str] | None, score_name: str | None
    ) -> SearchFacts:
        """Read them from a fitted and refitted search."""
        check_refitted(search)
        scores = fold_scores_of(search)
        winner = int(search.best_index_)
        if np.isnan(scores[winner]).any():
            raise ValueError("search must have a winner without failed fits, got none")
        rounds = rounds_of(search)
        return cls(
            names=validate_candidate_names(search, names),
            scores=scores,
            fit_times=np.array(search.cv_results_["mean_fit_time"], np.float64),
            ranks=ranks_of(search),
            winner=winner,
            score_name=validate_score_name(search, score_name),
            param_values=_param_values(search.cv_results_["params"]),
            score_note=_score_note(search),
            rounds=tuple(rounds.tolist()) if rounds.any() else (),
            halving_note=_halving_note(search) if rounds.any() else "",
        )

    def text(self, score: float) -> str:
        """Write a score, or a difference of scores, with as many decimals as the winner's."""
        return figure_text(float(score), float(self.means[self.winner]))

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return int(self.scores.shape[1])

    @property
    def n_candidates(self) -> int:
        """Number of candidates; those of a halving search are in its first round."""
        return self.rounds.count(0) if self.rounds else len(self.names)

    @property
    def means(self) -> NDArray[np.float64]:
        """Mean score of each candidate."""
        means: NDArray[np.float64] = self.scores.mean(axis=1)
        return means

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Standard deviation over the folds of each candidate."""
        deviations: NDArray[np.float64] = self.scores.std(axis=1)
        return deviations

    @property
    def best_first(self) -> list[int]:
        """Candidates from best to worst, the winner before its equals, failed ones last.

        Those of later rounds are before all that were left out earlier.
        """
        return sorted(
            range(len(self.names)),
            key=lambda row: (
                np.isnan(self.means[row]),
                -self.rounds[row] if self.rounds else 0,
                -np.nan_to_num(self.means[row]),
                row != self.winner,
            ),
        )

    @property
    def next_best(self) -> Comparison | None:
        """The best of the others, against the winner; None where no other was scored."""
        others = [row for row in self._rivals if row != self.winner]
        if not others or np.isnan(self.means[others[0]]):
            return None
        return self._compared_with_candidate(others[0])

    @property
    def as_good_and_faster(self) -> Comparison | None:
        """The fastest that is within one standard deviation of the winner, if it saves time."""
        least = self.means[self.winner] - self.deviations[self.winner]
        limit = 0.9 * self.fit_times[self.winner]
        good = [r for r in self._rivals if self.means[r] >= least]
        fastest = min(good, key=lambda row: self.fit_times[row])
        return (
            self._compared_with_candidate(fastest) if self.fit_times[fastest] < limit else None
        )

    @property
    def _rivals(self) -> list[int]:
        """Candidates that can be compared: of the winner's round, best first."""
        if not self.rounds:
            return self.best_first
        return [row for row in self.best_first if self.rounds[row] == self.rounds[self.winner]]

    def compared(self, name: str, scores: NDArray[np.float64], fit_time: float) -> Comparison:
        """Compare the winner with another model, by its scores in the same folds."""
        differences = self.scores[self.winner] - scores
        return Comparison(
            name=name,
            score=float(scores.mean()),
            fit_time=float(fit_time),
            share_of_time=float(fit_time / max(self.fit_times[self.winner], 1e-9)),
            difference=float(differences.mean()),
            spread=float(differences.std()),
            folds_ahead=int((differences > 0).sum()),
            folds_behind=int((differences < 0).sum()),
            clear=bool((differences > 0).all() and differences.mean() > differences.std()),
            clearly_behind=bool(
                (differences < 0).all() and -differences.mean() > differences.std()
            ),
        )

    def _compared_with_candidate(self, row: int) -> Comparison:
        return self.compared(self.names[row], self.scores[row], self.fit_times[row])


@dataclass(frozen=True)
class Comparison:
    """A candidate or another model against the winner, on the same folds.

    Parameters
    ----------
    name : str
        Its name.
    score : float
        Its mean score.
    fit_time : float
        Its mean seconds of a fit.
    share_of_time : float
        Of the winner's fit time.
    difference : float
        Winner's score minus its own, mean of the folds.
    spread : float
        Standard deviation of these differences over the folds.
    folds_ahead : int
        Folds in which the winner scored higher.
    folds_behind : int
        Folds in which it scored lower.
    clear : bool
        Whether the winner is ahead in all folds, by more than its lead varies.
    clearly_behind : bool
        Whether it is behind in all folds, by more than that varies.
    """

    name: str
    score: float
    fit_time: float
    share_of_time: float
    difference: float
    spread: float
    folds_ahead: int
    folds_behind: int
    clear: bool
    clearly_behind: bool


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, which holds for few rows and shares near 1 too.

    Parameters
    ----------
    right, total : int
        Counts; `total` at least 1.

    Returns
    -------
    interval : tuple of float
        Lower and upper end.

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22,
    1927.
    """
    z = 1.959964
    share = right / total
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    reach = z * np.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    reach = float(reach / (1 + z**2 / total))
    return max(0.0, centre - reach), min(1.0, centre + reach)


def _halving_note(search: Any) -> str:
    resource = short_names([search.resource])[search.resource]
    rounds = [
        f"{n} with {resource}={amount}"
        for n, amount in zip(search.n_candidates_, search.n_resources_, strict=True)
    ]
    return (
        f"Successive halving compared {rounds[0]}, and the best of each round again: "
        f"{', '.join(rounds[1:])}. The winner is the best of the last round, and ranks are "
        "by round first."
    )


def _score_note(search: Any) -> str:
    scorer = scorer_of(search) or ""
    if scorer == "r2":
        return (
            "1 is perfect; 0 is no better than to predict the mean of the targets for every "
            "row, and below 0 is worse than that."
        )
    if scorer.startswith("neg_"):
        return "It is the negative of an error: the nearer to 0, the better."
    return ""


def _param_values(params: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    varied = varied_parameters(params)
    short = short_names(varied)
    return {
        short[name]: list(dict.fromkeys(value_text(c[name]) for c in params if name in c))
        for name in varied
    }
