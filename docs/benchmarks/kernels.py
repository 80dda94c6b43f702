"""Steps with kernels as (inputs, units) and as (units, inputs), timed in turn.

    .venv/bin/python docs/benchmarks/kernels.py

Prints, for shapes of one hidden layer, microseconds a step in both forms and their ratio, from
the least of many runs. `skdnn._engine.layout` says where kernels are turned: this shows
where that is right on your processor.
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from skdnn._engine import layout
from skdnn._engine.program import Program, State
from skdnn.network.architecture import Architecture
from skdnn.network.building import compiled_network
from skdnn.network.initializers import initial_weights
from skdnn.network.optimizers import validate_optimizer
from skdnn.network.outputs import output_of_classes

RUNS = 12
SECONDS = 0.05  # of a run, about


def program(inputs, units, batch_size, optimizer, turned):
    layout._LARGEST_BATCH = 10**9 if turned else 0
    layout._FEWEST_INPUTS = 1
    layers = Architecture.from_parameters((inputs,), output_of_classes(10), (units,), "relu")
    made = Program(
        compiled_network(layers, validate_optimizer(optimizer)), batch_size, jit=True
    )
    rng = np.random.default_rng(0)
    chunk = (made.chunk_batches, batch_size)
    state = State(
        [tf.constant(w) for w in made.layout.pack_weights(initial_weights(made.model, 0))],
        [tf.constant(s) for s in made.layout.pack_slots(made.initial_slots)],
        [],
    )
    arguments = (
        state,
        tf.constant(rng.random((*chunk, inputs), dtype=np.float32)),
        tf.constant(rng.integers(0, 10, chunk).astype(np.int32)),
        tf.ones(chunk),
        made.chunk_batches,
    )
    return lambda: made.run(*arguments), made.chunk_batches


def microseconds_a_step(inputs, units, batch_size, optimizer):
    calls = [program(inputs, units, batch_size, optimizer, turned) for turned in (False, True)]
    start = time.perf_counter()
    calls[0][0]()
    repeats = max(1, round(SECONDS / (time.perf_counter() - start)))
    least = [np.inf, np.inf]
    for _ in range(RUNS):
        for form, (call, n_batches) in enumerate(calls):
            start = time.perf_counter()
            for _ in range(repeats):
                call()
            seconds = (time.perf_counter() - start) / repeats / n_batches
            least[form] = min(least[form], seconds * 1e6)
    return least


def main():
    print("inputs  units  batch  optimizer   (inputs, units)  (units, inputs)  ratio")
    for optimizer in ("adam", "sgd"):
        for batch_size in (32, 128, 256):
            for inputs in (64, 128, 784):
                for units in (32, 100, 300):
                    one, other = microseconds_a_step(inputs, units, batch_size, optimizer)
                    print(
                        f"{inputs:6} {units:6} {batch_size:6}  {optimizer:9} "
                        f"{one:16.0f} {other:16.0f} {one / other:6.2f}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
