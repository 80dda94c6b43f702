"""Searches, their pages, and headless Chromium, driven through its own pipe."""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_friedman1
from sklearn.model_selection import GridSearchCV

from skdnn import KerasDNNRegressor, make_image_pipeline, make_table_pipeline
from skdnn.callbacks import HistoryMonitor
from skdnn.report import score_baselines, write_report

_FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-extensions", "--disable-dev-shm-usage", "--remote-debugging-pipe"),
]


class Browser:
    """Chromium with one tab, and a note of what it said and asked for."""

    def __init__(self, program, profile):
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        self._read, self._write = ours_in, ours_out
        # Chromium reads its commands from descriptor 3 and answers on 4.
        script = 'exec "$0" "$@" 3<&"$SKDNN_IN" 4>&"$SKDNN_OUT"'
        self._process = subprocess.Popen(
            ["bash", "-c", script, program, *_FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(theirs_in, theirs_out),
            env={**os.environ, "SKDNN_IN": str(theirs_in), "SKDNN_OUT": str(theirs_out)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._numbers, self._rest, self.events = itertools.count(1), b"", []
        target = self.call("Target.createTarget", session=None, url="about:blank")
        attached = self.call(
            "Target.attachToTarget", session=None, targetId=target["targetId"], flatten=True
        )
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.call(f"{domain}.enable")

    def call(self, method, session="tab", **params):
        """Send a command and wait for its answer; what happens meanwhile is kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, path, *, width=1000, height=900, dark=False, print_media=False):
        """Load a file, and forget what was seen before."""
        scheme = "dark" if dark else "light"
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.call(
            "Emulation.setEmulatedMedia",
            media="print" if print_media else "",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        self.events.clear()
        self.call("Page.navigate", url=Path(path).resolve().as_uri())
        while not self.seen("Page.loadEventFired"):
            self._receive()
        self.run("document.fonts.ready.then(() => 0)")

    def run(self, expression):
        """Return the value of JavaScript in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def seen(self, method):
        """Return what the browser told of one kind of event."""
        return [event["params"] for event in self.events if event["method"] == method]

    def press(self, key, code):
        """Press and release a key."""
        text = {"text": "\r"} if key == "Enter" else {"text": " "} if key == " " else {}
        for kind in ("keyDown", "keyUp"):
            extra = text if kind == "keyDown" else {}
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=code,
                **extra,
            )

    def screenshot(self, path):
        """Save a picture of the whole page."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        Path(path).write_bytes(base64.b64decode(answer["data"]))

    def close(self):
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        os.close(self._write)

    def _receive(self):
        deadline = time.monotonic() + 60
        while b"\0" not in self._rest:
            if not select.select([self._read], [], [], deadline - time.monotonic())[0]:
                raise TimeoutError("Chromium says nothing")
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise EOFError("Chromium has ended")
            self._rest += piece
        message, self._rest = self._rest.split(b"\0", 1)
        answer = json.loads(message)
        if "method" in answer:
            self.events.append(answer)
        return answer


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Headless Chromium; skipped where the machine has none, but not in CI."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI"):
            raise FileNotFoundError("chromium is not on the path: apt-get install chromium")
        pytest.skip("chromium is not on the path")
    browser = Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


# -- searches and their pages ---------------------------------------------------------------

EVIL = (
    "<script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 2'>",
    "</script></style></title></svg>",
    "$x^{$",
    "_under",
    "quoted \" and '",
    "{{ 7 * 7 }}",
    "a\x01b\ud800",
    "日本",
    "a very long name of a class that does not want to end",
)


@dataclass(frozen=True)
class Searched:
    """A fitted search, its monitor and images that it has not seen."""

    search: GridSearchCV
    monitor: HistoryMonitor
    images: np.ndarray
    target: np.ndarray


@pytest.fixture(scope="session")
def searched(sample):
    """A search over four networks for images."""
    monitor = HistoryMonitor()
    search = GridSearchCV(
        make_image_pipeline(hidden_units=(8,), epochs=2, random_state=0),
        {"dnn__activation": ["sigmoid", "relu"], "dnn__optimizer": ["sgd", "adam"]},
        cv=2,
    )
    search.set_callbacks(monitor)
    search.fit(sample.images[:300], sample.target[:300])
    return Searched(search, monitor, sample.images[300:500], sample.target[300:500])


@pytest.fixture(scope="session")
def everything(searched):
    """All that a report on the search over images can be given, but for words."""
    return {
        "X_test": searched.images,
        "y_test": searched.target,
        "monitor": searched.monitor,
        "data": "300 images",
    }


@pytest.fixture(scope="session")
def page(searched, everything, tmp_path_factory):
    """A report with everything that there can be in it."""
    folder = tmp_path_factory.mktemp("report")
    return write_report(searched.search, folder / "report.html", **everything)


@pytest.fixture(scope="session")
def evil_page(searched, everything, tmp_path_factory):
    """The same with names that a careless page would run."""
    return write_report(
        searched.search,
        tmp_path_factory.mktemp("evil") / "report.html",
        **everything | {"data": EVIL[1]},
        title=EVIL[0],
        names=EVIL[:4],
        target_names=EVIL,
        score_name=EVIL[2],
        model_path=f"{EVIL[0]}'\".joblib",
        reproduce=EVIL[2] + EVIL[6],
    )


# -- the same for numbers -------------------------------------------------------------------


@dataclass(frozen=True)
class SearchedNumbers:
    """A fitted search over regressors, its rows, its monitor and rows that it has not seen."""

    search: GridSearchCV
    known: pd.DataFrame
    known_target: pd.Series
    monitor: HistoryMonitor
    rows: pd.DataFrame
    target: pd.Series


@pytest.fixture(scope="session")
def numbers():
    """A search over four networks for prices; columns have names that could be run."""
    X, y = make_friedman1(n_samples=200, random_state=0)
    columns = [*EVIL[:7], "a\x01b", *EVIL[8:]]  # pandas has no half characters
    table = pd.DataFrame(X, columns=columns, index=range(1000, 1200))
    target = pd.Series(1e5 * y + 1e6, index=table.index, name=f"{EVIL[0]} in $")
    monitor = HistoryMonitor()
    search = GridSearchCV(
        KerasDNNRegressor((8,), epochs=2, random_state=0),
        {"activation": ["sigmoid", "relu"], "optimizer": ["sgd", "adam"]},
        scoring="neg_mean_absolute_error",
        cv=2,
    )
    search.set_callbacks(monitor).fit(table[:140], target[:140])
    return SearchedNumbers(
        search, table[:140], target[:140], monitor, table[140:], target[140:]
    )


@pytest.fixture(scope="session")
def numbers_page(numbers, tmp_path_factory):
    """A report with everything that there can be in it, and names that a page could run."""
    return write_report(
        numbers.search,
        tmp_path_factory.mktemp("numbers") / "report.html",
        X_test=numbers.rows,
        y_test=numbers.target,
        monitor=numbers.monitor,
        baselines=score_baselines(numbers.search, numbers.known, numbers.known_target),
        data="140 houses",
    )


# -- the same for a table of categories -----------------------------------------------------


@pytest.fixture(scope="session")
def table_page(tmp_path_factory):
    """A report on a table: names of columns, categories and classes could be run."""
    rng = np.random.default_rng(0)
    evil = [*EVIL[:7], "a\x01b", *EVIL[8:]]
    table = pd.DataFrame(
        {
            evil[0]: rng.normal(size=120),
            evil[1]: rng.choice(evil[2:6], 120),
            evil[2]: pd.Categorical(rng.choice(evil[5:], 120)),
            evil[3]: rng.random(120) < 0.5,
            evil[6]: np.where(rng.random(120) < 0.2, np.nan, rng.normal(size=120)),
            evil[8]: rng.choice([None, "a long text " * 9, evil[7]], 120),
        }
    )
    target = pd.Series(rng.choice(evil[:3], 120))
    search = GridSearchCV(
        make_table_pipeline(hidden_units=(8,), epochs=2, random_state=0),
        {"dnn__optimizer": ["sgd", "adam"]},
        cv=2,
    ).fit(table[:80], target[:80])
    return write_report(
        search,
        tmp_path_factory.mktemp("table") / "report.html",
        X_test=table[80:],
        y_test=target[80:],
        baselines=score_baselines(search, table[:80], target[:80]),
        data="80 rows",
    )
