"""Sphinx's settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import skdnn

project = "skdnn"
author = "The skdnn developers"
project_copyright = "The skdnn developers"
version = release = skdnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "trust/results.md"]
default_role = "literal"  # as scikit-learn's docstrings mean single backticks
templates_path = ["_templates"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# Pages that begin with "file_format: mystnb" are notebooks: their code cells run at each build,
# in a folder of their own. An error in a cell, and any word on standard error, stops the build.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 240
nb_output_stderr = "error"
nb_merge_streams = True
# Commands in cells are those of the Python that builds the pages.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

autosummary_generate = True
# What the class pages list: methods of our own, not those that scikit-learn mixes in.
autosummary_context = {
    "own_methods": {
        "KerasDNNClassifier": [
            "fit",
            "get_params",
            "partial_fit",
            "predict",
            "predict_log_proba",
            "predict_proba",
            "set_params",
            "summary",
        ],
        "KerasDNNRegressor": [
            "fit",
            "get_params",
            "partial_fit",
            "predict",
            "set_params",
            "summary",
        ],
        "HistoryMonitor": ["fold_histories"],
        "SearchProgress": ["follow", "scorer"],
        "FirstLayerWeightsDisplay": ["from_estimator", "plot"],
        "ImagesDisplay": ["chosen", "from_estimator", "from_predictions", "plot", "words"],
        "SearchHeatmapDisplay": ["from_search", "plot"],
        "SearchResultsDisplay": ["from_search", "plot"],
        "TrainingCurvesDisplay": [
            "from_estimator",
            "from_estimators",
            "from_histories",
            "from_search",
            "plot",
        ],
    }
}
autodoc_typehints = "none"  # numpydoc's Parameters say the type and the shape
numpydoc_show_class_members = False  # the template lists the methods that are skdnn's own
numpydoc_xref_param_type = False

html_theme = "furo"
html_title = "skdnn"
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072B2", "color-brand-content": "#0072B2"},
    "dark_css_variables": {"color-brand-primary": "#56B4E9", "color-brand-content": "#56B4E9"},
}
html_static_path = ["_static"]
html_css_files = ["pages.css"]
copybutton_exclude = ".linenos, .gp, .go"
copybutton_selector = "div:not(.output) > div.highlight pre"  # code, not what it printed
