"""The main job of the command: images or a table in, a search, a report and files out."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from skdnn._command.plan_text import counted, epochs_of, reproducing_command, title
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
    if plan.halving:
        _check_rounds(plan)
    if options.set:
        _check_values(plan, inputs, console)
    _make_folder(options.output)
    console.print(title(inputs, plan, cluster), soft_wrap=True)
    with console.status("loading TensorFlow"):
        load_tensorflow()
    with _memory_folder(plan) as memory:
        running = RunningSearch(
            plan, inputs.X, inputs.y, console, groups=inputs.groups, memory=memory
        )
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


def _memory_folder(plan: SearchPlan) -> AbstractContextManager[str | None]:
    """Return a folder for the weights of halving, which is removed at the end."""
    if not plan.halving:
        return nullcontext()
    # A fit that still runs after Ctrl-C may write into it.
    return TemporaryDirectory(prefix="skdnn-", ignore_cleanup_errors=True)


def _plan(options: argparse.Namespace, inputs: Inputs, jobs: int) -> SearchPlan:
    from skdnn._command.search import SearchPlan

    epochs = inputs.epochs if options.epochs is None else options.epochs
    pipeline = inputs.pipeline(epochs=epochs, seed=options.seed)
    return SearchPlan(
        pipeline=pipeline,
        grid=_grid(options, inputs, pipeline),
        cv=inputs.folds(options.cv, options.seed),
        scoring=None,
        jobs=jobs,
        seed=options.seed,
        backend="threading" if options.dask is None else "dask",
        halving=options.halving,
    )


def _grid(
    options: argparse.Namespace, inputs: Inputs, pipeline: Pipeline
) -> dict[str, list[Any]]:
    """Return what is given by ``--set``, or else the grid for the kind of data."""
    from skdnn._command.grid import settings_grid

    networks = list(dict.fromkeys(options.hidden_units or []))
    if options.set:
        return settings_grid(options.set, networks, pipeline)
    return inputs.grid(networks)


def _check_rounds(plan: SearchPlan) -> None:
    from skdnn._command.grid import OptionError
    from skdnn._command.halving import FACTOR

    for what, number in {"variants": len(plan.candidates), "epochs": epochs_of(plan)}.items():
        if number < FACTOR:
            raise OptionError(
                f"argument --halving: there must be at least {FACTOR} {what} for a second "
                f"round, which has a third of the variants and {FACTOR} times the epochs; got "
                f"{number}"
            )


def _check_values(plan: SearchPlan, inputs: Inputs, console: Console) -> None:
    from skdnn._command.grid import check_candidates

    with console.status("loading TensorFlow"):
        load_tensorflow()
        check_candidates(plan.pipeline, plan.candidates, inputs.y)


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
    print_report(console, plan, search, inputs.score_name)
    baselines = _baselines(console, running, search) if options.baselines else None
    _print_scores(console, inputs, plan, search)
    try:
        with console.status(f"writing {REPORT}"):
            write_page(
                folder,
                plan,
                search,
                monitor,
                inputs,
                baselines,
                reproducing_command(options, plan),
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


def _print_scores(
    console: Console, inputs: Inputs, plan: SearchPlan, search: GridSearchCV
) -> None:
    from skdnn._command.output import printable_name

    [winner] = plan.names_of([search.best_params_])
    if plan.halving:
        winner += f", {counted(search.best_params_['dnn__epochs'], 'epoch')}"
    console.print(f"Best: {winner}, refitted on {len(inputs.y):,} {inputs.noun}", style="bold")
    score_name = printable_name(console, inputs.score_name)
    for what, (X, y) in inputs.held_out.items():
        score = search.best_estimator_.score(X, y)
        console.print(f"  {score_name} {score:.4f} on {what}", soft_wrap=True)


def _print_usage(console: Console, inputs: Inputs, path: Path) -> None:
    load = f'skdnn.persistence.load("{path.as_posix()}")'
    console.print(f"Use it: {load}.predict({inputs.noun})", soft_wrap=True)
    reading = inputs.reading(short=True)
    if reading:
        console.print(f"  {inputs.noun} = {reading}", soft_wrap=True)


def _keep_finished(running: RunningSearch, folder: Path) -> str:
    """Write the scores of finished folds; return how many and where, in words."""
    import numpy as np

    from skdnn._command.output import RESULTS, write_partial_results

    scores = running.fold_scores()
    n_done = int(np.isfinite(scores).sum())
    kept = f"{n_done} of {running.plan.n_fits} fits"
    if not n_done:
        return kept
    try:
        write_partial_results(folder, running.candidates, scores)
    except OSError as error:
        return f"{kept}; their scores can't be written to {folder}: {error}"
    return f"{kept}; their scores are in {folder / RESULTS}"


def _read(options: argparse.Namespace, console: Console) -> Inputs:
    from rich.markup import escape

    from skdnn._command.data import read_data
    from skdnn._command.inputs import InputError

    name = options.data
    try:
        with console.status(f"reading {escape(name)}") as status:
            inputs = read_data(
                options,
                progress_callback=lambda n, of: status.update(
                    f"reading {escape(name)}: {n:,} of {of:,} images"
                ),
            )
        inputs.check_folds(name, options.cv)
    except (InputError, OSError, ValueError) as error:
        raise CommandError(str(error)) from error
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
