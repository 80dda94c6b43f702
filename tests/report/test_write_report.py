"""What stands in the report, and what it can be made from."""

import copy
import html
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hatchling.builders.wheel import WheelBuilder
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV

from skdnn import KerasDNNClassifier, KerasDNNRegressor
from skdnn.report import write_report
from skdnn.report._facts import SearchFacts, wilson_interval


def text_of(path):
    """Return a page's words, without elements, styles and scripts."""
    page = path.read_text(encoding="utf-8")
    page = re.sub(r"<(style|script).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.fixture(scope="module")
def tabular(iris):
    """A search over a table, without pipeline and monitor."""
    search = RandomizedSearchCV(
        KerasDNNClassifier((4,), epochs=2, random_state=0),
        {"optimizer__learning_rate": [0.001, 0.01], "hidden_units": [(4,), (8,)]},
        n_iter=3,
        scoring="f1_macro",
        cv=2,
        random_state=0,
    )
    return search.fit(*iris)


@pytest.fixture(scope="module")
def bare(searched, tmp_path_factory):
    """A report without monitor and new images, on a network that was saved to a file."""
    folder = tmp_path_factory.mktemp("bare")
    return write_report(
        searched.search, folder / "report.html", model_path=folder / "net.safetensors"
    )


@pytest.fixture(scope="module")
def named(searched, tmp_path_factory):
    """A report whose words are given."""
    folder = tmp_path_factory.mktemp("named")
    return write_report(
        searched.search,
        folder / "report.html",
        model_path=folder / "net.joblib",
        new_rows="X = numpy.load('new.npy')",
        reproduce="python search.py --seed 7",
        title="My garden",
        names=[f"{number} of the candidates with a very long name" for number in range(4)],
    )


# -- what it says ---------------------------------------------------------------------------


def test_the_winner_is_in_a_sentence_with_its_uncertainty(page, searched):
    results, best = searched.search.cv_results_, searched.search.best_index_
    name = ", ".join(searched.search.best_params_.values())
    mean, std = results["mean_test_score"][best], results["std_test_score"][best]

    expected = (
        f"{name} : accuracy {mean:.4f} ± {std:.4f}, mean and standard deviation of 2 folds."
    )
    assert expected in text_of(page)


def test_the_question_names_what_was_tried(page):
    text = text_of(page)

    assert "Which of these 4 candidates classifies best?" in text
    assert "activation sigmoid, relu optimizer sgd, adam" in text
    assert "300 images" in text


def test_every_candidate_is_in_the_table(page, searched):
    results, text = searched.search.cv_results_, text_of(page)

    for row, params in enumerate(results["params"]):
        folds = [results[f"split{fold}_test_score"][row] for fold in range(2)]
        cells = [
            str(results["rank_test_score"][row]),
            ", ".join(params.values()),
            *(f"{np.mean(folds):.4f}", f"{np.std(folds):.4f}"),
            *(f"{min(folds):.4f}", f"{max(folds):.4f}"),
            f"{results['mean_fit_time'][row]:.3g}",
        ]
        assert " ".join(cells) in text


def test_unseen_images_are_scored_with_an_interval(page, searched):
    predicted = searched.search.predict(searched.images)
    accuracy = accuracy_score(searched.target, predicted)
    low, high = wilson_interval(round(200 * accuracy), 200)

    assert (
        f"it is right on {100 * accuracy:.1f} % of 200 images that it has not seen "
        f"(95 % interval {100 * low:.1f} to {100 * high:.1f} %)"
    ) in text_of(page)


def test_the_most_frequent_mistakes_are_counted(page, searched):
    true, predicted = searched.target, searched.search.predict(searched.images)
    pairs = list(zip(true[true != predicted], predicted[true != predicted], strict=True))
    most = max(pairs.count(pair) for pair in pairs)

    table = re.search(r"was taken for times (\d+) (\d+) (\d+)", text_of(page))

    actual, taken, count = map(int, table.groups())
    assert count == most == pairs.count((actual, taken))


def test_mistakes_are_images_with_both_labels(page, searched):
    source = page.read_text(encoding="utf-8")
    true, predicted = searched.target, searched.search.predict(searched.images)

    shown = re.findall(r'<img src="data:image/png;base64,[^"]+" alt="([^"]+)"', source)

    assert len(shown) == 24
    pairs = {
        f"An image of {t}, taken for {p}"
        for t, p in zip(true, predicted, strict=True)
        if t != p
    }
    assert set(shown) <= pairs


def test_layers_and_weights_of_the_network(page):
    text = text_of(page)

    assert "The winner has 6,370 weights. It was trained for 2 epochs." in text
    assert re.search(r"hidden_1 Dense 8 (relu|sigmoid) 6,280 output Dense 10 softmax 90", text)
    assert "hidden_units 8" in text


def test_versions_seed_and_use(page):
    import sklearn

    text = text_of(page)

    assert f"scikit-learn {sklearn.__version__}" in text
    assert f"Python {sys.version.split()[0]}" in text
    assert "random_state , is 0." in text
    assert 'joblib.dump(search.best_estimator_, "best.joblib")' in text
    assert "GridSearchCV(cv=2" in text


def test_the_model_file_and_the_command_are_told_where_they_are_known(named):
    text = text_of(named)
    assert f"joblib.load('{named.with_name('net.joblib').as_posix()}')" in text
    assert "X = numpy.load('new.npy') network.predict(X)" in text
    assert "python search.py --seed 7" in text
    assert text.startswith("My garden My garden")
    assert "GridSearchCV" not in text
    assert "can run code" in text


def test_a_file_without_code_is_loaded_without_a_warning(bare):
    text = text_of(bare)
    assert "from skdnn.persistence import load" in text
    assert f"load('{bare.with_name('net.safetensors').as_posix()}')" in text
    assert "can run code" not in text


def test_curves_are_those_of_the_folds_or_of_the_winner(page, bare):
    assert "Loss of all candidates: mean of the folds" in text_of(page)
    assert "Loss of the winner, refitted on all rows." in text_of(bare)


def test_what_there_is_nothing_to_draw_from_is_left_out(bare):
    text = text_of(bare)

    assert "not seen" not in text
    assert "Mistakes" not in text
    assert "confusion" not in text.lower()


def test_the_same_search_gives_the_same_page(page, everything, searched, tmp_path):
    again = write_report(searched.search, tmp_path / "report.html", **everything)
    pages = [
        re.sub(r"Written by skdnn on [\d :-]+ UTC", "", path.read_text(encoding="utf-8"))
        for path in (page, again)
    ]

    assert pages[0] == pages[1]


# -- leads ----------------------------------------------------------------------------------


def facts_of(scores, times=None, winner=0):
    scores = np.array(scores, float)
    times = np.ones(len(scores)) if times is None else np.array(times, float)
    names = [f"c{row}" for row in range(len(scores))]
    ranks = np.arange(1, len(scores) + 1)
    return SearchFacts(names, scores, times, ranks, winner, "accuracy", {})


def test_facts_are_those_of_the_search(iris):
    grid = {"C": [1e-9, 1.0, 1e-9], "fit_intercept": [False]}
    search = GridSearchCV(LogisticRegression(), grid, cv=3, scoring="f1_macro").fit(*iris)
    results = search.cv_results_

    facts = SearchFacts.of(search, None, None)

    assert facts.names == ["C=1e-09 (candidate 1)", "C=1", "C=1e-09 (candidate 3)"]
    np.testing.assert_array_equal(facts.means, results["mean_test_score"])
    np.testing.assert_array_equal(facts.deviations, results["std_test_score"])
    np.testing.assert_array_equal(facts.fit_times, results["mean_fit_time"])
    np.testing.assert_array_equal(facts.ranks, results["rank_test_score"])
    assert (facts.winner, facts.n_folds, facts.score_name) == (1, 3, "f1 macro")
    assert facts.param_values == {"C": ["1e-09", "1"]}
    given = SearchFacts.of(search, ["a", "b", "c"], "F1")
    assert (given.names, given.score_name) == (["a", "b", "c"], "F1")


def test_facts_need_a_winner_whose_folds_were_all_scored(iris):
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=3).fit(*iris)
    search.cv_results_["split1_test_score"][0] = np.nan
    with pytest.raises(ValueError, match=r"^search must have a winner without failed fits"):
        SearchFacts.of(search, None, None)
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=3, refit=False).fit(*iris)
    with pytest.raises(ValueError, match=r"refitted winner, got a search with refit=False$"):
        SearchFacts.of(search, None, None)


def test_the_next_best_is_compared_on_the_same_folds():
    other = facts_of([[0.9, 0.8, 0.7], [0.5, 0.5, 0.5], [0.8, 0.81, 0.6]]).next_best

    assert other.name == "c2"
    assert other.folds_ahead == 2
    assert other.score == pytest.approx(2.21 / 3)
    assert other.fit_time == 1
    assert other.difference == pytest.approx(0.19 / 3)
    assert other.spread == pytest.approx(np.std([0.1, -0.01, 0.1]))


def test_a_lead_is_clear_if_it_varies_less_than_it_is():
    winner = [0.9, 0.8, 0.9]

    assert facts_of([winner, [0.85, 0.77, 0.84]]).next_best.clear
    assert not facts_of([winner, [0.89, 0.79, 0.6]]).next_best.clear
    assert not facts_of([winner, [0.8, 0.8, 0.8]]).next_best.clear


def test_a_single_candidate_and_failed_ones_have_no_next_best():
    assert facts_of([[0.9, 0.8]]).next_best is None
    assert facts_of([[0.9, 0.8], [np.nan, 0.5]]).next_best is None


def test_as_good_and_faster_is_within_a_deviation_and_saves_time():
    scores = [[0.9, 0.8], [0.85, 0.8], [0.7, 0.7], [0.85, 0.82]]

    assert facts_of(scores, [3, 1, 0.5, 2]).as_good_and_faster.name == "c1"
    assert facts_of(scores, [3, 1, 0.5, 2]).as_good_and_faster.share_of_time == pytest.approx(
        1 / 3
    )
    assert facts_of(scores, [1, 1, 0.5, 0.95]).as_good_and_faster is None
    # Of equal scores that do not vary, too, and of fits that take no second.
    other = facts_of([[0.8, 0.8], [0.8, 0.8]], [0.3, 0.1]).as_good_and_faster
    assert (other.name, other.folds_ahead) == ("c1", 0)
    assert other.share_of_time == pytest.approx(1 / 3)


def test_the_winner_comes_before_its_equals():
    scores = [[0.8, 0.8], [0.9, 0.7], [np.nan, 0.9], [0.7, 1.0]]

    assert facts_of(scores, winner=1).best_first == [3, 1, 0, 2]
    assert facts_of(scores, winner=0).best_first == [3, 0, 1, 2]


@pytest.mark.parametrize(
    ("second", "clear"),
    [([0.4, 0.6], True), ([0.4, 0.8], False), ([0.45, 0.3], True)],
)
def test_the_page_says_whether_the_lead_is_clear(searched, tmp_path, second, clear):
    search = copy.copy(searched.search)
    best = search.best_index_
    search.cv_results_ = {k: copy.copy(v) for k, v in search.cv_results_.items()}
    for fold, score in enumerate([0.5, 0.7]):
        search.cv_results_[f"split{fold}_test_score"][:] = 0.1
        search.cv_results_[f"split{fold}_test_score"][best - 1] = second[fold]
        search.cv_results_[f"split{fold}_test_score"][best] = score

    text = text_of(write_report(search, tmp_path / "report.html"))

    lead = np.subtract([0.5, 0.7], second)
    assert f"by {lead.mean():.4f} ± {lead.std():.4f} on average." in text
    assert ("That is more than the lead varies from fold to fold." in text) == clear
    assert ("That is no clear lead" in text) != clear


def test_long_names_leave_room_for_the_picture(named):
    page = named.read_text(encoding="utf-8")
    [ground] = re.findall(r'<g id="times-patch_2">\s*<path d="([^"]+)"', page)
    xs = [float(x) for x, _ in re.findall(r"[ML] ([\d.]+) ([\d.]+)", ground)]
    assert max(xs) - min(xs) > 200  # of 331 points


def test_failed_candidates_come_last(searched, tmp_path):
    search = copy.copy(searched.search)
    worst = int(np.argmax(search.cv_results_["rank_test_score"] != 1))
    search.cv_results_ = {k: copy.copy(v) for k, v in search.cv_results_.items()}
    search.cv_results_["split0_test_score"][worst] = np.nan

    text = text_of(write_report(search, tmp_path / "report.html"))

    assert text.count("failed failed failed failed") == 1
    last = text.index("failed failed")
    for params in search.cv_results_["params"]:
        assert text.index(", ".join(params.values())) <= last


@pytest.mark.parametrize(
    ("right", "total", "expected"),
    [(8, 10, (0.4902, 0.9433)), (0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0))],
)
def test_the_interval_is_wilsons(right, total, expected):
    # Figures of Newcombe, Statistics in Medicine 17, 1998, and of statsmodels.
    assert wilson_interval(right, total) == pytest.approx(expected, abs=1e-4)


# -- what it is made from -------------------------------------------------------------------


def test_a_table_is_reported_as_rows(tabular, iris, tmp_path):
    X, y = iris

    text = text_of(write_report(tabular, tmp_path / "report.html", X_test=X, y_test=y))

    assert "150 rows that it has not seen" in text
    assert f"F1 macro: {tabular.score(X, y):.4f} on 150 rows." in text
    assert "Mistakes" not in text.replace("Most frequent mistakes", "")
    assert "learning_rate" in text


def test_rows_can_have_their_pictures_beside_them(tabular, iris, tmp_path):
    X, y = iris
    pictures = np.random.default_rng(0).random((150, 5, 7))

    path = write_report(tabular, tmp_path / "r.html", X_test=X, y_test=y, images=pictures)

    assert "An image of" in path.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"images must hold one for each of the 150 rows.* 9$"):
        write_report(tabular, tmp_path / "r.html", X_test=X, y_test=y, images=pictures[:9])


def test_several_labels_a_row_have_a_score_but_no_confusion(tmp_path, iris):
    X, _ = iris
    Y = np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(int)
    search = GridSearchCV(
        KerasDNNClassifier((4,), epochs=1, random_state=0), {"epochs": [1, 2]}, cv=KFold(2)
    ).fit(X, Y)

    text = text_of(write_report(search, tmp_path / "report.html", X_test=X, y_test=Y))

    assert f"Accuracy: {search.score(X, Y):.4f} on 150 rows." in text
    assert "confusion" not in text.lower()


def test_numbers_have_a_score_but_no_confusion(tmp_path, iris):
    X, y = iris[0], 1e6 * iris[0][:, 3]
    search = GridSearchCV(
        KerasDNNRegressor((4,), epochs=1, random_state=0), {"epochs": [1, 2]}, cv=KFold(2)
    ).fit(X, y)

    text = text_of(write_report(search, tmp_path / "report.html", X_test=X, y_test=y))

    assert f"R²: {search.score(X, y):.4f} on 150 rows." in text
    assert "mean absolute error" in text.lower()
    assert "confusion" not in text.lower()
    assert "accuracy" not in text.lower()
    with pytest.raises(ValueError, match=r"must name 1 number that .* learnt, got 2 names$"):
        write_report(search, tmp_path / "r.html", X_test=X, y_test=y, target_names=["a", "b"])


def test_more_classes_than_a_matrix_can_show_are_left_to_the_table(tabular, iris, tmp_path):
    X, _ = iris
    unknown = np.arange(150)  # most of them unseen in the search, too

    text = text_of(write_report(tabular, tmp_path / "r.html", X_test=X, y_test=unknown))

    assert "How many of each class" not in text
    assert "was taken for" in text


def test_networks_of_others_are_reported_too(iris, tmp_path):
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(*iris)

    text = text_of(write_report(search, tmp_path / "report.html"))

    assert "C=1 : accuracy" in text
    assert "Layers" not in text


def test_a_large_search_with_large_images_stays_below_3_mb(searched, tmp_path):
    search, rng = copy.copy(searched.search), np.random.default_rng(0)
    n = 300
    search.cv_results_ = {f"split{k}_test_score": rng.random(n) for k in range(2)}
    search.cv_results_ |= {
        "mean_fit_time": rng.random(n),
        "params": [{"a": k, "b": -k} for k in range(n)],
    }
    pictures = rng.integers(0, 256, (200, 300, 400, 3), dtype=np.uint8)

    path = write_report(
        search,
        tmp_path / "report.html",
        X_test=searched.images,
        y_test=searched.target,
        images=pictures,
        n_images=24,
    )

    assert path.stat().st_size < 3_000_000
    assert path.read_text(encoding="utf-8").count("data:image/png") >= 24


# -- what is refused ------------------------------------------------------------------------


def test_what_is_no_fitted_search_is_refused(tmp_path):
    with pytest.raises(NotFittedError, match="got a GridSearchCV without cv_results_"):
        write_report(GridSearchCV(LogisticRegression(), {}), tmp_path / "report.html")
    with pytest.raises(TypeError, match="must be a fitted search"):
        write_report(LogisticRegression(), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_search_without_a_refitted_winner_is_refused(iris, tmp_path):
    search = GridSearchCV(LogisticRegression(), {"C": [1]}, refit=False, cv=2).fit(*iris)

    with pytest.raises(ValueError, match=r"must have a refitted winner, .* refit=False"):
        write_report(search, tmp_path / "report.html")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": None}, "X_test and y_test must be given together, got y_test=None"),
        ({"X_test": None}, "X_test and y_test must be given together, got X_test=None"),
        ({"target_names": ["a"]}, "target_names must name each of the 10 classes, got 1 names"),
        ({"names": ["a"]}, "names must hold a name for each of the 4 candidates, got 1"),
        ({"n_images": 0}, "n_images must be at least 1, got 0"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(searched, tmp_path, changes, message):
    given = {"X_test": searched.images, "y_test": searched.target} | changes

    with pytest.raises(ValueError, match=message):
        write_report(searched.search, tmp_path / "report.html", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_monitor_of_another_search_is_refused(tabular, searched, tmp_path):
    with pytest.raises(ValueError, match="it must be the search that this callback was set on"):
        write_report(tabular, tmp_path / "report.html", monitor=searched.monitor)


# -- the package ----------------------------------------------------------------------------


def test_the_wheel_holds_the_template(tmp_path):
    root = Path(__file__).parents[2]
    [wheel] = WheelBuilder(str(root)).build(directory=str(tmp_path))
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        *("page.html.jinja", "macros.html.jinja", "classes.html.jinja", "numbers.html.jinja"),
        *("baselines.html.jinja", "page.css", "page.js"),
    ):
        assert f"skdnn/report/{name}" in names


def test_importing_the_report_loads_no_matplotlib_and_no_tensorflow():
    code = (
        "import sys; import skdnn.report;"
        "print(sorted({'jinja2', 'matplotlib', 'tensorflow', 'keras'} & set(sys.modules)))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("y_of", "target_names", "error", "message"),
    [
        (
            lambda y: y[:-1],
            None,
            ValueError,
            r"labels of the 150 rows of X_test, got shape \(149",
        ),
        (
            lambda y: y.astype(str),
            None,
            ValueError,
            "^Mix of label input types",
        ),
        (lambda y: y, "abc", TypeError, "^target_names must be a list of names, got 'abc'$"),
        (
            lambda y: y,
            dict(enumerate("abc")),
            TypeError,
            "^target_names must be a list of names",
        ),
    ],
    ids=["fewer", "text", "a text of names", "a dict of names"],
)
def test_labels_and_names_are_not_taken_for_others(
    tabular, iris, tmp_path, y_of, target_names, error, message
):
    X, y = iris
    with pytest.raises(error, match=message):
        write_report(
            tabular,
            tmp_path / "report.html",
            X_test=X,
            y_test=y_of(y),
            target_names=target_names,
        )
