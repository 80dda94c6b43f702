"""Folders of real files, as users have them, and the traps in them."""

import os
import re
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image
from sklearn.datasets import load_files

from skdnn.datasets import load_fashion_mnist_sample, load_image_folder

GREY = np.arange(28 * 28).reshape(28, 28).astype(np.uint8)
COLOURS = np.random.RandomState(0).randint(0, 256, (28, 28, 3)).astype(np.uint8)


def put(path, pixels=GREY, **options):
    """Write an image, and the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return path


@pytest.fixture
def photos(tmp_path):
    """Two classes with two images each."""
    top = tmp_path / "photos"
    for number in range(2):
        put(top / "day" / f"{number}.png", GREY + np.uint8(number))
        put(top / "night" / f"{number}.png", GREY // 2 + np.uint8(number))
    return top


def only(path, **options):
    """Return the one image below a folder."""
    [image] = load_image_folder(path, labels=None, **options).images
    return image


# -- the form -------------------------------------------------------------------------------


def test_images_and_names_of_their_classes(photos):
    data = load_image_folder(photos)

    expected = [GREY, GREY + np.uint8(1), GREY // 2, GREY // 2 + np.uint8(1)]
    assert data.images.dtype == np.uint8
    np.testing.assert_array_equal(data.images, expected)
    assert data.target.tolist() == ["day", "day", "night", "night"]
    assert data.target_names.tolist() == ["day", "night"]
    files = [os.path.join(folder, f"{n}.png") for folder in ("day", "night") for n in range(2)]
    assert [os.path.relpath(name, photos) for name in data.filenames] == files
    assert "4 images of 28 x 28" in data.DESCR
    assert "- night: 2" in data.DESCR


def test_files_are_those_of_scikit_learns_loader(photos):
    ours, theirs = load_image_folder(photos), load_files(photos, shuffle=False)

    assert set(ours.filenames) == set(theirs.filenames)
    assert ours.target_names.tolist() == theirs.target_names


def test_return_X_y_is_the_two_arrays(photos):
    images, target = load_image_folder(photos, return_X_y=True)

    data = load_image_folder(photos)
    np.testing.assert_array_equal(images, data.images)
    np.testing.assert_array_equal(target, data.target)


def test_folders_of_new_images_need_no_classes(photos):
    put(photos / "loose.png", 255 - GREY)

    data = load_image_folder(str(photos), labels=None)

    assert [os.path.basename(name) for name in data.filenames] == [
        *("loose.png", "0.png", "1.png", "0.png", "1.png")
    ]
    np.testing.assert_array_equal(data.images[0], 255 - GREY)
    assert data.target is None
    assert data.target_names is None


def test_real_images_come_back_bit_by_bit(tmp_path):
    images, target = load_fashion_mnist_sample(subset="test", return_X_y=True)
    for number, (image, label) in enumerate(zip(images, target, strict=True)):
        put(tmp_path / str(label) / f"{number:04}.png", image)

    data = load_image_folder(tmp_path)

    order = np.argsort(target, kind="stable")
    np.testing.assert_array_equal(data.images, images[order])
    np.testing.assert_array_equal(data.target.astype(int), target[order])


def test_no_tensorflow_is_needed(photos):
    code = (
        "import sys; from skdnn.datasets import load_image_folder; "
        f"load_image_folder({str(photos)!r}); sys.exit('tensorflow' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_images_in_folders_within_a_class_belong_to_it(photos):
    put(photos / "day" / "2024" / "June" / "x.png")

    data = load_image_folder(photos)

    assert (data.target == "day").sum() == 3


# -- kinds of files -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a.png", "a.bmp", "a.tif", "a.TIFF", "a.webp", "a.gif", "a.pgm", "A.PNG", "a.jp2"]
)
def test_lossless_kinds_are_exact(tmp_path, name):
    options = {"lossless": True} if name.endswith("webp") else {}
    put(tmp_path / name, **options)

    np.testing.assert_array_equal(only(tmp_path), GREY)


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.jpe", "a.avif", "a.heic"])
def test_other_kinds_are_near(tmp_path, name):
    if name.endswith("heic"):
        pillow_heif.register_heif_opener()
    smooth = np.add.outer(np.arange(28) * 4, np.arange(28) * 4).astype(np.uint8)
    put(tmp_path / name, np.stack([smooth] * 3, axis=2), quality=95)

    assert np.abs(only(tmp_path).astype(int) - smooth).max() <= 8


def test_two_pictures_in_a_camera_file_are_its_first(tmp_path):
    first, second = Image.new("RGB", (64, 64), "white"), Image.new("RGB", (64, 64), "black")
    put(tmp_path / "a.jpg", first, format="MPO", save_all=True, append_images=[second])

    assert only(tmp_path).min() >= 254


def test_moving_pictures_are_their_first(tmp_path):
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    put(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])

    np.testing.assert_array_equal(only(tmp_path), GREY)


def test_colours_are_kept_or_become_grey_as_pillow_has_it(tmp_path):
    put(tmp_path / "a.png", COLOURS)

    np.testing.assert_array_equal(only(tmp_path, color_mode="rgb"), COLOURS)
    grey = np.asarray(Image.fromarray(COLOURS).convert("L"))
    np.testing.assert_array_equal(only(tmp_path), grey)


def test_grey_files_have_three_equal_channels_in_colour(tmp_path):
    put(tmp_path / "a.png")

    np.testing.assert_array_equal(only(tmp_path, color_mode="rgb"), np.stack([GREY] * 3, 2))


def test_palettes_are_looked_up(tmp_path):
    image = Image.fromarray(GREY % 4, "P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    put(tmp_path / "a.png", image)

    expected = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]])[GREY % 4]
    np.testing.assert_array_equal(only(tmp_path, color_mode="rgb"), expected)


def test_black_and_white_is_0_and_255(tmp_path):
    put(tmp_path / "a.png", Image.fromarray(GREY > 100))

    np.testing.assert_array_equal(only(tmp_path), np.where(GREY > 100, 255, 0))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path, mode):
    image = Image.new("LA", (28, 28), (0, 255))
    image.paste((0, 0), (0, 0, 28, 14))  # black, but not seen
    if mode == "P":
        image = Image.fromarray((np.arange(28) >= 14).astype(np.uint8)[:, None].repeat(28, 1))
        image.putpalette([0, 0, 0, 0, 0, 0])
        put(tmp_path / "a.png", image, transparency=0)
    else:
        put(tmp_path / "a.png", image.convert(mode))

    read = only(tmp_path)
    assert (read[:14] == 255).all()
    assert (read[14:] == 0).all()


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_16_bits_become_8(tmp_path, name):
    put(tmp_path / name, GREY.astype(np.uint16) * 257)

    np.testing.assert_array_equal(only(tmp_path), GREY)


def test_four_inks_become_colours(tmp_path):
    put(tmp_path / "a.jpg", Image.new("CMYK", (64, 64), (0, 255, 255, 0)), quality=95)

    np.testing.assert_allclose(only(tmp_path, color_mode="rgb")[14, 14], [255, 0, 0], atol=3)


# -- size and shape -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_phones_photographs_stand_upright(tmp_path, name, orientation):
    turned = {
        **{1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud},
        **{5: lambda a: a.T, 6: np.rot90, 7: lambda a: np.rot90(a, 2).T},
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    upright = np.zeros((400, 200), np.uint8)
    upright[:200] = 200
    upright[:, 100:] //= 2
    exif = Image.Exif()
    exif[0x0112] = orientation
    put(tmp_path / name, np.ascontiguousarray(turned(upright)), exif=exif)

    corners = only(tmp_path, image_size=(8, 4))[[0, 0, 7, 7], [0, 3, 0, 3]]

    np.testing.assert_allclose(corners, [200, 100, 0, 0], atol=10)


@pytest.mark.parametrize("image_size", [(7, 14), [7, 14], (np.int64(7), 14)])
def test_size_is_height_and_width(tmp_path, image_size):
    put(tmp_path / "a.png")

    assert only(tmp_path, image_size=image_size).shape == (7, 14)
    assert only(tmp_path, image_size=image_size, color_mode="rgb").shape == (7, 14, 3)


def test_one_number_is_both_sides(tmp_path):
    put(tmp_path / "a.png")

    assert only(tmp_path, image_size=9).shape == (9, 9)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_large_images_are_averaged_and_not_sampled(tmp_path, name):
    lines = np.zeros((2_800, 2_800), np.uint8)
    lines[:, ::2] = 200  # every sample is 0 or 200, every mean is 100
    put(tmp_path / name, lines)

    np.testing.assert_allclose(only(tmp_path), 100, atol=6)


def test_photographs_read_at_less_than_their_size_are_as_at_their_size(tmp_path):
    photo = Image.fromarray(COLOURS).resize((1_600, 1_200), Image.Resampling.BICUBIC)
    put(tmp_path / "jpeg" / "a.jpg", photo, quality=95)
    put(tmp_path / "png" / "a.png", photo)

    for mode in ("grayscale", "rgb"):
        ours = only(tmp_path / "jpeg", color_mode=mode).astype(int)
        assert np.abs(ours - only(tmp_path / "png", color_mode=mode)).max() <= 6


@pytest.fixture
def wide(tmp_path):
    """An image twice as wide as high: black, grey, grey, white."""
    pixels = np.repeat(np.repeat([[0, 128, 128, 255]], 20, axis=0), 10, axis=1)
    put(tmp_path / "a.png", pixels.astype(np.uint8))
    return tmp_path


def test_other_shapes_are_stretched(wide):
    read = only(wide, image_size=(4, 4))

    np.testing.assert_allclose(read[:, [0, 3]], [[0, 255]] * 4, atol=20)


def test_other_shapes_get_black_edges_if_padded(wide):
    read = only(wide, image_size=(4, 4), pad_to_aspect_ratio=True)

    assert (read[[0, 3]] == 0).all()
    np.testing.assert_allclose(read[1:3, [0, 3]], [[0, 255]] * 2, atol=20)


def test_other_shapes_lose_their_edges_if_cropped(wide):
    read = only(wide, image_size=(4, 4), crop_to_aspect_ratio=True)

    np.testing.assert_allclose(read, 128, atol=20)


# -- what is passed over --------------------------------------------------------------------


def test_what_systems_leave_in_folders_is_ignored(photos):
    before = load_image_folder(photos)
    (photos / "__MACOSX" / "day").mkdir(parents=True)
    (photos / ".thumbnails").mkdir()
    for place in (photos, photos / "day"):
        for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png"):
            (place / name).write_bytes(b"no image")
    put(photos / "__MACOSX" / "day" / "0.png")
    put(photos / "day" / ".thumbnails" / "0.png")

    after = load_image_folder(photos)  # a warning would be an error

    assert after.filenames.tolist() == before.filenames.tolist()


def test_files_that_are_no_images_are_told(photos):
    for name in ("day/a.txt", "day/b.mov", "day/deep/c", "night/d.pdf", "night/e.eps"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_bytes(b"no image")
    message = "passed over 5 files that are no images of a class: "
    message += f"day/a.txt, day/b.mov, day/deep{os.sep}c and 2 more".replace("/", os.sep)

    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        assert len(load_image_folder(photos).images) == 4


def test_the_warning_names_the_callers_line(photos):
    (photos / "day" / "a.txt").write_bytes(b"no image")

    with pytest.warns(UserWarning, match="passed over 1 file") as caught:
        load_image_folder(photos)

    assert [warning.filename for warning in caught] == [__file__]


def test_images_beside_the_classes_are_told(photos):
    put(photos / "loose.png")

    with pytest.warns(UserWarning, match=r"1 file that is no image of a class: loose\.png"):
        assert len(load_image_folder(photos).images) == 4


def test_empty_folders_are_told_and_no_classes(photos):
    (photos / "dawn" / "early").mkdir(parents=True)

    with pytest.warns(UserWarning, match="passed over 1 folder without images: dawn"):
        assert load_image_folder(photos).target_names.tolist() == ["day", "night"]

    (photos / "dusk").mkdir()
    with pytest.warns(UserWarning, match="passed over 2 folders without images: dawn, dusk"):
        load_image_folder(photos)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_to_classes_and_files_are_followed_but_none_deeper(photos, tmp_path):
    put(tmp_path / "elsewhere" / "x.png")
    (photos / "dusk").symlink_to(tmp_path / "elsewhere")
    (photos / "day" / "link.png").symlink_to(tmp_path / "elsewhere" / "x.png")
    (photos / "day" / "again").symlink_to(photos)  # would go round for ever

    with pytest.warns(UserWarning, match=r"passed over 1 file .*day.again"):
        data = load_image_folder(photos)

    assert data.target.tolist() == ["day"] * 3 + ["dusk"] + ["night"] * 2


# -- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["nothing", "file"])
def test_what_is_no_folder_is_refused(tmp_path, kind):
    path = tmp_path / "photos"
    if kind == "file":
        path.write_bytes(b"")

    with pytest.raises(
        NotADirectoryError, match=r"directory must be a folder .*, got '.*photos'"
    ):
        load_image_folder(path)


def test_empty_folders_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"for each of 2 classes or more; '.*' has none$"):
        load_image_folder(tmp_path)
    with pytest.raises(ValueError, match=r"directory must hold images; '.*' has none$"):
        load_image_folder(tmp_path, labels=None)


def test_images_without_folders_of_classes_are_refused(tmp_path):
    put(tmp_path / "a.png")

    with pytest.raises(
        ValueError, match=r"has none; passed over 1 file .* of a class: a\.png$"
    ):
        load_image_folder(tmp_path)


def test_a_folder_in_a_folder_is_refused_with_its_name(photos):
    with pytest.raises(ValueError, match=r"has one, 'photos' \(if .* take '.*photos'\)"):
        load_image_folder(photos.parent)


@pytest.mark.parametrize(
    ("parts", "taken"),
    [(("Train", "val"), "Train"), (("test", "train"), "train"), (("test", "val"), "test")],
)
def test_parts_of_a_data_set_are_no_classes(tmp_path, parts, taken):
    for part in parts:
        put(tmp_path / part / "day" / "a.png")

    both, inside = ", ".join(parts), repr(str(tmp_path / taken))
    with pytest.raises(ValueError, match=f"holds {both}, which look like .*: take {inside}$"):
        load_image_folder(tmp_path)


def test_phones_images_that_cannot_be_read_get_a_hint(tmp_path):
    for label in ("day", "night"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "IMG_1.HEIC").write_bytes(b"")
    code = (
        "import sys; sys.modules['pillow_heif'] = None\n"
        "from skdnn.datasets import load_image_folder\n"
        f"load_image_folder({str(tmp_path)!r})"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert "passed over 2 files" in ended.stderr
    assert "HEIC is read where the package pillow-heif is installed" in ended.stderr


def test_phones_images_among_others_get_a_hint(photos, monkeypatch):
    monkeypatch.delitem(Image.EXTENSION, ".heic")  # as without pillow-heif
    (photos / "day" / "IMG_1.HEIC").write_bytes(b"")

    with (
        pytest.warns(UserWarning, match=r"^passed over 1 file .*: \S*IMG_1\.HEIC$"),
        pytest.warns(
            UserWarning, match=r"^HEIC is read where the package pillow-heif is installed$"
        ),
    ):
        load_image_folder(photos)


def test_broken_files_are_named_with_their_reasons(photos):
    (photos / "day" / "text.jpg").write_text("no image")
    (photos / "day" / "empty.png").write_bytes(b"")
    whole = put(photos / "night" / "half.jpg", COLOURS.repeat(20, 0).repeat(20, 1)).read_bytes()
    (photos / "night" / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (photos / "night" / "z.png").write_text("%!PS-Adobe-3.0 EPSF-3.0")

    with pytest.raises(ValueError, match="4 of 8 images can't be read") as caught:
        load_image_folder(photos)

    message = str(caught.value)
    assert re.search(r"text\.jpg' \(its content is none of AVIF, .*, WEBP\)", message)
    assert re.search(r"empty\.png' \(", message)
    assert re.search(r"half\.jpg' \(.*truncated", message)
    assert message.endswith(" and 1 more")


def test_files_that_would_fill_memory_are_refused(photos):
    def chunk(kind, content):
        checked = kind + content
        return len(content).to_bytes(4) + checked + zlib.crc32(checked).to_bytes(4)

    size = (60_000).to_bytes(4)
    header = chunk(b"IHDR", size + size + bytes([1, 0, 0, 0, 0]))
    (photos / "day" / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )

    with pytest.raises(ValueError, match=r"bomb\.png' \(it has more than 178,956,970 pixels"):
        load_image_folder(photos)


@pytest.mark.parametrize("pixels", [GREY.astype(np.int32), GREY.astype(np.float32)])
def test_pixels_without_a_known_white_are_refused(photos, pixels):
    put(photos / "day" / "x.tif", pixels)

    with pytest.raises(ValueError, match=r"x\.tif' \(its pixels have 32 bits"):
        load_image_folder(photos)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names there")
def test_pipes_are_not_waited_for(photos):
    os.mkfifo(photos / "day" / "x.png")

    with pytest.raises(ValueError, match=r"x\.png' \(it is no regular file\)"):
        load_image_folder(photos)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no rights to give up there")
def test_folders_that_cannot_be_read_are_errors():
    with tempfile.TemporaryDirectory() as top:  # others may enter it, unlike pytest's
        Path(top).chmod(0o755)
        for name in ("day", "night"):
            put(Path(top, name, "0.png"))
        Path(top, "day").chmod(0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # root may read everything, nobody may not
        try:
            with pytest.raises(PermissionError, match="day"):
                load_image_folder(top)
        finally:
            os.seteuid(user)
            Path(top, "day").chmod(0o700)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 0}, "image_size must be height and width, .* got 0"),
        ({"image_size": (28, 0)}, r"image_size must be height and width, .* got \(28, 0\)"),
        ({"image_size": (28, 28, 3)}, r"image_size must be .* got \(28, 28, 3\)"),
        ({"image_size": (28.0, 28)}, r"image_size must be .* got \(28\.0, 28\)"),
        ({"image_size": "28"}, "'image_size' parameter of load_image_folder must be .*'28'"),
        ({"color_mode": "rgba"}, "'color_mode' parameter .*'grayscale'.* Got 'rgba'"),
        ({"labels": ["a"]}, "'labels' parameter of load_image_folder must be .*'inferred'"),
        ({"labels": None, "return_X_y": True}, "return_X_y must be False where labels is None"),
        (
            {"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True},
            "only one of crop_to_aspect_ratio and pad_to_aspect_ratio",
        ),
    ],
)
def test_wrong_arguments_are_refused_by_name_and_value(photos, arguments, message):
    with pytest.raises(ValueError, match=message):
        load_image_folder(photos, **arguments)
