"""scikit-learn callbacks, which follow a fit, a pipeline or a whole search.

Set them with ``set_callbacks`` (experimental in scikit-learn 1.9). Keras callbacks are a
hyperparameter of :class:`skdnn.KerasDNNClassifier`.
"""

from skdnn.callbacks._history_monitor import HistoryMonitor
from skdnn.callbacks._search_progress import SearchProgress

__all__ = ["HistoryMonitor", "SearchProgress"]
