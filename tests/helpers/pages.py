"""What Markdown pages hold."""

import re


def fences(page):
    """Return what stands behind the backticks, and the block, of each fence of a page."""
    return re.findall(
        r"^```(\S[^\n]*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S
    )
