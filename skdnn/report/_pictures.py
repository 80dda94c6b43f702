"""Matplotlib figures as inline SVG, with a text alternative and the page's colours."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree  # nosec B405 # reads what matplotlib has just drawn

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from skdnn.displays._canvas import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Stands for the page's text colour, which is dark on light or light on dark.
_INK = "#010203"
# Stands for the page's colour of marks, lighter on dark.
MARK = "#040506"
_COLOURS = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
_CLEAR = ("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor")
_STYLE: Any = {
    **dict.fromkeys(_COLOURS, _INK),
    **dict.fromkeys(_CLEAR, "none"),
    "legend.edgecolor": "none",
    "grid.color": "#808080",  # between light and dark
    "svg.fonttype": "none",  # text stays text: to be found, selected and read at any size
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 10.0,
}
_LARGEST = 96  # pixels of an image's longer side: 24 of them stay far below 3 MB


@dataclass(frozen=True)
class Picture:
    """A picture in the page.

    Parameters
    ----------
    svg : Markup
        An ``svg`` element.
    title : str
        What it is.
    caption : str
        Shown below.
    wide : bool
        Whether it needs more room than half of a page.
    """

    svg: Markup
    title: str
    caption: str
    wide: bool = False


def picture(
    name: str,
    draw: Callable[[Axes], object],
    *,
    title: str,
    caption: str,
    text: Callable[[], str],
    size: tuple[float, float] = (4.6, 3.6),
    wide: bool = False,
) -> Picture:
    """Draw a picture for the page.

    Parameters
    ----------
    name : str
        Unique in the page.
    draw : callable
        Draws on the axes that it is given.
    title : str
        Accessible title.
    caption : str
        Shown below.
    text : callable
        Returns the text alternative; called after `draw`.
    size : tuple of float
        Width and height in inches.
    wide : bool
        Whether it needs more room than half of a page.

    Returns
    -------
    picture : Picture
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    source = io.StringIO()
    with mpl.rc_context(_STYLE | {"svg.hashsalt": name}), warnings.catch_warnings():
        # The browser has fonts for scripts that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        figure.savefig(source, format="svg", metadata={"Date": None, "Creator": None})
    return Picture(_inlined(source.getvalue(), name, title, text()), title, caption, wide)


def data_uri(image: NDArray[Any], low: float, high: float) -> str:
    """Return an image as a data URI of a PNG.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, 3 or 4)
        Pixels. A large image is downsampled.
    low, high : float
        Values of black and white, for grey images.

    Returns
    -------
    uri : str
    """
    from matplotlib.image import imsave

    step = -(-max(image.shape[:2]) // _LARGEST)
    png = io.BytesIO()
    pixels = image[::step, ::step]
    if pixels.ndim == 2:
        imsave(
            png, np.asarray(pixels, np.float64), format="png", cmap="gray", vmin=low, vmax=high
        )
    else:
        imsave(png, np.ascontiguousarray(pixels), format="png")
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode("ascii")


def _inlined(source: str, name: str, title: str, text: str) -> Markup:
    """Convert matplotlib's SVG to an inline element with unique ids and accessible text."""
    root = ElementTree.fromstring(printable(source).encode())  # nosec B314 # from matplotlib
    for element in root.iter():
        element.tag = _bare(element.tag)
        attributes = {_bare(key): value for key, value in element.attrib.items()}
        element.attrib.clear()
        element.attrib.update({k: _rewritten(k, v, name) for k, v in attributes.items()})
    for unwanted in ("metadata", "defs/style"):
        _remove(root, unwanted)
    root.attrib.pop("version", None)
    root.attrib |= {
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-text",
        "class": "picture",
    }
    for place, (tag, words) in enumerate({"title": title, "desc": text}.items()):
        ending = "title" if tag == "title" else "text"
        element = ElementTree.Element(tag, {"id": f"{name}-{ending}"})
        element.text = printable(words)
        root.insert(place, element)
    # Whatever a user named is text in it, which the serialiser has escaped.
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # nosec B704


def _bare(name: str) -> str:
    return name.rsplit("}", 1)[-1]


def _rewritten(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "href" and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    coloured = value.replace(_INK, "currentColor").replace(MARK, "var(--mark)")
    return coloured.replace("url(#", f"url(#{name}-")


def _remove(root: ElementTree.Element, path: str) -> None:
    *above, last = path.split("/")
    for parent in root.findall("/".join([".", *above])) if above else [root]:
        for element in parent.findall(last):
            parent.remove(element)
