"""The training engine: arrays and settings in, weights and history out.

It knows Keras models and NumPy arrays, and nothing of scikit-learn. A fit is a training, one
call of ``run_epoch`` per epoch. :class:`FusedTraining` runs a program that is compiled once per
structure and shared by all fits and threads of a process; :class:`KerasTraining` runs Keras's
own ``fit`` over the same batches.

Nothing is imported here: `backend` and `interrupts` are used before TensorFlow is loaded.
"""
