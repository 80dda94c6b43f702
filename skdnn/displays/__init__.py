"""Plots of fitted networks and searches, following scikit-learn's Display API.

A display stores arrays; ``plot`` draws them and sets ``ax_`` and ``figure_``. Matplotlib is
imported only when something is plotted.
"""

from skdnn.displays._first_layer_weights import FirstLayerWeightsDisplay
from skdnn.displays._images import ImagesDisplay
from skdnn.displays._search_heatmap import SearchHeatmapDisplay
from skdnn.displays._search_results import SearchResultsDisplay
from skdnn.displays._training_curves import TrainingCurvesDisplay

__all__ = [
    "FirstLayerWeightsDisplay",
    "ImagesDisplay",
    "SearchHeatmapDisplay",
    "SearchResultsDisplay",
    "TrainingCurvesDisplay",
]
