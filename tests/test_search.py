import signal
import sys
import threading

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, ParameterGrid, StratifiedKFold

from skdnn import document_variants, make_image_pipeline
from skdnn._search import (
    FitRecord,
    RunningSearch,
    SearchLog,
    SearchPlan,
    SearchStopped,
    fold_scores,
)

# scikit-learn's transformer takes no callbacks; the command says so in its settings too.
pytestmark = pytest.mark.filterwarnings("ignore:The estimator FunctionTransformer does not")


class Notes:
    """A watcher that writes down what it is told."""

    def __init__(self):
        self.n_epochs = 0
        self.fits = []
        self.first_fit = threading.Event()
        self._lock = threading.Lock()

    def epoch_done(self):
        with self._lock:
            self.n_epochs += 1

    def fit_done(self, name, score):
        self.fits.append((name, score))
        self.first_fit.set()


def plan_of(**changes):
    settings = {"hidden_units": [(16,)], "cv": 3, "epochs": 2, "jobs": 2, "seed": 0}
    return SearchPlan(**(settings | {"scale": 255.0} | changes))


def begin(plan, images, target):
    notes = Notes()
    log = SearchLog(plan, notes)
    return RunningSearch(plan, log, images, target), log, notes


@pytest.fixture(scope="module")
def few(sample):
    """300 images and their labels."""
    return sample.images[:300], sample.target[:300]


@pytest.fixture(scope="module")
def plan():
    return plan_of(hidden_units=[(16,), (16, 8)])


@pytest.fixture(scope="module")
def finished(plan, few):
    """A search that has ended: what it found, its log, what the watcher noted."""
    running, log, notes = begin(plan, *few)
    return running.wait(), log, notes


# -- the plan -------------------------------------------------------------------------------


def test_a_plan_counts_its_fits_and_the_refit():
    assert plan_of().n_fits == 6 * 3 + 1
    assert plan_of(cv=5, hidden_units=[(10,), (20,)]).n_fits == 12 * 5 + 1


def test_candidates_are_the_documents_in_the_order_of_a_grid_search(plan):
    grid = document_variants(hidden_units=[(16,), (16, 8)])

    assert plan.candidates == list(ParameterGrid(grid))


def test_names_tell_variants_apart():
    one, two = plan_of(), plan_of(hidden_units=[(100,), (300, 100)])

    assert {one.name(params) for params in one.candidates} == {
        f"{activation}, {optimizer}"
        for activation in ("sigmoid", "relu")
        for optimizer in ("sgd", "rmsprop", "adam")
    }
    names = [two.name(params) for params in two.candidates]
    assert len(set(names)) == 12
    assert {"relu, adam, 100 units", "relu, adam, 300-100 units"} <= set(names)


# -- a search that ends ---------------------------------------------------------------------


def test_scores_are_those_of_a_plain_grid_search(finished, plan, few):
    found, _, _ = finished
    pipeline = make_image_pipeline(epochs=plan.epochs, random_state=plan.seed)
    plain = GridSearchCV(pipeline, plan.grid, cv=plan.cv, n_jobs=2, error_score="raise")

    with joblib.parallel_config("threading"):
        plain.fit(*few)

    assert found.cv_results_["params"] == plain.cv_results_["params"]
    scores = [name for name in plain.cv_results_ if "test_score" in name]
    assert len(scores) == plan.cv + 3  # the folds, mean, std and rank
    for name in scores:
        np.testing.assert_array_equal(found.cv_results_[name], plain.cv_results_[name])
    assert found.best_params_ == plain.best_params_
    np.testing.assert_array_equal(
        found.best_estimator_.predict_proba(few[0]), plain.best_estimator_.predict_proba(few[0])
    )


def test_every_fold_is_recorded_with_its_score(finished, plan):
    found, log, _ = finished
    assert {(record.candidate, record.fold) for record in log.records} == {
        (candidate, fold) for candidate in range(12) for fold in range(3)
    }
    assert len(log.records) == 36
    for record in log.records:
        assert (
            record.score
            == found.cv_results_[f"split{record.fold}_test_score"][record.candidate]
        )
        assert record.seconds > 0
    for candidate in range(12):
        scores = fold_scores(log.records, candidate, plan.cv)
        assert scores.mean() == pytest.approx(found.cv_results_["mean_test_score"][candidate])


def test_histories_are_the_curves_of_each_variant(finished, plan):
    _, log, _ = finished
    histories = log.histories()

    assert list(histories) == [plan.name(params) for params in plan.candidates]
    for fits in histories.values():
        assert len(fits) == 3
        for history in fits:
            assert {name: len(values) for name, values in history.items()} == {
                "accuracy": 2,
                "loss": 2,
            }
    final = {tuple(history["loss"]) for fits in histories.values() for history in fits}
    assert len(final) == 36


def test_the_watcher_hears_of_every_epoch_and_fold(finished, plan):
    found, log, notes = finished

    assert notes.n_epochs == plan.n_fits * plan.epochs
    assert sorted(notes.fits) == sorted(
        (plan.name(plan.candidates[record.candidate]), record.score) for record in log.records
    )
    assert found.best_estimator_["dnn"].n_iter_ == 2


def test_settings_of_the_plan_reach_the_pipeline(finished):
    found, _, _ = finished
    classifier = found.best_estimator_["dnn"]

    assert classifier.epochs == 2
    assert classifier.random_state == 0
    assert found.best_estimator_["scale"].kw_args["scale"] == 255
    assert found.cv == 3


def test_other_seeds_give_other_scores_and_scale_is_kept(few):
    images, target = few
    same, _, _ = begin(plan_of(cv=2, scale=1.0), images / np.float32(255), target)
    pixels, _, _ = begin(plan_of(cv=2), images, target)
    other, _, _ = begin(plan_of(cv=2, seed=1), images, target)

    same, pixels, other = (
        search.wait().cv_results_["mean_test_score"] for search in (same, pixels, other)
    )

    np.testing.assert_array_equal(same, pixels)
    assert not np.array_equal(other, pixels)


# -- a search that does not -----------------------------------------------------------------


def test_stop_ends_a_long_search_and_keeps_what_is_finished(few):
    plan = plan_of(hidden_units=[(4,)], cv=2, epochs=60)
    running, log, notes = begin(plan, *few)
    assert notes.first_fit.wait(timeout=60)

    ended = running.stop(patience=60)

    assert ended
    with pytest.raises(SearchStopped):
        running.wait()
    assert 1 <= len(log.records) < plan.n_fits - 1
    assert all(len(record.history["loss"]) == 60 for record in log.records)


def test_what_was_finished_is_as_if_nothing_had_stopped(few):
    images, target = few
    plan = plan_of(hidden_units=[(4,)], cv=2, epochs=60)
    running, log, notes = begin(plan, images, target)
    assert notes.first_fit.wait(timeout=60)
    assert running.stop(patience=60)

    record = log.records[0]
    pipeline = make_image_pipeline(epochs=60, random_state=0)
    pipeline.set_params(**plan.candidates[record.candidate])
    train, test = list(StratifiedKFold(2).split(images, target))[record.fold]
    pipeline.fit(images[train], target[train])

    assert record.history == pipeline["dnn"].history_
    assert record.score == pipeline.score(images[test], target[test])


def test_stop_before_a_fold_is_finished_leaves_no_record(few):
    running, log, notes = begin(plan_of(epochs=1_000), *few)

    assert running.stop(patience=60)

    assert log.records == []
    assert notes.fits == []


@pytest.fixture
def held(few):
    """A search whose fits wait after their first epoch, until the test lets go."""
    notes = Notes()
    begun, let_go = threading.Event(), threading.Event()

    def hold():
        begun.set()
        let_go.wait(timeout=60)

    notes.epoch_done = hold
    plan = plan_of(epochs=1_000)
    running = RunningSearch(plan, SearchLog(plan, notes), *few)
    assert begun.wait(timeout=60)
    yield running
    let_go.set()
    running.stop(patience=60)


def test_stop_gives_up_after_its_patience(held):
    assert not held.stop(patience=0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_stop_after_an_interrupt_does_not_take_a_live_search_for_ended(held):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    main = threading.main_thread().ident
    threading.Timer(0.2, signal.pthread_kill, [main, signal.SIGINT]).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            held.wait()
    finally:
        signal.signal(signal.SIGINT, before)

    assert not held.stop(patience=0.05)


def test_an_error_in_a_fit_reaches_who_waits(few):
    images, target = few
    broken = images.astype(np.float32)
    broken[:, 3, 3] = np.nan
    running, log, _ = begin(plan_of(), broken, target)

    with pytest.raises(ValueError, match="Input X contains NaN"):
        running.wait()
    assert log.records == []


def test_an_error_before_the_fits_reaches_who_waits(few):
    images, target = few
    running, _, _ = begin(plan_of(), images, target[:-1])

    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        running.wait()


# -- scores by fold -------------------------------------------------------------------------


def test_folds_that_were_not_finished_have_no_score():
    records = [FitRecord(1, 2, 0.5, 1.0, {}), FitRecord(0, 0, 0.25, 1.0, {})]

    np.testing.assert_array_equal(fold_scores(records, 1, 3), [np.nan, np.nan, 0.5])
    np.testing.assert_array_equal(fold_scores(records, 0, 3), [0.25, np.nan, np.nan])
    np.testing.assert_array_equal(fold_scores(records, 2, 3), [np.nan] * 3)
