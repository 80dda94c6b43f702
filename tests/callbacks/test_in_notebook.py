"""The display of a search in a real notebook."""

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = [
    """
import joblib
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from skdnn import KerasDNNClassifier
from skdnn.callbacks import SearchProgress

X, y = load_iris(return_X_y=True)
network = KerasDNNClassifier((8,), epochs=100, random_state=0)
""",
    """
progress = SearchProgress()
search = GridSearchCV(
    network, {"optimizer": ["sgd", "adam"]}, cv=3, scoring=progress.scorer(), n_jobs=2
)
with joblib.parallel_config("threading"):
    search.set_callbacks(progress).fit(X, y);
""",
    """
import os, signal, threading, time

def interrupt():
    until = time.monotonic() + 120
    while not stopped.fold_scores and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGINT)

stopped = SearchProgress()
search = GridSearchCV(
    network, {"optimizer": ["sgd", "adam"]}, cv=3, scoring=stopped.scorer()
).set_callbacks(stopped)
threading.Thread(target=interrupt).start()
try:
    search.fit(X, y)
except KeyboardInterrupt:
    print(len(stopped.fold_scores))
""",
]


@pytest.fixture(scope="module")
def outputs():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def test_one_output_is_drawn_again_and_again_and_keeps_the_end(outputs):
    _, (display,), _ = outputs
    html = display.data["text/html"]
    assert "7 of 7 fits" in html
    assert "best so far" in html
    assert html.count("<progress") == 1  # no fit is under way any more


def test_nothing_is_written_to_stderr(outputs):
    for output in (output for of_cell in outputs for output in of_cell):
        assert output.get("name") != "stderr", output


def test_an_interrupted_search_shows_how_far_it_got(outputs):
    *_, (display, printed) = outputs
    n_scores = int(printed.text)
    assert 1 <= n_scores < 6
    assert f"{n_scores} of 7 fits" in display.data["text/html"]
