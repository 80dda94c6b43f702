import subprocess
import sys

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, ParameterGrid

from skdnn import document_variants, make_image_pipeline


def scores_by(results, key):
    """Return fold scores by what `key` says of the parameters."""
    folds = np.stack([results["split0_test_score"], results["split1_test_score"]], axis=1)
    found = {}
    for params, row in zip(results["params"], folds.tolist(), strict=True):
        found.setdefault(key(params), []).append(row)
    return found


def test_the_document_asks_for_six_variants():
    variants = list(ParameterGrid(document_variants()))

    assert {(v["dnn__activation"], v["dnn__optimizer"]) for v in variants} == {
        (activation, optimizer)
        for activation in ("sigmoid", "relu")
        for optimizer in ("sgd", "rmsprop", "adam")
    }
    assert len(variants) == 6
    assert {v["dnn__hidden_units"] for v in variants} == {(100,)}


@pytest.mark.parametrize(
    ("hidden_units", "full", "n_variants"),
    [
        ([(100,)], True, 16),
        ([(100,), (300, 100)], False, 12),
        ([(100,), (300, 100)], True, 32),
        ([(10,), (20,), (30,)], False, 18),
    ],
)
def test_wider_grids(hidden_units, full, n_variants):
    variants = list(ParameterGrid(document_variants(hidden_units=hidden_units, full=full)))

    assert len(variants) == n_variants
    assert {v["dnn__hidden_units"] for v in variants} == set(hidden_units)


def test_hidden_units_may_be_lists():
    assert document_variants(hidden_units=[[300, 100]])["dnn__hidden_units"] == [(300, 100)]


def test_grids_are_independent():
    document_variants()["dnn__optimizer"].append("nadam")

    assert len(ParameterGrid(document_variants())) == 6


def test_every_spelling_is_searched_and_scores_as_the_others_of_its_network(sample):
    pipeline = make_image_pipeline(epochs=2, random_state=0)
    grid = document_variants(hidden_units=[(16,)], full=True)
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise", refit=False)
    results = search.fit(sample.images[:400], sample.target[:400]).cv_results_

    assert len(results["params"]) == 16
    assert np.isfinite(results["mean_test_score"]).all()
    assert len(np.unique(results["mean_test_score"])) > 3

    by_class = scores_by(results, lambda params: type(params["dnn__optimizer"]).__name__)
    by_name = scores_by(results, lambda params: str(params["dnn__optimizer"]))
    assert len(by_class["RMSprop"]) == 4
    assert by_class["RMSprop"] == by_name["rmsprop"]

    flattened_by = scores_by(results, lambda params: params["scale__kw_args"]["flatten"])
    assert len(flattened_by[True]) == 8
    assert flattened_by[True] == flattened_by[False]


def test_names_need_no_tensorflow():
    code = (
        "import sys; from skdnn import document_variants; document_variants();"
        "print(sorted({'tensorflow', 'keras', 'scikeras'} & set(sys.modules)))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "units", [100, (100,), "100", ["100"], [(1.5,)], [(0,)], {100}, None], ids=repr
)
def test_networks_that_are_none_are_refused(units):
    with pytest.raises(ValueError, match=r"a tuple of integers for each network, .*, got"):
        document_variants(hidden_units=units)
