"""The output layer of a network, by its targets."""

from __future__ import annotations

from typing import NamedTuple


class Output(NamedTuple):
    """The output layer.

    Parameters
    ----------
    units : int
        How many.
    activation : str
        Its name in Keras.
    """

    units: int
    activation: str


def output_of_classes(n_classes: int) -> Output:
    """Return one sigmoid for two classes, a softmax for more."""
    return Output(1, "sigmoid") if n_classes == 2 else Output(n_classes, "softmax")


def output_of_labels(n_labels: int) -> Output:
    """Return a sigmoid for each of any number of labels."""
    return Output(n_labels, "sigmoid")


LINEAR, EXPONENTIAL = "linear", "exponential"


def output_of_numbers(n_numbers: int, *, positive: bool = False) -> Output:
    """Return a linear unit for each of some numbers, or an exponential if all are above 0."""
    return Output(n_numbers, EXPONENTIAL if positive else LINEAR)
