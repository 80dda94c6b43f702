"""Rendering of the page's template."""

from __future__ import annotations

import base64
import hashlib
import platform
from datetime import UTC, datetime
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from skdnn.displays._canvas import printable

_PACKAGES = ("skdnn", "scikit-learn", "tensorflow", "keras", "scikeras", "numpy", "matplotlib")


def render(**contents: Any) -> str:
    """Fill the page's template.

    Parameters
    ----------
    **contents : dict
        The template's variables.

    Returns
    -------
    page : str
        HTML. All but matplotlib's pictures is escaped.
    """
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    script = _read("page.js")
    digest = hashlib.sha256(script.encode()).digest()
    return environment.get_template("page.html.jinja").render(
        style=Markup(_read("page.css")),  # nosec B704 # the package's own files
        script=Markup(script),  # nosec B704 # the same
        script_hash=base64.b64encode(digest).decode("ascii"),
        versions=_versions(),
        model_path_literal=repr(contents["model_path"]),
        model_is_data=str(contents["model_path"]).endswith(".safetensors"),
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        **contents,
    )


def _shown(value: Any) -> Any:
    return value if isinstance(value, Markup) else printable(value)


def _read(name: str) -> str:
    return resources.files("skdnn.report").joinpath(name).read_text("utf-8")


def _versions() -> dict[str, str]:
    found = {"Python": platform.python_version(), "System": platform.platform(terse=True)}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # a source tree on the path, or a renamed build
            continue
    return found
