"""Load files in this process, which has little memory and time and may touch nothing else.

Called with a directory, it loads every file there, by name. Called with a directory, a number
and a seed, it loads as many mutations of the files there. It prints a JSON object: what became
of each file, and every deed that loading must not do.
"""

import copy
import json
import random
import resource
import signal
import struct
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from skdnn.persistence import LoadError, load

MORE_BYTES = 512 * 2**20
SECONDS = 10
FORBIDDEN = (
    "code.",
    "compile",
    "cpython.run",
    "ctypes.",
    "exec",
    "fcntl.",
    "ftplib.",
    "glob.",
    "http.",
    "import",
    "marshal.",
    "mmap.",
    "open",
    "os.",
    "pickle.",
    "pty.",
    "shutil.",
    "socket.",
    "sqlite3.",
    "subprocess.",
    "tempfile.",
    "urllib.",
    "webbrowser.",
)

watched = {"path": None}
deeds = []


def watch(event, arguments):
    path = watched["path"]
    if path is None or not event.startswith(FORBIDDEN):
        return
    if event == "open" and str(arguments[0]) == path:
        return
    deeds.append(f"{event} {arguments!r}"[:200])
    raise RuntimeError(f"loading must not {event}")


def outcome(path):
    """Load a file; what loads must predict."""
    signal.alarm(SECONDS)
    watched["path"] = str(path)
    try:
        model = load(path)
    except LoadError as error:
        return "LoadError" if len(str(error)) < 2_000 else "a message that fills the screen"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:300]
    finally:
        watched["path"] = None
        signal.alarm(0)
    return prediction_of(model)


# What weights near float32's end lead to: they are finite, but not their sums. And what scales
# of a table near float64's end lead to: infinite numbers, and NaN where those are bent.
BEYOND = ("overflow in float32", "it is beyond float32", "Input X contains NaN")


def prediction_of(model):
    network = model["dnn"] if hasattr(model, "steps") else model
    of_classes = hasattr(network, "classes_")
    predict = model.predict_proba if of_classes else model.predict
    try:
        answers = predict(rows_for(model))
    except Exception as error:
        if isinstance(error, ValueError) and any(text in str(error) for text in BEYOND):
            return "model"
        return f"{predict.__name__}: {type(error).__name__}: {error}"[:300]
    assert model.get_params()
    fine = np.isfinite(answers).all() and answers.shape == expected_shape(network)
    return "model" if fine else "odd answers"


def rows_for(model):
    shape = getattr(model, "input_shape_", None)
    if hasattr(model, "steps"):
        first = model.steps[0][1]
        if hasattr(first, "transformers_"):
            return table_for(first)
        shape = first.kw_args["image_shape"] or model["dnn"].input_shape_
    return np.zeros((2, *shape), np.uint8)


def table_for(transformer):
    """Two rows of zeros and known categories, as what the transformer was fitted to."""
    names = getattr(transformer, "feature_names_in_", None)
    table = pd.DataFrame(np.zeros((2, transformer.n_features_in_)), columns=names)
    _, pipeline, columns = transformer.transformers_[1]
    for column, categories in zip(
        columns, pipeline["encode"].categories_ if len(columns) else (), strict=True
    ):
        table[column] = categories[0]
    return table if names is not None else table.to_numpy()


def expected_shape(network):
    if hasattr(network, "classes_"):
        return (2, len(network.classes_))
    learnt = network._fitted_state
    return (2,) if learnt["one_dimensional"] else (2, len(learnt["shift"]))


# -- mutations ----------------------------------------------------------------------------

VALUES = [
    None, True, False, 0, 1, -1, 2, 3, 2**31, 2**63, -(2**63), 10**30, 0.5, -0.5, 1e308, "",
    "x", "relu", "adam", "__class__", "../../etc/passwd", "/dev/zero", "os.system", [], {}, [0],
    [[]], {"tuple": []}, {"dict": [[1, 2]]}, {"array": [1, 2]}, {"activation": "tanh"},
    {"optimizer": "SGD", "settings": {}}, {"schedule": "CosineDecay", "settings": {}},
    {"initializer": "Zeros", "settings": {}}, {"optimizer_class": "Adam"}, "poisson", "mse",
    "linear", "exponential",
]  # fmt: skip


def mutation(data, rng):
    return rng.choice([flipped, cut, spliced, restructured, restructured])(bytearray(data), rng)


def flipped(data, rng):
    header = 8 + struct.unpack("<Q", data[:8])[0]
    for _ in range(rng.choice([1, 1, 2, 8])):
        data[rng.randrange(rng.choice([8, header, len(data)]))] ^= 1 << rng.randrange(8)
    return data


def cut(data, rng):
    return data[: rng.randrange(len(data))]


def spliced(data, rng):
    start, length = rng.randrange(len(data)), rng.randrange(1, 64)
    place = rng.randrange(len(data))
    data[place : place + rng.choice([0, length])] = data[start : start + length]
    return data


def restructured(data, rng):
    """Put another value, or none, somewhere in the header or in the manifest."""
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    if rng.random() < 0.7:
        manifest = json.loads(header["__metadata__"]["skdnn"])
        change_somewhere(manifest, rng)
        header["__metadata__"]["skdnn"] = json.dumps(manifest)
    else:
        change_somewhere(header, rng)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def change_somewhere(tree, rng):
    places = []

    def visit(node):
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                visit(node[key])

    visit(tree)
    node, key = rng.choice(places)
    deed = rng.random()
    if deed < 0.15:
        del node[key]
    elif deed < 0.3 and isinstance(node, dict):
        node[rng.choice(["x", "__init__", "callbacks", "optimizer__x"])] = rng.choice(VALUES)
    else:
        other, place = rng.choice(places)
        node[key] = copy.deepcopy(rng.choice([rng.choice(VALUES), other[place]]))


def limited_memory():
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MORE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def warmed_up(valid):
    """Load what may be imported late, once, before anything is forbidden."""
    for path in valid:
        assert prediction_of(load(path)) == "model"
    for name in ("Adam", "SGD"):
        getattr(keras.optimizers, name)(keras.optimizers.schedules.CosineDecay(0.1, 3))


def main(directory, number=0, seed=0):
    files = sorted(Path(directory).iterdir())
    valid = [path for path in files if path.name.startswith("valid")]
    warmed_up(valid)
    originals = [path.read_bytes() for path in valid]
    target = Path(directory) / "mutation"
    rng = random.Random(int(seed))
    limited_memory()
    sys.addaudithook(watch)
    outcomes = {}
    if not int(number):
        outcomes = {path.name: outcome(path) for path in files}
    for i in range(int(number)):
        target.write_bytes(mutation(rng.choice(originals), rng))
        result = outcome(target)
        if result in ("LoadError", "model"):
            outcomes[result] = outcomes.get(result, 0) + 1
        else:
            outcomes[f"{i}: {result}"] = target.read_bytes().hex()[:4000]
    print(json.dumps({"outcomes": outcomes, "deeds": deeds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
