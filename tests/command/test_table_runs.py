"""The command on tables as its user meets it: words on the screen and files."""

import html
import os
import re
import shlex
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from helpers.python_process import run_python

from skdnn._command.options import main
from skdnn.persistence import load

N = 150
FILES = {"report.html", "results.csv", "training_curves.png", "best_pipeline.safetensors"}
SMALL = ("--cv", "2", "--epochs", "20", "--hidden-units", "8")


def houses():
    """A table of all that snags: gaps, booleans, codes, a category that stands there once."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "größe": rng.normal(90, 30, N).round(1),
            "stadt": rng.choice(["Köln", "Bonn; Süd"], N),
            "garten": rng.choice([True, False], N),
            "plz": rng.choice(["01067", "50667"], N),
            "<b>haus</b>": np.arange(N) // 3,
        }
    )
    price = 3_500 * table["größe"] + 100_000 * table["garten"] + rng.normal(0, 5_000, N)
    table["preis"] = price.round(2)
    table["klasse"] = np.where(price > price.median(), "teuer", "günstig")
    table.loc[rng.random(N) < 0.1, ["größe", "stadt"]] = None
    table.loc[5, "stadt"] = "Ulm"
    table.loc[[3, 50], ["preis", "klasse"]] = None
    return table


def run(cwd, *arguments):
    """Run the command to its end; return what it said and left."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "KERAS_"))}
    env = kept | {"PYTHONIOENCODING": "utf-8"}
    done = run_python("-m", "skdnn", *arguments, *SMALL, cwd=cwd, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    folder = cwd / "skdnn-results"
    page = (folder / "report.html").read_text(encoding="utf-8")
    return SimpleNamespace(lines=done.stdout.splitlines(), folder=folder, page=page)


@pytest.fixture(scope="module")
def numbers_run(tmp_path_factory):
    """A regression, from a file of a German spreadsheet."""
    folder = tmp_path_factory.mktemp("numbers")
    options = {"sep": ";", "decimal": ",", "encoding": "utf-8-sig"}
    houses().to_csv(folder / "häuser.csv", index=False, **options)
    return run(folder, "--data", "häuser.csv", "--target", "preis", "--drop", "klasse")


@pytest.fixture(scope="module")
def classes_run(tmp_path_factory):
    """A classification of groups, from a Parquet file."""
    folder = tmp_path_factory.mktemp("classes")
    houses().drop(columns="preis").to_parquet(folder / "houses.parquet")
    words = ["--target", "klasse", "--groups", "<b>haus</b>", "--set", "l2=0.001"]
    return run(folder, "--data", "houses.parquet", *words)


def test_what_is_searched_is_said_first(numbers_run):
    assert re.fullmatch(
        r"häuser\.csv: 118 rows, 3 variants x 2 folds x 20 epochs, \d fits? at a time",
        numbers_run.lines[0],
    )
    assert numbers_run.lines[1:5] == [
        "read 150 rows and 6 columns, separated by ';', decimal comma",
        "preis: numbers, 148 different: regression",
        "2 rows without 'preis' left out",
        "'plz' holds numbers with leading zeros: taken as categories",
    ]
    assert numbers_run.lines[5].rstrip() == "R² in cross-validation"


def test_scores_of_numbers_are_r2(numbers_run):
    [shown] = [
        re.fullmatch(r"  R² (-?\d\.\d{4}) on rows kept back, 20 % \(30\)", line)
        for line in numbers_run.lines
        if "kept back" in line
    ]
    assert float(shown[1]) > 0.5
    assert f"R² of <strong>{float(shown[1]):.4f}</strong>" in numbers_run.page
    table = pd.read_csv(numbers_run.folder / "results.csv")
    assert sorted(table["param_dnn__l2"]) == [0.0001, 0.001, 0.01]
    assert table["mean_test_score"].max() > 0.5


def test_scores_of_classes_are_accuracies(classes_run):
    said = "\n".join(classes_run.lines)

    assert "klasse: text, 2 different: classification" in said
    assert "Accuracy in cross-validation" in said
    [accuracy] = re.findall(r"accuracy (\S+) on rows kept back, .* other groups", said)
    assert float(accuracy) > 0.6
    assert f"<strong>{100 * float(accuracy):.1f} %</strong>" in classes_run.page


@pytest.mark.parametrize("kind", ["numbers_run", "classes_run"])
def test_all_files_are_written(request, kind):
    ended = request.getfixturevalue(kind)

    assert {file.name for file in ended.folder.iterdir()} == FILES
    assert "<b>haus" not in ended.page
    assert "&lt;b&gt;haus" in ended.page


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("numbers_run", "häuser.csv", "new.csv"),
        ("classes_run", "houses.parquet", "new.parquet"),
    ],
)
def test_the_network_takes_new_rows_as_the_last_lines_say(request, monkeypatch, kind, old, new):
    ended = request.getfixturevalue(kind)
    use, reading = ended.lines[-2:]
    monkeypatch.chdir(ended.folder.parent)
    (ended.folder.parent / old).replace(new)
    names = {"pandas": pd, "skdnn": __import__("skdnn.persistence")}
    exec(reading.strip(), names)

    answers = eval(use.removeprefix("Use it: "), names)

    assert len(answers) == N
    code = html.unescape(re.findall(r'Python code"><code>(.*?)</code>', ended.page, re.S)[0])
    exec(code, names)
    assert (names["network"].predict(names["X"]) == answers).all()
    os.rename(new, old)


def test_the_command_in_the_page_names_all_that_was_given(numbers_run, classes_run):
    [command] = re.findall(r"<code>(python -m skdnn .*?)</code>", numbers_run.page)
    words = shlex.split(html.unescape(command))
    assert words[3:9] == ["--data", "häuser.csv", "--target", "preis", "--drop", "klasse"]
    assert words[9:15] == ["--cv", "2", "--epochs", "20", "--hidden-units", "8"]

    [command] = re.findall(r"<code>(python -m skdnn .*?)</code>", classes_run.page)
    words = shlex.split(html.unescape(command))
    assert words[7:9] == ["--groups", "<b>haus</b>"]


def test_a_category_of_one_row_and_gaps_have_their_answers(classes_run):
    pipeline = load(classes_run.folder / "best_pipeline.safetensors")
    rows = houses().iloc[[5, 5]].copy()
    rows["stadt"] = ["Rom", None]

    assert set(pipeline.predict(rows)) <= {"teuer", "günstig"}


def test_a_table_that_cannot_be_searched_is_refused_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    houses().to_csv("houses.csv", index=False)

    assert main(["--data", "houses.csv", "--target", "Klasse"]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "skdnn: error: --target must name a column of houses.csv, got 'Klasse'; the closest: "
        "['klasse']\n"
    )
    assert [file.name for file in tmp_path.iterdir()] == ["houses.csv"]
