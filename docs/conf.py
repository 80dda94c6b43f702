"""Sphinx's settings."""

from __future__ import annotations

import skdnn

project = "skdnn"
author = "The skdnn developers"
project_copyright = "The skdnn developers"
version = release = skdnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "trust/results.md"]
default_role = "literal"  # as scikit-learn's docstrings mean single backticks
templates_path = ["_templates"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

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
        "HistoryMonitor": ["fold_histories"],
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
copybutton_exclude = ".linenos, .gp, .go"
