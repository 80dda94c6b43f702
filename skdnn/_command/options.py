"""Parsing of the command line, and errors in one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from skdnn import __version__
from skdnn._command.grid import OptionError, check_halving, check_settings, parse_setting
from skdnn._command.job import CommandError, run

_DESCRIPTION = """\
Choose a dense neural network by cross-validation. For images: sigmoid or relu, trained by
sgd, rmsprop or adam. For a table: one or two layers, with a small, medium or large penalty
on weights. Prints a report and writes the results, a picture of the training and the best
network, fitted, into a folder.
"""

_EPILOG = """\
examples:
  skdnn                                   the bundled sample of Fashion-MNIST, in seconds
  skdnn --data fashion-mnist              all 70,000 images
  skdnn --data photos                     your own images: a folder with a sub-folder of
                                          JPEG, PNG, ... files for each class
  skdnn --data mine.npz --epochs 20       the same as arrays X and y (numpy.savez)
  skdnn --data houses.csv --target price  your own table: CSV, its gzip, or Parquet
  skdnn --hidden-units 100 --hidden-units 300,100
                                          one hidden layer of 100 against two
  skdnn --set l2=0,0.001 --set dropout=0,0.2
                                          four networks: any hyperparameter, any values
  skdnn --halving --epochs 27 --set l2=0,1e-5,1e-4,1e-3 --set dropout=0,0.2,0.5
                                          only the best are trained for all epochs
  skdnn --dask tcp://192.0.2.1:8786       on a cluster
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="skdnn",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_data_options(parser)
    _add_table_options(parser.add_argument_group("options for tables"))
    _add_search_options(parser)
    _add_halving_option(parser)
    _add_run_options(parser)
    parser.add_argument("--version", action="version", version=f"skdnn {__version__}")
    return parser


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        default="sample",
        metavar="sample|fashion-mnist|FOLDER|FILE",
        help="images or a table to choose the network for: a folder of images, an .npz, CSV or "
        "Parquet file (default: the bundled sample)",
    )
    parser.add_argument(
        "--image-size",
        type=_size,
        metavar="HEIGHT[,WIDTH]",
        help="pixels that images from a folder get (default: 28)",
    )
    parser.add_argument(
        "--color-mode",
        choices=["grayscale", "rgb"],
        help="what images from a folder become (default: grayscale)",
    )


def _add_table_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--target", metavar="COLUMN", help="column to predict")
    add(
        "--task",
        choices=["classification", "regression"],
        help="what to predict (default: by the target: classes for text, booleans and up to 10 "
        "different whole numbers, else numbers)",
    )
    add(
        "--groups",
        metavar="COLUMN",
        help="column of groups, such as patients: the rows of each stay together in a fold; it "
        "is not learnt from",
    )
    add(
        "--drop",
        action="append",
        default=[],
        metavar="COLUMN",
        help="column to leave out; give it again for another",
    )
    add(
        "--categorical",
        action="append",
        default=[],
        metavar="COLUMN",
        help="column of codes, to be taken as categories and not as numbers; give it again for "
        "another",
    )


def _add_search_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--cv",
        type=_folds,
        default=3,
        metavar="N",
        help="folds, stratified for classes (default: 3)",
    )
    add(
        "--epochs",
        type=_positive,
        metavar="N",
        help="epochs a fit (default: 5); for tables the default is 100, and fewer from 20,000 "
        "rows on",
    )
    add(
        "--hidden-units",
        type=_units,
        action="append",
        metavar="N[,N...]",
        help="units of each hidden layer (default: 100); give it again to try another network; "
        "for tables the default is 100, and 100,50",
    )
    add(
        "--set",
        type=parse_setting,
        action="append",
        metavar="NAME=VALUE[,VALUE...]",
        help="values to try of a hyperparameter, such as l2=0,0.001; give it again for "
        "another. Only what is given is tried: without optimizer and activation among it, all "
        "are adam and relu",
    )


def _add_halving_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--halving",
        action="store_true",
        help="train all variants for a few epochs, the best third of them for three times as "
        "many, and so on up to --epochs; each goes on from its weights",
    )


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
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
    add("--seed", type=_seed, metavar="N", help="random seed (default: 42)")
    add(
        "--output",
        type=Path,
        default=Path("skdnn-results"),
        metavar="DIR",
        help="folder for the files (default: skdnn-results)",
    )
    add(
        "--no-baselines",
        dest="baselines",
        action="store_false",
        help="do not score simple models on the same folds for comparison",
    )


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
    try:
        _check_together(options)
        _set_defaults(options)
        return run(options)
    except OptionError as error:
        parser.error(str(error))
    except CommandError as error:
        print(f"skdnn: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nskdnn: interrupted", file=sys.stderr)
        return 130


def _check_together(options: argparse.Namespace) -> None:
    if options.dask is not None and options.jobs is not None:
        raise OptionError("argument --jobs: not allowed with argument --dask")
    if options.halving:
        check_halving(options.set or [], options.dask)
    given = {
        "epochs": options.epochs,
        "hidden_units": options.hidden_units,
        "random_state": options.seed,
    }
    check_settings(
        options.set or [], [name for name, value in given.items() if value is not None]
    )


def _set_defaults(options: argparse.Namespace) -> None:
    """Set what was not given, which `_check_together` must know apart from what was."""
    options.seed = 42 if options.seed is None else options.seed
    options.set = options.set or []


def entry() -> None:
    """Run the command as a process.

    After an error the process exits at once: a fit that still runs in TensorFlow can't be
    stopped, and the interpreter would wait for it at exit, or abort.
    """
    code = main()
    if code:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


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
