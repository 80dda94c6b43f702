"""The training engine: arrays and settings in, weights and history out.

It knows Keras models and NumPy arrays, and nothing of scikit-learn. A fit is a training, one
call of ``run_epoch`` per epoch. :class:`FusedTraining` runs a program that is compiled once per
structure and shared by all fits and threads of a process; :class:`KerasTraining` runs Keras's
own ``fit`` over the same batches.
"""

from skdnn._engine.choice import choose_engine
from skdnn._engine.evaluation import Evaluation
from skdnn._engine.hooks import EpochHooks
from skdnn._engine.inference import forward
from skdnn._engine.keras_training import KerasTraining
from skdnn._engine.programs import Structure, forward_for, program_for
from skdnn._engine.rows import Rows, padded_batch_size
from skdnn._engine.training import FusedTraining, TrainingState

__all__ = [
    "EpochHooks",
    "Evaluation",
    "FusedTraining",
    "KerasTraining",
    "Rows",
    "Structure",
    "TrainingState",
    "choose_engine",
    "forward",
    "forward_for",
    "padded_batch_size",
    "program_for",
]
