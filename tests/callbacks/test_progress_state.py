"""How far a search has got, from messages as its fits send them."""

import pytest

from skdnn.callbacks._progress_state import SearchState


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def state(clock):
    """A search over 2 candidates in 3 folds, with a refit."""
    state = SearchState(clock)
    tell(state, "planned", fits=1)
    tell(state, "planned", fits=6, folds=3)
    return state


def tell(state, event, **what):
    state.receive({"event": event, "root": None} | what)


def begin(state, number, where="here", name="relu"):
    tell(state, "began_fit", fit=f"0-{number}", number=number, name=name, where=where)


def end(state, number):
    tell(state, "ended_fit", fit=f"0-{number}")


def epoch(state, number, done, of=4, **figures):
    tell(state, "epoch", fit=f"0-{number}", done=done, epochs=of, figures=figures)


def score(state, number, value):
    tell(state, "scored", fit=f"0-{number}", number=number, score=value)


def test_at_the_beginning_all_is_to_do(state):
    now = state.snapshot()
    assert (now.n_done, now.n_failed, now.n_fits) == (0, 0, 7)
    assert (now.seconds, now.seconds_left, now.best, now.running) == (0, None, None, ())


def test_fits_under_way_say_candidate_fold_epoch_and_figures(state):
    begin(state, 4, name="tanh, sgd")
    begin(state, 0, "there")
    epoch(state, 4, 3, loss=0.5, accuracy=0.75)
    first, second = state.snapshot().running
    assert (first.label, first.epochs_done, first.epochs) == ("tanh, sgd, fold 2", 3, 4)
    assert first.figures == {"loss": 0.5, "accuracy": 0.75}
    assert (second.label, second.epochs_done) == ("relu, fold 1", 0)


def test_the_refit_is_on_all_rows(state):
    tell(state, "began_fit", fit="all rows", number=None, name="relu", where="here")
    assert [fit.label for fit in state.snapshot().running] == ["relu, all rows"]
    tell(state, "ended_fit", fit="all rows")
    assert state.snapshot().n_done == 1


def test_time_left_is_judged_by_epochs(state, clock):
    begin(state, 0)
    clock.now += 10
    epoch(state, 0, 2)  # half a fit of seven
    now = state.snapshot()
    assert now.seconds == 10
    assert now.seconds_left == pytest.approx(10 * 6.5 / 0.5)
    end(state, 0)  # early: what it saved counts as done
    clock.now += 4
    assert state.snapshot().seconds_left == pytest.approx(14 * 6)


def test_the_clock_stops_at_the_end(state, clock):
    begin(state, 0)
    end(state, 0)
    clock.now += 5
    state.finish()
    clock.now += 100
    now = state.snapshot()
    assert (now.seconds, now.seconds_left, now.n_done) == (5, None, 1)


def test_the_best_is_the_highest_score_and_nan_is_none(state):
    for number, value in enumerate((0.25, 0.75, 0.5)):
        begin(state, number)
        end(state, number)
        score(state, number, value)
    score(state, 3, float("nan"))
    assert state.snapshot().best == (0.75, "relu, fold 2")
    assert state.fold_scores == {(0, 0): 0.25, (0, 1): 0.75, (0, 2): 0.5}


def test_a_first_score_of_zero_and_scores_below_are_scores(state):
    begin(state, 5)
    score(state, 5, -3.5)
    assert state.snapshot().best == (-3.5, "relu, fold 3")
    assert state.fold_scores == {(1, 2): -3.5}


def test_who_begins_another_fit_has_left_the_last_by_an_error(state):
    begin(state, 0, "here")
    begin(state, 1, "there")
    begin(state, 2, "here")
    now = state.snapshot()
    assert (now.n_done, now.n_failed) == (1, 1)
    assert [fit.label for fit in now.running] == ["relu, fold 2", "relu, fold 3"]


def test_the_last_fits_have_failed_if_the_search_goes_on_without_their_end(state):
    begin(state, 5)
    tell(state, "ended_round", fit="0-")
    now = state.snapshot()
    assert (now.n_done, now.n_failed, now.running) == (1, 1, ())


def test_a_fit_that_is_made_again_is_counted_once(state):
    begin(state, 0, "a worker that dies")
    epoch(state, 0, 3)
    begin(state, 0, "another")
    [fit] = state.snapshot().running
    assert (fit.where, fit.epochs_done) == ("another", 0)
    end(state, 0)
    assert (state.snapshot().n_done, state.snapshot().n_failed) == (1, 0)


def test_a_fit_that_was_done_or_lost_is_under_way_when_it_is_made_again(state):
    begin(state, 0, "a worker that dies")
    end(state, 0)
    begin(state, 1, "here")
    begin(state, 2, "here")  # the last was left by an error
    assert (state.snapshot().n_done, state.snapshot().n_failed) == (2, 1)
    begin(state, 0, "another")
    begin(state, 1, "a third")
    assert (state.snapshot().n_done, state.snapshot().n_failed) == (0, 0)


def test_each_fit_that_ends_or_fails_is_counted(state, clock):
    for number in range(5):
        begin(state, number)
        end(state, number)
    begin(state, 5, "here")
    begin(state, 6, "there")
    tell(state, "ended_round", fit="0-")
    clock.now += 3
    now = state.snapshot()
    assert (now.n_done, now.n_failed, now.running) == (7, 2, ())
    assert now.seconds_left == 0


def test_news_of_a_fit_whose_beginning_was_missed_count(state):
    end(state, 0)
    score(state, 0, 0.5)
    now = state.snapshot()
    assert (now.n_done, now.best) == (1, (0.5, ""))


def test_without_folds_each_fit_is_a_candidate(clock):
    state = SearchState(clock)
    tell(state, "planned", fits=4)
    begin(state, 3)
    score(state, 3, 0.5)
    assert state.fold_scores == {(3, 0): 0.5}
    assert [fit.fold for fit in state.snapshot().running] == [1]


def test_an_epoch_of_a_fit_that_is_over_is_nothing(state):
    epoch(state, 0, 1)
    assert state.snapshot().running == ()


def test_a_fit_inside_another_does_not_end_it(state):
    tell(state, "began_fit", fit="0/1/", number=1, name="outer", where="here")
    tell(state, "began_fit", fit="0/1/0/3/", number=3, name="inner", where="here")
    tell(state, "began_fit", fit="0/1/0/4/", number=4, name="inner", where="here")
    now = state.snapshot()
    assert [fit.name for fit in now.running] == ["outer", "inner"]
    assert now.n_failed == 1  # the inner one that was left


def test_fits_of_another_search_are_passed_over(state):
    state.restart("this")
    tell(state, "planned", root="this", fits=6, folds=3)
    for root in ("one that was interrupted", "this"):
        tell(state, "scored", root=root, fit="0-0", number=0, score=len(root))
    assert list(state.fold_scores.values()) == [len("this")]


def test_rounds_of_a_halving_search_add_up(clock):
    state = SearchState(clock)
    tell(state, "planned", fits=1)
    tell(state, "planned", fits=12, folds=3)
    tell(state, "scored", fit="0-1", number=1, round=0, score=0.5)
    tell(state, "planned", fits=6, folds=3)
    tell(state, "scored", fit="1-1", number=1, round=1, score=0.75)
    assert state.snapshot().n_fits == 19
    assert state.fold_scores == {(0, 1): 0.5, (4, 1): 0.75}


def test_a_new_search_begins_at_nothing(state, clock):
    begin(state, 0)
    score(state, 0, 0.5)
    clock.now += 50
    state.restart(None)
    now = state.snapshot()
    assert (now.n_done, now.n_fits, now.seconds, now.best, now.running) == (0, 0, 0, None, ())
    assert state.fold_scores == {}
