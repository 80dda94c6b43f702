"""A notebook whose cells are edited and run again, fit after fit.

As a script it makes one fit, the first of its process, and prints what came of it.
"""

import functools
import hashlib
import json
import sys
import threading

import numpy as np

CELL = """
import functools
import keras, tensorflow as tf

NUMBER = {number}

def reads_a_global(x):
    return keras.ops.relu(x) * NUMBER

def has_a_constant(x):
    return keras.ops.relu(x) * {number}

def has_a_default(x, by={number}):
    return keras.ops.relu(x) * by

def calls_another(x):
    return has_a_constant(x) + 0.1 * x

def closes_over(value):
    return lambda x: tf.where(x > 0, x, value * x)

class Rates(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.05 * {number}

    def get_config(self):
        return {{}}

class Start(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return keras.ops.full(shape, 0.1 * {number}, dtype)
"""

CALLABLE = """
class Leaky:
    def __call__(self, x):
        return tf.where(x > 0, x, self.alpha * x)

leaky = Leaky()
"""

ACTIVATIONS = {
    "relu": lambda cells, number: "relu",
    "global": lambda cells, number: cells["reads_a_global"],
    "constant": lambda cells, number: cells["has_a_constant"],
    "default": lambda cells, number: cells["has_a_default"],
    "function called": lambda cells, number: cells["calls_another"],
    "closure": lambda cells, number: cells["closes_over"](number),
    "tensor": lambda cells, number: cells["closes_over"](cells["tf"].constant(number)),
    "attribute": lambda cells, number: cells["leaky"],
    "partial": lambda cells, number: functools.partial(cells["has_a_default"], by=number),
}


class Notebook:
    """Cells and what they have defined.

    Parameters
    ----------
    memory : str or None
        What fits with memory are given as `memory`.
    """

    def __init__(self, memory=None):
        self._memory = memory
        self._names = {"__name__": "__main__"}

    def fit(self, cell):
        """Run the cells as they stand now; return a digest of all that came of the fit.

        Parameters
        ----------
        cell : dict
            What the user has written: see `CELLS` of the test.
        """
        exec(CELL.format(number=cell["number"]), self._names)
        if "leaky" not in self._names:  # made once, changed in place
            exec(CALLABLE, self._names)
        self._names["leaky"].alpha = cell["number"]
        found = []
        run = functools.partial(self._fit, cell, found)
        if cell["thread"]:
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
        else:
            run()
        (digest,) = found
        return digest

    def _fit(self, cell, found):
        import keras
        from sklearn.datasets import load_iris

        from skdnn import KerasDNNClassifier

        X, y = load_iris(return_X_y=True)
        X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
        network = KerasDNNClassifier(
            (8,),
            activation=ACTIVATIONS[cell["activation"]](self._names, cell["number"]),
            kernel_initializer=self._names["Start"]() if cell["start"] else "glorot_uniform",
            batch_normalization=cell["batch_normalization"],
            optimizer="sgd",
            learning_rate=self._names["Rates"]() if cell["rates"] else None,
            epochs=cell["epochs"],
            memory=self._memory if cell["memory"] else None,
            random_state=0,
        )
        keras.config.set_dtype_policy(cell["policy"])
        keras.config.set_floatx(cell["floatx"])
        try:
            network.fit(X, y, X_val=X, y_val=y)
            probabilities = network.predict_proba(X)
        finally:
            keras.config.set_dtype_policy("float32")
            keras.config.set_floatx("float32")
        arrays = [*network._fitted_state["weights"], probabilities]
        text = json.dumps(network.history_).encode()
        found.append(hashlib.sha256(text + b"".join(a.tobytes() for a in arrays)).hexdigest())


if __name__ == "__main__":
    print(Notebook().fit(json.loads(sys.argv[1])))
