"""The report as a reader meets it: in a browser, light, dark, narrow, printed, by keyboard."""

import re

import pytest

EVERY_WAY = {
    "light": {},
    "dark": {"dark": True},
    "narrow": {"width": 360, "height": 740},
    "printed": {"width": 718, "print_media": True, "dark": True},
}

CONTRASTS = """
(() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    const drawn = element.closest("svg") !== null;
    if (!own || ["SCRIPT", "STYLE", "title", "desc"].includes(element.tagName)) continue;
    if (element.closest("#confusion-figure_1, #heatmap-figure_1")) continue;
    const style = getComputedStyle(element);
    const ink = parts(drawn ? style.fill : style.color);
    const [a, b] = [light(ink), light(ground(element))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), element.tagName, element.textContent.slice(0, 30)]);
  }
  return found;
})()
"""


def column(browser, number):
    return browser.run(
        f"[...document.querySelectorAll('table.sortable tbody tr')]"
        f".map(row => row.cells[{number}].textContent)"
    )


def sorted_by(browser):
    return browser.run(
        "[...document.querySelectorAll('th[aria-sort]')]"
        ".map(th => [th.textContent, th.getAttribute('aria-sort')])"
    )


def click(browser, name):
    browser.run(
        f"[...document.querySelectorAll('th button')].find(b => b.textContent === '{name}')"
        ".click()"
    )


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("which", ["page", "evil_page", "numbers_page", "table_page"])
def test_the_page_is_quiet_fits_its_width_and_can_be_read(browser, request, which, way):
    path = request.getfixturevalue(which)

    browser.open(path, **EVERY_WAY[way])

    # Nothing is complained of, and nothing is asked for.
    for trouble in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"):
        assert browser.seen(trouble) == []
    asked = [event["request"]["url"] for event in browser.seen("Network.requestWillBeSent")]
    asked = [url for url in asked if not url.startswith("data:")]
    assert asked == [path.resolve().as_uri()]
    # It does not scroll sideways.
    width = EVERY_WAY[way].get("width", 1000)
    assert browser.run("document.documentElement.scrollWidth") <= width
    # Text stands out from its ground.
    found = browser.run(CONTRASTS)
    assert len(found) > 150
    assert any(tag == "text" for _, tag, _ in found)
    assert [entry for entry in found if entry[0] < 4.5] == []


def test_names_are_shown_and_not_run(browser, evil_page):
    browser.open(evil_page)

    assert browser.run("typeof window.broken") == "undefined"
    assert browser.run("document.scripts.length") == 1
    assert browser.run("document.title") == "<script>window.broken = 1</script>"
    assert browser.run("document.querySelector('h1').textContent") == browser.run(
        "document.title"
    )
    assert sorted(column(browser, 1)) == sorted(
        [
            "<script>window.broken = 1</script>",
            "<img src=x onerror='window.broken = 2'>",
            "</script></style></title></svg>",
            "$x^{$",
        ]
    )
    drawn = browser.run(
        "[...document.querySelectorAll('#confusion-figure_1 text')].map(t => t.textContent)"
    )
    for label in ("<script>window.…", "$x^{$", "{{ 7 * 7 }}", "日本"):
        assert drawn.count(label) == 2
    assert drawn.count("a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}") == 2
    code = browser.run("[...document.querySelectorAll('pre')].map(p => p.textContent)")
    assert code[1] == "</script></style></title></svg>{{ 7 * 7 }}"
    assert "joblib.load('<script>window.broken = 1</script>\\'\".joblib')" in code[0]


def test_all_that_is_written_is_inside_the_page(browser, evil_page):
    browser.open(evil_page)

    # A name that ended an element early would leave these elsewhere.
    parents = "[...document.querySelectorAll('section')].map(s => s.parentElement.tagName)"
    assert browser.run(parents) == ["MAIN"] * 9
    assert browser.run("document.querySelector('main').parentElement.tagName") == "BODY"
    assert browser.run("document.querySelectorAll('img').length") > 0
    assert browser.run("[...document.images].every(i => i.src.startsWith('data:image/png'))")
    assert browser.run("[...document.images].every(i => i.complete && i.naturalWidth > 0)")


def test_a_click_sorts_and_a_second_turns_round(browser, page):
    browser.open(page)
    assert sorted_by(browser) == [["Rank", "ascending"]]

    for name, number, first in [
        ("Mean", 2, "descending"),
        ("Std", 3, "ascending"),
        ("Lowest fold", 4, "descending"),
        ("Fit time (s)", 6, "ascending"),
        ("Rank", 0, "ascending"),
    ]:
        click(browser, name)
        once = [float(text) for text in column(browser, number)]
        assert once == sorted(once, reverse=first == "descending")
        assert sorted_by(browser) == [[name, first]]
        click(browser, name)
        twice = [float(text) for text in column(browser, number)]
        assert twice == sorted(once, reverse=first != "descending")
        assert len(sorted_by(browser)) == 1


def test_words_sort_too(browser, page):
    browser.open(page)

    click(browser, "Candidate")

    assert column(browser, 1) == ["relu, adam", "relu, sgd", "sigmoid, adam", "sigmoid, sgd"]


def test_rows_move_as_a_whole(browser, page):
    rows = (
        "[...document.querySelectorAll('table.sortable tbody tr')]"
        ".map(r => [...r.cells].map(c => c.textContent).join('|'))"
    )
    browser.open(page)
    before = browser.run(rows)

    click(browser, "Candidate")

    after = browser.run(rows)
    assert after != before
    assert sorted(after) == sorted(before)


def test_the_keyboard_reaches_the_headings_and_sorts(browser, page):
    browser.open(page)
    reached = []
    for _ in range(40):
        browser.press("Tab", 9)
        reached.append(browser.run("document.activeElement.textContent.trim().slice(0, 20)"))
        if reached[-1] == "Std":
            break
    assert reached[-4:] == ["Rank", "Candidate", "Mean", "Std"]
    assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"

    browser.press("Enter", 13)
    assert sorted_by(browser) == [["Std", "ascending"]]
    browser.press(" ", 32)
    assert sorted_by(browser) == [["Std", "descending"]]


def test_headings_are_in_order(browser, page):
    browser.open(page)

    headings = browser.run(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')]"
        ".map(h => [+h.tagName[1], h.textContent])"
    )

    assert headings == [
        [1, "Which network is best?"],
        [2, "The question"],
        [2, "The answer"],
        [2, "All candidates"],
        [2, "Score and time"],
        [2, "Training"],
        [2, "On images it has not seen"],
        [3, "Most frequent mistakes"],
        [3, "Mistakes"],
        [2, "The network"],
        [2, "Use it"],
        [2, "Do it again"],
    ]


def spoken(browser):
    """Return what a screen reader says of each picture."""
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    texts = [
        node.get("name", {}).get("value", "")
        for node in nodes
        if not node["ignored"]
        and node["role"]["value"] in ("image", "img", "graphics-document")
    ]
    assert len(texts) == browser.run("document.querySelectorAll('svg, img').length")
    assert all(len(text) > 20 for text in texts)
    return texts


def test_every_picture_has_a_text(browser, page):
    browser.open(page)

    texts = spoken(browser)
    assert any(
        re.match(r"loss by epoch.* At the last epoch: .*relu, adam \d\.\d", text)
        for text in texts
    )
    assert any(
        re.match(r"accuracy against fit time.*relu, adam: 0\.\d+ in", text) for text in texts
    )
    assert sum(" taken for " in text for text in texts) == browser.run("document.images.length")


def test_pictures_of_numbers_have_a_text(browser, numbers_page):
    browser.open(numbers_page)

    texts = spoken(browser)

    assert any(re.match(r"True against predicted numbers of .*off by at mo", t) for t in texts)
    assert any(re.match(r"Residuals of .* and standard deviation [\d,]+", t) for t in texts)


def test_names_of_columns_and_targets_are_shown_and_not_run(browser, numbers_page, numbers):
    browser.open(numbers_page)

    assert browser.run("typeof window.broken") == "undefined"
    assert browser.run("document.scripts.length") == 1
    assert browser.run("document.images.length") == 0
    columns = browser.run("[...document.querySelectorAll('th.name')].map(t => t.textContent)")
    shown = [f"{name[:23]}…" if len(name) > 24 else name for name in numbers.rows.columns]
    shown = [name.replace("\x01", "\N{REPLACEMENT CHARACTER}") for name in shown]
    assert len(set(columns)) == 6
    assert set(columns) <= set(shown)
    axis = browser.run(
        "[...document.querySelectorAll('#predicted-0-figure_1 text')].map(t => t.textContent)"
    )
    assert "Predicted: <script>window.broken = 1</sc…" in axis


def test_categories_and_classes_of_a_table_are_shown_and_not_run(browser, table_page):
    browser.open(table_page)

    assert browser.run("typeof window.broken") == "undefined"
    assert browser.run("document.scripts.length") == 1
    assert browser.run("document.images.length") == 0
    columns = browser.run(
        "[...document.querySelectorAll('th.number.name')].map(t => t.textContent)"
    )
    cells = browser.run("[...document.querySelectorAll('td.name')].map(t => t.textContent)")
    assert len(columns) == 6
    assert {"missing", "True", "a long text a long text…"} <= set(cells)
    assert "</script></style></title></svg>" in cells
    assert "quoted \" and '" in {*columns, *cells}
    drawn = browser.run(
        "[...document.querySelectorAll('#importances-figure_1 text')].map(t => t.textContent)"
    )
    assert "<script>window.broken =…" in drawn
    assert any(
        re.match(r"Fall of accuracy when a column is sh.*\d;", t) for t in spoken(browser)
    )


def test_baselines_are_sorted_among_themselves(browser, table_page):
    rows = (
        "[...document.querySelectorAll('table.sortable tbody')]"
        ".map(body => [...body.rows].map(row => (row.cells[1] || row.cells[0]).textContent))"
    )
    browser.open(table_page)
    candidates, baselines = browser.run(rows)
    assert candidates == sorted(candidates) or len(candidates) == 2
    assert baselines == [
        "Baselines, on the same folds",
        "Most frequent class (DummyClassifier)",
        "Linear model (LogisticRegression)",
        "Gradient boosting (HistGradientBoostingClassifier)",
    ]

    click(browser, "Candidate")

    assert browser.run(rows) == [["adam", "sgd"], [baselines[k] for k in (0, 3, 2, 1)]]


def test_points_are_lighter_on_dark(browser, numbers_page):
    colours = []
    for dark in (False, True):
        browser.open(numbers_page, dark=dark)
        colours.append(
            browser.run(
                "getComputedStyle(document.querySelector('#predicted-0-figure_1 use')).fill"
            )
        )

    assert colours == ["rgb(0, 114, 178)", "rgb(86, 180, 233)"]


@pytest.mark.parametrize("which", ["page", "numbers_page", "table_page"])
def test_regions_and_tables_have_names_and_ids_are_unique(browser, request, which):
    page = request.getfixturevalue(which)
    browser.open(page)

    assert browser.run("document.documentElement.lang") == "en"
    assert browser.run(
        "[...document.querySelectorAll('section')]"
        ".every(s => document.getElementById(s.getAttribute('aria-labelledby')))"
    )
    assert browser.run("[...document.querySelectorAll('table')].every(t => t.caption)")
    assert browser.run(
        "[...document.querySelectorAll('.scroll, pre')]"
        ".every(e => e.tabIndex === 0 && e.getAttribute('aria-label')"
        " && e.getAttribute('role') === 'group')"
    )
    ids = browser.run("[...document.querySelectorAll('[id]')].map(e => e.id)")
    links = browser.run(
        "[...document.querySelectorAll('[href]')].map(e => e.getAttribute('href'))"
        ".filter(h => h.startsWith('#')).map(h => h.slice(1))"
    )
    clips = re.findall(r"url\(#([^)]+)\)", page.read_text(encoding="utf-8"))
    assert len(ids) == len(set(ids))
    assert len(links) > 20
    assert clips
    assert set(links) | set(clips) <= set(ids)


def test_without_scripts_the_table_is_there(browser, page):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page)
        assert len(column(browser, 0)) == 4
        assert browser.run("document.querySelectorAll('th button').length") == 0
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
