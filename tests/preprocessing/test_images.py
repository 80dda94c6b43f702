import pickle
import subprocess
import sys
import tracemalloc

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer

from skdnn import scale_and_flatten
from skdnn.preprocessing import make_image_transformer

PIXELS = np.arange(4 * 28 * 28).reshape(4, 28, 28) % 256


def in_batches(images, backend):
    """Transform two halves at a time, each by a worker of joblib's."""
    transform = make_image_transformer().fit(images).transform
    with joblib.parallel_config(backend, n_jobs=2):
        halves = joblib.Parallel()(joblib.delayed(transform)(h) for h in np.split(images, 2))
    return np.concatenate(halves)


# -- values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64, np.float32, np.float64])
def test_pixels_are_divided_by_255_whatever_their_dtype(dtype):
    rows = scale_and_flatten(PIXELS.astype(dtype))

    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, (PIXELS.reshape(4, 784) / 255).astype(np.float32))


def test_true_pixels_become_1_with_scale_1():
    bits = PIXELS > 100

    rows = scale_and_flatten(bits, scale=1)

    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, bits.reshape(4, 784).astype(np.float32))


def test_16_bit_pixels_keep_all_their_levels():
    levels = np.arange(65_536, dtype=np.uint16).reshape(256, 256)

    rows = scale_and_flatten(levels, scale=65_535)

    assert rows.min() == 0
    assert rows.max() == 1
    assert len(np.unique(rows)) == 65_536


def test_other_byte_orders_mean_the_same_pixels():
    big = PIXELS.astype(">u2")
    assert big.dtype.byteorder == ">"

    np.testing.assert_array_equal(scale_and_flatten(big), scale_and_flatten(PIXELS))


def test_float64_pixels_lose_only_what_float32_cannot_hold():
    pixels = np.random.RandomState(0).uniform(0, 255, (50, 64))

    np.testing.assert_allclose(scale_and_flatten(pixels), pixels / 255, rtol=2**-23)


def test_lists_are_images_too():
    rows = scale_and_flatten([[[0, 51], [102, 255]], [[255, 0], [0, 0]]])

    np.testing.assert_array_equal(rows, np.float32([[0, 0.2, 0.4, 1], [1, 0, 0, 0]]))


@pytest.mark.parametrize("table", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_tables_give_the_rows_of_their_array(table):
    rows = PIXELS.reshape(4, 784).astype(np.uint8)

    scaled = scale_and_flatten(table(rows))

    assert type(scaled) is np.ndarray
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, scale_and_flatten(rows))


# -- shapes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "flat"),
    [((5, 28, 28), (5, 784)), ((5, 28, 28, 3), (5, 2352)), ((5, 784), (5, 784))],
)
def test_each_image_becomes_one_row_in_reading_order(shape, flat):
    images = np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)

    rows = scale_and_flatten(images)

    assert rows.shape == flat
    np.testing.assert_array_equal(rows[3] * 255, images[3].ravel())


@pytest.mark.parametrize("shape", [(5, 28, 28), (5, 28, 28, 3), (5, 784)])
def test_flatten_false_keeps_the_shape(shape):
    images = np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)

    scaled = scale_and_flatten(images, flatten=False)

    assert scaled.shape == shape
    np.testing.assert_array_equal(scaled.reshape(5, -1), scale_and_flatten(images))


def test_memory_order_does_not_change_the_reading_order():
    columns_first = np.asfortranarray(PIXELS)

    np.testing.assert_array_equal(scale_and_flatten(columns_first), scale_and_flatten(PIXELS))


def test_image_shape_is_checked():
    images = np.zeros((2, 28, 28), np.uint8)

    assert scale_and_flatten(images, image_shape=(28, 28)).shape == (2, 784)
    with pytest.raises(ValueError, match=r"must have shape \(32, 32\), got \(28, 28\) in"):
        scale_and_flatten(images, image_shape=(32, 32))
    with pytest.raises(ValueError, match=r"must have shape \(28, 28\), got \(784,\) in"):
        scale_and_flatten(images.reshape(2, 784), image_shape=(28, 28))


def test_no_images_become_no_rows():
    assert scale_and_flatten(np.zeros((0, 28, 28), np.uint8)).shape == (0, 784)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (7, r"dimension for the images and at least one .* got an array of shape \(\)"),
        ([1, 2, 3], r"dimension for the images and at least one .* shape \(3,\)"),
        (["a.png", "b.png"], r"dimension for the images and at least one .* shape \(2,\)"),
        ([["a", "b"]], "must hold numbers, got dtype <U1"),
        ([[1, None]], "must hold numbers, got dtype object"),
        ([[1j, 2]], "must hold numbers, got dtype complex128"),
        ([[1, 2], [3]], "inhomogeneous shape"),
    ],
)
def test_what_is_not_images_is_refused(images, message):
    with pytest.raises(ValueError, match=message):
        scale_and_flatten(images)


# -- memory ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("parameters", [{}, {"scale": 1}, {"flatten": False}])
def test_input_is_read_only_and_the_result_is_new(dtype, parameters):
    images = PIXELS.astype(dtype)
    images.flags.writeable = False

    rows = scale_and_flatten(images, **parameters)
    rows[:] = -1

    np.testing.assert_array_equal(images, PIXELS)


def test_images_on_disk_are_read_and_left_alone(tmp_path):
    file = tmp_path / "images.npy"
    np.save(file, PIXELS.astype(np.uint8))
    before = file.read_bytes()

    rows = make_image_transformer().fit_transform(np.load(file, mmap_mode="r"))
    rows[:] = -1

    assert file.read_bytes() == before
    assert not isinstance(rows, np.memmap)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float64])
def test_needs_no_more_memory_than_its_result(dtype):
    images = np.full((4_000, 28, 28), 200, dtype)

    tracemalloc.start()
    scale_and_flatten(images)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # Four bytes a pixel are the result; a float64 array on the way would be eight more.
    assert peak < 5 * images.size


# -- the transformer ------------------------------------------------------------------------


def test_transformer_is_scikit_learns_own_and_does_the_same():
    images = PIXELS.astype(np.uint8)
    transformer = make_image_transformer(scale=51, flatten=False, image_shape=(28, 28))

    assert type(transformer) is FunctionTransformer
    np.testing.assert_array_equal(
        transformer.fit_transform(images), scale_and_flatten(images, scale=51, flatten=False)
    )
    with pytest.raises(ValueError, match=r"must have shape \(28, 28\), got \(14, 28\)"):
        transformer.transform(images[:, ::2])


@pytest.mark.parametrize("image_shape", [(28, 28), (4, 5, 3)])
def test_pixels_are_named_by_their_place(image_shape):
    transformer = make_image_transformer(image_shape=image_shape)
    names = transformer.fit(np.zeros((2, *image_shape), np.uint8)).get_feature_names_out()

    assert len(names) == np.prod(image_shape)
    assert names[0] == "_".join(["pixel", *["0"] * len(image_shape)])
    assert names[-1] == "_".join(["pixel", *(str(n - 1) for n in image_shape)])
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("table", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_columns_of_a_table_keep_their_names(table):
    frame = table({"left": [0, 255], "right": [51, 102]})
    transformer = make_image_transformer().fit(frame)

    assert list(transformer.get_feature_names_out()) == ["left", "right"]
    assert list(transformer.feature_names_in_) == ["left", "right"]


def test_pandas_output_carries_the_names():
    images = PIXELS[:, :2, :2].astype(np.uint8)
    transformer = make_image_transformer(image_shape=(2, 2)).set_output(transform="pandas")

    frame = transformer.fit_transform(images)

    assert list(frame.columns) == ["pixel_0_0", "pixel_0_1", "pixel_1_0", "pixel_1_1"]
    np.testing.assert_array_equal(frame.to_numpy(), scale_and_flatten(images))


def test_names_without_a_known_shape_say_what_to_pass():
    transformer = make_image_transformer().fit(PIXELS)

    message = (
        r"^names of pixels .* FunctionTransformer does not learn: pass image_shape, such as "
        r"image_shape=\(28, 28\), when"
    )
    with pytest.raises(ValueError, match=message):
        transformer.get_feature_names_out()


@pytest.mark.parametrize(
    "copy",
    [
        clone,
        lambda transformer: pickle.loads(pickle.dumps(transformer)),
        lambda transformer: cloudpickle.loads(cloudpickle.dumps(transformer)),
    ],
    ids=["clone", "pickle", "cloudpickle"],
)
def test_copies_do_the_same(copy):
    transformer = make_image_transformer(scale=51, image_shape=(28, 28))

    twin = copy(transformer)

    assert twin is not transformer
    assert twin.kw_args == {"scale": 51, "flatten": True, "image_shape": (28, 28)}
    assert len(twin.fit(PIXELS).get_feature_names_out()) == 784
    np.testing.assert_array_equal(twin.transform(PIXELS), scale_and_flatten(PIXELS, scale=51))


# -- workers --------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_give_the_same_rows(backend):
    images = PIXELS.astype(np.uint8)

    np.testing.assert_array_equal(in_batches(images, backend), scale_and_flatten(images))


def test_forked_workers_give_the_same_rows_and_tensorflow_stays_out(tmp_path):
    # In a process of its own: TensorFlow, once loaded, does not survive a fork.
    script = tmp_path / "forked.py"
    script.write_text(
        "import sys\n"
        "import joblib\n"
        "import numpy as np\n"
        "from skdnn.preprocessing import make_image_transformer\n"
        "if __name__ == '__main__':\n"
        "    images = np.arange(16, dtype=np.uint8).reshape(4, 2, 2)\n"
        "    transform = make_image_transformer().fit(images).transform\n"
        "    with joblib.parallel_config('multiprocessing', n_jobs=2):\n"
        "        rows = joblib.Parallel()(\n"
        "            joblib.delayed(transform)(half) for half in np.split(images, 2)\n"
        "        )\n"
        "    same = np.array_equal(np.concatenate(rows), transform(images))\n"
        "    print(same, sorted({'tensorflow', 'keras', 'scikeras'} & set(sys.modules)))\n"
    )

    answer = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=60
    )

    assert answer.stdout.strip() == "True []"


def test_pixels_that_were_scaled_before_are_told():
    images = np.linspace(0, 1, 8).reshape(2, 2, 2)

    with pytest.warns(UserWarning, match=r"largest pixel is 1, .*scale=255; pass scale=1"):
        scale_and_flatten(images)
    assert scale_and_flatten(images, scale=1).max() == 1
    with pytest.warns(UserWarning, match=r"scale=1.5; pass scale=1"):
        scale_and_flatten(images, scale=1.5)


def test_their_warning_names_the_callers_line():
    with pytest.warns(UserWarning, match="largest pixel is 1") as caught:
        scale_and_flatten(np.ones((2, 2, 2)))

    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(
    "images",
    [np.eye(2, dtype=np.uint8), np.eye(2, dtype=bool), np.zeros((2, 2)), np.full((2, 2), 1.5)],
    ids=["integers", "bools", "zeros", "beyond 1"],
)
def test_pixels_that_may_be_as_they_were_taken_raise_no_warning(images):
    np.testing.assert_allclose(scale_and_flatten(images), np.float32(images) / 255)


def test_no_image_and_no_pixel_are_rows_too():
    assert scale_and_flatten(np.zeros((0, 2, 2))).shape == (0, 4)
    assert scale_and_flatten(np.zeros((3, 0))).shape == (3, 0)


def test_an_image_may_be_a_line_of_pixels():
    assert scale_and_flatten(np.zeros((3, 1, 4)), image_shape=(1, 4)).shape == (3, 4)


@pytest.mark.parametrize("scale", [0, -1, "a", float("nan"), float("inf")])
def test_a_scale_that_is_no_positive_number_is_refused(scale):
    with pytest.raises(ValueError, match="scale must be a positive number, got"):
        scale_and_flatten(np.zeros((1, 2, 2)), scale=scale)


@pytest.mark.parametrize(
    ("images", "scale", "message"),
    [
        (
            np.full((2, 2), 65_535, np.uint16),
            255,
            "is 65535, above scale=255; .* 16-bit images$",
        ),
        (np.full((2, 2), 300.0), 255, "largest pixel is 300, above scale=255; pass the value"),
        (np.array([[-2.0, 2.0]]), 255, r"is -2, .*; pass scale=1 for .* standardised already$"),
        (np.array([[-1.0, 1.0]]), 255, "largest pixel is 1, .* pass scale=1"),
    ],
    ids=["16 bits", "floats", "standardised", "from -1 to 1"],
)
def test_pixels_of_another_scale_are_told(images, scale, message):
    with pytest.warns(UserWarning, match=message):
        scale_and_flatten(images, scale=scale)


def test_the_warning_comes_through_a_transformer_to_the_callers_line():
    transformer = make_image_transformer().fit(PIXELS)
    with pytest.warns(UserWarning, match="largest pixel is 1") as caught:
        transformer.transform(np.ones((2, 2, 2)))
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(
    "image_shape", [28, "28", (-28, 28), (28.5, 28), (0, 28), (), ("a",)], ids=repr
)
def test_an_image_shape_that_is_none_is_refused(image_shape):
    rule = r"^image_shape must hold positive integers, .* such as \(28, 28\), got"
    with pytest.raises(ValueError, match=rule):
        scale_and_flatten(PIXELS, image_shape=image_shape)
    transformer = make_image_transformer(image_shape=image_shape)
    with pytest.raises(ValueError, match=rule):
        transformer.get_feature_names_out(["pixel"])


def test_flags_and_sparse_matrices_are_not_taken_for_others():
    with pytest.raises(ValueError, match="scale must be a positive number, got True"):
        scale_and_flatten(PIXELS, scale=True)
    for flatten in ("False", 0, None):
        with pytest.raises(ValueError, match=r"^flatten must be True or False, got"):
            scale_and_flatten(PIXELS, flatten=flatten)
    with pytest.raises(ValueError, match=r"^images must be dense, .*: pass images\.toarray"):
        scale_and_flatten(sp.csr_array(PIXELS.reshape(4, -1)))
