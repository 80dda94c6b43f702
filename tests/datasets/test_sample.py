import os
import subprocess
import sys
import zipfile
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import skdnn
from skdnn.datasets import load_fashion_mnist_sample
from skdnn.datasets._sample import draw_sample

DATA = resources.files("skdnn.datasets") / "data"
ROOT = Path(skdnn.__file__).parents[1]


def run_python(code, *, path, cwd):
    environment = os.environ | {"PYTHONPATH": str(path)}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.parametrize(("subset", "per_class"), [("train", 500), ("test", 100), ("all", 600)])
def test_each_garment_has_the_same_share(subset, per_class):
    sample = load_fashion_mnist_sample(subset=subset)

    assert set(sample) == {"images", "target", "target_names", "DESCR"}
    assert sample.images.shape == (10 * per_class, 28, 28)
    assert sample.images.dtype == np.uint8
    assert sample.target.dtype == np.int64
    np.testing.assert_array_equal(np.bincount(sample.target), np.full(10, per_class))


def test_train_is_the_default_and_all_is_train_then_test():
    train, test = (
        load_fashion_mnist_sample(subset="train"),
        load_fashion_mnist_sample(subset="test"),
    )

    for name in "images", "target":
        np.testing.assert_array_equal(load_fashion_mnist_sample()[name], train[name])
        np.testing.assert_array_equal(
            load_fashion_mnist_sample(subset="all")[name],
            np.concatenate([train[name], test[name]]),
        )


def test_return_x_y_gives_the_same_two_arrays():
    sample = load_fashion_mnist_sample(subset="test")

    images, target = load_fashion_mnist_sample(subset="test", return_X_y=True)

    np.testing.assert_array_equal(images, sample.images)
    np.testing.assert_array_equal(target, sample.target)


def test_target_names_are_the_garments():
    sample = load_fashion_mnist_sample(subset="test")

    assert list(sample.target_names) == [
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ]
    assert all(name in sample.DESCR for name in sample.target_names)


def test_images_look_like_garments():
    sample = load_fashion_mnist_sample()
    mean = {
        name: sample.images[sample.target == label].mean(axis=0)
        for label, name in enumerate(sample.target_names)
    }

    # A shoe leaves the top of its image empty; between two trouser legs it is dark.
    assert mean["Sneaker"][:6].max() < 10 < 100 < mean["Pullover"][:6].max()
    assert mean["Trouser"][24, 14] < mean["Trouser"][24, 11] / 2


def test_no_image_is_drawn_twice():
    # The official sets repeat a few images, so compare with what a second draw of the
    # same rows would give: nearly all different.
    images = load_fashion_mnist_sample(subset="all").images
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) >= 5990


def test_what_is_loaded_belongs_to_the_caller():
    sample = load_fashion_mnist_sample(subset="test")
    before = sample.images.copy()

    sample.images[:] = 0
    sample.target_names[:] = ""

    np.testing.assert_array_equal(load_fashion_mnist_sample(subset="test").images, before)
    assert load_fashion_mnist_sample(subset="test").target_names[1] == "Trouser"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"subset": "validation"}, "'subset' parameter.*must be.*Got 'validation' instead"),
        ({"subset": None}, "'subset' parameter.*Got None instead"),
        ({"return_X_y": "yes"}, "'return_X_y' parameter.*Got 'yes' instead"),
    ],
)
def test_wrong_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        load_fashion_mnist_sample(**parameters)


def test_file_is_small_and_needs_no_pickle():
    file = DATA / "fashion_mnist_sample.npz"

    assert len(file.read_bytes()) < 3_000_000
    with file.open("rb") as stream:
        arrays = np.load(stream, allow_pickle=False)
        assert {name: arrays[name].dtype for name in arrays} == dict.fromkeys(
            ["train_images", "train_target", "test_images", "test_target"], np.uint8
        )


def test_licence_is_beside_the_file():
    text = (DATA / "LICENSE-fashion-mnist.txt").read_text(encoding="utf-8")

    assert "fashion_mnist_sample.npz" in text
    assert "Copyright © 2017 Zalando SE, https://tech.zalando.com" in text
    assert "The above copyright notice and this permission notice shall be included" in text


def test_loading_needs_no_tensorflow(tmp_path):
    code = (
        "import sys; from skdnn.datasets import load_fashion_mnist_sample;"
        "load_fashion_mnist_sample();"
        "print(sorted({'tensorflow', 'keras', 'scikeras'} & set(sys.modules)))"
    )

    assert run_python(code, path=ROOT, cwd=tmp_path).strip() == "[]"


def test_installed_package_has_the_sample_and_its_licence(tmp_path):
    wheel_module = pytest.importorskip("hatchling.builders.wheel")
    if not (ROOT / "pyproject.toml").exists():
        pytest.skip("skdnn is installed without its sources")
    [wheel] = wheel_module.WheelBuilder(str(ROOT)).build(directory=str(tmp_path / "dist"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")

    code = (
        "import skdnn.datasets as d; print(d.__file__);"
        "print(d.load_fashion_mnist_sample().images.shape)"
    )
    location, shape = run_python(code, path=tmp_path / "site", cwd=tmp_path).splitlines()

    assert Path(location).is_relative_to(tmp_path)
    assert shape == "(5000, 28, 28)"
    assert list((tmp_path / "site").glob("*.dist-info/licenses/**/LICENSE-fashion-mnist.txt"))


@pytest.mark.full_data
def test_sample_is_what_the_drawing_gives(fashion_mnist):
    drawn = draw_sample(fashion_mnist.images, fashion_mnist.target)

    with (DATA / "fashion_mnist_sample.npz").open("rb") as stream:
        arrays = np.load(stream, allow_pickle=False)
        assert set(arrays) == set(drawn)
        for name, array in drawn.items():
            np.testing.assert_array_equal(arrays[name], array)
