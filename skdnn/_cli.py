"""Words on a command line become calls, and what goes wrong becomes one line."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skdnn import __version__
from skdnn._backend import load_tensorflow

if TYPE_CHECKING:
    from rich.console import Console

    from skdnn._cluster import Cluster
    from skdnn._inputs import Inputs
    from skdnn._search import RunningSearch, SearchPlan

# A stopped search may take this long to end by itself: with the 0.1 s until Ctrl-C is seen
# and the writing of what is finished, two seconds in all.
_PATIENCE = 1.2

_DESCRIPTION = """\
Choose a dense neural network by cross-validation: sigmoid or relu, trained by sgd, rmsprop
or adam. Prints a report and writes the results, a picture of the training and the best
network, fitted, into a folder.
"""

_EPILOG = """\
examples:
  skdnn                                   the bundled sample of Fashion-MNIST, in seconds
  skdnn --data fashion-mnist              all 70,000 images
  skdnn --data mine.npz --epochs 20       your own images: arrays X and y (numpy.savez)
  skdnn --hidden-units 100 --hidden-units 300,100
                                          one hidden layer of 100 against two
  skdnn --dask tcp://192.0.2.1:8786       on a cluster
"""


class CommandError(Exception):
    """Something the person at the command line can mend; the message says what."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="skdnn",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--data",
        default="sample",
        metavar="sample|fashion-mnist|FILE.npz",
        help="images to choose the network for (default: the bundled sample)",
    )
    add("--cv", type=_folds, default=3, metavar="N", help="stratified folds (default: 3)")
    add("--epochs", type=_positive, default=5, metavar="N", help="epochs a fit (default: 5)")
    add(
        "--hidden-units",
        type=_units,
        action="append",
        metavar="N[,N...]",
        help="units of each hidden layer (default: 100); give it again to try another network",
    )
    add(
        "--jobs",
        type=_positive,
        default=None,
        metavar="N",
        help="fits at a time (default: the number of processor cores)",
    )
    add(
        "--dask",
        metavar="ADDRESS",
        help="run the fits on the Dask cluster of this scheduler, as many at a time as it has "
        "threads",
    )
    add("--seed", type=_seed, default=42, metavar="N", help="random seed (default: 42)")
    add(
        "--output",
        type=Path,
        default=Path("skdnn-results"),
        metavar="DIR",
        help="folder for the files (default: skdnn-results)",
    )
    add("--version", action="version", version=f"skdnn {__version__}")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; None takes the process's.

    Returns
    -------
    code : int
        0 when the search ended, 1 when it could not, 2 for a wrong argument (raised by
        argparse), 130 when it was interrupted.
    """
    parser = build_parser()
    options = parser.parse_args(argv)
    if options.dask is not None and options.jobs is not None:
        parser.error("argument --jobs: not allowed with argument --dask")
    try:
        return _run(options)
    except CommandError as error:
        print(f"skdnn: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nskdnn: interrupted", file=sys.stderr)
        return 130


def entry() -> None:
    """Run the command as a process.

    What did not end well ends at once: a fit that is still in TensorFlow's hands can't be
    stopped, and the interpreter's own way out would wait for it, or abort.
    """
    code = main()
    if code:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(options: argparse.Namespace) -> int:
    cluster = None if options.dask is None else _connect(options.dask)
    jobs = options.jobs or _cores() if cluster is None else cluster.n_threads
    _prepare_process(jobs, None if cluster is None else cluster.tensorflow_threads)
    from rich.console import Console

    from skdnn._search import SearchPlan

    inputs = _read(options.data, options.cv)
    _make_folder(options.output)
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 100)
    plan = SearchPlan(
        hidden_units=list(dict.fromkeys(options.hidden_units or [(100,)])),
        cv=options.cv,
        epochs=options.epochs,
        jobs=jobs,
        seed=options.seed,
        scale=inputs.scale,
        backend="threading" if cluster is None else "dask",
    )
    at_a_time = f"{jobs} fit{'s' * (jobs > 1)} at a time"
    if cluster is not None:
        at_a_time += f" on {cluster.n_workers} worker{'s' * (cluster.n_workers > 1)}"
    console.print(
        f"{inputs.title}: {len(inputs.y):,} images, {len(plan.candidates)} variants x "
        f"{plan.cv} folds x {plan.epochs} epoch{'s' * (plan.epochs > 1)}, {at_a_time}",
        soft_wrap=True,
    )
    for note in (inputs.note, "" if cluster is None else cluster.note):
        if note:
            console.print(note, soft_wrap=True)
    with console.status("loading TensorFlow"):
        load_tensorflow()
    code = _search_and_report(console, inputs, plan, cluster, options)
    if cluster is not None and code == 0:
        cluster.close()
    return code


def _connect(address: str) -> Cluster:
    from skdnn._cluster import Cluster, ClusterError

    try:
        return Cluster(address)
    except ClusterError as error:
        raise CommandError(str(error)) from error


def _search_and_report(
    console: Console,
    inputs: Inputs,
    plan: SearchPlan,
    cluster: Cluster | None,
    options: argparse.Namespace,
) -> int:
    from skdnn._report import (
        CURVES,
        PIPELINE,
        REPORT,
        RESULTS,
        print_report,
        write_page,
        write_results,
    )
    from skdnn._search import RunningSearch

    folder: Path = options.output
    running = RunningSearch(plan, inputs.X, inputs.y, console)
    try:
        search = running.wait(None if cluster is None else cluster.check)
    except KeyboardInterrupt:
        running.stop(_PATIENCE)
        console.show_cursor()  # the display is not ended by a fit that goes on
        kept = _keep_finished(running, folder)
        print(f"\nskdnn: interrupted after {kept}", file=sys.stderr)
        return 130
    except Exception as error:  # whatever a fit may raise: one line for it
        console.show_cursor()
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        kept = _keep_finished(running, folder)
        raise CommandError(f"the search failed after {kept}: {reason[0]}") from error
    try:
        write_results(folder, plan, search, running.monitor)
    except OSError as error:
        raise CommandError(f"the results can't be written to {folder}: {error}") from error
    print_report(console, plan, search)
    winner = plan.names[search.best_index_]
    console.print(f"Best: {winner}, refitted on {len(inputs.y):,} images", style="bold")
    for what, (X, y) in inputs.held_out.items():
        console.print(f"  accuracy {search.best_estimator_.score(X, y):.4f} on {what}")
    command = _command(options, plan)
    try:
        with console.status(f"writing {REPORT}"):
            write_page(folder, plan, search, running.monitor, inputs, command)
    except OSError as error:
        raise CommandError(f"{REPORT} can't be written to {folder}: {error}") from error
    console.print(
        f"Written to {folder}: {REPORT}, {RESULTS}, {CURVES}, {PIPELINE}",
        soft_wrap=True,
    )
    console.print(
        f'Use it: skdnn.persistence.load("{(folder / PIPELINE).as_posix()}").predict(images)',
        soft_wrap=True,
    )
    return 0


def _command(options: argparse.Namespace, plan: SearchPlan) -> str:
    """Return the command with all that decides its scores, defaults of this version too."""
    words = ["python", "-m", "skdnn", "--data", options.data]
    words += ["--cv", str(plan.cv), "--epochs", str(plan.epochs)]
    for units in plan.hidden_units:
        words += ["--hidden-units", ",".join(map(str, units))]
    where = ["--jobs", str(plan.jobs)] if options.dask is None else ["--dask", options.dask]
    return shlex.join([*words, *where, "--seed", str(plan.seed)])


def _keep_finished(running: RunningSearch, folder: Path) -> str:
    """Write the scores of the folds that are done; say in words how many and where."""
    import numpy as np

    from skdnn._report import RESULTS, write_partial_results

    scores = running.fold_scores()
    n_done = int(np.isfinite(scores).sum())
    if n_done:
        write_partial_results(folder, running.plan, scores)
    kept = f"{n_done} of {scores.size} fits"
    return f"{kept}; their scores are in {folder / RESULTS}" if n_done else kept


def _read(name: str, cv: int) -> Inputs:
    import numpy as np

    from skdnn._inputs import InputError, read_inputs

    try:
        inputs = read_inputs(name)
    except (InputError, OSError, ValueError) as error:
        raise CommandError(str(error)) from error
    labels, counts = np.unique(inputs.y, return_counts=True)
    if len(labels) < 2:
        raise CommandError(f"{name} must hold at least 2 classes; it has {labels.tolist()}")
    if counts.min() < cv:
        rarest = labels[counts.argmin()].item()
        raise CommandError(
            f"--cv must not exceed the images of the rarest class ({counts.min()} of class "
            f"{rarest!r} to search on), got {cv}"
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
    """Settle what TensorFlow reads once, at its import; this process is the command's own."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # One pool serves all fits of a process: shared out, so that they don't contend. On a
    # cluster the refit, which is made here, takes as many as the workers, for the same sums.
    threads = str(max(1, _cores() // jobs)) if threads is None else threads
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", threads)
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", str(jobs))
    # scikit-learn's transformer takes no callbacks, and there is nothing to follow in it.
    warnings.filterwarnings("ignore", message="The estimator FunctionTransformer does not")


def _cores() -> int:
    return (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1
    )


def _positive(text: str) -> int:
    return _integer(text, least=1)


def _folds(text: str) -> int:
    return _integer(text, least=2)


def _seed(text: str) -> int:
    value = _integer(text, least=0)
    if value >= 2**32:
        raise argparse.ArgumentTypeError(f"must be less than 2**32, got {text!r}")
    return value


def _integer(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(
            f"must be an integer of at least {least}, got {text!r}"
        )
    return value


def _units(text: str) -> tuple[int, ...]:
    try:
        return tuple(_positive(part) for part in text.split(","))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"must be integers of at least 1, separated by commas, got {text!r}"
        ) from None
