import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import train_test_split

from skdnn._command.inputs import InputError, _title, read_inputs
from skdnn.datasets import load_fashion_mnist_sample, load_image_folder

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.randint(0, 256, (20, 6, 5)).astype(np.uint8)
LABELS = np.arange(20) % 3

# numpy.load, given a name, does not close what turns out not to be an archive.
left_open_by_numpy = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@pytest.fixture
def saved(tmp_path):
    """Save arrays to a file; return its name."""

    def save(**arrays):
        file = tmp_path / "images.npz"
        np.savez(file, **arrays)
        return str(file)

    return save


def assert_split_as_the_document_does(inputs, held_out, images, labels):
    X, X_rest, y, y_rest = train_test_split(images, labels, test_size=0.2, random_state=42)
    for found, expected in zip(
        [inputs.X, inputs.y, *held_out], [X, y, X_rest, y_rest], strict=True
    ):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


# -- the sample -----------------------------------------------------------------------------


def test_sample_is_split_as_the_document_splits(sample):
    inputs = read_inputs("sample")

    (rest_title, rest), (test_title, test) = inputs.held_out.items()
    assert inputs.X.shape == (4_000, 28, 28)
    assert_split_as_the_document_does(inputs, rest, sample.images, sample.target)
    assert "validation" in rest_title
    assert "(1,000)" in rest_title
    assert inputs.scale == 255
    assert inputs.target_names[9] == "Ankle boot"
    assert len(inputs.target_names) == 10
    assert inputs.title == "a sample of Fashion-MNIST"
    assert "test images (1,000)" in test_title
    official = load_fashion_mnist_sample(subset="test")
    np.testing.assert_array_equal(test[0], official.images)
    np.testing.assert_array_equal(test[1], official.target)


def test_the_sample_is_no_folder_of_that_name(tmp_path, monkeypatch):
    (tmp_path / "sample").mkdir()
    monkeypatch.chdir(tmp_path)

    assert read_inputs("sample").X.shape == (4_000, 28, 28)


@pytest.mark.full_data
def test_fashion_mnist_is_split_as_the_document_splits(fashion_mnist, tmp_path, monkeypatch):
    (tmp_path / "fashion-mnist").mkdir()  # no folder of that name is meant
    monkeypatch.chdir(tmp_path)
    inputs = read_inputs("fashion-mnist")

    rest, test = inputs.held_out.values()
    assert inputs.title == "Fashion-MNIST"
    assert inputs.X.shape == (48_000, 28, 28)
    assert_split_as_the_document_does(
        inputs, rest, fashion_mnist.images[:60_000], fashion_mnist.target[:60_000]
    )
    np.testing.assert_array_equal(test[0], fashion_mnist.images[60_000:])


# -- files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(20, 6, 5), (20, 30), (20, 2, 5, 3)])
@pytest.mark.parametrize("names", [False, True])
def test_a_file_is_split_in_the_same_way(saved, shape, names):
    images = IMAGES.reshape(shape)
    labels = np.array(["coat", "boot", "bag"])[LABELS] if names else LABELS
    file = saved(X=images, y=labels)

    inputs = read_inputs(file)

    [(title, rest)] = inputs.held_out.items()
    assert_split_as_the_document_does(inputs, rest, images, labels)
    assert "(4)" in title
    assert inputs.title == file


def test_compressed_files_and_further_arrays_are_fine(tmp_path):
    np.savez_compressed(tmp_path / "more.npz", X=IMAGES, y=LABELS, names=["coat", "boot"])

    assert len(read_inputs(str(tmp_path / "more.npz")).X) == 16


@pytest.mark.parametrize("labels", [LABELS.astype(np.uint8), LABELS - 1, LABELS > 0])
def test_whole_numbers_and_truths_are_labels(saved, labels):
    assert read_inputs(saved(X=IMAGES, y=labels)).y.dtype == labels.dtype


@pytest.mark.parametrize(
    ("images", "scale"),
    [
        pytest.param(IMAGES, 255, id="uint8"),
        pytest.param(IMAGES.astype(np.int64), 255, id="int64"),
        pytest.param(IMAGES.astype(np.float64), 255, id="float to 255"),
        pytest.param(IMAGES / 255, 1, id="float to 1"),
        pytest.param((IMAGES / 255).astype(np.float32), 1, id="float32 to 1"),
        pytest.param(IMAGES / 127.5 - 1, 1, id="float from -1 to 1"),
        pytest.param((IMAGES - 127.0) / 50, 1, id="standardised"),
        pytest.param(IMAGES > 100, 1, id="bool"),
        pytest.param(IMAGES.astype(np.uint16), 255, id="uint16 to 255"),
        pytest.param(IMAGES.astype(np.uint16) * 257, 65_535, id="uint16 to 65,535"),
    ],
)
def test_scale_follows_from_the_pixels(saved, images, scale):
    inputs = read_inputs(saved(X=images, y=LABELS))

    assert inputs.scale == scale
    assert inputs.X.dtype == images.dtype
    taken = "taken as they are" if scale == 1 else f"divided by {scale:g}"
    assert inputs.note == f"pixels from {images.min():g} to {images.max():g}, {taken}"


@pytest.mark.parametrize(
    ("largest", "dtype", "scale", "dim"),
    [
        (128, np.uint8, 255, False),
        (127, np.uint8, 255, True),
        (0.25, np.float64, 1, False),
        (127.5, np.float64, 255, False),
        (1.5, np.float64, 255, True),
        (2, np.int64, 255, True),
        (40_000, np.uint16, 65_535, False),
        (256, np.uint16, 65_535, True),
    ],
)
def test_pixels_that_would_be_dim_are_told(saved, largest, dtype, scale, dim):
    images = np.zeros((20, 4), dtype)
    images[0, 0] = largest
    inputs = read_inputs(saved(X=images, y=LABELS))

    assert inputs.scale == scale
    hint = " (if the largest is white, scale them to reach 1 yourself)"
    taken = "taken as they are" if scale == 1 else f"divided by {scale:g}"
    assert inputs.note == f"pixels from 0 to {largest:g}, {taken}" + hint * dim


def test_pixels_without_a_known_scale_are_refused(saved):
    images = np.zeros((20, 4), np.int64)
    images[0, 0] = 256

    with pytest.raises(InputError, match=r"up to 255, .*; the largest is 256 of int64$"):
        read_inputs(saved(X=images, y=LABELS))


# -- folders of images ----------------------------------------------------------------------


@pytest.fixture
def photos(tmp_path):
    """A folder with 12, 8 and 4 colour images of three classes."""
    top = tmp_path / "photos"
    for name, count in {"coat": 12, "boot": 8, "bag": 4}.items():
        (top / name).mkdir(parents=True)
        for number in range(count):
            image = Image.fromarray(RANDOM.randint(0, 256, (28, 28, 3)).astype(np.uint8))
            image.save(top / name / f"{number:02}.png")
    return top


def test_folders_are_read_as_their_loader_reads_them(photos):
    inputs = read_inputs(str(photos))

    data = load_image_folder(photos)
    [(title, (X_rest, y_rest))] = inputs.held_out.items()
    found = np.concatenate([inputs.X, X_rest])
    labels = np.concatenate([inputs.y, y_rest])
    assert sorted(zip(labels, map(bytes, found), strict=True)) == sorted(
        zip(data.target, map(bytes, data.images), strict=True)
    )
    assert title == "images kept back, 21 % (5)"  # of 24
    assert inputs.title == str(photos)
    assert inputs.scale == 255
    assert inputs.note == "3 classes: bag 4, boot 8, coat 12; read as 28 x 28 pixels, grey"
    assert inputs.new_images == 'load_image_folder("new", labels=None).images'


def test_a_folder_is_split_in_the_same_way_each_time(photos):
    data = load_image_folder(photos)
    X, X_rest, y, y_rest = train_test_split(
        data.images, data.target, test_size=5, stratify=data.target, random_state=42
    )

    inputs = read_inputs(str(photos))

    np.testing.assert_array_equal(inputs.X, X)
    np.testing.assert_array_equal(inputs.y, y)
    [held_out] = inputs.held_out.values()
    np.testing.assert_array_equal(held_out[0], X_rest)
    np.testing.assert_array_equal(held_out[1], y_rest)


def test_every_class_of_a_folder_is_searched_on_and_kept_back(photos):
    inputs = read_inputs(str(photos))

    [(_, y_rest)] = inputs.held_out.values()
    assert dict(zip(*np.unique(inputs.y, return_counts=True), strict=True)) == {
        **{"bag": 3, "boot": 6},
        "coat": 10,
    }
    assert set(y_rest) == {"bag", "boot", "coat"}


def make_small_classes(folder, n_classes):
    for label in range(n_classes):
        (folder / f"{label}").mkdir()
        for number in range(3):
            Image.new("L", (28, 28), label).save(folder / f"{label}" / f"{number}.png")


def test_twenty_classes_are_counted_one_by_one(tmp_path):
    make_small_classes(tmp_path, 20)

    assert read_inputs(str(tmp_path)).note.startswith("20 classes: 0 3, 1 3, 10 3, ")


def test_of_many_small_classes_one_image_each_is_kept_back(tmp_path):
    make_small_classes(tmp_path, 21)

    inputs = read_inputs(str(tmp_path))

    assert len(inputs.y) == 42
    [(what, (_, y_rest))] = inputs.held_out.items()
    assert what == "images kept back, 33 % (21)"
    assert len(set(y_rest)) == 21
    assert inputs.note.startswith("21 classes of 3 to 3 images; read as")


def test_size_and_colour_of_a_folder_are_options(photos):
    inputs = read_inputs(str(photos), image_size=(7, 14), color_mode="rgb")

    assert inputs.X.shape == (19, 7, 14, 3)
    assert "read as 7 x 14 pixels, colour" in inputs.note


@pytest.mark.parametrize(
    "options", [{}, {"image_size": (7, 14), "color_mode": "rgb"}, {"image_size": (9, 9)}]
)
def test_new_images_are_read_as_the_folder_was(photos, monkeypatch, options):
    inputs = read_inputs(str(photos), **options)
    monkeypatch.chdir(photos.parent)
    photos.rename("new")

    images = eval(inputs.new_images, {"load_image_folder": load_image_folder})

    assert images.shape[1:] == inputs.X.shape[1:]
    assert set(map(bytes, inputs.X)) < set(map(bytes, images))


def test_what_is_passed_over_in_a_folder_stands_in_the_note(photos):
    (photos / "bag" / "film.mov").write_bytes(b"")
    (photos / "to sort").mkdir()

    _, *rest = read_inputs(str(photos)).note.splitlines()

    assert rest == [
        f"passed over 1 file that is no image of a class: {Path('bag', 'film.mov')}",
        "passed over 1 folder without images: to sort",
    ]


def test_reading_a_folder_is_counted(photos):
    told = []

    read_inputs(str(photos), progress_callback=lambda *numbers: told.append(numbers))

    assert told == [(number, 24) for number in range(1, 25)]


def test_classes_of_two_images_are_refused(photos):
    for number in range(2, 8):
        (photos / "boot" / f"{number:02}.png").unlink()

    with pytest.raises(InputError, match=r"photos' must .* 3 images, .*: 'boot' has 2$"):
        read_inputs(str(photos))


@pytest.mark.parametrize(
    ("option", "value"), [("image_size", (28, 28)), ("color_mode", "grayscale")]
)
def test_options_of_folders_are_for_folders_only(saved, option, value):
    name = "--" + option.replace("_", "-")
    for data in ("sample", "fashion-mnist", saved(X=IMAGES, y=LABELS)):
        with pytest.raises(InputError, match=rf"{name} is for a folder .* is '.*{data}', not"):
            read_inputs(data, **{option: value})


def test_the_folder_one_is_in_has_its_own_name(photos, monkeypatch):
    monkeypatch.chdir(photos)

    assert read_inputs(".").title == "photos"
    root = Path(photos.anchor)  # has no name
    assert _title(root) == str(root)


# -- what is searched on them ---------------------------------------------------------------


def test_images_are_searched_by_a_pipeline_with_their_scale(saved):
    inputs = read_inputs(saved(X=IMAGES / 255, y=LABELS))

    pipeline = inputs.pipeline(epochs=7, seed=3)
    found = pipeline.get_params()
    assert found["scale__kw_args"]["scale"] == 1
    assert (found["dnn__epochs"], found["dnn__random_state"]) == (7, 3)
    assert inputs.grid([])["dnn__hidden_units"] == [(100,)]
    assert inputs.grid([(8,), ()])["dnn__hidden_units"] == [(8,), ()]


def test_code_that_reads_new_images_is_of_the_folder(photos, saved):
    folder = read_inputs(str(photos))
    reading = 'load_image_folder("new", labels=None).images'
    assert folder.reading(short=True) == f"skdnn.datasets.{reading}"
    assert folder.reading(short=False) == (
        f"from skdnn.datasets import load_image_folder\n\nX = {reading}"
    )
    assert read_inputs(saved(X=IMAGES, y=LABELS)).reading(short=True) == ""


def test_no_class_may_have_fewer_images_than_there_are_folds(saved):
    file = saved(X=IMAGES, y=np.array(["bag", "boot"])[[0] * 5 + [1] * 15])
    inputs = read_inputs(file)
    fewest = (inputs.y == "bag").sum()

    inputs.check_folds(file, fewest)
    message = (
        rf"^--cv must not exceed the images of the rarest class \({fewest} of class 'bag' to "
        rf"search on\), got {fewest + 1}$"
    )
    with pytest.raises(InputError, match=message):
        inputs.check_folds(file, fewest + 1)
    one = read_inputs(saved(X=IMAGES, y=np.full(20, 4)))
    with pytest.raises(InputError, match=r"^mine must hold at least 2 classes; it has \[4\]$"):
        one.check_folds("mine", 2)


# -- what is refused ------------------------------------------------------------------------

NOT_FINITE = (IMAGES / 255).astype(np.float32)
NOT_FINITE[3, 2, 1] = np.nan


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        pytest.param(
            {"images": IMAGES, "y": LABELS},
            r"must hold arrays named X and y; it has \['images', 'y'\]",
            id="names",
        ),
        pytest.param(
            {"X": IMAGES}, r"must hold arrays named X and y; it has \['X'\]", id="no labels"
        ),
        pytest.param(
            {"X": IMAGES[:, 0, 0], "y": LABELS},
            r"X in .* must hold numbers, of shape .*; got uint8 of shape \(20,\)",
            id="one-dimensional",
        ),
        pytest.param(
            {"X": IMAGES.astype(str), "y": LABELS},
            r"X in .* must hold numbers, .*; got <U3 of shape \(20, 6, 5\)",
            id="text",
        ),
        pytest.param(
            {"X": IMAGES * 1j, "y": LABELS},
            "X in .* must hold numbers, .*; got complex128 of shape",
            id="complex",
        ),
        pytest.param(
            {"X": IMAGES, "y": LABELS[:-1]},
            r"y in .* one label per image: shape \(20,\); got shape \(19,\)$",
            id="too few labels",
        ),
        pytest.param(
            {"X": IMAGES, "y": np.eye(3)[LABELS[:-1]]},
            r"y in .* one label per image: shape \(20,\); got shape \(19, 3\)$",
            id="too few one-hot labels",
        ),
        pytest.param(
            {"X": IMAGES, "y": LABELS / 1.0},
            r"y in .* must hold class labels, .*got float64 \(save whole numbers as",
            id="labels as floats",
        ),
        pytest.param(
            {"X": IMAGES, "y": np.eye(3)[LABELS]},
            r"y in .* one label per image: shape \(20,\); got shape \(20, 3\) "
            r"\(save one-hot labels as y.argmax",
            id="one-hot labels",
        ),
        pytest.param(
            {"X": IMAGES.astype(object), "y": LABELS},
            r"not an \.npz file .*: it is no such file, or holds objects",
            id="objects",
        ),
        pytest.param(
            {"X": IMAGES, "y": np.array(["coat", None] * 10, object)},
            r"not an \.npz file .*: it is no such file, or holds objects",
            id="object labels",
        ),
        pytest.param(
            {"X": NOT_FINITE, "y": LABELS},
            "X in .* must be finite; it holds NaN or infinity",
            id="NaN",
        ),
        pytest.param(
            {"X": np.where(NOT_FINITE > 0, NOT_FINITE, -np.inf), "y": LABELS},
            "X in .* must be finite; it holds NaN or infinity",
            id="infinity",
        ),
        pytest.param(
            {"X": IMAGES, "y": LABELS / 2},
            "y in .* must hold class labels, integers or strings; got float64",
            id="float labels",
        ),
        pytest.param(
            {"X": IMAGES, "y": LABELS.astype(np.bytes_)},
            r"y in .* must hold class labels, integers or strings; got \|S\d+$",
            id="labels of bytes",
        ),
        pytest.param(
            {"X": IMAGES[:, :0], "y": LABELS},
            r"X in .* must hold numbers, of shape .* of shape \(20, 0, 5\)",
            id="no pixels",
        ),
        pytest.param(
            {"X": IMAGES.astype(np.int64) * 2, "y": LABELS},
            r"X in .* must hold pixels up to 255, .*; the largest is \d{3} of int64",
            id="integers above 255",
        ),
        pytest.param(
            {"X": IMAGES * -300.0, "y": LABELS},
            r"X in .* must hold pixels up to 255, .*; the largest is \S+ of float64",
            id="floats far below 0",
        ),
    ],
)
def test_arrays_that_cannot_be_searched_are_refused(saved, arrays, message):
    file = saved(**arrays)

    with pytest.raises(InputError, match=message) as caught:
        read_inputs(file)

    assert file in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nowhere.npz", "Sample", "fashion_mnist"])
def test_names_of_nothing_are_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)

    message = f"--data must be 'sample', .* a folder of images or .* no file '{name}'"
    with pytest.raises(InputError, match=message):
        read_inputs(name)


@left_open_by_numpy
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"label,pixel\n9,0\n", id="text"),
        pytest.param(b"PK\x03\x04 and no archive", id="broken archive"),
    ],
)
def test_files_of_another_kind_are_refused(tmp_path, content):
    file = tmp_path / "images.npz"
    file.write_bytes(content)

    with pytest.raises(InputError, match=r"images\.npz is not an \.npz file of plain arrays"):
        read_inputs(str(file))


@left_open_by_numpy
def test_half_a_file_is_refused(saved, tmp_path):
    whole = Path(saved(X=IMAGES, y=LABELS)).read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(InputError, match=r"half\.npz is not an \.npz file"):
        read_inputs(str(tmp_path / "half.npz"))


def test_a_single_array_is_refused(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)

    with pytest.raises(InputError, match=r"plain arrays .*: it holds a single array$"):
        read_inputs(str(tmp_path / "images.npy"))


def test_damaged_compressed_arrays_are_refused(tmp_path):
    file = tmp_path / "images.npz"
    np.savez_compressed(file, X=IMAGES, y=LABELS)
    with zipfile.ZipFile(file) as archive:
        info = archive.getinfo("X.npy")
    content = bytearray(file.read_bytes())
    # Behind the member's header (30 bytes, its name, numpy's 20 more): no such kind of block.
    content[info.header_offset + 30 + len("X.npy") + 20] = 0xFF
    file.write_bytes(content)

    with pytest.raises(InputError, match=r"is not an \.npz file of plain arrays"):
        read_inputs(str(file))


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_images_to_split_are_refused(saved, n):
    with pytest.raises(ValueError, match=f"n_samples={n}"):
        read_inputs(saved(X=IMAGES[:n], y=LABELS[:n]))


def test_encrypted_archives_are_refused(saved):
    file = Path(saved(X=IMAGES, y=LABELS))
    content = bytearray(file.read_bytes())
    for header, flags in (b"PK\x03\x04", 6), (b"PK\x01\x02", 8):
        content[content.index(header) + flags] |= 1
    file.write_bytes(content)

    with pytest.raises(InputError, match=r"is not an \.npz file of plain arrays"):
        read_inputs(str(file))
