"""What the display of a search looks like, on a terminal and in a notebook."""

import io
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from skdnn.callbacks._progress_state import RunningFit, Snapshot
from skdnn.callbacks._progress_view import best_text, count_text, fit_text, html_text, shown


def snapshot(**changes):
    running = (
        RunningFit("relu, adam", 2, "here", 3, 5, {"loss": 0.41206, "accuracy": 0.86}),
        RunningFit("tanh, <sgd>", None, "there"),
    )
    settings = {
        "n_done": 7,
        "n_failed": 0,
        "n_fits": 19,
        "seconds": 12.4,
        "seconds_left": 80.0,
        "best": (0.87004, "relu, adam, fold 1"),
        "running": running,
    }
    return Snapshot(**(settings | changes))


@pytest.fixture
def screen():
    """A console that takes itself for a terminal and writes to memory."""
    return Console(force_terminal=True, file=io.StringIO(), width=100, color_system=None)


def last_lines(console, n):
    """Return the last lines drawn, without the codes that move the cursor."""
    text = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", console.file.getvalue())
    return [line.strip(" ━╸╺") for line in re.split(r"[\r\n]+", text) if line.strip()][-n:]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "7 of 19 fits, 0:12, about 1:20 left"),
        ({"n_failed": 2}, "7 of 19 fits, 2 failed, 0:12, about 1:20 left"),
        ({"n_done": 19, "seconds": 3_725, "seconds_left": None}, "19 of 19 fits, 1:02:05"),
        ({"seconds_left": None}, "7 of 19 fits, 0:12"),
    ],
)
def test_count(changes, text):
    assert count_text(snapshot(**changes)) == text


def test_best():
    assert best_text(snapshot()) == "best so far 0.8700: relu, adam, fold 1"
    assert best_text(snapshot(best=None)) == ""
    assert best_text(snapshot(best=(-45_123_456.7, "adam"))) == "best so far -45,123,457: adam"
    assert best_text(snapshot(best=(-2.5e-6, "adam"))) == "best so far -2.500e-06: adam"


def test_a_fit_says_its_epoch_and_figures():
    begun, starting = snapshot().running
    assert fit_text(begun) == "epoch 3 of 5, accuracy 0.8600, loss 0.4121"
    assert fit_text(starting) == "starting"


def test_a_terminal_shows_all_and_keeps_the_last_state(screen):
    states = [snapshot(), snapshot(n_done=8)]
    with shown(lambda: states[-1], screen):
        states.append(snapshot(n_done=9, seconds_left=70))
    assert last_lines(screen, 4) == [
        "9 of 19 fits, 0:12, about 1:10 left",
        "best so far 0.8700: relu, adam, fold 1",
        "relu, adam, fold 2: epoch 3 of 5, accuracy 0.8600, loss 0.4121",
        "tanh, <sgd>, all rows: starting",
    ]


def test_the_cursor_comes_back_after_an_error(screen):
    with pytest.raises(KeyboardInterrupt), shown(snapshot, screen):
        raise KeyboardInterrupt
    codes = re.findall(r"\x1b\[\?25[lh]", screen.file.getvalue())
    assert codes == ["\x1b[?25l", "\x1b[?25h"]


def test_more_fits_than_lines_are_counted(screen):
    many = tuple(RunningFit(f"candidate {n}", 1, str(n)) for n in range(11))
    with shown(lambda: snapshot(running=many), screen):
        pass
    *_, last = last_lines(screen, 1)
    assert last == "and 3 more fits under way"
    assert "and 3 more fits under way" in html_text(snapshot(running=many))
    assert "candidate 7" in html_text(snapshot(running=many))
    assert "candidate 8" not in html_text(snapshot(running=many))


def test_a_narrow_terminal_is_not_overrun():
    narrow = Console(force_terminal=True, file=io.StringIO(), width=40, color_system=None)
    with shown(snapshot, narrow):
        pass
    text = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", narrow.file.getvalue())
    assert max(len(line.rstrip()) for line in re.split(r"[\r\n]+", text)) <= 40


def test_a_file_gets_nothing():
    console = Console(file=io.StringIO(), force_jupyter=False)
    with shown(snapshot, console):
        pass
    assert console.file.getvalue() == ""


class Read(HTMLParser):
    def __init__(self):
        super().__init__()
        self.text, self.bars, self.tags = [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "progress":
            self.bars.append(dict(attrs))

    def handle_data(self, data):
        self.text.append(data)


def test_html_shows_the_same_and_escapes_names():
    read = Read()
    read.feed(html_text(snapshot()))
    text = " ".join(read.text)
    assert "7 of 19 fits, 0:12, about 1:20 left" in text
    assert "best so far 0.8700: relu, adam, fold 1" in text
    assert "tanh, <sgd>, all rows" in text
    assert "sgd" not in read.tags
    assert [(bar["value"], bar["max"]) for bar in read.bars] == [
        ("7", "19"),
        ("3", "5"),
        ("0", "1"),
    ]
    assert read.bars[1]["aria-label"] == "epoch 3 of 5, accuracy 0.8600, loss 0.4121"
