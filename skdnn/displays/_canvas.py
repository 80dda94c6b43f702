"""What all displays draw with: colours that every reader tells apart, axes, literal text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart by colour-blind readers. A round of it has a dash or a
# marker of its own.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
DASHES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D", "v", "P")
RIGHT, WRONG = "#0072B2", "#D55E00"
GREY = "#767676"

_ONE_LINE = 20  # letters of a name that leave room for more beside it

# Characters that neither a font nor XML knows, and halves of characters.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def axes_or_new(
    ax: Axes | None, figsize: tuple[float, float] | None = None
) -> tuple[Axes, Figure]:
    """Return the axes to draw on and their figure, new ones where none are given.

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
    """Return text that matplotlib draws as it is.

    A dollar begins no formula, and a legend leaves out no label that begins with an underscore.

    Parameters
    ----------
    text : object
        Its `str`.

    Returns
    -------
    text : str
    """
    words = printable(text).replace("$", r"\$")
    return f"\N{ZERO WIDTH SPACE}{words}" if words.startswith("_") else words


def score_title(name: str, joint: str, what: str) -> str:
    """Return the title of an axis of scores, on two lines where one would not fit.

    Parameters
    ----------
    name : str
        Name of the score.
    joint : str
        Between the two, such as ``": "``.
    what : str
        Which of them.

    Returns
    -------
    title : str
    """
    words = literal(name)
    joint = joint if len(name) <= _ONE_LINE else joint.rstrip() + "\n"
    return f"{words[:1].upper()}{words[1:]}{joint}{what}"


def printable(text: object) -> str:
    """Return text with a replacement for each character that no picture or page can hold.

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
    """Return the beginning of a text that is longer than `length`.

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
