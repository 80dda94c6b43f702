import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import same_color
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from skdnn.displays import ImagesDisplay
from skdnn.displays._canvas import RIGHT, WRONG

mpl.use("Agg")

from matplotlib import pyplot as plt

TRUE = np.array([0, 1, 0, 1, 0])
TAKEN = np.array([0, 0, 1, 1, 1])
SURE = np.array([0.9, 0.6, 0.8, 0.55, 0.7])


@pytest.fixture
def images():
    """Five images of 4 x 6 pixels, all different."""
    return np.arange(5 * 24, dtype=np.uint8).reshape(5, 4, 6)


@pytest.fixture(scope="module")
def linear(digits):
    """A linear model of scikit-learn's digits, trained on some."""
    X, y = digits
    return LogisticRegression(max_iter=20, tol=0.1).fit(X[:200], y[:200])


def drawn(display):
    return np.array([np.asarray(image.get_array()) for image in display.images_])


def frames(display):
    return [patch.get_edgecolor() for patch in display.ax_.patches]


@pytest.mark.parametrize(
    ("which", "rows"),
    [("mistakes", [2, 4, 1]), ("least_certain", [3, 1, 4, 2, 0]), ("first", [0, 1, 2, 3, 4])],
)
def test_the_images_are_those_that_were_asked_for(images, which, rows):
    display = ImagesDisplay.from_predictions(images, TRUE, TAKEN, certainty=SURE, which=which)

    np.testing.assert_array_equal(drawn(display), images[rows])
    np.testing.assert_array_equal(display.y_true, TRUE[rows])
    np.testing.assert_array_equal(display.y_pred, TAKEN[rows])
    np.testing.assert_array_equal(display.certainty, SURE[rows])


def test_words_and_frames_tell_right_from_wrong(images):
    display = ImagesDisplay.from_predictions(
        images, TRUE, TAKEN, certainty=SURE, which="first", n_images=2
    )

    assert [text.get_text() for text in display.texts_] == ["0 0.90\nright", "0 0.60\nis 1"]
    assert [
        same_color(*pair) for pair in zip(frames(display), (RIGHT, WRONG), strict=True)
    ] == [
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("which", "certainty", "title"),
    [
        ("mistakes", SURE, "The 2 most certain of 3 mistakes among 5 images"),
        ("mistakes", None, "The first 2 of 3 mistakes among 5 images"),
        ("least_certain", SURE, "The 2 least certain of 5 images"),
        ("first", None, "The first 2 of 5 images"),
    ],
)
def test_the_title_says_which(images, which, certainty, title):
    display = ImagesDisplay.from_predictions(
        images, TRUE, TAKEN, certainty=certainty, which=which, n_images=2
    )

    assert display.ax_.get_title() == title
    assert len(display.images_) == len(display.texts_) == 2


def test_no_mistakes_is_said(images):
    display = ImagesDisplay.from_predictions(images, TRUE, TRUE)

    assert display.images_ == []
    assert display.ax_.get_title() == "No mistakes among 5 images"
    display.figure_.canvas.draw()


def test_images_keep_their_proportions_and_do_not_overlap(images):
    display = ImagesDisplay.from_predictions(images, TRUE, TAKEN, which="first")
    display.figure_.canvas.draw()

    boxes = [image.get_window_extent() for image in display.images_]
    boxes += [text.get_window_extent() for text in display.texts_]
    for box in boxes[:5]:
        assert box.width / box.height == pytest.approx(6 / 4, rel=0.02)
    for number, box in enumerate(boxes):
        assert not any(box.shrunk(0.98, 0.98).overlaps(other) for other in boxes[:number])


def test_an_estimator_is_asked_for_labels_and_certainty(linear, digits):
    X, y = digits

    display = ImagesDisplay.from_estimator(linear, X[200:], y[200:], n_images=4)

    proba, taken = linear.predict_proba(X[200:]), linear.predict(X[200:])
    wrong = np.flatnonzero(taken != y[200:])
    rows = wrong[np.argsort(-proba[wrong].max(axis=1), kind="stable")][:4]
    np.testing.assert_array_equal(drawn(display), X[200:][rows].reshape(-1, 8, 8))
    np.testing.assert_array_equal(display.y_pred, taken[rows])
    np.testing.assert_allclose(display.certainty, proba[rows].max(axis=1))


def test_names_of_classes_are_shown(linear, digits):
    X, y = digits
    names = [f"digit {number}" for number in range(10)]

    display = ImagesDisplay.from_estimator(
        linear, X[200:], y[200:], which="first", n_images=3, target_names=names
    )

    assert display.y_true.tolist() == [names[number] for number in y[200:203]]
    first = display.texts_[0].get_text()
    assert first.startswith(names[linear.predict(X[200:201])[0]])


def test_an_estimator_without_probabilities_shows_mistakes_only(digits):
    X, y = digits
    machine = LinearSVC(max_iter=50, tol=0.1).fit(X[:200], y[:200])

    display = ImagesDisplay.from_estimator(machine, X[200:], y[200:], n_images=3)

    assert display.certainty is None
    assert len(display.images_) == 3
    with pytest.raises(ValueError, match="which='least_certain' needs the certainty"):
        ImagesDisplay.from_estimator(machine, X, y, which="least_certain")


@pytest.mark.parametrize(
    ("shape", "image_shape", "expected"),
    [
        ((5, 16), None, (5, 4, 4)),
        ((5, 24), (4, 6), (5, 4, 6)),
        ((5, 24), (2, 4, 3), (5, 2, 4, 3)),
        ((5, 4, 6, 1), None, (5, 4, 6)),
        ((5, 4, 6, 3), None, (5, 4, 6, 3)),
    ],
)
def test_rows_become_images(shape, image_shape, expected):
    pixels = np.linspace(-2, 300, np.prod(shape)).reshape(shape)

    display = ImagesDisplay.from_predictions(
        pixels, TRUE, TAKEN, which="first", image_shape=image_shape
    )
    display.figure_.canvas.draw()

    assert display.images.shape == expected


def test_axes_that_are_given_are_drawn_on(images):
    figure, (left, right) = plt.subplots(1, 2)

    display = ImagesDisplay.from_predictions(images, TRUE, TAKEN, ax=right)

    assert display.ax_ is right
    assert display.figure_ is figure
    assert len(left.images) == 0


def test_labels_are_drawn_as_they_are(images):
    labels = np.array(["$x^{$", "<b>", "_", "a very long name of a class", ""], object)

    display = ImagesDisplay.from_predictions(images, labels, labels[::-1], which="first")
    display.figure_.canvas.draw()

    assert display.texts_[0].get_text().replace(r"\$", "$").endswith("is $x^{$")
    assert display.texts_[3].get_text().endswith("is a very long n…")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"which": "best"}, r"which must be one of \['mistakes', .*\], got 'best'"),
        ({"n_images": 0}, "n_images must be at least 1, got 0"),
        (
            {"y_pred": TAKEN[:3]},
            r"y_pred must hold one value for each of the 5 images, .*\(3,\)",
        ),
        (
            {"y_true": TRUE[:3]},
            r"y_true must hold one value for each of the 5 images, .*\(3,\)",
        ),
        ({"certainty": SURE[:3]}, r"certainty must hold one value for each of the 5"),
        (
            {"image_shape": (5, 5)},
            r"image_shape must .* got \(5, 5\) for images .* \(5, 4, 6\)",
        ),
        ({"images": np.zeros((5, 7))}, r"image_shape must .* got None .* \(5, 7\)"),
        ({"which": "least_certain"}, "which='least_certain' needs the certainty"),
    ],
)
def test_what_does_not_fit_is_refused(images, changes, message):
    given = {"images": images, "y_true": TRUE, "y_pred": TAKEN} | changes

    with pytest.raises(ValueError, match=message):
        ImagesDisplay.from_predictions(**given)
    assert plt.get_fignums() == []


def test_wrong_names_and_labels_are_refused(linear, digits):
    X, y = digits

    with pytest.raises(ValueError, match="must name each of the 10 classes, got 2 names"):
        ImagesDisplay.from_estimator(linear, X, y, target_names=["a", "b"])
    with pytest.raises(ValueError, match=r"y must hold labels seen in fit, .*, got \[11\]"):
        ImagesDisplay.from_estimator(
            linear, X, y + (y == 9) * 2, target_names=list("abcdefghij")
        )
    with pytest.raises(NotFittedError):
        ImagesDisplay.from_estimator(clone(linear), X, y)
