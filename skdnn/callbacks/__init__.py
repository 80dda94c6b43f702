"""Callbacks of scikit-learn, for a fit, a pipeline or a search.

They are set by ``set_callbacks`` (experimental in scikit-learn 1.9). Keras callbacks are a
hyperparameter of the estimators instead.
"""

from skdnn.callbacks._history_monitor import HistoryMonitor
from skdnn.callbacks._search_progress import SearchProgress

__all__ = ["HistoryMonitor", "SearchProgress"]
