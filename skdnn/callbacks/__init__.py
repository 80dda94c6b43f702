"""Callbacks in scikit-learn's sense: what follows a fit, a pipeline or a whole search.

They are set by ``set_callbacks`` (scikit-learn 1.9, experimental there). Keras callbacks are
something else: a hyperparameter of :class:`skdnn.KerasDNNClassifier`.
"""

from skdnn.callbacks._history_monitor import HistoryMonitor
from skdnn.callbacks._search_progress import SearchProgress

__all__ = ["HistoryMonitor", "SearchProgress"]
