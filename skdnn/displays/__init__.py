"""Pictures of fitted networks, in scikit-learn's Display form.

A display holds arrays; ``plot`` draws them and sets ``ax_`` and ``figure_``. Matplotlib is
imported when something is plotted.
"""

from skdnn.displays._training_curves import TrainingCurvesDisplay

__all__ = ["TrainingCurvesDisplay"]
