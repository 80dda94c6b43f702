import io
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from rich.console import Console

from skdnn._progress import SearchProgress


@pytest.fixture
def screen():
    """A console that takes itself for a terminal and writes to memory."""
    return Console(force_terminal=True, file=io.StringIO(), width=120, color_system=None)


def last_frame(console):
    """Return the last state of each bar, without the codes that move the cursor."""
    text = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", console.file.getvalue())
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", text)]
    return {
        name: next(line for line in reversed(lines) if line.startswith(name))
        for name in ("fits", "epochs")
    }


def counts(console):
    lines = last_frame(console).items()
    return {name: re.search(r"(\d+)/(\d+)", line).group() for name, line in lines}


def test_bars_begin_at_nothing(screen):
    with pytest.raises(KeyboardInterrupt), SearchProgress(screen, n_fits=13, epochs=5):
        raise KeyboardInterrupt

    assert counts(screen) == {"fits": "0/13", "epochs": "0/65"}


def test_fits_and_epochs_are_counted_until_an_interrupt(screen):
    progress = SearchProgress(screen, n_fits=13, epochs=5)

    with suppress(KeyboardInterrupt), progress:
        for _ in range(7):
            progress.epoch_done()
        for score in (0.5, 0.6, 0.4):
            progress.fit_done("relu, adam", score)
        raise KeyboardInterrupt

    assert counts(screen) == {"fits": "3/13", "epochs": "7/65"}


def test_a_search_that_ends_has_done_the_refit_too(screen):
    with SearchProgress(screen, n_fits=3, epochs=2) as progress:
        for _ in range(2):
            progress.fit_done("relu, adam", 0.5)
        for _ in range(6):
            progress.epoch_done()

    assert counts(screen) == {"fits": "3/3", "epochs": "6/6"}


def test_the_best_fold_so_far_is_named(screen):
    with SearchProgress(screen, n_fits=5, epochs=1) as progress:
        progress.fit_done("sigmoid, sgd", 0.25)
        progress.fit_done("relu, adam", 0.87654)
        progress.fit_done("relu, sgd", 0.5)
        progress.fit_done("relu, rmsprop", 0.87654)

    last = last_frame(screen)["fits"]
    assert last.endswith("best fold 0.8765: relu, adam")


def test_a_first_fold_without_a_hit_is_the_best_so_far(screen):
    with SearchProgress(screen, n_fits=2, epochs=1) as progress:
        progress.fit_done("relu, adam, 300-100 units", 0)

    assert last_frame(screen)["fits"].endswith("best fold 0.0000: relu, adam, 300-100 units")


@pytest.mark.parametrize("interrupted", [False, True])
def test_the_cursor_comes_back(screen, interrupted):
    with suppress(KeyboardInterrupt), SearchProgress(screen, n_fits=2, epochs=1):
        if interrupted:
            raise KeyboardInterrupt

    codes = re.findall(r"\x1b\[\?25[lh]", screen.file.getvalue())
    assert codes == ["\x1b[?25l", "\x1b[?25h"]


def test_nothing_is_written_where_no_one_looks():
    console = Console(file=io.StringIO())

    with SearchProgress(console, n_fits=2, epochs=3) as progress:
        for _ in range(6):
            progress.epoch_done()
        progress.fit_done("relu, adam", 0.5)

    assert console.file.getvalue() == ""


def test_no_count_is_lost_between_threads(screen):
    n_fits, epochs = 200, 5

    def fit(number):
        for _ in range(epochs):
            progress.epoch_done()
        progress.fit_done(f"variant {number}", number / n_fits)

    with (
        SearchProgress(screen, n_fits + 1, epochs) as progress,
        ThreadPoolExecutor(8) as threads,
    ):
        list(threads.map(fit, range(n_fits)))

    assert counts(screen) == {"fits": "201/201", "epochs": "1000/1005"}
