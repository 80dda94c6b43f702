"""The main job of the command: images in, a search, a report and files out."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skdnn._engine.backend import load_tensorflow

if TYPE_CHECKING:
    from rich.console import Console
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline

    from skdnn._command.cluster_connection import Cluster
    from skdnn._command.inputs import Inputs
    from skdnn._command.search import RunningSearch, SearchPlan
    from skdnn.report import Baselines

# Seconds that a stopped search gets to end: with 0.1 s until Ctrl-C is handled, and the time to
# write what is finished, two seconds in all.
_GRACE_PERIOD = 1.2


class CommandError(Exception):
    """An error for the user of the command line; the message is one line."""


def run(options: argparse.Namespace) -> int:
    """Do the main job.

    Parameters
    ----------
    options : argparse.Namespace
        As the command line's parser returns them.

    Returns
    -------
    code : int
        0 when the search ended, 130 when it was interrupted.

    Raises
    ------
    CommandError
        If it could not be done.
    """
    cluster = None if options.dask is None else _connect(options.dask)
    jobs = options.jobs or _cores() if cluster is None else cluster.n_threads
    _prepare_process(jobs, None if cluster is None else cluster.tensorflow_threads)
    from rich.console import Console

    from skdnn._command.search import RunningSearch

    # FORCE_COLOR, which notebooks set for their commands, does not ask for an animation.
    interactive = sys.stdout.isatty()
    console = Console(
        highlight=False,
        markup=False,
        force_terminal=interactive,
        width=None if interactive else 100,
    )
    inputs = _read(options, console)
    plan = _plan(options, inputs, jobs)
    if options.set:
        _check_values(plan, inputs, console)
    _make_folder(options.output)
    console.print(_title(inputs, plan, cluster), soft_wrap=True)
    with console.status("loading TensorFlow"):
        load_tensorflow()
    running = RunningSearch(plan, inputs.X, inputs.y, console)
    search = _search(running, console, options.output)
    if search is None:
        return 130
    if cluster is not None:
        cluster.close()
    try:
        _report(console, inputs, running, search, options)
    except KeyboardInterrupt:
        kept = f"what was written is in {options.output}"
        print(f"\nskdnn: interrupted after the search; {kept}", file=sys.stderr)
        return 130
    return 0


def _plan(options: argparse.Namespace, inputs: Inputs, jobs: int) -> SearchPlan:
    from skdnn._command.search import SearchPlan
    from skdnn.pipeline import make_image_pipeline

    epochs = 5 if options.epochs is None else options.epochs
    pipeline = make_image_pipeline(scale=inputs.scale, epochs=epochs, random_state=options.seed)
    return SearchPlan(
        pipeline=pipeline,
        grid=_grid(options, pipeline),
        cv=options.cv,
        scoring=None,
        jobs=jobs,
        seed=options.seed,
        backend="threading" if options.dask is None else "dask",
    )


def _grid(options: argparse.Namespace, pipeline: Pipeline) -> dict[str, list[Any]]:
    """Return what is given by ``--set``, or else the grid of the document."""
    from skdnn._command.grid import settings_grid
    from skdnn.variants import document_variants

    if options.set:
        return settings_grid(options.set, options.hidden_units or [], pipeline)
    return document_variants(hidden_units=list(dict.fromkeys(options.hidden_units or [(100,)])))


def _check_values(plan: SearchPlan, inputs: Inputs, console: Console) -> None:
    from skdnn._command.grid import check_candidates

    with console.status("loading TensorFlow"):
        load_tensorflow()
        check_candidates(plan.pipeline, plan.candidates, inputs.y)


def _title(inputs: Inputs, plan: SearchPlan, cluster: Cluster | None) -> str:
    """Describe the search, with notes on the data and the cluster."""
    variants, jobs = _count(len(plan.candidates), "variant"), _count(plan.jobs, "fit")
    title = (
        f"{inputs.title}: {len(inputs.y):,} {inputs.noun}, {variants} x {plan.n_splits} folds "
        f"x {_epochs_tried(plan)}, {jobs} at a time"
    )
    if cluster is None:
        notes = [inputs.note]
    else:
        title += f" on {_count(cluster.n_workers, 'worker')}"
        notes = [inputs.note, cluster.note]
    return "\n".join([title, *filter(None, notes)])


def _epochs(plan: SearchPlan) -> int:
    epochs: int = plan.pipeline.get_params()["dnn__epochs"]
    return epochs


def _epochs_tried(plan: SearchPlan) -> str:
    tried = plan.grid.get("dnn__epochs") or [_epochs(plan)]
    least, most = min(tried), max(tried)
    return _count(most, "epoch") if least == most else f"{least} to {most} epochs"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number > 1)}"


def _connect(address: str) -> Cluster:
    from skdnn._command.cluster_connection import Cluster
    from skdnn.cluster import ClusterError

    try:
        return Cluster(address)
    except ClusterError as error:
        raise CommandError(str(error)) from error


def _search(running: RunningSearch, console: Console, folder: Path) -> GridSearchCV | None:
    """Wait for the search; return None if interrupted, after finished scores are written."""
    try:
        return running.wait()
    except KeyboardInterrupt:
        running.stop(_GRACE_PERIOD)
        console.show_cursor()  # a fit that still runs does not end the display
        kept = _keep_finished(running, folder)
        print(f"\nskdnn: interrupted after {kept}", file=sys.stderr)
        return None
    except Exception as error:  # whatever a fit may raise: one line for it
        console.show_cursor()
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        kept = _keep_finished(running, folder)
        raise CommandError(f"the search failed: {reason[0]} (after {kept})") from error


def _report(
    console: Console,
    inputs: Inputs,
    running: RunningSearch,
    search: GridSearchCV,
    options: argparse.Namespace,
) -> None:
    """Print and write the results."""
    from skdnn._command.output import (
        CURVES,
        PIPELINE,
        REPORT,
        RESULTS,
        print_report,
        write_page,
        write_results,
    )

    plan, monitor, folder = running.plan, running.monitor, options.output
    try:
        write_results(folder, plan, search, monitor)
    except OSError as error:
        raise CommandError(f"the results can't be written to {folder}: {error}") from error
    print_report(console, plan, search)
    baselines = _baselines(console, running, search) if options.baselines else None
    _print_accuracies(console, inputs, plan, search)
    try:
        with console.status(f"writing {REPORT}"):
            write_page(
                folder, plan, search, monitor, inputs, baselines, _command(options, plan)
            )
    except OSError as error:
        raise CommandError(f"{REPORT} can't be written to {folder}: {error}") from error
    files = ", ".join((REPORT, RESULTS, CURVES, PIPELINE))
    console.print(f"Written to {folder}: {files}", soft_wrap=True)
    _print_usage(console, inputs, folder / PIPELINE)


def _baselines(console: Console, running: RunningSearch, search: GridSearchCV) -> Baselines:
    """Score baselines on the search's folds, and print them."""
    from skdnn._command.output import print_baselines
    from skdnn.report import score_baselines

    with console.status("scoring baselines"):
        baselines = score_baselines(search, running.X, running.y, groups=running.groups)
    print_baselines(console, search, baselines)
    return baselines


def _print_accuracies(
    console: Console, inputs: Inputs, plan: SearchPlan, search: GridSearchCV
) -> None:
    winner = plan.names[search.best_index_]
    console.print(f"Best: {winner}, refitted on {len(inputs.y):,} {inputs.noun}", style="bold")
    for what, (X, y) in inputs.held_out.items():
        console.print(f"  accuracy {search.best_estimator_.score(X, y):.4f} on {what}")


def _print_usage(console: Console, inputs: Inputs, path: Path) -> None:
    load = f'skdnn.persistence.load("{path.as_posix()}")'
    console.print(f"Use it: {load}.predict({inputs.noun})", soft_wrap=True)
    if inputs.new_images:
        console.print(f"  {inputs.noun} = skdnn.datasets.{inputs.new_images}", soft_wrap=True)


def _command(options: argparse.Namespace, plan: SearchPlan) -> str:
    """Return the command with all options that its scores depend on, defaults included."""
    words = ["python", "-m", "skdnn", "--data", options.data]
    if options.image_size:
        words += ["--image-size", ",".join(map(str, options.image_size))]
    if options.color_mode:
        words += ["--color-mode", options.color_mode]
    words += ["--cv", str(options.cv)]
    names = {setting.name for setting in options.set}
    if "epochs" not in names:
        words += ["--epochs", str(_epochs(plan))]
    networks = options.hidden_units or ([] if options.set else [(100,)])
    for units in dict.fromkeys(networks):
        words += ["--hidden-units", ",".join(map(str, units))]
    for setting in options.set:
        words += ["--set", setting.text]
    words += ["--jobs", str(plan.jobs)] if options.dask is None else ["--dask", options.dask]
    if "random_state" not in names:
        words += ["--seed", str(options.seed)]
    return shlex.join(words if options.baselines else [*words, "--no-baselines"])


def _keep_finished(running: RunningSearch, folder: Path) -> str:
    """Write the scores of finished folds; return how many and where, in words."""
    import numpy as np

    from skdnn._command.output import RESULTS, write_partial_results

    scores = running.fold_scores()
    n_done = int(np.isfinite(scores).sum())
    kept = f"{n_done} of {scores.size} fits"
    if not n_done:
        return kept
    try:
        write_partial_results(folder, running.plan, scores)
    except OSError as error:
        return f"{kept}; their scores can't be written to {folder}: {error}"
    return f"{kept}; their scores are in {folder / RESULTS}"


def _read(options: argparse.Namespace, console: Console) -> Inputs:
    import numpy as np
    from rich.markup import escape

    from skdnn._command.inputs import InputError, read_inputs

    name, cv = options.data, options.cv
    try:
        with console.status(f"reading {escape(name)}") as status:
            inputs = read_inputs(
                name,
                image_size=options.image_size,
                color_mode=options.color_mode,
                progress_callback=lambda n, of: status.update(
                    f"reading {escape(name)}: {n:,} of {of:,} images"
                ),
            )
    except (InputError, OSError, ValueError) as error:
        raise CommandError(str(error)) from error
    labels, counts = np.unique(inputs.y, return_counts=True)
    if len(labels) < 2:
        raise CommandError(f"{name} must hold at least 2 classes; it has {labels.tolist()}")
    if counts.min() < cv:
        rarest = labels[counts.argmin()].item()
        raise CommandError(
            f"--cv must not exceed the {inputs.noun} of the rarest class ({counts.min()} of "
            f"class {rarest!r} to search on), got {cv}"
        )
    return inputs


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError("not writable")
    except OSError as error:
        raise CommandError(f"--output must be a folder that can be written: {error}") from error


def _prepare_process(jobs: int, threads: str | None) -> None:
    """Set the environment variables that TensorFlow reads at import."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # One pool serves all fits of a process: shared out, so that they don't contend. On a
    # cluster the refit, which is made here, takes as many as the workers, for the same sums.
    threads = str(max(1, _cores() // jobs)) if threads is None else threads
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", threads)
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", str(min(jobs, _cores())))


def _cores() -> int:
    return (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1
    )
