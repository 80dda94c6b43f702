"""Whatever a file holds, loading it ends in a LoadError or a model, and in nothing else.

Random mutations are few in CI and 100,000 in the long form (`--long`).
"""

import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import h5py
import joblib
import numpy as np
import pandas as pd
import pytest
from helpers import hostile_child
from helpers.python_process import run_python

from skdnn import (
    KerasDNNClassifier,
    KerasDNNRegressor,
    make_image_pipeline,
    make_table_pipeline,
)
from skdnn.persistence import LoadError, _container, _description, load

pytestmark = pytest.mark.long_form(row="hostile-files")


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, proof="proof"):
        self.proof = proof

    def __reduce__(self):
        return os.system, (f"touch {self.proof}",)


# -- ways to forge a file -----------------------------------------------------------------


@pytest.fixture(scope="module")
def described(iris):
    """Manifest and arrays of a small classifier."""
    X, y = iris
    classifier = KerasDNNClassifier(
        (6, 5), batch_normalization=(True, False), epochs=2, random_state=0
    )
    return _description.describe(classifier.fit(X, np.array(["a", "b", "c"])[y]))


@pytest.fixture(scope="module")
def described_pipeline(sample):
    pipeline = make_image_pipeline(hidden_units=(4,), epochs=1, image_shape=(28, 28))
    return _description.describe(pipeline.fit(sample.images[:100], sample.target[:100] > 4))


@pytest.fixture(scope="module")
def described_numbers(iris):
    """Manifest and arrays of a small regressor with two outputs."""
    X = iris[0]
    regressor = KerasDNNRegressor((6, 5), loss="quantile", epochs=2, random_state=0)
    return _description.describe(regressor.fit(X, np.c_[1e6 * X[:, 0], 1e-6 * X[:, 1]]))


@pytest.fixture(scope="module")
def described_brightness(sample):
    regressor = KerasDNNRegressor((4,), loss="poisson", epochs=1)
    pipeline = make_image_pipeline(estimator=regressor, image_shape=(28, 28))
    images = sample.images[:100]
    return _description.describe(pipeline.fit(images, images.mean(axis=(1, 2))))


@pytest.fixture(scope="module")
def described_table(iris):
    """Two columns of numbers, one with gaps; three of categories, in one most infrequent."""
    X, y = iris
    table = pd.DataFrame(
        {
            "length": np.where(X[:, 0] > 1, np.nan, X[:, 0]),
            "width": X[:, 1],
            "same": 1.0,
            "colour": np.array(["ä", "b", "c"])[y],
            "id": [f"id {row}" for row in range(150)],
            "size": np.array(["S", "M"])[np.arange(150) % 2],
        }
    )
    pipeline = make_table_pipeline(hidden_units=(4,), epochs=1, max_categories=3)
    return _description.describe(pipeline.fit(table, y > 0))


@pytest.fixture(scope="module")
def described_table_of_numbers(iris):
    """An array, without names and without categories."""
    regressor = KerasDNNRegressor((4,), epochs=1)
    pipeline = make_table_pipeline(estimator=regressor)
    return _description.describe(pipeline.fit(iris[0], iris[0][:, 0]))


def with_header(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def parts(data):
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def in_manifest(described, *path, **values):
    """Set values in a manifest, under keys."""
    manifest, arrays = json.loads(json.dumps(described[0])), described[1]
    record = manifest
    for key in path:
        record = record[key]
    record.update(values)
    return _container.to_bytes(manifest, arrays)


def in_header(described, name, **values):
    header, data = parts(_container.to_bytes(*described))
    header[name].update(values)
    return with_header(header, data)


def with_arrays(described, **arrays):
    named = {name.replace("__", "."): value for name, value in arrays.items()}
    kept = {n: a for n, a in {**described[1], **named}.items() if a is not None}
    return _container.to_bytes(described[0], kept)


def replaced(described, old, new):
    """Replace text in the header, and mend its length."""
    data = _container.to_bytes(*described)
    length = struct.unpack("<Q", data[:8])[0]
    header = data[8 : 8 + length]
    assert old in header
    return with_header(header.replace(old, new, 1), data[8 + length :])


# -- files that are something else --------------------------------------------------------


def other_files(payload):
    stored, compressed, hdf5, saved = (io.BytesIO() for _ in range(4))
    with zipfile.ZipFile(stored, "w") as file:
        file.writestr("config.json", '{"class_name": "Lambda"}')
    np.savez_compressed(compressed, weights=np.ones(9))
    with h5py.File(hdf5, "w") as file:
        file["weights"] = np.ones(9)
    joblib.dump(payload, saved)
    return {
        "pickle": pickle.dumps(payload),
        "pickle, old": pickle.dumps(payload, protocol=0),
        "pickle behind a length": with_header(pickle.dumps(payload)),
        "joblib": saved.getvalue(),
        "zip": stored.getvalue(),
        "npz": compressed.getvalue(),
        "hdf5": hdf5.getvalue(),
        "hdf5 behind a length": with_header(hdf5.getvalue()),
        "text": b"import os; os.system('true')",
        "empty": b"",
        "seven bytes": b"1234567",
    }


def headers():
    bomb = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    many = b"[" + b"{}," * 1_300_000 + b"{}]"
    inner = json.dumps({"__metadata__": {"skdnn": "[" * 50_000}}).encode()
    return {
        "no header": struct.pack("<Q", 0),
        "no header, but data": struct.pack("<Q", 0) + b"{}" * 9,
        "header beyond the file": with_header(b"{}", length=3),
        "header of 16 EiB": with_header(b"{}", length=2**64 - 1),
        "header of 8 EiB": with_header(b"{}", length=2**63),
        "header of 5 MiB": with_header(b"{}" + b" " * 5 * 2**20),
        "deep objects": with_header(bomb),
        "deep lists": with_header(b"[" * 1_000_000),
        "deep lists in a text": with_header(inner),
        "closed before opened": with_header(b"]" * 1000 + b"[" * 1000),
        "many objects": with_header(many),
        "an open text": with_header(b'{"a": "' + b"\\" * 1_000_000),
        "an open text of quotes": with_header(b'{"a": "' + b'\\"' * 1_000_000),
        "texts of nothing": with_header(b'{"a": ' + b'""' * 1_000_000),
        "a float of many digits": with_header(b'{"a": 1.' + b"1" * 2_000_000 + b"}"),
        "an int of many digits": with_header(b'{"a": ' + b"1" * 2_000_000 + b"}"),
        "not an object": with_header(b"[]"),
        "a number": with_header(b"1"),
        "UTF-16": with_header('{"__metadata__": {"skdnn": "{}"}}'.encode("utf-16")),
        "no UTF-8": with_header(b'{"__metadata__": {"skdnn": "\xff"}}'),
        "byte order mark": with_header(b'\xef\xbb\xbf{"__metadata__": {"skdnn": "{}"}}'),
        "no metadata": with_header({}),
        "metadata is a text": with_header({"__metadata__": "skdnn"}),
        "metadata of another": with_header({"__metadata__": {"format": "pt"}}),
        "manifest is no text": with_header({"__metadata__": {"skdnn": {}}}),
        "manifest is no JSON": with_header({"__metadata__": {"skdnn": "format=1"}}),
        "manifest is a list": with_header({"__metadata__": {"skdnn": "[]"}}),
        "manifest is empty": with_header({"__metadata__": {"skdnn": "{}"}}),
        "Infinity": with_header(b'{"__metadata__": {"skdnn": "Infinity"}}'),
        "two metadata": with_header(b'{"__metadata__": {"skdnn": "1"}, "__metadata__": {}}'),
    }


def json_tricks(described):
    return {
        "key twice": replaced(
            described, b'{\\"format\\": 1', b'{\\"format\\": 1, \\"format\\": 1'
        ),
        "tensor twice": replaced(
            described, b'"output.bias":', b'"output.bias":{"dtype":"F32"},"output.bias":'
        ),
        "shape twice": replaced(described, b'"shape":', b'"shape":[1],"shape":'),
        "NaN": replaced(described, b'\\"tol\\": 0.0001', b'\\"tol\\": NaN'),
        "Infinity as a number": replaced(described, b'\\"tol\\": 0.0001', b'\\"tol\\": 1e999'),
        "long int": replaced(described, b'\\"epochs\\": 2', b'\\"epochs\\": ' + b"9" * 5000),
        "format 1.0": replaced(described, b'\\"format\\": 1', b'\\"format\\": 1.0'),
        "a comment": replaced(described, b'\\"format\\": 1', b'/* */\\"format\\": 1'),
    }


def tensors(described):
    arrays = described[1]
    kernel = arrays["hidden_1.kernel"]
    header, data = parts(_container.to_bytes(*described))
    first = min((n for n in header if n[0] != "_"), key=lambda n: header[n]["data_offsets"])
    begin, end = header["output.bias"]["data_offsets"]
    bias = "output.bias"
    return {
        "no bytes, huge dimension": in_header(described, first, shape=[0, 2**62]),
        "product that wraps": in_header(described, first, shape=[2**32, 2**32]),
        "negative dimension": in_header(described, bias, shape=[-3]),
        "two negative dimensions": in_header(described, bias, shape=[-3, -1]),
        "dimension is a float": in_header(described, bias, shape=[3.0]),
        "dimension is a text": in_header(described, bias, shape=["3"]),
        "dimension is true": in_header(described, bias, shape=[3, True]),
        "shape is a text": in_header(described, bias, shape="3"),
        "shape of another rank": in_header(described, bias, shape=[1, 3]),
        "an int of 100 digits": in_header(described, bias, shape=[10**100]),
        "a million dimensions": in_header(described, bias, shape=[2**63] * 150_000),
        "offsets overlap": in_header(described, bias, data_offsets=[begin - 4, end - 4]),
        "offsets out of range": in_header(described, bias, data_offsets=[2**62, 2**62 + 12]),
        "offsets reversed": in_header(described, bias, data_offsets=[end, begin]),
        "offsets negative": in_header(described, bias, data_offsets=[-12, 0]),
        "offsets too long": in_header(described, bias, data_offsets=[begin, end, end]),
        "offsets are floats": in_header(described, bias, data_offsets=[float(begin), end]),
        "all offsets the same": with_header(
            {
                n: {**e, "data_offsets": [0, 12]} if n[0] != "_" else e
                for n, e in header.items()
            },
            data[:12],
        ),
        "unknown dtype": in_header(described, bias, dtype="O"),
        "dtype of other size": in_header(described, bias, dtype="F64"),
        "dtype is a list": in_header(described, bias, dtype=[]),
        "integers for weights": in_header(described, bias, dtype="I32"),
        "more in an entry": in_header(described, bias, path="/etc/passwd"),
        "bytes behind the end": _container.to_bytes(*described) + b"0",
        "bytes missing": _container.to_bytes(*described)[:-1],
        "surplus tensor": with_arrays(described, surplus=np.ones(3)),
        "tensor with a path": with_arrays(described, **{"../../etc/passwd": np.ones(3)}),
        "missing tensor": with_arrays(described, output__bias=None),
        "float64 weights": with_arrays(described, hidden_1__kernel=kernel.astype(float)),
        "weights not finite": with_arrays(described, hidden_1__kernel=kernel * np.nan),
        "transposed": with_arrays(described, hidden_1__kernel=kernel.T),
        "slot of another shape": with_arrays(described, slots__0=np.ones(99)),
        "slots not counted": with_arrays(described, slots__99=np.ones(6, np.float32)),
        "slots with a name": with_arrays(described, slots__x=np.ones(6, np.float32)),
        "history of two dimensions": with_arrays(described, history__loss=np.ones((2, 2))),
        "history of float32": with_arrays(described, history__loss=np.ones(2, np.float32)),
        "history of integers": with_arrays(described, history__loss=np.ones(2, int)),
        "classes beside texts": with_arrays(described, classes=np.arange(3)),
    }


def networks(described):
    def network(**values):
        return in_manifest(described, "network", **values)

    return {
        "a network of a petabyte": network(hidden_units=[10**9, 10**6]),
        "units beyond 64 bits": network(hidden_units=[2**70, 5]),
        "negative units": network(hidden_units=[-6, 5]),
        "units are floats": network(hidden_units=[6.0, 5]),
        "units are true": network(hidden_units=[6, True]),
        "units are a number": network(hidden_units=6),
        "a hundred thousand layers": network(
            hidden_units=[1] * 100_000,
            activation=["relu"] * 100_000,
            batch_normalization=[False] * 100_000,
        ),
        "another input": network(input_shape=[2, 2, 2]),
        "input of many dimensions": network(input_shape=[2**62] * 150_000),
        "no input": network(input_shape=[]),
        "no classes": network(n_classes=0),
        "one class": network(n_classes=1),
        "other classes": network(n_classes=4),
        "activation of a module": network(activation=["os.system", "relu"]),
        "activation registered": network(activation=["Custom>evil", "relu"]),
        "activation as config": network(
            activation=[{"class_name": "function", "config": "system", "module": "os"}, "relu"]
        ),
        "activation that is an initializer": network(
            activation=[{"initializer": "Zeros", "settings": {}}, "relu"]
        ),
        "activation that is a class": network(activation=[{"optimizer_class": "SGD"}, "relu"]),
        "activation missing": network(activation=["relu"]),
        "normalisation is a number": network(batch_normalization=[1, 0]),
        "more in the network": network(path="/etc/passwd"),
        "seed negative": in_manifest(described, "training", seed=-1),
        "seed huge": in_manifest(described, "training", seed=2**80),
        "epoch huge": in_manifest(described, "training", epoch=2**80),
        "epoch is true": in_manifest(described, "training", epoch=True),
        "optimizer unknown": in_manifest(described, "training", optimizer="os.system {}"),
        "optimizer of a module": in_manifest(
            described, "training", optimizer="keras.src.optimizers.evil.Evil {}"
        ),
    }


def manifests(described):
    def top(**values):
        return in_manifest(described, **values)

    wide, n = json.loads(json.dumps(described[0])), 30_000
    wide["network"]["n_classes"] = n
    wide["classes"] = {
        "texts": sorted([*map(str, range(n - 1)), "x" * 2**20]),
        "objects": False,
    }
    kept = {n: a for n, a in described[1].items() if not n.startswith("slots")}
    columns = {
        "output.kernel": np.ones((5, n), np.float32),
        "output.bias": np.ones(n, np.float32),
    }
    return {
        "classes that take 120 GB": _container.to_bytes(wide, {**kept, **columns}),
        "more in the manifest": top(path="/etc/passwd"),
        "later format": top(format=3),
        "format of numbers": top(format=2),
        "kind unknown": top(kind="sklearn.pipeline.Pipeline"),
        "kind of a pipeline": top(kind="image pipeline"),
        "classes unsorted": top(classes={"texts": ["b", "a", "c"], "objects": False}),
        "classes twice": top(classes={"texts": ["a", "a", "c"], "objects": False}),
        "classes too few": top(classes={"texts": ["a", "b"], "objects": False}),
        "classes are numbers": top(classes={"texts": [1, 2, 3], "objects": True}),
        "classes are objects": top(classes={"texts": [{}, {}, {}], "objects": True}),
        "classes missing": top(classes=None),
        "names too few": top(feature_names=["a"]),
        "names are numbers": top(feature_names=[1, 2, 3, 4]),
        "names twice": top(feature_names=["a", "a", "b", "c"]),
        "history missing": top(history=["loss", "accuracy", "more"]),
        "history surplus": top(history=["loss"]),
        "history is a dict": top(history={}),
        "best iteration without scores": top(best_iteration=1),
        "requests of a method": top(requests={"__init__": {"epochs": True}}),
        "requests of a path": top(
            requests={"fit": {"X_val": "../x"}, "partial_fit": {}, "score": {}}
        ),
        "requests of what is not there": top(
            requests={"fit": {"evil": True}, "partial_fit": {}, "score": {}}
        ),
    }


SETTINGS = {
    "unknown": {"evil": 1},
    "init": {"__init__": 1},
    "class": {"__class__": "os.system"},
    "self": {"self": 1},
    "nested": {"kernel_initializer__evil": 1},
    "activation of a module": {"activation": "os.system"},
    "activation deserialize": {"activation": {"activation": "deserialize"}},
    "activation get": {"activation": {"activation": "get"}},
    "activation dunder": {"activation": {"activation": "__loader__"}},
    "activation list": {"activation": {"activation": []}},
    "optimizer of a module": {"optimizer": "builtins.eval"},
    "optimizer registered": {"optimizer": "Custom>Evil"},
    "optimizer base": {"optimizer": {"optimizer": "Optimizer", "settings": {}}},
    "optimizer of others": {"optimizer": {"optimizer": "MultiOptimizer", "settings": {}}},
    "optimizer class": {"optimizer": {"optimizer_class": "get"}},
    "optimizer as config": {
        "optimizer": {"module": "os", "class_name": "system", "config": {}}
    },
    "optimizer without settings": {"optimizer": {"optimizer": "SGD"}},
    "optimizer with a list": {"optimizer": {"optimizer": "SGD", "settings": []}},
    "optimizer with a path": {"optimizer": {"optimizer": "SGD", "settings": {"name": "../x"}}},
    "optimizer with a text": {
        "optimizer": {"optimizer": "SGD", "settings": {"learning_rate": "os.system"}}
    },
    "optimizer with a config": {
        "optimizer": {
            "optimizer": "SGD",
            "settings": {"learning_rate": {"dict": [["class_name", "Lambda"]]}},
        }
    },
    "optimizer with a slow pattern": {
        "optimizer": {"optimizer": "Muon", "settings": {"exclude_layers": ["(a+)+$"]}}
    },
    "optimizer with an unknown setting": {
        "optimizer": {"optimizer": "SGD", "settings": {"evil": 1}}
    },
    "optimizer with dunder": {"optimizer": {"optimizer": "SGD", "settings": {"__class__": 1}}},
    "schedule base": {"learning_rate": {"schedule": "LearningRateSchedule", "settings": {}}},
    "schedule with texts": {
        "learning_rate": {
            "schedule": "PiecewiseConstantDecay",
            "settings": {"boundaries": ["a"], "values": ["b", "c"]},
        }
    },
    "schedule incomplete": {"learning_rate": {"schedule": "CosineDecay", "settings": {}}},
    "initializer of another kind": {"kernel_initializer": {"activation": "relu"}},
    "weights of another kind": {"class_weight": {"dict": [["a", {"optimizer_class": "SGD"}]]}},
    "initializer STFT": {"kernel_initializer": {"initializer": "STFT", "settings": {}}},
    "initializer name": {"kernel_initializer": "stft"},
    "initializer path": {
        "kernel_initializer": {"initializer": "Constant", "settings": {"value": "/etc/passwd"}}
    },
    "setting with a text": {"optimizer__momentum": "os.system"},
    "setting with a space": {"optimizer__a b": 1},
    "callback setting": {"callbacks__filepath": "/tmp/x"},
    "memory": {"memory": "/tmp/pickles"},
    "callbacks": {"callbacks": ["ModelCheckpoint"]},
    "callbacks by name": {"callbacks": {"dict": [["filepath", "/tmp/x"]]}},
    "scoring": {"scoring": "os.system"},
    "engine": {"engine": "/bin/sh"},
    "epochs of none": {"epochs": 0},
    "epochs is a float": {"epochs": 2.0},
    "random state is a text": {"random_state": "0"},
    "kind unknown": {"epochs": {"int": 3}},
    "kinds two": {"hidden_units": {"tuple": [1], "array": [1]}},
    "tuple of no list": {"hidden_units": {"tuple": 3}},
    "array of long texts": {"activation": {"array": ["x" * 2**20, *["relu"] * 50_000]}},
    "array of lists": {"hidden_units": {"array": [[1], [2, 3]]}},
    "dict of no pairs": {"class_weight": {"dict": [[1, 2, 3]]}},
    "dict with a list as key": {"class_weight": {"dict": [[[], 1]]}},
    "dict with a key twice": {"class_weight": {"dict": [[1, 1], [1, 2]]}},
}


def pipelines(described_pipeline):
    def pipeline(**values):
        return in_manifest(described_pipeline, "pipeline", **values)

    return {
        "pipeline without a record": in_manifest(described_pipeline, pipeline=None),
        "pipeline of a classifier": in_manifest(described_pipeline, kind="classifier"),
        "scale zero": pipeline(scale=0.0),
        "scale negative": pipeline(scale=-255.0),
        "scale is a text": pipeline(scale="255"),
        "scale is true": pipeline(scale=True),
        "flatten is a text": pipeline(flatten="os.system"),
        "image shape of many": pipeline(image_shape=[2**62] * 150_000),
        "image shape negative": pipeline(image_shape=[-28, 28]),
        "image shape of texts": pipeline(image_shape=["28"]),
        "image shape of another network": pipeline(image_shape=[28, 27]),
        "image shape that is huge": pipeline(image_shape=[2**40, 28]),
        "images as they are": pipeline(flatten=False),
        "features negative": pipeline(n_features=-1),
        "inputs are numbers": pipeline(transform_input=[1]),
        "verbose is a text": pipeline(verbose="yes"),
        "more steps": pipeline(steps=[["evil", "os.system"]]),
        "classes of bytes that are no bool": _container.to_bytes(*described_pipeline)[:-1]
        + b"\x02",
    }


# -- files of numbers ---------------------------------------------------------------------


def numbers(described):
    def network(**values):
        return in_manifest(described, "network", **values)

    def top(**values):
        return in_manifest(described, **values)

    n_weights = min(
        entry["data_offsets"][0]
        for name, entry in parts(_container.to_bytes(*described))[0].items()
        if name.startswith("units.")
    )
    whole = _container.to_bytes(*described)
    header = len(whole) - len(parts(whole)[1])
    of_classes = {"input_shape": [4], "n_classes": 2, "multilabel": True}
    layers = {**described[0]["network"], **of_classes}
    for name in ("n_outputs", "output_activation", "one_dimensional"):
        del layers[name]
    return {
        "no outputs": network(n_outputs=0),
        "outputs negative": network(n_outputs=-2),
        "outputs fewer": network(n_outputs=1),
        "outputs more": network(n_outputs=3),
        "outputs huge": network(n_outputs=2**62),
        "outputs beyond 64 bits": network(n_outputs=2**64),
        "outputs are a float": network(n_outputs=2.0),
        "outputs are true": network(n_outputs=True),
        "outputs are a text": network(n_outputs="2"),
        "outputs are a list": network(n_outputs=[2]),
        "output of classes": network(output_activation="softmax"),
        "output of labels": network(output_activation="sigmoid"),
        "output of a module": network(output_activation="os.system"),
        "output as config": network(output_activation={"activation": "linear"}),
        "output of nothing": network(output_activation=None),
        "output above 0 with a shift": network(output_activation="exponential"),
        "flatness of two outputs": network(one_dimensional=True),
        "flatness is a number": network(one_dimensional=0),
        "flatness is a text": network(one_dimensional="no"),
        "flatness of nothing": network(one_dimensional=None),
        "more in a network of numbers": network(n_classes=2),
        "a network of labels": top(network=layers),
        "a network of labels in format 1": top(network=layers, format=1, classes=None),
        "numbers in format 1": top(format=1),
        "numbers in a later format": top(format=3),
        "numbers in format 2.0": top(format=2.0),
        "numbers of a classifier": top(kind="classifier"),
        "numbers of a pipeline": top(kind="image pipeline of a regressor"),
        "numbers of a pipeline of classes": top(kind="image pipeline"),
        "numbers of a kind of nothing": top(kind=None),
        "classes beside numbers": top(classes=None),
        "requests of predict": top(requests={"predict": {"X": True}}),
        "requests of classes": top(
            requests={"fit": {}, "partial_fit": {"classes": True}, "score": {}}
        ),
        "array of classes beside numbers": with_arrays(described, classes=np.arange(2)),
        "cut in the header": whole[: header // 2],
        "cut behind the header": whole[:header],
        "cut before the units": whole[: header + n_weights],
        "cut in the units": whole[: header + n_weights + 9],
    }


def units(described):
    def scale(values, name="units__scale"):
        return with_arrays(described, **{name: np.asarray(values)})

    def shift(values):
        return scale(values, "units__shift")

    return {
        "scale missing": with_arrays(described, units__scale=None),
        "shift missing": with_arrays(described, units__shift=None),
        "scale under another name": with_arrays(
            described, units__scale=None, units__offset=np.ones(2)
        ),
        "more units": with_arrays(described, units__more=np.ones(2)),
        "scale is NaN": scale([1, np.nan]),
        "scale is infinite": scale([np.inf, 1]),
        "scale is zero": scale([1.0, 0]),
        "scale is minus zero": scale([1, -0.0]),
        "scale is negative": scale([-1.0, 1]),
        "scale is next to nothing": scale([1, 1e-300]),
        "scale is beyond float32": scale([1e300, 1]),
        "scale of one": scale([1.0]),
        "scale of three": scale([1.0, 1, 1]),
        "scale of two dimensions": scale([[1.0, 1]]),
        "scale is a number": scale(1.0),
        "scale of float32": scale(np.ones(2, np.float32)),
        "scale of float16": scale(np.ones(2, np.float16)),
        "scale of integers": scale([1, 1]),
        "scale of bools": scale([True, True]),
        "scale of a petabyte": in_header(described, "units.scale", shape=[2**47]),
        "scale of other bytes": in_header(described, "units.scale", dtype="I64"),
        "scale in the place of shift": in_header(
            described,
            "units.scale",
            data_offsets=parts(_container.to_bytes(*described))[0]["units.shift"][
                "data_offsets"
            ],
        ),
        "shift is NaN": shift([np.nan, 0]),
        "shift is infinite": shift([0, -np.inf]),
        "shift is beyond float32": shift([-1e39, 0]),
        "shift of one": shift([0.0]),
        "shift of two dimensions": shift([[0.0], [0]]),
        "shift of float32": shift(np.zeros(2, np.float32)),
        "shift of integers": shift([0, 0]),
    }


SETTINGS_OF_NUMBERS = {
    "loss of Keras": {"loss": "mse"},
    "loss of classes": {"loss": "categorical_crossentropy"},
    "loss of a module": {"loss": "os.system"},
    "loss registered": {"loss": "skdnn>PinballLoss"},
    "loss as config": {"loss": {"class_name": "Lambda", "config": {"function": "os.system"}}},
    "loss as a dict": {"loss": {"dict": [["class_name", "Huber"]]}},
    "loss as an activation": {"loss": {"activation": "linear"}},
    "loss is a list": {"loss": ["squared_error"]},
    "loss of nothing": {"loss": None},
    "loss is a number": {"loss": 1},
    "quantile of 0": {"quantile": 0.0},
    "quantile of 1": {"quantile": 1},
    "quantile negative": {"quantile": -0.5},
    "quantile of a percentage": {"quantile": 50},
    "quantile is a text": {"quantile": "0.5"},
    "quantile is true": {"quantile": True},
    "quantile is a list": {"quantile": [0.1, 0.9]},
    "quantile of nothing": {"quantile": None},
    "delta of 0": {"delta": 0},
    "delta negative": {"delta": -1.0},
    "delta is a schedule": {"delta": {"schedule": "CosineDecay", "settings": {}}},
    "delta is true": {"delta": True},
    "standardize is a text": {"standardize_y": "yes"},
    "standardize is a number": {"standardize_y": 1},
    "a setting of the loss": {"loss__delta": 1.0},
    "weights of classes": {"class_weight": None},
    "smoothing of labels": {"label_smoothing": 0.0},
    "scorer of a module": {"scoring": "os.system"},
    "pickles": {"memory": "/tmp/pickles"},
}


def pipelines_of_numbers(described_brightness):
    def pipeline(**values):
        return in_manifest(described_brightness, "pipeline", **values)

    return {
        "pipeline of numbers without a record": in_manifest(
            described_brightness, pipeline=None
        ),
        "pipeline of a regressor": in_manifest(described_brightness, kind="regressor"),
        "pipeline of classes": in_manifest(described_brightness, kind="image pipeline"),
        "pipeline of numbers in format 1": in_manifest(described_brightness, format=1),
        "images of another network": pipeline(image_shape=[28, 27]),
        "images not flattened": pipeline(flatten=False),
        "scale of no pixels": pipeline(scale=0),
        "another estimator in the pipeline": pipeline(estimator="KerasDNNClassifier"),
        "counts with a shift": with_arrays(described_brightness, units__shift=np.ones(1)),
    }


# -- files of tables ----------------------------------------------------------------------


def tables(described):
    def table(**values):
        return in_manifest(described, "pipeline", **values)

    def top(**values):
        return in_manifest(described, **values)

    kinds = described[0]["pipeline"]["columns"]
    names = described[0]["pipeline"]["feature_names"]
    return {
        "table without a record": top(pipeline=None),
        "table of images": top(kind="image pipeline"),
        "table of a regressor": top(kind="table pipeline of a regressor"),
        "table in format 1": top(format=1),
        "table in format 2": top(format=2),
        "table in format 4": top(format=4),
        "table with more": table(path="/etc/passwd"),
        "table with steps": table(steps=[["columns", "os.system"]]),
        "columns are a text": table(columns="numbers"),
        "columns of nothing": table(columns=[]),
        "columns of another kind": table(columns=["passthrough", *kinds[1:]]),
        "columns of no kind": table(columns=[None, *kinds[1:]]),
        "columns as a list": table(columns=[["numbers"], *kinds[1:]]),
        "columns fewer": table(columns=kinds[:-1]),
        "columns more": table(columns=[*kinds, "numbers"]),
        "columns more than names": table(columns=[*kinds, "dropped"]),
        "columns of numbers only": table(columns=["numbers"] * len(kinds)),
        "columns of categories only": table(columns=["categories"] * len(kinds)),
        "columns all dropped": table(columns=["dropped"] * len(kinds)),
        "columns exchanged": table(
            columns=[{"numbers": "categories"}.get(kind, "numbers") for kind in kinds]
        ),
        "names of columns twice": table(feature_names=[*names[:-1], names[0]]),
        "names of columns are numbers": table(feature_names=list(range(len(names)))),
        "names of columns fewer": table(feature_names=names[:-1]),
        "names of columns are a text": table(feature_names="".join(names)),
        "inputs of a table are numbers": table(transform_input=[1]),
        "verbose of a table is a text": table(verbose="yes"),
        "network of a table of more columns": in_manifest(
            described, "network", input_shape=[2**40]
        ),
    }


SETTINGS_OF_TABLES = {
    "strategy of a module": {"numbers__impute__strategy": "os.system"},
    "strategy of nothing": {"numbers__impute__strategy": None},
    "strategy without its array": {"numbers__impute__strategy": "constant"},
    "fill value is a text": {"numbers__impute__fill_value": "0"},
    "fill value is a list": {"numbers__impute__fill_value": [0]},
    "indicator is a number": {"numbers__impute__add_indicator": 1},
    "indicators that are forbidden": {"numbers__impute__add_indicator": False},
    "centring is a text": {"numbers__scale__with_centering": "yes"},
    "centring without its array": {"numbers__scale__with_centering": False},
    "scaling without its array": {"numbers__scale__with_scaling": False},
    "quantiles are a number": {"numbers__scale__quantile_range": 25},
    "quantiles of one": {"numbers__scale__quantile_range": [25]},
    "quantiles of three": {"numbers__scale__quantile_range": [25, 50, 75]},
    "quantiles of texts": {"numbers__scale__quantile_range": ["25", "75"]},
    "quantiles reversed": {"numbers__scale__quantile_range": [75, 25]},
    "quantiles beyond 100": {"numbers__scale__quantile_range": [25, 1e300]},
    "limit of 0": {"numbers__clip__kw_args": {"limit": 0}},
    "limit negative": {"numbers__clip__kw_args": {"limit": -3.0}},
    "limit is a text": {"numbers__clip__kw_args": {"limit": "3"}},
    "limit is true": {"numbers__clip__kw_args": {"limit": True}},
    "limit beside others": {"numbers__clip__kw_args": {"limit": 3.0, "out": 0}},
    "function that clips": {"numbers__clip__func": "os.system"},
    "categories of none": {"categories__encode__max_categories": 0},
    "categories are a float": {"categories__encode__max_categories": 3.5},
    "categories are true": {"categories__encode__max_categories": True},
    "categories without infrequent ones": {
        "categories__encode__max_categories": None,
        "categories__encode__min_frequency": None,
    },
    "frequency of 0": {"categories__encode__min_frequency": 0},
    "frequency negative": {"categories__encode__min_frequency": -0.5},
    "frequency is a text": {"categories__encode__min_frequency": "2"},
    "unknown ones of a module": {"categories__encode__handle_unknown": "os.system"},
    "names are a text": {"verbose_feature_names_out": "yes"},
    "dtype of categories": {"categories__encode__dtype": "object"},
    "a path": {"numbers__memory": "/tmp/pickles"},
    "a step": {"numbers__scale": "StandardScaler"},
}


def states_of_tables(described):
    arrays = described[1]
    scale, texts = arrays["numbers.scale"], arrays["categories.texts"]
    counts, lengths = arrays["categories.counts"], arrays["categories.lengths"]
    infrequent = arrays["categories.infrequent"]

    def changed(name, place, value):
        array = arrays[name].copy()
        array[place] = value
        return with_arrays(described, **{name.replace(".", "__"): array})

    def of(**values):
        return with_arrays(described, **values)

    files = {
        f"{name} {word}": of(**{name.replace(".", "__"): forged})
        for name in arrays
        if name.startswith(("numbers.", "categories."))
        for word, forged in (
            ("missing", None),
            ("of one more", np.append(arrays[name], arrays[name][-1:])),
            ("of one less", arrays[name][:-1]),
            ("of one dimension more", arrays[name][None]),
            ("of float32", arrays[name].astype(np.float32)),
            ("of int32", arrays[name].astype(np.int32)),
        )
    }
    for name in ("numbers.statistics", "numbers.center", "numbers.scale"):
        files[f"{name} NaN"] = changed(name, 0, np.nan)
        files[f"{name} infinite"] = changed(name, -1, -np.inf)
        files[f"{name} of a petabyte"] = in_header(described, name, shape=[2**47])
    return {
        **files,
        "scale of a table is zero": changed("numbers.scale", 0, 0.0),
        "scale of a table is negative": changed("numbers.scale", 0, -1.0),
        "scale of a table for more columns": of(
            numbers__scale=np.append(scale, 1.0),
            numbers__center=np.append(arrays["numbers.center"], 0.0),
        ),
        "gaps elsewhere, and more": changed("numbers.gaps", slice(None), True),
        "no gaps": changed("numbers.gaps", slice(None), False),
        "no categories in a column": changed("categories.counts", 0, 0),
        "categories of negative number": changed("categories.counts", 0, -1),
        "categories of huge number": changed("categories.counts", 0, 2**62),
        "categories that wrap": changed("categories.counts", slice(None), 2**62),
        "categories of other columns": of(categories__counts=counts[::-1].copy()),
        "texts of no length": changed("categories.lengths", 0, 0),
        "texts of negative length": changed("categories.lengths", 0, -1),
        "texts of huge length": changed("categories.lengths", 0, 2**62),
        "texts in another order": changed("categories.texts", slice(0, 2), [98, 98]),
        "texts that are no UTF-8": changed("categories.texts", 0, 255),
        "texts cut within a letter": changed("categories.lengths", [0, 1], [1, 2]),
        "texts reversed": of(categories__texts=texts[::-1].copy()),
        "texts all the same": of(
            categories__texts=np.full(len(lengths), 98, np.uint8),
            categories__lengths=np.ones_like(lengths),
        ),
        "all frequent": changed("categories.infrequent", slice(None), False),
        "all infrequent": changed("categories.infrequent", slice(None), True),
        "others infrequent": of(categories__infrequent=~infrequent),
    }


def a_table_of_many_rows(described):
    """A file of two megabytes, whose cells would take gigabytes."""
    manifest, arrays = json.loads(json.dumps(described[0])), dict(described[1])
    n, columns = 60_000, 50_000
    record = manifest["pipeline"]
    record.update(columns=["dropped"] * columns + ["categories"], feature_names=None)
    record["settings"]["categories__encode__max_categories"] = None
    manifest["network"]["input_shape"] = [n + 1]
    texts = [str(number) for number in range(10**6, 10**6 + n + 1)]
    arrays = {
        name: array
        for name, array in arrays.items()
        if not name.startswith(("numbers.", "categories.", "slots."))
    }
    arrays.update(
        {
            "hidden_1.kernel": np.ones((n + 1, 4), np.float32),
            "categories.counts": np.array([n + 1]),
            "categories.lengths": np.full(n + 1, 7),
            "categories.infrequent": np.arange(n + 1) == 0,
            "categories.texts": np.frombuffer("".join(texts).encode(), np.uint8),
        }
    )
    return _container.to_bytes(manifest, arrays)


# -- tests --------------------------------------------------------------------------------


def run_child(*arguments, timeout=60):
    ended = run_python(
        hostile_child.__file__, *map(str, arguments), timeout=timeout, check=True
    )
    return json.loads(ended.stdout.splitlines()[-1])


def write_valid(directory, *describeds):
    for number, described in enumerate(describeds):
        (directory / f"valid-{number}").write_bytes(_container.to_bytes(*described))


def test_every_idea_ends_in_a_load_error(
    described,
    described_pipeline,
    described_numbers,
    described_brightness,
    described_table,
    described_table_of_numbers,
    tmp_path,
    record_property,
):
    proof = tmp_path / "proof"
    corpus = {
        **other_files(Payload(proof)),
        **headers(),
        **json_tricks(described),
        **tensors(described),
        **networks(described),
        **manifests(described),
        **{
            f"parameter {name}": in_manifest(described, "parameters", **values)
            for name, values in SETTINGS.items()
        },
        **pipelines(described_pipeline),
        **numbers(described_numbers),
        **units(described_numbers),
        **{
            f"parameter of numbers, {name}": in_manifest(
                described_numbers, "parameters", **values
            )
            for name, values in SETTINGS_OF_NUMBERS.items()
        },
        **pipelines_of_numbers(described_brightness),
        **tables(described_table),
        **{
            f"parameter of tables, {name}": in_manifest(
                described_table, "pipeline", "settings", **values
            )
            for name, values in SETTINGS_OF_TABLES.items()
        },
        **states_of_tables(described_table),
        "a table of many rows": a_table_of_many_rows(described_table),
        "table of numbers in format 3": in_manifest(described_table_of_numbers, format=3),
    }
    for name, data in corpus.items():
        (tmp_path / name).write_bytes(data)
    valid = (
        described,
        described_pipeline,
        described_numbers,
        described_brightness,
        described_table,
        described_table_of_numbers,
    )
    write_valid(tmp_path, *valid)
    told = run_child(tmp_path)
    assert told["deeds"] == []
    assert not proof.exists()
    loaded = {name for name, outcome in told["outcomes"].items() if outcome == "model"}
    assert loaded == {f"valid-{number}" for number in range(len(valid))}
    odd = {n: o for n, o in told["outcomes"].items() if o not in ("model", "LoadError")}
    assert odd == {}
    assert len(told["outcomes"]) == len(corpus) + len(valid) > 400
    record_property("files of the corpus", len(corpus))


def test_random_mutations(
    described,
    described_pipeline,
    described_numbers,
    described_brightness,
    described_table,
    described_table_of_numbers,
    tmp_path,
    count,
    record_property,
):
    n = count(500, 100_000)
    write_valid(
        tmp_path,
        described,
        described_pipeline,
        described_numbers,
        described_brightness,
        described_table,
        described_table_of_numbers,
    )
    seed = int.from_bytes(os.urandom(4), "little")
    told = run_child(tmp_path, n, seed, timeout=60 + n / 5)
    odd = {n: o for n, o in told["outcomes"].items() if n not in ("model", "LoadError")}
    assert odd == {}, f"seed {seed}"
    assert told["deeds"] == [], f"seed {seed}"
    assert sum(told["outcomes"].values()) == n
    assert min(told["outcomes"].values()) > 0  # neither all refused nor all taken
    record_property("mutations", n)
    record_property("of which loaded as a model", told["outcomes"]["model"])


def test_the_watch_sees_what_a_pickle_does(tmp_path, described):
    """The child must not pass because its hook is blind."""
    write_valid(tmp_path, described)
    script = (
        "import pickle, sys\n"
        f"sys.path.insert(0, {str(Path(hostile_child.__file__).parents[1])!r})\n"
        "from helpers import hostile_child as child\n"
        "child.load = lambda path: pickle.loads(path.read_bytes())\n"
        "child.warmed_up = lambda valid: None\n"
        "child.main(sys.argv[1])\n"
    )
    (tmp_path / "pickle").write_bytes(pickle.dumps(Payload()))
    ended = run_python("-c", script, str(tmp_path))
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["outcomes"]["pickle"].startswith("RuntimeError")
    assert any("pickle.find_class" in deed for deed in told["deeds"])


def test_messages_say_what_is_wrong(described, described_numbers, described_table, tmp_path):
    path = tmp_path / "file"
    for data, message in [
        (pickle.dumps(Payload()), "its header should have"),
        (with_header({}), "skdnn did not write it"),
        (in_manifest(described, "parameters", memory="x"), "'memory': a file holds None here"),
        (in_manifest(described, "network", hidden_units=[6, 6]), "shape .* in this network"),
        (
            with_arrays(described, more=np.ones(1)),
            r"tensors that no estimator needs: \['more'\]",
        ),
        (
            in_manifest(described_numbers, "parameters", loss="mse"),
            "The 'loss' parameter of KerasDNNRegressor must be one of",
        ),
        (
            in_manifest(described_numbers, kind="classifier"),
            "its kind must be 'regressor': 'classifier'",
        ),
        (
            in_manifest(described_numbers, "network", output_activation="softmax"),
            r"output_activation must be one of \('linear', 'exponential'\): 'softmax'",
        ),
        (
            with_arrays(described_numbers, units__scale=np.array([1.0, -1])),
            "scale must be positive",
        ),
        (
            with_arrays(described_numbers, units__scale=np.ones(3)),
            r"tensor 'units.scale' can't have shape \(3,\)",
        ),
        (
            in_manifest(described_table, "network", input_shape=[10]),
            r"tensor 'hidden_1.kernel' can't have shape",
        ),
        (
            with_arrays(described_table, numbers__gaps=np.ones(2, bool)),
            "numbers.center must have 4 numbers: 3",
        ),
        (
            with_arrays(described_table, categories__infrequent=np.zeros(155, bool)),
            r"its columns become rows of 158, its network takes \(9,\)",
        ),
        (
            in_manifest(described_table, "pipeline", columns=["numbers"] * 5),
            r"tensor 'numbers.statistics' can't have shape \(2,\)",
        ),
        (
            a_table_of_many_rows(described_table),
            "60,000 categories that are not infrequent are too many .* with 50,001 columns",
        ),
    ]:
        path.write_bytes(data)
        with pytest.raises(LoadError, match=f"can't load .*{message}"):
            load(path)


def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LoadError, match="not a regular file"):
        load(tmp_path / "pipe")
