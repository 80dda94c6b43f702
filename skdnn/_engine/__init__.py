"""The training engine: arrays and settings in, weights and history out.

It knows Keras models and NumPy arrays, and nothing of scikit-learn. A fit is a
:class:`~skdnn._engine.training.Training`, one call of ``run_epoch`` per epoch; what it runs is
a :class:`~skdnn._engine.program.Program`, compiled once per structure and shared by all fits
and threads of a process.
"""

from skdnn._engine.inference import forward
from skdnn._engine.programs import Structure, forward_for, program_for
from skdnn._engine.training import Rows, Training, TrainingState

__all__ = [
    "Rows",
    "Structure",
    "Training",
    "TrainingState",
    "forward",
    "forward_for",
    "program_for",
]
