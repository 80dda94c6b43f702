"""Formatting of numbers of any magnitude, such as scores, errors and losses."""

from __future__ import annotations

from math import floor, isfinite, log10

_SMALLEST, _LARGEST = 1e-4, 1e9  # outside of these, scientific notation is used
_USUAL = 0.01  # from here on, `decimals` are enough


def figure_text(value: float, like: float | None = None, decimals: int = 4) -> str:
    """Format a number with a number of digits that suits its magnitude.

    Parameters
    ----------
    value : float
        The number.
    like : float, default=None
        Number that decides the decimals, so that a mean and its deviation have as many;
        None is `value` itself.
    decimals : int, default=4
        Decimals of numbers from 0.01 to 10. Smaller ones have more, larger ones fewer.

    Returns
    -------
    text : str
        Such as ``0.8712``, ``-45,000,000`` or ``1.234e-06``.
    """
    size, own = abs(value if like is None else like), abs(value)
    if not isfinite(value):
        return str(value)
    if own >= _LARGEST or (0 < own < _LARGEST and 0 < size < _SMALLEST):
        return f"{value:.{decimals - 1}e}"
    places = decimals
    if _SMALLEST <= size < _USUAL:
        places = decimals - 1 - floor(log10(size))
    if max(own, size if isfinite(size) else 0) >= 10:
        places = max(decimals - floor(log10(max(own, size))), 0)
    return f"{value:,.{places}f}"


def number_text(value: float, spread: float) -> str:
    """Format a number of a sample to a hundredth of the sample's standard deviation.

    Parameters
    ----------
    value : float
        The number.
    spread : float
        Standard deviation of the sample.

    Returns
    -------
    text : str
        Such as ``100,012.35`` among numbers that differ by 5.
    """
    spread = spread if isfinite(spread) and spread > 0 else abs(value) or 1.0
    size = max(abs(value), spread)
    if not isfinite(value):
        return str(value)
    if size < _SMALLEST or spread >= _LARGEST:
        return f"{value:.{min(3 + floor(log10(size / spread)), 15)}e}"
    return f"{value:,.{min(max(2 - floor(log10(spread)), 0), 15)}f}"
