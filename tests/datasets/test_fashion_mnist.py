import functools
import gzip
import hashlib
import json
import os
import pickle
import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from helpers.python_process import start_python
from sklearn.datasets import _openml

from skdnn.datasets import _fashion_mnist, fetch_fashion_mnist, load_fashion_mnist_sample
from skdnn.datasets._catalogue import FASHION_MNIST, Catalogue, IdxFile
from skdnn.datasets._idx import format_idx

NAMES = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
]
QUICK = {"n_retries": 1, "delay": 0.001}

retries_expected = pytest.mark.filterwarnings(
    "ignore:Retry downloading",
    "ignore:A network error occurred",
    "ignore:Invalid cache, redownloading",
)


class Server:
    """A web server on this machine that gives the answers it is told, and 404 else."""

    def __init__(self):
        self.answers = {}
        self.requests = []
        self.seconds_silent = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 60  # of its own: the client may set a short one for the process

            def do_GET(self):
                server.requests.append(self.path)
                time.sleep(server.seconds_silent)
                status, body, length = server.next_answer(self.path.lstrip("/"))
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                with suppress(ConnectionError):  # a client that waits no longer
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, path, body=b"", *, status=200, length=None, then=()):
        """Set the answer to a path; `then` lists bodies of the answers after it."""
        first = (status, body, len(body) if length is None else length)
        self.answers[path] = [first, *((200, later, len(later)) for later in then)]

    def next_answer(self, path):
        answers = self.answers.get(path, [(404, b"", 0)])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@functools.cache
def real_images():
    images, target = load_fashion_mnist_sample(subset="all", return_X_y=True)
    return images[4970:5020], target[4970:5020]


class Place:
    """A machine with a small Fashion-MNIST, made of real images, that no source has yet."""

    def __init__(self, folder, server):
        self.server = server
        self.home = folder / "home" / "scikit_learn_data"
        self.debian = folder / "debian"
        self.keras = folder / "home" / ".keras" / "datasets" / "fashion-mnist"
        self.images, self.target = real_images()
        labels = self.target.astype(np.uint8)
        arrays = [self.images[:30], labels[:30], self.images[30:], labels[30:]]
        self.files = {
            name: gzip.compress(format_idx(array), mtime=0)
            for name, array in zip(NAMES, arrays, strict=True)
        }
        entries = [
            IdxFile(name, array.shape, hashlib.sha256(format_idx(array)).hexdigest())
            for name, array in zip(NAMES, arrays, strict=True)
        ]
        self.catalogue = Catalogue(
            train=tuple(entries[:2]),
            test=tuple(entries[2:]),
            debian=self.debian,
            url=server.url + "keras/",
            timeout=10,
        )

    @property
    def cache(self):
        return self.home / "fashion-mnist"

    def fill(self, directory, names=NAMES):
        directory.mkdir(parents=True, exist_ok=True)
        for name in names:
            (directory / name).write_bytes(self.files[name])

    def serve(self, names=NAMES):
        for name in names:
            self.server.answer(f"keras/{name}", self.files[name])

    def check_cache(self, names=NAMES):
        found = {path.name: path.read_bytes() for path in self.cache.iterdir()}
        assert found == {name: self.files[name] for name in names}


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def place(tmp_path, monkeypatch, server):
    place = Place(tmp_path, server)
    for name in "http_proxy", "HTTP_PROXY", "KERAS_HOME", "SCIKIT_LEARN_DATA":
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setattr(_fashion_mnist, "FASHION_MNIST", place.catalogue)
    for name in "_SEARCH_NAME", "_DATA_INFO", "_DATA_FEATURES", "_DATA_QUALITIES":
        url = getattr(_openml, name).replace("https://www.openml.org/", server.url + "openml/")
        monkeypatch.setattr(_openml, name, url)
    return place


# What is returned


@pytest.mark.parametrize(
    ("subset", "rows"),
    [("train", slice(0, 30)), ("test", slice(30, 50)), ("all", slice(0, 50))],
)
def test_subset_gives_its_images_in_order(place, subset, rows):
    place.fill(place.cache)

    data = fetch_fashion_mnist(subset=subset)

    assert set(data) == {"images", "target", "target_names", "DESCR"}
    assert (data.images.dtype, data.target.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(data.images, place.images[rows])
    np.testing.assert_array_equal(data.target, place.target[rows])
    assert data.target_names[9] == "Ankle boot"
    assert "Zalando" in data.DESCR


def test_train_is_the_default_and_the_arrays_belong_to_the_caller(place):
    place.fill(place.cache)

    images, target = fetch_fashion_mnist(return_X_y=True)
    images[:], target[:] = 0, 0

    np.testing.assert_array_equal(fetch_fashion_mnist().images, place.images[:30])
    np.testing.assert_array_equal(fetch_fashion_mnist().target, place.target[:30])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"subset": "validation"}, "'subset' parameter.*Got 'validation' instead"),
        ({"data_home": 3}, "'data_home' parameter.*Got 3 instead"),
        ({"download_if_missing": "no"}, "'download_if_missing' parameter.*Got 'no' instead"),
        ({"return_X_y": "yes"}, "'return_X_y' parameter.*Got 'yes' instead"),
        ({"n_retries": 0}, "'n_retries' parameter.*Got 0 instead"),
        ({"delay": -1.0}, "'delay' parameter.*Got -1.0 instead"),
    ],
)
@pytest.mark.usefixtures("place")
def test_wrong_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        fetch_fashion_mnist(**parameters)


# Sources on this machine


@pytest.mark.parametrize("source", ["cache", "debian", "keras"])
def test_each_local_source_is_read_in_place(place, source):
    place.fill(getattr(place, source))

    images, _ = fetch_fashion_mnist(subset="all", return_X_y=True)

    np.testing.assert_array_equal(images, place.images)
    assert not place.server.requests
    assert place.cache.exists() == (source == "cache")


@pytest.mark.parametrize("kind", [str, Path])
def test_data_home_may_be_given(place, tmp_path, kind):
    place.fill(tmp_path / "elsewhere" / "fashion-mnist")

    images, _ = fetch_fashion_mnist(data_home=kind(tmp_path / "elsewhere"), return_X_y=True)

    np.testing.assert_array_equal(images, place.images[:30])


def test_data_home_is_scikit_learns(place, tmp_path, monkeypatch):
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "shared"))
    place.fill(tmp_path / "shared" / "fashion-mnist")

    assert len(fetch_fashion_mnist(download_if_missing=False).images) == 30


def test_keras_home_is_honoured(place, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "models"))
    place.fill(tmp_path / "models" / "datasets" / "fashion-mnist")

    assert len(fetch_fashion_mnist(download_if_missing=False).images) == 30


def test_sources_complete_each_other(place):
    place.fill(place.cache, NAMES[2:])
    place.fill(place.debian, NAMES[:1])
    place.fill(place.keras, NAMES[1:2])

    images, target = fetch_fashion_mnist(subset="all", return_X_y=True)

    np.testing.assert_array_equal(images, place.images)
    np.testing.assert_array_equal(target, place.target)
    assert not place.server.requests


def test_unusable_data_home_does_not_hide_the_other_sources(place, tmp_path):
    (tmp_path / "file").write_text("not a directory")
    place.fill(place.debian)

    assert len(fetch_fashion_mnist(data_home=tmp_path / "file" / "home").images) == 30


@pytest.mark.usefixtures("place")
def test_unusable_data_home_is_told_apart_when_all_fails(tmp_path):
    (tmp_path / "file").write_text("not a directory")

    with pytest.raises(OSError, match="data home that can be written to") as info:
        fetch_fashion_mnist(data_home=tmp_path / "file" / "home", download_if_missing=False)

    assert "Not a directory" in str(info.value)


# Downloading


def test_download_is_kept_and_used_offline(place):
    place.serve()

    images, target = fetch_fashion_mnist(subset="all", return_X_y=True)

    np.testing.assert_array_equal(images, place.images)
    np.testing.assert_array_equal(target, place.target)
    place.check_cache()
    place.server.close()
    again = fetch_fashion_mnist(subset="all", download_if_missing=False)
    np.testing.assert_array_equal(again.images, place.images)


def test_only_what_is_missing_is_downloaded(place):
    place.serve()

    fetch_fashion_mnist(subset="test")
    assert place.server.requests == [f"/keras/{name}" for name in NAMES[2:]]
    place.check_cache(NAMES[2:])

    fetch_fashion_mnist(subset="all")
    assert sorted(place.server.requests) == sorted(f"/keras/{name}" for name in NAMES)


def flip(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: content + content,
        lambda _: b"",
        lambda _: b"<html>Please log in</html>",
        lambda _: gzip.compress(b"something else"),
        lambda _: gzip.compress(bytes(10_000_000)),
        flip,
    ],
    ids=["half", "cut", "doubled", "empty", "html", "other", "bomb", "flipped"],
)
def test_damaged_file_in_the_cache_is_replaced(place, name, damage):
    place.fill(place.cache)
    (place.cache / name).write_bytes(damage(place.files[name]))
    place.serve()

    images, target = fetch_fashion_mnist(subset="all", return_X_y=True)

    np.testing.assert_array_equal(images, place.images)
    np.testing.assert_array_equal(target, place.target)
    assert place.server.requests == [f"/keras/{name}"]
    place.check_cache()


@pytest.mark.parametrize("source", ["debian", "keras"])
def test_damaged_local_file_is_passed_over(place, source):
    place.fill(getattr(place, source))
    (getattr(place, source) / NAMES[0]).write_bytes(place.files[NAMES[0]][:100])
    place.serve()

    np.testing.assert_array_equal(fetch_fashion_mnist().images, place.images[:30])
    assert place.server.requests == [f"/keras/{NAMES[0]}"]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_passing_server_error_is_retried(place, status):
    place.serve()
    place.server.answer(f"keras/{NAMES[0]}", status=status, then=[place.files[NAMES[0]]])

    with pytest.warns(UserWarning, match=f"Retry downloading.*{NAMES[0]}.*{status}"):
        fetch_fashion_mnist(**QUICK)

    assert place.server.requests.count(f"/keras/{NAMES[0]}") == 2


def test_broken_off_answer_is_retried(place):
    place.serve()
    body = place.files[NAMES[0]]
    place.server.answer(f"keras/{NAMES[0]}", body[:50], length=len(body), then=[body])

    with pytest.warns(UserWarning, match="Retry downloading.*IncompleteRead"):
        images, _ = fetch_fashion_mnist(return_X_y=True, **QUICK)

    np.testing.assert_array_equal(images, place.images[:30])


@retries_expected
@pytest.mark.parametrize(("status", "n_requests"), [(404, 1), (403, 1), (500, 3)])
def test_only_what_may_pass_is_asked_again(place, status, n_requests):
    place.server.answer(f"keras/{NAMES[0]}", status=status)

    with pytest.raises(OSError, match=f"HTTP Error {status}"):
        fetch_fashion_mnist(n_retries=2, delay=0.001)

    assert place.server.requests.count(f"/keras/{NAMES[0]}") == n_requests


@retries_expected
def test_wrong_content_is_neither_returned_nor_kept(place):
    place.serve()
    place.server.answer(f"keras/{NAMES[0]}", gzip.compress(format_idx(np.zeros(3, np.uint8))))

    with pytest.raises(OSError, match="SHA-256 of its content must be") as info:
        fetch_fashion_mnist(**QUICK)

    assert NAMES[0] in str(info.value)
    assert not place.cache.exists()


@retries_expected
def test_silent_server_is_given_up(place, monkeypatch):
    monkeypatch.setattr(_fashion_mnist, "FASHION_MNIST", replace(place.catalogue, timeout=0.05))
    place.server.seconds_silent = 0.5
    start = time.monotonic()

    with pytest.raises(OSError, match="timed out") as info:
        fetch_fashion_mnist(**QUICK)

    assert time.monotonic() - start < 5
    assert str(info.value).count("timed out") == 2  # Keras's server and OpenML's
    assert socket.getdefaulttimeout() is None


# When nothing helps


@retries_expected
def test_one_error_lists_what_every_source_said(place):
    place.fill(place.cache, NAMES[1:])
    place.fill(place.debian)
    (place.debian / NAMES[0]).write_bytes(b"broken")

    with pytest.raises(OSError, match="could not be found or downloaded") as info:
        fetch_fashion_mnist(**QUICK)

    lines = str(info.value).splitlines()[2:]
    assert (
        lines[0] == f"- The data home: in {place.cache}, {NAMES[0]}: No such file or directory"
    )
    assert lines[1].startswith(
        f"- Debian's package dataset-fashion-mnist: in {place.debian}, {NAMES[0]}: damaged: "
    )
    assert lines[2] == f"- Keras's cache: no directory {place.keras}"
    assert lines[3] == f"- {place.catalogue.url}: HTTP Error 404: Not Found"
    assert lines[4].startswith("- OpenML: ")
    assert lines[5:] == [
        "What to do:",
        "- install Debian's package dataset-fashion-mnist;",
        f"- put {NAMES[0]}, {NAMES[1]} into {place.cache};",
        "- use load_fashion_mnist_sample(), which needs no download.",
    ]


@retries_expected
def test_machine_without_network_gets_that_error_too(place):
    place.server.close()

    with pytest.raises(OSError, match="could not be found or downloaded") as info:
        fetch_fashion_mnist(**QUICK)

    assert str(info.value).count("Connection refused") == 2


def test_download_if_missing_false_asks_no_server(place):
    place.serve()

    with pytest.raises(OSError, match="`download_if_missing` is False") as info:
        fetch_fashion_mnist(download_if_missing=False)

    assert "http" not in str(info.value)
    assert "load_fashion_mnist_sample()" in str(info.value)
    assert not place.server.requests


# Writing the cache

CHILD = """
import pickle, sys
from skdnn.datasets import _fashion_mnist
with open(sys.argv[1], "rb") as file:
    catalogue, data_home, limit = pickle.load(file)
_fashion_mnist.FASHION_MNIST = catalogue
if limit:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
images, target = _fashion_mnist.fetch_fashion_mnist(
    data_home=data_home, subset="all", return_X_y=True
)
print(images.sum(), target.sum())
"""


def start_child(place, *, limit=None):
    settings = place.home.parents[1] / "child.pickle"
    settings.write_bytes(pickle.dumps((place.catalogue, str(place.home), limit)))
    return start_python("-c", CHILD, settings)


def finish(child):
    with child:
        output, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    return output.strip(), errors


def test_two_processes_may_download_at_once(place):
    place.serve()
    place.server.seconds_silent = 0.3

    children = [start_child(place), start_child(place)]
    results = [finish(child) for child in children]

    expected = f"{place.images.sum()} {place.target.sum()}"
    assert results == [(expected, "")] * 2
    place.check_cache()


def test_full_disk_leaves_nothing_half_written(place):
    pytest.importorskip("resource")
    place.serve()

    # No file of this process may be larger: the labels fit, the images do not.
    result, errors = finish(start_child(place, limit=1000))

    assert result == f"{place.images.sum()} {place.target.sum()}"
    assert "was downloaded but not kept" in errors
    place.check_cache([NAMES[1], NAMES[3]])


def test_cache_that_cannot_be_written_is_warned_about(place):
    place.serve()
    (place.cache / NAMES[0]).mkdir(parents=True)

    with pytest.warns(UserWarning, match=f"{NAMES[0]} was downloaded but not kept"):
        images, _ = fetch_fashion_mnist(return_X_y=True)

    np.testing.assert_array_equal(images, place.images[:30])
    assert sorted(path.name for path in place.cache.iterdir()) == NAMES[:2]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_cache_can_be_read_by_those_whom_the_umask_allows(place):
    place.serve()
    before = os.umask(0o022)
    try:
        fetch_fashion_mnist()
    finally:
        os.umask(before)

    assert {path.stat().st_mode & 0o777 for path in place.cache.iterdir()} == {0o644}


# OpenML


def serve_openml(place, images, target):
    """Serve what fetch_openml asks for: the search, three descriptions, the ARFF file."""
    columns = [f"pixel{i}" for i in range(1, 785)] + ["class"]
    header = [f"@ATTRIBUTE {name} INTEGER" for name in columns[:-1]]
    header.append("@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}")
    rows = np.column_stack([images.reshape(len(images), -1), target])
    body = [",".join(map(str, row)) for row in rows]
    arff = "\n".join(["@RELATION Fashion-MNIST", *header, "@DATA", *body]).encode()
    common = {
        "is_target": "false",
        "is_ignore": "false",
        "is_row_identifier": "false",
        "number_of_missing_values": "0",
    }
    features = [
        common | {"index": str(index), "name": name, "data_type": "numeric"}
        for index, name in enumerate(columns)
    ]
    features[-1] |= {"data_type": "nominal", "is_target": "true"}
    description = {
        "name": "Fashion-MNIST",
        "version": "1",
        "status": "active",
        "format": "ARFF",
        "description": "",
        "url": f"{place.server.url}openml/fashion-mnist.arff",
        "md5_checksum": hashlib.md5(arff).hexdigest(),
    }
    quality = {"name": "NumberOfInstances", "value": str(float(len(images)))}
    api = "openml/api/v1/json/data"
    answers = {
        f"{api}/list/data_name/fashion-mnist/limit/2/data_version/1": {
            "data": {"dataset": [{"did": 40996}]}
        },
        f"{api}/40996": {"data_set_description": description},
        f"{api}/features/40996": {"data_features": {"feature": features}},
        f"{api}/qualities/40996": {"data_qualities": {"quality": [quality]}},
    }
    for path, content in answers.items():
        place.server.answer(path, json.dumps(content).encode())
    place.server.answer("openml/fashion-mnist.arff", arff)


def test_openml_gives_the_same_arrays(place):
    serve_openml(place, place.images, place.target)

    images, target = fetch_fashion_mnist(subset="test", return_X_y=True)

    np.testing.assert_array_equal(images, place.images[30:])
    np.testing.assert_array_equal(target, place.target[30:])
    assert socket.getdefaulttimeout() is None
    # OpenML only has the whole set: the training images are kept as well.
    place.server.close()
    everything = fetch_fashion_mnist(subset="all", download_if_missing=False)
    np.testing.assert_array_equal(everything.images, place.images)
    np.testing.assert_array_equal(everything.target, place.target)


def test_openml_rows_in_another_order_are_refused(place):
    serve_openml(place, place.images[::-1], place.target[::-1])

    with pytest.raises(OSError, match=r"- OpenML: .*SHA-256 of its content must be"):
        fetch_fashion_mnist()

    assert not place.cache.exists()


@pytest.mark.filterwarnings("ignore:Invalid cache, redownloading")
def test_openml_answer_that_makes_no_sense_is_a_reason_too(place):
    serve_openml(place, place.images, place.target)
    place.server.answer("openml/api/v1/json/data/40996", b"{}")

    with pytest.raises(OSError, match=r"- OpenML: 'data_set_description'"):
        fetch_fashion_mnist()


# The real thing


@pytest.mark.full_data
def test_full_data_is_downloaded_and_kept(fashion_mnist, tmp_path, monkeypatch, place):
    labels = fashion_mnist.target.astype(np.uint8)
    arrays = [
        *(fashion_mnist.images[:60_000], labels[:60_000]),
        *(fashion_mnist.images[60_000:], labels[60_000:]),
    ]
    for name, array in zip(NAMES, arrays, strict=True):
        place.server.answer(f"keras/{name}", gzip.compress(format_idx(array), 0))
    monkeypatch.setattr(
        _fashion_mnist,
        "FASHION_MNIST",
        replace(FASHION_MNIST, debian=place.debian, url=place.catalogue.url),
    )

    fetch_fashion_mnist(data_home=tmp_path, subset="all")
    place.server.close()
    images, target = fetch_fashion_mnist(data_home=tmp_path, subset="all", return_X_y=True)

    np.testing.assert_array_equal(images, fashion_mnist.images)
    np.testing.assert_array_equal(target, fashion_mnist.target)


@pytest.mark.full_data
def test_full_data_is_balanced(fashion_mnist):
    assert fashion_mnist.images.shape == (70_000, 28, 28)
    np.testing.assert_array_equal(np.bincount(fashion_mnist.target[:60_000]), [6000] * 10)
    np.testing.assert_array_equal(np.bincount(fashion_mnist.target[60_000:]), [1000] * 10)
