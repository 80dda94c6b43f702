import csv
import io
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib import image
from rich.console import Console

from skdnn import document_variants, make_image_pipeline
from skdnn._command.output import (
    print_baselines,
    print_report,
    write_partial_results,
    write_results,
)
from skdnn._command.search import RunningSearch, SearchPlan
from skdnn.persistence import load
from skdnn.report import Baselines


@pytest.fixture(scope="module")
def few(sample):
    """300 images and their labels."""
    return sample.images[:300], sample.target[:300]


@pytest.fixture(scope="module")
def plan():
    pipeline = make_image_pipeline(epochs=2, random_state=0)
    grid = document_variants(hidden_units=[(16,), (16, 8)])
    return SearchPlan(pipeline, grid, cv=3, scoring=None, jobs=2, seed=0)


@pytest.fixture(scope="module")
def running(plan, few):
    """A search that has ended, with what it was followed by."""
    running = RunningSearch(plan, *few, Console(file=io.StringIO()))
    running.wait()
    return running


@pytest.fixture(scope="module")
def search(running):
    """What it found."""
    return running.wait()


@pytest.fixture(scope="module")
def folder(plan, search, running, tmp_path_factory):
    """A folder with the files of the search."""
    folder = tmp_path_factory.mktemp("results")
    write_results(folder, plan, search, running.monitor)
    return folder


def report(plan, search, **settings):
    console = Console(file=io.StringIO(), **settings)
    print_report(console, plan, search)
    return console.file.getvalue()


def rows_of(text):
    """Return the cells of each row of a printed report."""
    lines = [line.strip() for line in text.splitlines()]
    return [re.split(r"\s{2,}", line) for line in lines if re.match(r"\d", line)]


def expected_rows(plan, search):
    results = search.cv_results_
    found = {}
    for row, name in enumerate(plan.names):
        found[name] = [
            str(results["rank_test_score"][row]),
            name,
            *(f"{results[f'split{fold}_test_score'][row]:.4f}" for fold in range(plan.cv)),
            f"{results['mean_test_score'][row]:.4f} ± {results['std_test_score'][row]:.4f}",
            f"{results['mean_fit_time'][row]:.2f} s",
        ]
    return found


# -- the screen -----------------------------------------------------------------------------


def test_report_has_every_fold_mean_and_deviation_of_every_variant(plan, search):
    text = report(plan, search, width=120)

    assert {row[1]: row for row in rows_of(text)} == expected_rows(plan, search)
    assert text.startswith("Accuracy in cross-validation")
    header = next(line for line in text.splitlines() if "variant" in line)
    assert re.split(r"\s{2,}", header.strip()) == [
        *("rank", "variant", "fold 1", "fold 2", "fold 3"),
        *("mean ± std", "fit time"),
    ]


def test_report_begins_with_the_best(plan, search):
    ranks = [int(row[0]) for row in rows_of(report(plan, search, width=120))]

    assert len(ranks) == 12
    assert ranks == sorted(ranks)
    assert rows_of(report(plan, search, width=120))[0][1] == plan.names[search.best_index_]


def test_only_the_winner_is_bold(plan, search):
    text = report(plan, search, width=120, force_terminal=True, color_system="standard")
    header_and_rows = [line for line in text.splitlines() if "\x1b[1m" in line]

    bold = [line for line in header_and_rows if "variant" not in line]
    assert len(bold) == 1
    assert plan.names[search.best_index_] in bold[0]


@pytest.mark.parametrize("width", [40, 80])
def test_no_score_is_cut_on_a_narrow_screen(plan, search, width):
    text = report(plan, search, width=width)

    assert {row[1]: row for row in rows_of(text)} == expected_rows(plan, search)
    assert "…" not in text


def test_a_screen_that_knows_only_ascii_shows_the_scores(plan, search):
    screen = io.TextIOWrapper(io.BytesIO(), encoding="ascii")

    print_report(Console(file=screen, width=120), plan, search)

    screen.seek(0)
    shown = screen.read()
    for _, name, *folds, _, _ in expected_rows(plan, search).values():
        assert re.search(r"[ |]+".join(map(re.escape, [name, *folds])), shown)


@pytest.mark.parametrize(
    ("lead", "words"),
    [
        ([0.1, 0.1, 0.1], "the network is ahead of the best of them in all 3 folds"),
        ([0.1, -0.1, 0.1], "the network has no clear lead over a linear model"),
        ([0.0, 0.0, 0.0], "the network is no better than a linear model"),
        ([-0.1, -0.1, -0.1], "a linear model is ahead of the network in all 3 folds"),
    ],
)
def test_baselines_are_compared_in_one_line(search, lead, words):
    best = [
        search.cv_results_[f"split{fold}_test_score"][search.best_index_] for fold in range(3)
    ]
    linear = np.subtract(best, lead)
    names = ["most frequent class", "linear model"]
    scores = np.array([[0.1, 0.1, 0.1], linear])
    console = Console(file=io.StringIO(), width=40)

    print_baselines(console, search, Baselines(names, names, scores, np.ones(2), 2.34, []))

    assert console.file.getvalue() == (
        f"Baselines (2.3 s): most frequent class 0.1000, linear model {linear.mean():.4f}; "
        f"{words}\n"
    )


# -- the table of a finished search ---------------------------------------------------------


def test_csv_holds_all_results_but_the_params(folder, search):
    table = pd.read_csv(folder / "results.csv")

    results = dict(search.cv_results_)
    params = results.pop("params")
    assert list(table.columns) == list(results)
    assert len(table) == len(params) == 12
    for name, values in results.items():
        if name.startswith("param_"):
            assert table[name].tolist() == [str(value) for value in values]
        else:
            np.testing.assert_array_equal(table[name].to_numpy(), values)


def test_csv_has_one_line_for_each_variant(folder):
    with (folder / "results.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)

    assert {len(row) for row in rows} == {len(header)}
    assert len(set(header)) == len(header)
    place = header.index("param_dnn__hidden_units")
    assert {row[place] for row in rows} == {"(16,)", "(16, 8)"}


# -- the table of an interrupted search -----------------------------------------------------


def test_partial_csv_holds_the_finished_folds(tmp_path, plan):
    scores = np.full((12, 3), np.nan)
    scores[0] = [0, 0.1, 0.2]
    scores[7, 1] = 0.75

    write_partial_results(tmp_path, plan.candidates, scores)

    table = pd.read_csv(tmp_path / "results.csv")
    folds = table[[f"split{fold}_test_score" for fold in range(3)]].to_numpy()
    np.testing.assert_allclose(folds, scores)
    assert table["mean_test_score"][0] == pytest.approx(0.1)
    assert table["std_test_score"][0] == pytest.approx(np.std([0, 0.1, 0.2]))
    assert table["mean_test_score"].notna().sum() == 1
    for name in ("activation", "optimizer", "hidden_units"):
        column = table[f"param_dnn__{name}"].tolist()
        assert column == [str(params[f"dnn__{name}"]) for params in plan.candidates]


def test_partial_csv_of_all_folds_has_the_scores_of_the_whole(tmp_path, folder, plan, running):
    write_partial_results(tmp_path, running.candidates, running.fold_scores())

    partial, whole = pd.read_csv(tmp_path / "results.csv"), pd.read_csv(folder / "results.csv")

    assert set(partial.columns) < set(whole.columns)
    pd.testing.assert_frame_equal(partial, whole[list(partial.columns)])


# -- the picture and the network ------------------------------------------------------------


def test_curves_are_a_picture(folder):
    content = (folder / "training_curves.png").read_bytes()
    pixels = image.imread(folder / "training_curves.png")

    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    height, width, _ = pixels.shape
    assert height >= 400
    assert width >= 2 * height
    left, right = pixels[:, : width // 2, :3], pixels[:, width // 2 :, :3]
    for half in (left, right):  # loss and accuracy, in colours on white
        assert half.max() == 1
        assert (np.ptp(half, axis=2) > 0.3).sum() > 500


def test_pipeline_predicts_as_the_search_does(folder, search, few):
    images, target = few

    pipeline = load(folder / "best_pipeline.safetensors")

    np.testing.assert_array_equal(
        pipeline.predict_proba(images), search.best_estimator_.predict_proba(images)
    )
    np.testing.assert_array_equal(pipeline.predict(images), search.predict(images))
    assert pipeline.score(images, target) > 0.2
    assert pipeline.get_params()["dnn__activation"] == search.best_params_["dnn__activation"]


def test_nothing_else_is_written_and_old_files_are_replaced(tmp_path, plan, search, running):
    names = {"results.csv", "training_curves.png", "best_pipeline.safetensors"}
    for name in names:
        (tmp_path / name).write_text("old")

    write_results(tmp_path, plan, search, running.monitor)

    assert {file.name for file in tmp_path.iterdir()} == names
    assert all(file.stat().st_size > 100 for file in tmp_path.iterdir())


@pytest.mark.parametrize("n_scored", [1, 0])
def test_baselines_that_were_left_out_are_told(search, n_scored):
    baselines = Baselines(
        names=["most frequent class"][:n_scored],
        models=["DummyClassifier"][:n_scored],
        scores=np.full((n_scored, 3), 0.1),
        fit_times=np.ones(n_scored),
        seconds=1.0,
        notes=["The linear model was left out, since it could not be scored: no"],
    )
    console = Console(file=io.StringIO(), width=80)
    print_baselines(console, search, baselines)
    first, note = console.file.getvalue().splitlines()
    assert first.startswith("Baselines (1.0 s): most" if n_scored else "Baselines: none could")
    assert note == f"  {baselines.notes[0]}"
