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
from skdnn.persistence import save
from skdnn.report._baselines import Baselines, best_baseline
from skdnn.report._facts import SearchFacts

RESULTS, CURVES, PIPELINE = "results.csv", "training_curves.png", "best_pipeline.safetensors"
REPORT = "report.html"


def print_report(console: Console, plan: SearchPlan, search: GridSearchCV) -> None:
    """Print the cross-validation report, best variant first.

    Parameters
    ----------
    console : rich.console.Console
        Where to print.
    plan : SearchPlan
        What was searched.
    search : GridSearchCV
        Fitted.
    """
    results = search.cv_results_
    plus_minus = "+-" if console.options.ascii_only else "±"
    table = Table(
        title="Accuracy in cross-validation", title_justify="left", box=box.SIMPLE_HEAD
    )
    table.add_column("rank", justify="right")
    table.add_column("variant", no_wrap=True)
    for fold in range(plan.n_splits):
        table.add_column(f"fold {fold + 1}", justify="right", no_wrap=True)
    table.add_column(f"mean {plus_minus} std", justify="right", no_wrap=True)
    table.add_column("fit time", justify="right", no_wrap=True)
    for row in np.argsort(results["rank_test_score"], kind="stable"):
        folds = [results[f"split{fold}_test_score"][row] for fold in range(plan.n_splits)]
        mean, std = results["mean_test_score"][row], results["std_test_score"][row]
        table.add_row(
            str(results["rank_test_score"][row]),
            plan.names[row],
            *(f"{score:.4f}" for score in folds),
            f"{mean:.4f} {plus_minus} {std:.4f}",
            f"{results['mean_fit_time'][row]:.2f} s",
            style="bold" if row == search.best_index_ else "",
        )
    # Wider than the screen if need be: a terminal wraps what rich would cut.
    unbounded = console.options.update(max_width=1_000)
    console.width = max(console.width, console.measure(table, options=unbounded).maximum)
    console.print(table)


def print_baselines(console: Console, search: GridSearchCV, baselines: Baselines) -> None:
    """Print what simple models reach on the same folds, in one line.

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
        return
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
        The images; the last ones that were held out serve as test images.
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
        names=plan.names,
        target_names=inputs.target_names,
        score_name="accuracy",
        model_path=folder / PIPELINE,
        new_rows=_reading(inputs),
        reproduce=command,
    )


def _reading(inputs: Inputs) -> str | None:
    if not inputs.new_images:
        return None
    return f"from skdnn.datasets import load_image_folder\n\nX = {inputs.new_images}"


def write_partial_results(folder: Path, plan: SearchPlan, scores: NDArray[np.float64]) -> None:
    """Write the folds that were finished before a search was stopped.

    Parameters
    ----------
    folder : Path
        Exists already.
    plan : SearchPlan
        What was searched.
    scores : ndarray of shape (n_candidates, n_folds)
        NaN where a fold was not finished.
    """
    columns: dict[str, list[Any]] = {}
    for params, candidate_scores in zip(plan.candidates, scores, strict=True):
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
    """Draw the training curves of all variants, loss and accuracy side by side.

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

    histories = dict(zip(plan.names, monitor.fold_histories(search), strict=True))
    figure = Figure(figsize=(11, 4.5), dpi=110, layout="constrained")
    for ax, metric in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        TrainingCurvesDisplay.from_histories(histories, metric=metric, ax=ax)
        ax.set_title(f"Training {metric}: mean and range of the folds")
        if metric == "loss":
            ax.legend().remove()  # the other's serves both
    figure.savefig(path)


def _write_csv(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
