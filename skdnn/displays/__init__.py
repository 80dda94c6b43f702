"""Pictures of fitted networks and searches, in scikit-learn's Display form.

A display holds arrays; ``plot`` draws them and sets ``ax_`` and ``figure_``. Matplotlib is
imported when something is plotted.
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
