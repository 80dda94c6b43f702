"""The command as its user meets it: a process, its exit code, its words and its files."""

import base64
import html
import io
import os
import re
import shlex
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.python_process import run_python
from helpers.terminal import InTerminal
from PIL import Image

import skdnn
from skdnn._command.options import build_parser, main
from skdnn.datasets import load_fashion_mnist_sample
from skdnn.persistence import load

COMMAND = ("-m", "skdnn")
FILES = {"report.html", "results.csv", "training_curves.png", "best_pipeline.safetensors"}

sigint = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")


@dataclass
class Ended:
    """A process that has ended."""

    code: int
    out: str
    err: str
    folder: Path
    seconds: float = 0.0  # from the signal, where one was sent

    def scores(self):
        """Return the table of fold scores in results.csv."""
        return pd.read_csv(self.folder / "results.csv").filter(regex=r"^split\d+_test_score$")


def environment(**added):
    """Return this process's environment without what pytest's session set for TensorFlow."""
    settings = ("TF_", "KERAS_", "FORCE_COLOR", "TTY_", "NO_COLOR", "COLUMNS", "PYTHONWARNINGS")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(settings)}
    return kept | {"PYTHONIOENCODING": "utf-8"} | added


def command_in_the_page(ended):
    """Return the arguments of the command that makes it again."""
    page = (ended.folder / "report.html").read_text(encoding="utf-8")
    [command] = re.findall(r"<code>python -m skdnn (.*?)</code>", page)
    return shlex.split(html.unescape(command))


def run(cwd, *arguments, folder="skdnn-results", forked=True, **added):
    """Run the command to its end."""
    # As a notebook sets it: no reason to move a bar.
    env = environment(FORCE_COLOR="1", **added)
    done = run_python(*COMMAND, *arguments, cwd=cwd, env=env, forked=forked)
    return Ended(done.returncode, done.stdout, done.stderr, cwd / folder)


def interrupt(cwd, *arguments, when, patience, pause=0.0, forked=True, **added):
    """Interrupt the command in a terminal, `pause` seconds after it has printed `when`."""
    settings = {"cwd": cwd, "env": environment(**added), "forked": forked}
    with InTerminal([*COMMAND, *arguments], **settings) as terminal:
        terminal.wait_until(when, patience)
        time.sleep(pause)
        began = time.perf_counter()
        terminal.process.send_signal(signal.SIGINT)
        err = terminal.end(timeout=20)
        seconds = time.perf_counter() - began
        code, out = terminal.process.returncode, terminal.said
    return Ended(code, out, err, cwd / "skdnn-results", seconds)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with a user's file: 300 real images, labelled with words."""
    folder = tmp_path_factory.mktemp("own")
    sample = load_fashion_mnist_sample(subset="test")
    labels = sample.target_names[sample.target].astype(str)
    np.savez(folder / "mine.npz", X=sample.images[:300], y=labels[:300])
    return folder


# -- a run with the sample ------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The command as it comes, but for shorter fits."""
    folder = tmp_path_factory.mktemp("sample")
    return run(folder, "--epochs", "1", "--cv", "2", forked=False)


def test_a_run_ends_well_and_says_nothing_on_stderr(finished):
    assert finished.err == ""
    assert finished.code == 0
    assert "\x1b" not in finished.out


def n_cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def test_a_run_says_what_it_does_first(finished):
    jobs = n_cores()

    assert finished.out.splitlines()[0] == (
        "a sample of Fashion-MNIST: 4,000 images, 6 variants x 2 folds x 1 epoch, "
        f"{jobs} fit{'s' if jobs > 1 else ''} at a time"
    )


def test_a_run_writes_its_files_and_names_them(finished):
    assert {file.name for file in finished.folder.iterdir()} == FILES
    assert all(name in finished.out.splitlines()[-2] for name in FILES)
    assert "skdnn-results/best_pipeline.safetensors" in finished.out.splitlines()[-1]
    png = (finished.folder / "training_curves.png").read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")


def test_the_page_says_what_the_screen_says(finished):
    page = (finished.folder / "report.html").read_text(encoding="utf-8")

    assert "Which network is best for a sample of Fashion-MNIST?" in page
    [name, mean, std] = re.search(
        r"\n +1 +(\w+, \w+) .* (\d\.\d{4}) ± (\d\.\d{4})", finished.out
    ).groups()
    answer = re.search(r'<p class="answer">(.*?)</p>', page, re.DOTALL)[1]
    assert name in answer
    assert f"{mean} ± {std}" in answer
    [accuracy] = re.findall(r"accuracy (\S+) on test images", finished.out)
    assert f"<strong>{100 * float(accuracy):.1f} %</strong>" in page
    assert "Ankle boot" in page
    assert "&#39;skdnn-results/best_pipeline.safetensors&#39;" in page
    assert "Loss of all candidates: mean of the folds" in page


def test_baselines_are_on_the_screen_and_in_the_page(finished):
    page = (finished.folder / "report.html").read_text(encoding="utf-8")

    [simplest, linear] = re.search(
        r"\nBaselines \(\d+\.\d s\): most frequent class (\S+), linear model (\S+); "
        r"(?:the network|a linear model) ",
        finished.out,
    ).groups()
    assert 0.09 < float(simplest) < 0.11
    assert 0.75 < float(linear) < 0.9
    assert "Baselines, on the same folds" in page
    assert f">{linear}</td>" in page


def test_the_command_in_the_page_names_the_defaults_too(finished):
    assert " ".join(command_in_the_page(finished)) == (
        f"--data sample --cv 2 --epochs 1 --hidden-units 100 --jobs {n_cores()} --seed 42"
    )


def test_the_report_shows_the_scores_of_the_table(finished):
    table = pd.read_csv(finished.folder / "results.csv")

    assert len(table) == 6
    for _, row in table.iterrows():
        shown = re.escape(f"{row['param_dnn__activation']}, {row['param_dnn__optimizer']}")
        for name in ("split0_test_score", "split1_test_score", "mean_test_score"):
            shown += rf"\s+{row[name]:.4f}"
        assert re.search(rf"{row['rank_test_score']}\s+{shown} ± ", finished.out)
    best = table.loc[table["rank_test_score"].idxmin()]
    assert 0.5 < best["mean_test_score"] < 1
    name = f"{best['param_dnn__activation']}, {best['param_dnn__optimizer']}"
    assert f"Best: {name}, refitted on 4,000 images" in finished.out


def test_the_network_that_is_left_scores_as_reported(finished):
    test = load_fashion_mnist_sample(subset="test")
    pipeline = load(finished.folder / "best_pipeline.safetensors")

    [told] = re.findall(r"accuracy (\S+) on test images \(1,000\)", finished.out)
    # Other processes may sum in another order: an image or two on the border.
    assert pipeline.score(test.images, test.target) == pytest.approx(float(told), abs=0.0025)
    assert re.search(r"accuracy 0\.[5-9]\d+ on validation images.*\(1,000\)", finished.out)


# -- runs with a user's file ----------------------------------------------------------------


@pytest.fixture(scope="module")
def own_runs(own):
    """Two runs, of other settings in every respect; brackets in names are none of a style."""
    (own / "out" / "a[b]c[").mkdir(parents=True)
    (own / "x[red]y.npz").write_bytes((own / "mine.npz").read_bytes())
    first = ["--hidden-units", "16", "--jobs", "2", "--seed", "7"]
    other = ["--hidden-units", "16", "--hidden-units", "16,8", "--jobs", "1", "--seed", "8"]
    other += ["--no-baselines"]
    runs = {"first": ("mine.npz", first), "a[b]c[": ("x[red]y.npz", other)}
    small = ["--epochs", "2", "--cv", "2", "--set", "activation=relu,sigmoid"]
    return {
        name: run(own, "--data", data, *small, *options, "--output", folder, folder=folder)
        for name, (data, options) in runs.items()
        for folder in [f"out/{name}"]
    }


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("first", "mine.npz: 240 images, 2 variants x 2 folds x 2 epochs, 2 fits at a time"),
        (
            "a[b]c[",
            "x[red]y.npz: 240 images, 4 variants x 2 folds x 2 epochs, 1 fit at a time",
        ),
    ],
)
def test_own_images_are_searched(own_runs, name, what):
    ended = own_runs[name]

    assert (ended.code, ended.err) == (0, "")
    first, second, *_ = ended.out.splitlines()
    assert first == what
    assert second == "pixels from 0 to 255, divided by 255"
    assert {file.name for file in ended.folder.iterdir()} == FILES
    assert f"Written to out/{name}:" in ended.out
    assert re.search(r"accuracy \d\.\d{4} on images kept back, 20 % \(60\)", ended.out)


def test_without_baselines_none_are_spoken_of(own_runs):
    ended = own_runs["a[b]c["]
    page = (ended.folder / "report.html").read_text(encoding="utf-8")

    assert "Baselines (" in own_runs["first"].out
    assert "baseline" not in ended.out.lower()
    assert "Baselines" not in page
    assert "--no-baselines</code>" in page


def test_several_networks_are_told_apart(own_runs):
    ended = own_runs["a[b]c["]

    for units in ("16", "16-8"):
        assert len(re.findall(rf"\d +relu, hidden_units={units}  ", ended.out)) == 1
    units = pd.read_csv(ended.folder / "results.csv")["param_dnn__hidden_units"]
    assert sorted(units) == ["(16, 8)"] * 2 + ["(16,)"] * 2


def test_the_command_in_the_page_makes_the_same_scores(own, own_runs):
    again = run(
        own, *command_in_the_page(own_runs["a[b]c["]), "--output", "again", folder="again"
    )

    pd.testing.assert_frame_equal(again.scores(), own_runs["a[b]c["].scores())


def test_another_seed_gives_other_scores(own_runs):
    table = pd.read_csv(own_runs["a[b]c["].folder / "results.csv")
    same_network = table["param_dnn__hidden_units"] == "(16,)"
    other = own_runs["a[b]c["].scores()[same_network].reset_index(drop=True)

    assert other.shape == own_runs["first"].scores().shape == (2, 2)
    assert not other.equals(own_runs["first"].scores())


def test_words_come_back_as_words(own, own_runs):
    with np.load(own / "mine.npz") as arrays:
        images, labels = arrays["X"], arrays["y"]
    pipeline = load(own_runs["first"].folder / "best_pipeline.safetensors")

    assert set(pipeline.classes_) == set(labels)
    assert set(pipeline.predict(images)) <= set(labels)


# -- a run with options for the search ------------------------------------------------------

OF_THE_SEARCH = (
    *("--halving", "--epochs", "7", "--hidden-units", "16"),
    *("--set", "l2=0,0.001,0.01", "--set", "optimizer=sgd", "--set", "optimizer__momentum=0.9"),
)


@pytest.fixture(scope="module")
def halved(own):
    """A halving search over what is given by --set, with a folder for temporary files."""
    (own / "tmp").mkdir()
    options = ["--data", "mine.npz", "--cv", "2", "--jobs", "2", *OF_THE_SEARCH]
    return run(own, *options, "--output", "halved", folder="halved", TMPDIR=str(own / "tmp"))


def test_halving_says_its_rounds_and_what_it_can_use(halved):
    assert (halved.code, halved.err) == (0, "")
    first, _, third, *_ = halved.out.splitlines()
    assert first == (
        "mine.npz: 240 images, 3 variants x 2 folds x 2 epochs, "
        "the best 1 x 2 folds x 6 epochs, 2 fits at a time"
    )
    assert third == (
        "halving ends with 6 of 7 epochs, 3 times those of its first round; it uses all of "
        "--epochs 9"
    )
    assert re.search(r"\n +1 +l2=\S+ +2 +6 +0\.", halved.out)
    assert re.search(r"\nBest: l2=\S+, 6 epochs, refitted on 240 images\n", halved.out)


def test_only_what_is_set_is_tried(halved):
    table = pd.read_csv(halved.folder / "results.csv")
    tried = {name: set(table[name]) for name in table if name.startswith("param_")}

    assert tried == {
        "param_dnn__epochs": {2, 6},
        "param_dnn__hidden_units": {"(16,)"},
        "param_dnn__l2": {0, 0.001, 0.01},
        "param_dnn__optimizer": {"sgd"},
        "param_dnn__optimizer__momentum": {0.9},
    }
    network = load(halved.folder / "best_pipeline.safetensors")["dnn"]
    assert network.get_params()["optimizer__momentum"] == 0.9


def test_the_weights_of_halving_are_removed(halved):
    assert list((halved.folder.parent / "tmp").iterdir()) == []


def test_the_command_in_the_page_gives_the_same_options(halved):
    again = build_parser().parse_args(command_in_the_page(halved))

    expected = ["--data", "mine.npz", "--cv", "2", "--jobs", "2", *OF_THE_SEARCH]
    assert again == build_parser().parse_args([*expected, "--seed", "42"])


def test_a_value_that_the_estimator_refuses_is_a_wrong_argument(own, capsys, monkeypatch):
    monkeypatch.chdir(own)
    for name in ("TF_CPP_MIN_LOG_LEVEL", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))

    with pytest.raises(SystemExit) as caught:
        main(["--data", "mine.npz", "--output", "never", "--set", "dropout=0,1"])

    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert err.splitlines()[-1].startswith("skdnn: error: argument --set: The 'dropout' param")
    assert not (own / "never").exists()


# -- a run with a folder of images ----------------------------------------------------------


@pytest.fixture(scope="module")
def folder_run(tmp_path_factory):
    """A run with a folder of colour photographs in two kinds of files, and other things."""
    folder = tmp_path_factory.mktemp("folder")
    sample = load_fashion_mnist_sample(subset="test")
    for number, (image, label) in enumerate(zip(sample.images, sample.target, strict=True)):
        if label in (1, 7, 8):
            place = folder / "photos" / sample.target_names[label]
            place.mkdir(parents=True, exist_ok=True)
            photo = Image.fromarray(image).resize((200, 150)).convert("RGB")
            photo.save(place / f"{number}.{'JPG' if number % 2 else 'png'}")
    (folder / "photos" / ".DS_Store").write_bytes(b"")
    (folder / "photos" / "Bag" / "list.txt").write_text("bags")
    options = ["--image-size", "14,16", "--color-mode", "rgb", "--cv", "2", "--epochs", "3"]
    return run(folder, "--data", "photos/", *options, "--set", "optimizer=adam")


def test_a_folder_is_searched(folder_run):
    assert (folder_run.code, folder_run.err) == (0, "")
    first, second, third, *_ = folder_run.out.splitlines()
    assert first.startswith("photos: 240 images, 1 variant x 2 folds x 3 epochs")
    assert second == (
        "3 classes: Bag 100, Sneaker 100, Trouser 100; read as 14 x 16 pixels, colour"
    )
    assert third.endswith("passed over 1 file that is no image of a class: Bag/list.txt")
    accuracy = re.search(r"accuracy (\S+) on images kept back, 20 % \(60\)", folder_run.out)
    assert float(accuracy[1]) > 0.5


def test_a_folders_network_takes_new_images_as_the_last_lines_say(folder_run, monkeypatch):
    use, reading = folder_run.out.splitlines()[-2:]
    monkeypatch.chdir(folder_run.folder.parent)
    shutil.copytree(Path("photos", "Bag"), "new", ignore=shutil.ignore_patterns("*.txt"))
    names = {"skdnn": skdnn}
    exec(reading.strip(), names)

    answers = eval(use.removeprefix("Use it: "), names)

    assert len(answers) == 100
    assert (answers == "Bag").mean() > 0.5


def test_a_folders_page_shows_colours_and_how_to_go_on(folder_run):
    page = html.unescape((folder_run.folder / "report.html").read_text(encoding="utf-8"))

    options = 'labels=None, image_size=(14, 16), color_mode="rgb"'
    assert f'X = load_image_folder("new", {options}).images' in page
    assert "--data photos/ --image-size 14,16 --color-mode rgb --cv 2" in page
    pictures = re.findall(r"<img [^>]*src=\"data:image/png;base64,([^\"]+)", page)
    for picture in pictures:
        with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
            assert image.size == (16, 14)


@sigint
def test_ctrl_c_ends_the_reading_of_a_folder(tmp_path):
    for label in ("a", "b"):
        place = tmp_path / "photos" / label
        place.mkdir(parents=True)
        Image.new("RGB", (3_000, 3_000)).save(place / "0.png", compress_level=1)
        for number in range(1, 200):
            os.link(place / "0.png", place / f"{number}.png")

    ended = interrupt(tmp_path, "--data", "photos", when=r"1 of 400", patience=60)

    assert ended.seconds < 2
    assert ended.code == 130
    assert ended.err.splitlines()[-1] == "skdnn: interrupted"
    assert "Traceback" not in ended.err


# -- help and wrong options -----------------------------------------------------------------


def test_help_names_every_option(tmp_path):
    ended = run(tmp_path, "--help")

    assert (ended.code, ended.err) == (0, "")
    options = set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", ended.out, flags=re.MULTILINE))
    assert options == {
        *("--help", "--version", "--data", "--cv", "--epochs", "--hidden-units"),
        *("--jobs", "--dask", "--seed", "--output", "--image-size", "--color-mode"),
        *("--target", "--task", "--groups", "--drop", "--categorical", "--no-baselines"),
        *("--set", "--halving"),
    }
    flat = " ".join(ended.out.split())
    for default in (
        "bundled sample",
        "3",
        "5",
        "100",
        "processor cores",
        "42",
        "skdnn-results",
        "28",
        "grayscale",
    ):
        assert re.search(rf"\(default: [\w ]*{default}\)", flat)


def test_version_is_the_packages(tmp_path):
    ended = run(tmp_path, "--version")

    assert (ended.code, ended.out, ended.err) == (0, f"skdnn {skdnn.__version__}\n", "")


WRONG = [
    ("--cv", "1", "must be an integer of at least 2, got '1'"),
    ("--cv", "three", "must be an integer of at least 2, got 'three'"),
    ("--epochs", "0", "must be an integer of at least 1, got '0'"),
    ("--epochs", "1.5", "must be an integer of at least 1, got '1.5'"),
    ("--epochs", "", "must be an integer of at least 1, got ''"),
    ("--hidden-units", "0", "must be integers of at least 1, separated by commas, got '0'"),
    (
        "--hidden-units",
        "100,ten",
        "must be integers of at least 1, separated by commas, got '100,ten'",
    ),
    (
        "--hidden-units",
        "100,",
        "must be integers of at least 1, separated by commas, got '100,'",
    ),
    (
        "--hidden-units",
        "100 50",
        "must be integers of at least 1, separated by commas, got '100 50'",
    ),
    ("--jobs", "0", "must be an integer of at least 1, got '0'"),
    ("--jobs", "-1", "must be an integer of at least 1, got '-1'"),
    ("--seed", "-1", "must be an integer of at least 0, got '-1'"),
    ("--seed", str(2**32), "must be less than 2**32, got '4294967296'"),
    ("--seed", "x", "must be an integer of at least 0, got 'x'"),
    ("--set", "l2", "must be NAME=VALUE[,VALUE...], such as l2=0,0.001, got 'l2'"),
    *(
        (
            "--image-size",
            size,
            "must be one integer of at least 1, or two separated by a comma, got " + repr(size),
        )
        for size in ("0", "28x28", "28,28,3", "28,", "")
    ),
]


@pytest.mark.parametrize(("option", "value", "message"), WRONG)
def test_wrong_values_are_refused_with_option_and_value(capsys, option, value, message):
    with pytest.raises(SystemExit) as caught:
        main([option, value])

    out, err = capsys.readouterr()
    assert caught.value.code == 2
    assert out == ""
    usage, _, error = err.rstrip("\n").rpartition("\n")
    assert usage.startswith("usage: skdnn ")
    assert error == f"skdnn: error: argument {option}: {message}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--layers", "3"], "unrecognized arguments: --layers 3"),
        (["mine.npz"], "unrecognized arguments: mine.npz"),
        (["--output"], "argument --output: expected one argument"),
        (
            ["--epochs", "5", "--set", "epochs=3"],
            "argument --set: 'epochs=3' is not allowed with --epochs, which sets the same: "
            "leave out one of them",
        ),
        (
            ["--halving", "--dask", "tcp://x"],
            "argument --halving: not allowed with argument --dask, whose workers don't share "
            "the folder of weights to go on from",
        ),
        (
            ["--halving", "--set", "l2=0,1"],
            "argument --halving: there must be at least 3 variants for a second round, which "
            "has a third of the variants and 3 times the epochs; got 2",
        ),
    ],
)
def test_unknown_words_are_refused(capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
    assert capsys.readouterr().err.endswith(f"\nskdnn: error: {message}\n")


def test_a_wrong_value_ends_the_process_with_2(tmp_path):
    ended = run(tmp_path, "--epochs", "many")

    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.endswith(
        "skdnn: error: argument --epochs: must be an integer of at least 1, got 'many'\n"
    )
    assert "Traceback" not in ended.err
    assert list(tmp_path.iterdir()) == []


# -- what can't be searched -----------------------------------------------------------------


def few_images(n_classes=3):
    """Return 40 small images and their labels."""
    images = np.arange(40 * 16, dtype=np.uint8).reshape(40, 4, 4)
    return images, np.arange(40) % n_classes


def a_file_without_labels(folder):
    np.savez(folder / "mine.npz", images=few_images()[0])


def a_file_of_one_dimension(folder):
    images, labels = few_images()
    np.savez(folder / "mine.npz", X=images[:, 0, 0], y=labels)


def a_file_of_one_class(folder):
    images, _ = few_images()
    np.savez(folder / "mine.npz", X=images, y=np.full(40, 7))


def a_file_with_a_rare_class(folder):
    images, labels = few_images(2)
    labels = np.where(np.arange(40) < 6, 5, labels)
    np.savez(folder / "mine.npz", X=images, y=labels)


def a_file_that_is_text(folder):
    (folder / "mine.npz").write_text("label,pixel\n")


def a_folder_of_one_class(folder):
    (folder / "mine.npz" / "only").mkdir(parents=True)
    Image.new("L", (28, 28)).save(folder / "mine.npz" / "only" / "0.png")


def a_folder_with_a_small_class(folder):
    for label, count in {"large": 20, "small": 4}.items():
        (folder / "mine.npz" / label).mkdir(parents=True)
        for number in range(count):
            Image.new("L", (28, 28)).save(folder / "mine.npz" / label / f"{number}.png")


def a_folder_with_a_broken_file(folder):
    a_folder_with_a_small_class(folder)
    (folder / "mine.npz" / "small" / "0.png").write_text("no image")


def a_good_file_and_another_as_output(folder):
    images, labels = few_images()
    np.savez(folder / "mine.npz", X=images, y=labels)
    (folder / "skdnn-results").write_text("mine")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder that the process is in; what the command sets for its own is undone."""
    monkeypatch.chdir(tmp_path)
    for name in ("TF_CPP_MIN_LOG_LEVEL", "TF_NUM_INTRAOP_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    return tmp_path


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (None, r"--data must be .* no file 'mine\.npz'"),
        (a_file_without_labels, r"mine\.npz must hold arrays named X and y; .*\['images'\]"),
        (a_file_of_one_dimension, r"X in mine\.npz must hold numbers, of .* \(40,\)"),
        (a_file_of_one_class, r"mine\.npz must hold at least 2 classes; it has \[7\]"),
        (a_file_with_a_rare_class, r"--cv must not exceed .* rarest class \(\d .* 5 .*got 6"),
        (a_file_that_is_text, r"mine\.npz is not an \.npz file"),
        (a_folder_of_one_class, r"directory must hold .* 2 classes or more; .* one, 'only'"),
        (
            a_folder_with_a_small_class,
            r"--cv must not exceed .* rarest class \(3 of class 'small' .*got 6",
        ),
        (a_folder_with_a_broken_file, r"1 of 24 images can't be read; .*0\.png' \(its content"),
        (a_good_file_and_another_as_output, r"--output must be a folder .*'skdnn-results'"),
    ],
)
def test_what_cannot_be_searched_is_said_in_one_line(here, capsys, prepare, message):
    if prepare is not None:
        prepare(here)
    before = set(here.iterdir())

    assert main(["--data", "mine.npz", "--cv", "6"]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(rf"skdnn: error: .*{message}.*\n", err)
    assert set(here.iterdir()) == before


def test_pixels_beyond_any_scale_are_refused_in_one_line(here, capsys):
    images, labels = few_images()
    np.savez(here / "mine.npz", X=images * np.float32(1e30), y=labels)

    assert main(["--data", "mine.npz", "--cv", "2"]) == 1

    err = capsys.readouterr().err
    assert re.fullmatch(r"skdnn: error: .* the largest is 2\.55e\+32 of float32\n", err)


def test_a_process_that_cannot_search_ends_with_1(tmp_path):
    ended = run(tmp_path, "--data", "mine.npz")

    assert ended.code == 1
    assert ended.out == ""
    assert re.fullmatch(r"skdnn: error: .*\n", ended.err)


# -- Ctrl-C ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped(own, tmp_path_factory):
    """A long search that was interrupted when it had finished a fit, and scored it."""
    folder = tmp_path_factory.mktemp("stopped")
    data = ["--data", str(own / "mine.npz"), "--cv", "2"]
    return interrupt(
        folder,
        *data,
        *["--hidden-units", "16", "--epochs", "300"],
        when="best so far",
        patience=120,
    )


@sigint
def test_ctrl_c_ends_a_search_within_two_seconds(stopped):
    assert stopped.seconds < 2
    assert stopped.code == 130
    assert "Traceback" not in stopped.err


@sigint
def test_ctrl_c_says_how_many_fits_were_finished_and_keeps_them(stopped):
    [told] = re.findall(r"skdnn: interrupted after (\d+) of 12 fits; .*", stopped.err)
    kept = stopped.scores()

    assert kept.shape == (6, 2)
    assert 1 <= int(told) < 12
    assert kept.notna().to_numpy().sum() == int(told)
    assert kept.max().max() <= 1
    assert kept.min().min() > 0
    assert stopped.err.strip().endswith("their scores are in skdnn-results/results.csv")
    assert {file.name for file in stopped.folder.iterdir()} == {"results.csv"}


@sigint
def test_ctrl_c_in_halving_keeps_the_scores_and_removes_the_weights(own, tmp_path):
    (tmp_path / "tmp").mkdir()
    ended = interrupt(
        tmp_path,
        *("--data", str(own / "mine.npz"), "--cv", "2", "--hidden-units", "16", "--halving"),
        *("--epochs", "900", "--set", "l2=0,0.001,0.01"),
        when="best so far",
        patience=120,
        TMPDIR=str(tmp_path / "tmp"),
    )

    assert ended.seconds < 2
    assert ended.code == 130
    [told] = re.findall(r"skdnn: interrupted after (\d+) of 8 fits; .*", ended.err)
    assert ended.scores().notna().to_numpy().sum() == int(told)
    assert list((tmp_path / "tmp").iterdir()) == []


@sigint
def test_ctrl_c_after_a_search_leaves_its_results(own):
    small = ["--data", "mine.npz", "--epochs", "1", "--cv", "2", "--set", "optimizer=sgd"]
    ended = interrupt(own, *small, when="scoring baselines", patience=60)

    assert ended.seconds < 2
    assert ended.code == 130
    # rich, while it begins or ends to draw, has standard error go to the terminal.
    told = ended.err + ended.out
    assert "skdnn: interrupted after the search; what was written is in skdnn-results" in told
    assert "Traceback" not in told
    assert ended.scores().shape == (1, 2)


@sigint
def test_ctrl_c_ends_the_loading_of_tensorflow_within_two_seconds(own):
    moment = {"when": r" a time\r?\n", "pause": 0.7}
    ended = interrupt(own, "--data", "mine.npz", **moment, patience=60, forked=False)

    assert ended.seconds < 2
    # Python may pass the signal on to itself at its end; to a shell that is 130 too.
    assert ended.code in (130, -signal.SIGINT)
    assert ended.err.splitlines()[-1] == "skdnn: interrupted"
    assert "Traceback" not in ended.err
