import io
import signal
import sys
import threading
import time
from dataclasses import replace

import joblib
import numpy as np
import pytest
from rich.console import Console
from sklearn.model_selection import GridSearchCV, GroupKFold, ParameterGrid, StratifiedKFold

from skdnn import document_variants, make_image_pipeline
from skdnn._command.search import RunningSearch, SearchPlan, SearchStopped
from skdnn.callbacks import HistoryMonitor


def plan_of(*, hidden_units=((16,),), epochs=2, seed=0, scale=255.0, cv=3, jobs=2):
    """Return the plan of the document's search on images."""
    pipeline = make_image_pipeline(scale=scale, epochs=epochs, random_state=seed)
    grid = document_variants(hidden_units=hidden_units)
    return SearchPlan(pipeline, grid, cv=cv, scoring=None, jobs=jobs, seed=seed)


def begin(plan, images, target, **settings):
    return RunningSearch(plan, images, target, Console(file=io.StringIO()), **settings)


def wait_for_a_fit(running):
    """Wait until a fold is trained and scored."""
    deadline = time.monotonic() + 60
    while not running.progress.fold_scores:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def few(sample):
    """300 images and their labels."""
    return sample.images[:300], sample.target[:300]


@pytest.fixture(scope="module")
def plan():
    return plan_of(hidden_units=[(16,), (16, 8)])


@pytest.fixture(scope="module")
def running(plan, few):
    """A search that has ended, with what it was followed by."""
    running = begin(plan, *few)
    running.wait()
    return running


@pytest.fixture(scope="module")
def finished(running):
    """What it found."""
    return running.wait()


# -- the plan -------------------------------------------------------------------------------


def test_candidates_are_the_documents_in_the_order_of_a_grid_search(plan):
    grid = document_variants(hidden_units=[(16,), (16, 8)])

    assert plan.candidates == list(ParameterGrid(grid))


def test_names_tell_variants_apart():
    one, two = plan_of(), plan_of(hidden_units=[(100,), (300, 100)])

    assert set(one.names) == {
        f"{activation}, {optimizer}"
        for activation in ("sigmoid", "relu")
        for optimizer in ("sgd", "rmsprop", "adam")
    }
    assert len(set(two.names)) == 12
    assert {"relu, hidden_units=100, adam", "relu, hidden_units=300-100, adam"} <= set(
        two.names
    )


# -- a search that ends ---------------------------------------------------------------------


def test_scores_are_those_of_a_plain_grid_search(finished, plan, few):
    found = finished
    pipeline = make_image_pipeline(epochs=2, random_state=0)
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


def test_every_fold_is_kept_with_its_score(running, finished, plan):
    scores = running.fold_scores()

    assert scores.shape == (12, 3)
    for fold in range(3):
        np.testing.assert_array_equal(
            scores[:, fold], finished.cv_results_[f"split{fold}_test_score"]
        )


def test_histories_are_the_curves_of_each_variant(running, finished):
    histories = running.monitor.fold_histories(finished)

    assert [len(fits) for fits in histories] == [3] * 12
    for history in (history for fits in histories for history in fits):
        assert {name: len(values) for name, values in history.items()} == {
            "accuracy": 2,
            "loss": 2,
        }
    final = {tuple(history["loss"]) for fits in histories for history in fits}
    assert len(final) == 36


def test_settings_of_the_plan_reach_the_pipeline(finished):
    classifier = finished.best_estimator_["dnn"]

    assert classifier.epochs == 2
    assert classifier.random_state == 0
    assert finished.best_estimator_["scale"].kw_args["scale"] == 255
    assert finished.cv == 3


def test_a_splitter_gets_the_groups_of_the_rows(few):
    images, target = few
    groups = np.arange(300) // 10
    plan = replace(plan_of(), cv=GroupKFold(2), scoring="balanced_accuracy")
    running = begin(plan, images, target, groups=groups)
    plain = GridSearchCV(plan.pipeline, plan.grid, cv=GroupKFold(2), scoring=plan.scoring)

    found = running.wait().cv_results_["mean_test_score"]

    assert plan.n_splits == 2
    assert running.fold_scores().shape == (6, 2)
    np.testing.assert_array_equal(
        found, plain.fit(*few, groups=groups).cv_results_["mean_test_score"]
    )


def test_other_seeds_give_other_scores_and_scale_is_kept(few):
    images, target = few
    same = begin(plan_of(cv=2, scale=1.0), images / np.float32(255), target)
    pixels = begin(plan_of(cv=2), images, target)
    other = begin(plan_of(cv=2, seed=1), images, target)

    same, pixels, other = (
        search.wait().cv_results_["mean_test_score"] for search in (same, pixels, other)
    )

    np.testing.assert_array_equal(same, pixels)
    assert not np.array_equal(other, pixels)


# -- a search that does not -----------------------------------------------------------------


def test_stop_ends_a_long_search_and_keeps_what_is_finished(few):
    plan = plan_of(hidden_units=[(4,)], cv=2, epochs=60)
    running = begin(plan, *few)
    wait_for_a_fit(running)

    ended = running.stop(grace_period=60)

    assert ended
    with pytest.raises(SearchStopped):
        running.wait()
    assert 1 <= np.isfinite(running.fold_scores()).sum() < 12


def test_what_was_finished_is_as_if_nothing_had_stopped(few):
    images, target = few
    plan = plan_of(hidden_units=[(4,)], cv=2, epochs=60)
    running = begin(plan, images, target)
    wait_for_a_fit(running)
    assert running.stop(grace_period=60)

    (candidate, fold), score = next(iter(running.progress.fold_scores.items()))
    pipeline = make_image_pipeline(epochs=60, random_state=0)
    pipeline.set_params(**plan.candidates[candidate])
    train, test = list(StratifiedKFold(2).split(images, target))[fold]
    pipeline.fit(images[train], target[train])

    assert pipeline["dnn"].history_ in running.monitor.histories
    assert score == pipeline.score(images[test], target[test])


def test_stop_before_a_fold_is_finished_leaves_no_score(few):
    running = begin(plan_of(epochs=1_000), *few)

    assert running.stop(grace_period=60)

    assert np.isnan(running.fold_scores()).all()
    assert running.monitor.histories == []


@pytest.fixture
def held(few):
    """A search whose fits wait after their first epoch, until the test lets go."""
    begun, let_go = threading.Event(), threading.Event()

    class Holds(HistoryMonitor):
        def on_fit_task_end(self, estimator, context):
            begun.set()
            let_go.wait(timeout=60)

    # One fit at a time: a second one, begun late, would end the search for both.
    plan = plan_of(epochs=1_000, jobs=1)
    running = RunningSearch(plan, *few, Console(file=io.StringIO()), monitor=Holds())
    assert begun.wait(timeout=60)
    yield running
    let_go.set()
    running.stop(grace_period=60)


def test_stop_gives_up_after_its_patience(held):
    assert not held.stop(grace_period=0.05)


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

    assert not held.stop(grace_period=0.05)


def test_an_error_in_a_fit_reaches_who_waits(few):
    images, target = few
    broken = images.astype(np.float32)
    broken[:, 3, 3] = np.nan
    running = begin(plan_of(), broken, target)

    with pytest.raises(ValueError, match="Input X contains NaN"):
        running.wait()
    assert np.isnan(running.fold_scores()).all()


def test_an_error_before_the_fits_reaches_who_waits(few):
    images, target = few
    running = begin(plan_of(), images, target[:-1])

    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        running.wait()
