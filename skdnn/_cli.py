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

    from skdnn._inputs import Inputs
    from skdnn._search import SearchLog, SearchPlan

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
  skdnn --data photos                     your own images: a folder with a sub-folder of
                                          JPEG, PNG, ... files for each class
  skdnn --data mine.npz --epochs 20       the same as arrays X and y (numpy.savez)
  skdnn --hidden-units 100 --hidden-units 300,100
                                          one hidden layer of 100 against two
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
        metavar="sample|fashion-mnist|FOLDER|FILE.npz",
        help="images to choose the network for (default: the bundled sample)",
    )
    add(
        "--image-size",
        type=_size,
        metavar="HEIGHT[,WIDTH]",
        help="pixels that images from a folder get (default: 28)",
    )
    add(
        "--color-mode",
        choices=["grayscale", "rgb"],
        help="what images from a folder become (default: grayscale)",
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
    options = build_parser().parse_args(argv)
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
    jobs = options.jobs or _cores()
    _prepare_process(jobs)
    from rich.console import Console

    from skdnn._search import SearchPlan

    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 100)
    inputs = _read(options, console)
    _make_folder(options.output)
    plan = SearchPlan(
        hidden_units=list(dict.fromkeys(options.hidden_units or [(100,)])),
        cv=options.cv,
        epochs=options.epochs,
        jobs=jobs,
        seed=options.seed,
        scale=inputs.scale,
    )
    console.print(
        f"{inputs.title}: {len(inputs.y):,} images, {len(plan.candidates)} variants x "
        f"{plan.cv} folds x {plan.epochs} epoch{'s' * (plan.epochs > 1)}, "
        f"{jobs} fit{'s' * (jobs > 1)} at a time",
        soft_wrap=True,
    )
    if inputs.note:
        console.print(inputs.note, soft_wrap=True)
    with console.status("loading TensorFlow"):
        load_tensorflow()
    return _search_and_report(console, inputs, plan, options)


def _search_and_report(
    console: Console, inputs: Inputs, plan: SearchPlan, options: argparse.Namespace
) -> int:
    from skdnn._progress import SearchProgress
    from skdnn._report import (
        CURVES,
        PIPELINE,
        REPORT,
        RESULTS,
        print_report,
        write_page,
        write_results,
    )
    from skdnn._search import RunningSearch, SearchLog

    folder: Path = options.output
    progress = SearchProgress(console, plan.n_fits, plan.epochs)
    log = SearchLog(plan, progress)
    running = RunningSearch(plan, log, inputs.X, inputs.y)
    try:
        with progress:
            search = running.wait()
    except KeyboardInterrupt:
        running.stop(_PATIENCE)
        _keep_finished(plan, log, folder)
        return 130
    except Exception as error:  # whatever a fit may raise: one line for it
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise CommandError(f"the search failed: {reason[0]}") from error
    try:
        write_results(folder, search, log)
    except OSError as error:
        raise CommandError(f"the results can't be written to {folder}: {error}") from error
    print_report(console, plan, search)
    winner = plan.name(search.best_params_)
    console.print(f"Best: {winner}, refitted on {len(inputs.y):,} images", style="bold")
    for what, (X, y) in inputs.held_out.items():
        console.print(f"  accuracy {search.best_estimator_.score(X, y):.4f} on {what}")
    try:
        with console.status(f"writing {REPORT}"):
            write_page(folder, plan, search, log, inputs, _command(options, plan))
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
    if inputs.new_images:
        console.print(f"  images = skdnn.datasets.{inputs.new_images}", soft_wrap=True)
    return 0


def _command(options: argparse.Namespace, plan: SearchPlan) -> str:
    """Return the command with all that decides its scores, defaults of this version too."""
    words = ["python", "-m", "skdnn", "--data", options.data]
    if options.image_size:
        words += ["--image-size", ",".join(map(str, options.image_size))]
    if options.color_mode:
        words += ["--color-mode", options.color_mode]
    words += ["--cv", str(plan.cv), "--epochs", str(plan.epochs)]
    for units in plan.hidden_units:
        words += ["--hidden-units", ",".join(map(str, units))]
    return shlex.join([*words, "--jobs", str(plan.jobs), "--seed", str(plan.seed)])


def _keep_finished(plan: SearchPlan, log: SearchLog, folder: Path) -> None:
    from skdnn._report import RESULTS, write_partial_results

    records = list(log.records)
    total = plan.n_fits - 1
    message = f"interrupted after {len(records)} of {total} fits"
    if records:
        write_partial_results(folder, plan, records)
        message += f"; their scores are in {folder / RESULTS}"
    print(f"\nskdnn: {message}", file=sys.stderr)


def _read(options: argparse.Namespace, console: Console) -> Inputs:
    import numpy as np

    from skdnn._inputs import InputError, read_inputs

    name, cv = options.data, options.cv
    try:
        with console.status(f"reading {name}") as status:
            inputs = read_inputs(
                name,
                image_size=options.image_size,
                color_mode=options.color_mode,
                watch=lambda n, of: status.update(f"reading {name}: {n:,} of {of:,} images"),
            )
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


def _prepare_process(jobs: int) -> None:
    """Settle what TensorFlow reads once, at its import; this process is the command's own."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # One pool serves all fits of a process: shared out, so that they don't contend.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(max(1, _cores() // jobs)))
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


def _size(text: str) -> tuple[int, int]:
    try:
        sides = _units(text)
    except argparse.ArgumentTypeError:
        sides = ()
    if len(sides) not in (1, 2):
        raise argparse.ArgumentTypeError(
            f"must be one integer of at least 1, or two separated by a comma, got {text!r}"
        )
    return sides[0], sides[-1]


def _units(text: str) -> tuple[int, ...]:
    try:
        return tuple(_positive(part) for part in text.split(","))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"must be integers of at least 1, separated by commas, got {text!r}"
        ) from None
