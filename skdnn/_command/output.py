"""Output of the command: a table on the screen and files in a folder."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table
from sklearn.model_selection import GridSearchCV

from skdnn._command.inputs import Inputs
from skdnn._command.search import SearchPlan
from skdnn.callbacks import HistoryMonitor
from skdnn.displays._candidates import candidate_names
from skdnn.displays._scores import best_first, ranks_of, rounds_of
from skdnn.persistence import save
from skdnn.report._baselines import Baselines, best_baseline
from skdnn.report._facts import Comparison, SearchFacts

RESULTS, CURVES, PIPELINE = "results.csv", "training_curves.png", "best_pipeline.safetensors"
REPORT = "report.html"


def print_report(
    console: Console, plan: SearchPlan, search: GridSearchCV, score_name: str = "accuracy"
) -> None:
    """Print the cross-validation report, best variant first.

    Parameters
    ----------
    console : rich.console.Console
        Where to print.
    plan : SearchPlan
        What was searched.
    search : GridSearchCV
        Fitted.
    score_name : str
        What the scores are called.
    """
    results = search.cv_results_
    plus_minus = "+-" if console.options.ascii_only else "±"
    title = printable_name(console, score_name)
    table = Table(
        title=f"{title[:1].upper()}{title[1:]} in cross-validation",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    table.add_column("rank", justify="right")
    table.add_column("variant", no_wrap=True)
    if plan.halving:
        table.add_column("round", justify="right")
        table.add_column("epochs", justify="right")
    for fold in range(plan.n_splits):
        table.add_column(f"fold {fold + 1}", justify="right", no_wrap=True)
    table.add_column(f"mean {plus_minus} std", justify="right", no_wrap=True)
    table.add_column("fit time", justify="right", no_wrap=True)
    names, rounds = plan.names_of(results["params"]), rounds_of(search)
    ranks = ranks_of(search)
    for row in np.argsort(ranks, kind="stable"):
        of_halving = [rounds[row] + 1, results["n_resources"][row]] if plan.halving else []
        folds = [results[f"split{fold}_test_score"][row] for fold in range(plan.n_splits)]
        mean, std = results["mean_test_score"][row], results["std_test_score"][row]
        table.add_row(
            str(ranks[row]),
            names[row],
            *map(str, of_halving),
            *(f"{score:.4f}" for score in folds),
            f"{mean:.4f} {plus_minus} {std:.4f}",
            f"{results['mean_fit_time'][row]:.2f} s",
            style="bold" if row == search.best_index_ else "",
        )
    # Wider than the screen if need be: a terminal wraps what rich would cut.
    unbounded = console.options.update(max_width=1_000)
    console.width = max(console.width, console.measure(table, options=unbounded).maximum)
    console.print(table)


def printable_name(console: Console, score_name: str) -> str:
    """Return the name of a score as a terminal can show it: R2 for R², if need be.

    Parameters
    ----------
    console : rich.console.Console
        Where to print.
    score_name : str
        What the scores are called.

    Returns
    -------
    name : str
    """
    return score_name.replace("²", "2") if console.options.ascii_only else score_name


def print_baselines(console: Console, search: GridSearchCV, baselines: Baselines) -> None:
    """Print what simple models reach on the same folds, and which ones were left out.

    Parameters
    ----------
    console : rich.console.Console
        Where to print.
    search : GridSearchCV
        Fitted.
    baselines : Baselines
        Of the search.
    """
    facts = SearchFacts.of(search, None, None)
    best = best_baseline(baselines, facts)
    if best is None:
        console.print("Baselines: none could be scored", soft_wrap=True)
    else:
        _print_best_baseline(console, facts, baselines, best)
    for note in baselines.notes:
        console.print(f"  {note}", soft_wrap=True)


def _print_best_baseline(
    console: Console, facts: SearchFacts, baselines: Baselines, best: Comparison
) -> None:
    pairs = zip(baselines.names, baselines.scores.mean(axis=1), strict=True)
    listed = ", ".join(f"{name} {facts.text(score)}" for name, score in pairs)
    if best.clear:
        verdict = f"the network is ahead of the best of them in all {facts.n_folds} folds"
    elif best.clearly_behind:
        verdict = f"{best.name} is ahead of the network in all {facts.n_folds} folds"
    elif best.difference > 0:
        verdict = f"the network has no clear lead over {best.name}"
    else:
        verdict = f"the network is no better than {best.name}"
    took = f"{baselines.seconds:.1f} s"
    console.print(f"Baselines ({took}): {listed}; {verdict}", soft_wrap=True)


def write_results(
    folder: Path, plan: SearchPlan, search: GridSearchCV, monitor: HistoryMonitor
) -> None:
    """Write every file of a finished search.

    Parameters
    ----------
    folder : Path
        Exists already.
    plan : SearchPlan
        What was searched.
    search : GridSearchCV
        Fitted.
    monitor : HistoryMonitor
        Set on the search.
    """
    results = {name: v for name, v in search.cv_results_.items() if name != "params"}
    _write_csv(folder / RESULTS, results)
    draw_curves(folder / CURVES, plan, search, monitor)
    save(search.best_estimator_, folder / PIPELINE)


def write_page(
    folder: Path,
    plan: SearchPlan,
    search: GridSearchCV,
    monitor: HistoryMonitor,
    inputs: Inputs,
    baselines: Baselines | None,
    command: str,
) -> None:
    """Write the report that a browser shows.

    Parameters
    ----------
    folder : Path
        Exists already.
    plan : SearchPlan
        What was searched.
    search : GridSearchCV
        Fitted.
    monitor : HistoryMonitor
        Set on the search.
    inputs : Inputs
        The data; the last rows that were held out serve as test data.
    baselines : Baselines or None
        Of the search.
    command : str
        Command that reproduces the search.
    """
    from skdnn.report import write_report

    *_, (what, (X_test, y_test)) = inputs.held_out.items()
    write_report(
        search,
        folder / REPORT,
        X_test=X_test,
        y_test=y_test,
        monitor=monitor,
        baselines=baselines,
        title=f"Which network is best for {inputs.title}?",
        data=f"Searched on {len(inputs.y):,} {inputs.noun}; tested on {what}.",
        names=candidate_names(search.cv_results_["params"]) if plan.halving else plan.names,
        target_names=inputs.target_names,
        score_name=inputs.score_name,
        model_path=folder / PIPELINE,
        new_rows=inputs.reading(short=False) or None,
        reproduce=command,
    )


def write_partial_results(
    folder: Path, candidates: Sequence[Mapping[str, Any]], scores: NDArray[np.float64]
) -> None:
    """Write the folds that were finished before a search was stopped.

    Parameters
    ----------
    folder : Path
        Exists already.
    candidates : sequence of mapping
        Parameters of the variants so far.
    scores : ndarray of shape (n_candidates, n_folds)
        NaN where a fold was not finished.
    """
    columns: dict[str, list[Any]] = {}
    for params, candidate_scores in zip(candidates, scores, strict=True):
        row = {f"param_{name}": value for name, value in params.items()}
        row |= {f"split{fold}_test_score": score for fold, score in enumerate(candidate_scores)}
        row |= {
            "mean_test_score": candidate_scores.mean(),
            "std_test_score": candidate_scores.std(),
        }
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    _write_csv(folder / RESULTS, columns)


def draw_curves(
    path: Path, plan: SearchPlan, search: GridSearchCV, monitor: HistoryMonitor
) -> None:
    """Draw the training curves of all variants: loss, and accuracy or absolute error.

    Parameters
    ----------
    path : Path
        Of the picture.
    plan : SearchPlan
        What was searched.
    search : GridSearchCV
        Fitted.
    monitor : HistoryMonitor
        Set on the search.
    """
    from matplotlib.figure import Figure

    from skdnn.displays import TrainingCurvesDisplay

    curves, names = monitor.fold_histories(search), plan.names_of(search.cv_results_["params"])
    # Of halving, a variant once: as it was in its last round.
    histories = {names[row]: curves[row] for row in sorted(best_first(search))}
    figure = Figure(figsize=(11, 4.5), dpi=110, layout="constrained")
    recorded = next(iter(histories.values()))[0]
    second = next(name for name in ("accuracy", "mean_absolute_error") if name in recorded)
    for ax, metric in zip(figure.subplots(1, 2), ("loss", second), strict=True):
        TrainingCurvesDisplay.from_histories(histories, metric=metric, ax=ax)
        ax.set_title(f"Training {metric.replace('_', ' ')}: mean and range of the folds")
        if metric == "loss":
            ax.legend().remove()  # the other's serves both
    figure.savefig(path)


def _write_csv(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
