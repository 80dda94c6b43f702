"""Shared by all displays: a colour-blind safe palette, axes, and literal text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette for colour-blind readers. Each cycle has another dash or marker.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
DASHES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D", "v", "P")
RIGHT, WRONG = "#0072B2", "#D55E00"
GREY = "#767676"

_ONE_LINE = 20  # characters of a name that fit on one line with a suffix

# Characters that neither fonts nor XML allow, and lone surrogates.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def axes_or_new(
    ax: Axes | None, figsize: tuple[float, float] | None = None
) -> tuple[Axes, Figure]:
    """Return the axes to draw on and their figure; new ones for None.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As the user gave them.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.

    Returns
    -------
    ax : matplotlib.axes.Axes
    figure : matplotlib.figure.Figure
        The root, where `ax` lies in a subfigure.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=figsize, layout="constrained")
    figure: Figure = ax.get_figure(root=True)  # type: ignore[assignment]
    return ax, figure


def literal(text: object) -> str:
    """Escape text so that matplotlib draws it as it is.

    A dollar sign does not begin a formula, and a legend shows labels that begin with an
    underscore.

    Parameters
    ----------
    text : object
        Converted by `str`.

    Returns
    -------
    text : str
    """
    words = printable(text).replace("$", r"\$")
    return f"\N{ZERO WIDTH SPACE}{words}" if words.startswith("_") else words


def score_title(name: str, joint: str, what: str) -> str:
    """Return the label of an axis of scores, on two lines if it is long.

    Parameters
    ----------
    name : str
        Name of the score.
    joint : str
        Separator, such as ``": "``.
    what : str
        The statistic.

    Returns
    -------
    title : str
    """
    words = literal(name)
    joint = joint if len(name) <= _ONE_LINE else joint.rstrip() + "\n"
    return f"{words[:1].upper()}{words[1:]}{joint}{what}"


def printable(text: object) -> str:
    """Replace characters that neither SVG nor HTML allow.

    Parameters
    ----------
    text : object
        Its `str`.

    Returns
    -------
    text : str
    """
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", str(text))


def shortened(text: object, length: int) -> str:
    """Truncate a text that is longer than `length`.

    Parameters
    ----------
    text : object
        Its `str`.
    length : int
        Characters, the ellipsis included.

    Returns
    -------
    text : str
    """
    whole = str(text)
    return whole if len(whole) <= length else whole[: length - 1] + "…"
