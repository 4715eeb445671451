"""The viewer in a real browser: what it shows is what the rasters contain, without any network."""

import re

import numpy as np
import pytest
import rasterio
from browser import open_browser
from sarfusion.core.raster import read_band
from sarfusion.product.bands import Source
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

BANDS = ("red", "green", "blue")
READ = """
    const row = document.querySelector(`#values tr[data-layer="${arguments[0]}"]`);
    return [...row.querySelectorAll("td")].map((cell) => cell.textContent);
"""
# Sums of what is painted, so that a change can be seen without knowing how it is drawn.
PAINTED = """
    const map = Bokeh.documents.at(-1).get_model_by_name(`${arguments[0]}-images`);
    return map.data.image.map((image) => image.reduce((sum, pixel) => (sum * 31 + pixel) % 1e9, 7));
"""
SEEN = """
    const {x_range, y_range} = Bokeh.documents.at(-1).get_model_by_name(arguments[0]);
    return [x_range.start, x_range.end, y_range.start, y_range.end];
"""
# Of the element with the focus, also inside a figure; only while the keyboard is on the page.
OUTLINE = """
    let focused = document.activeElement;
    while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return getComputedStyle(focused).outlineStyle;
"""
CLOSER = """
    const {start, end} = Bokeh.documents.at(-1).get_model_by_name("left").x_range;
    return end - start < arguments[0] - 1;
"""


@pytest.fixture(scope="module")
def results(protocols):
    return protocols.results("protocols")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def page(browser, results):
    """The browser with the page of the village, freshly opened, at the size of a desktop screen."""
    browser.resize(1400, 900)
    browser.open(results / "viewer/index.html")
    return browser


def go_to(page, row, column):
    """Put the cursor on a pixel with the keyboard, from wherever it is."""
    page.one("#maps").send_keys(Keys.HOME)
    at = re.search(r"Row (\d+), column (\d+)", page.one("#position").text)
    if at is None:
        press(page, Keys.ARROW_UP)
        at = re.search(r"Row (\d+), column (\d+)", page.one("#position").text)
    down, along = int(row) - int(at[1]), int(column) - int(at[2])
    for keys, distance in (
        ((Keys.ARROW_DOWN, Keys.ARROW_UP), down),
        ((Keys.ARROW_RIGHT, Keys.ARROW_LEFT), along),
    ):
        tens, ones = divmod(abs(distance), 10)
        key = keys[distance < 0]
        if tens:
            press(page, *[key] * tens, shift=True)
        if ones:
            press(page, *[key] * ones)
    assert f"Row {row}, column {column};" in page.one("#position").text


def press(page, *keys, shift=False):
    actions = ActionChains(page.chrome, duration=0)
    if shift:
        actions.key_down(Keys.SHIFT)
    actions.send_keys(*keys)
    if shift:
        actions.key_up(Keys.SHIFT)
    page.run("document.getElementById('maps').focus()")
    actions.perform()


def number(text):
    return np.nan if text == "no data" else float(text.replace("\u2212", "-"))


def test_it_opens_without_a_complaint_and_asks_for_nothing(page, results):
    page.complaints()
    page.requested()
    page.open(results / "viewer/index.html")
    assert page.complaints() == []
    asked = [url for url in page.requested() if not url.startswith(("data:", "blob:"))]
    assert asked == [(results / "viewer/index.html").as_uri()]
    assert page.run("return performance.getEntriesByType('resource').length") == 0


def test_the_network_is_forbidden(page):
    refused = page.run("return fetch('https://example.org/').then(() => 'sent', () => 'refused')")
    assert refused == "refused"
    assert any("Content Security Policy" in said for said in page.complaints())


def test_values_under_the_cursor_are_those_of_the_rasters(page, results):
    stack = {
        band: read_band(results / "stack/village.tif", band)
        for band in (*BANDS, "vv_db", "vh_db", "ratio_db")
    }
    runs = {
        path.parents[1].parent.name + "/" + path.parent.name
        for path in results.glob("fused/village/*/red/*/*.tif")
    }
    assert len(runs) == 8
    gap = read_band(results / "gaps/village.tif", "gap")
    known = np.argwhere((gap == 1) & np.isfinite(stack["red"]))
    unknown = np.argwhere(~np.isfinite(stack["red"]))
    for row, column in (known[0], known[len(known) // 2], known[-1], unknown[0]):
        go_to(page, row, column)
        shown = [number(text) for text in page.run(READ, "measured")]
        expected = [stack[band][row, column] for band in BANDS]
        assert shown == pytest.approx(expected, abs=1.01e-4 / 2, nan_ok=True)
        for band in ("vv_db", "vh_db", "ratio_db"):
            (text,) = page.run(READ, band)
            assert number(text) == pytest.approx(stack[band][row, column], abs=0.0051, nan_ok=True)
        for run in runs:
            protocol, method = run.split("/")
            seed = 1 if method.split("-")[0] in ("cnn", "unet") else 0
            expected = [
                read_band(
                    results / f"fused/village/{protocol}/{band}/{method}/seed{seed}.tif", band
                )[row, column]
                for band in BANDS
            ]
            shown = [number(text) for text in page.run(READ, run)]
            assert shown == pytest.approx(expected, abs=1.01e-4 / 2, nan_ok=True), run
    assert "inside a gap" not in page.one("#position").text or gap[tuple(unknown[0])] == 1


def test_ten_metre_products_are_read_at_ten_metres(page, results):
    truth = read_band(results / "scenes/village/truth.tif", "red")
    page.choose("#left-layer", "truth")
    seen = set()
    for _ in range(3):
        press(page, Keys.ARROW_DOWN)
        seen.add(page.run(READ, "truth")[0])
    at = re.search(r"Row (\d+), column (\d+);", page.one("#position").text)
    row, column = (3 * int(at[group]) for group in (1, 2))
    near = truth[row - 3 : row + 6, column : column + 3]
    assert len(seen) == 3
    for text in seen:
        assert np.abs(near - number(text)).min() <= 1.01e-4 / 2


def test_errors_are_method_minus_reference(page, results):
    gap = read_band(results / "gaps/village.tif", "gap")
    red = read_band(results / "stack/village.tif", "red")
    mean = read_band(results / "fused/village/cloud_gap/red/mean-none/seed0.tif", "red")
    row, column = np.argwhere((gap == 1) & np.isfinite(red))[7]
    go_to(page, row, column)
    page.one("#as-errors").click()
    shown = number(page.run(READ, "cloud_gap/mean-none")[0])
    assert shown == pytest.approx((mean - red)[row, column], abs=1.01e-4)


def test_another_layer_or_view_paints_another_map(page):
    painted = [page.run(PAINTED, "right")]
    left = page.run(PAINTED, "left")
    for selector, value in (
        ("#right-layer", "cloud_gap/mean-none"),
        ("#right-view", "red"),
        ("#right-view", "error red"),
        ("#right-layer", "gapped"),
        ("#right-layer", "split"),
        ("#right-layer", "ratio_db"),
        ("#right-layer", "truth"),
        ("#right-layer", "sharpening.full/bicubic-none"),
    ):
        page.choose(selector, value)
        painted.append(page.run(PAINTED, "right"))
    assert len({str(sums) for sums in painted}) == len(painted)
    assert page.run(PAINTED, "left") == left
    assert "30 m to 10 m: Bicubic" in page.one("#right-title").text
    page.one("#swap").click()
    assert page.run(PAINTED, "left") == painted[-1]
    assert page.complaints() == []


def test_scores_of_the_shown_method_stand_beside_it(page, results):
    page.choose("#right-layer", "cloud_gap/mean-none")
    table = (results / "metrics/village/cloud_gap.csv").read_text().splitlines()
    header, *rows = (line.split(",") for line in table)
    found = [dict(zip(header, row, strict=True)) for row in rows]
    (rmse,) = (
        float(row["value"])
        for row in found
        if (row["region"], row["band"], row["method"], row["metric"])
        == ("gap", "red", "mean", "rmse")
    )
    cells = page.one("#right-scores tbody tr:first-child").text.split()
    assert cells[:2] == ["red", f"{rmse:.4f}"]


def test_maps_move_together_by_keys_wheel_and_buttons(page):
    first = page.run(SEEN, "left")
    assert page.run(SEEN, "right") == first
    press(page, "+")
    closer = page.run(SEEN, "left")
    assert closer[1] - closer[0] == pytest.approx((first[1] - first[0]) / 1.5)
    page.one("#zoom-out").click()
    assert page.run(SEEN, "right")[1] - page.run(SEEN, "right")[0] == pytest.approx(
        first[1] - first[0]
    )
    origin = ScrollOrigin.from_element(page.one("#map-right"))
    ActionChains(page.chrome).scroll_from_origin(origin, 0, -200).perform()
    page.wait(CLOSER, first[1] - first[0])
    wide, high = (page.run(SEEN, "left")[i + 1] - page.run(SEEN, "left")[i] for i in (0, 2))
    assert wide / high == pytest.approx((first[1] - first[0]) / (first[3] - first[2]))
    press(page, "0")
    assert page.run(SEEN, "left") == pytest.approx(first)


def test_a_worst_place_is_gone_to(page, results):
    page.choose("#worst-layer", "cloud_gap/mean-none")
    (button, *others) = page.chrome.find_elements(By.CSS_SELECTOR, "#worst button")
    assert len(others) >= 2
    row, column = map(int, re.search(r"row (\d+), column (\d+)", button.text).groups())
    button.send_keys(Keys.ENTER)
    assert f"Row {row}, column {column};" in page.one("#position").text
    left, right, bottom, top = page.run(SEEN, "left")
    assert left < 30 * column < right
    assert bottom < 30 * (128 - row) < top
    assert right - left < 30 * 128 / 2
    assert page.one("#left-title").text.startswith("Cloud gaps, filled: Mean")
    # Its error is that of the eight by eight pixels around it, over the three bands.
    block = np.s_[row - 4 : row + 4, column - 4 : column + 4]
    split = read_band(results / "stack/village.split.tif", "use")[block] == 3
    inside = (read_band(results / "gaps/village.tif", "gap")[block] == 1) & split
    errors = [
        (
            read_band(results / f"fused/village/cloud_gap/{band}/mean-none/seed0.tif", band)[block]
            - read_band(results / "stack/village.tif", band)[block]
        )[inside]
        for band in BANDS
    ]
    rmse = np.sqrt(np.nanmean(np.square(errors)))
    assert f"RMSE {rmse:.4f}" in button.text
    page.wait("return document.getElementById('status').textContent.startsWith('Row ')")


def test_swipe_and_blink_lay_one_map_over_the_other(page):
    boxes = "return ['left', 'right'].map((s) => document.getElementById(`map-${s}`).offsetLeft)"
    assert len(set(page.run(boxes))) == 2
    page.one('input[value="swipe"]').click()
    assert len(set(page.run(boxes))) == 1
    slider = page.one("#swipe")
    slider.send_keys(Keys.HOME)
    clip = "return getComputedStyle(document.getElementById('map-right')).clipPath"
    assert page.run(clip) == "inset(0px 0px 0px 0%)"
    slider.send_keys(Keys.END)
    assert page.run(clip) == "inset(0px 0px 0px 100%)"
    press(page, "b")
    seen = "return getComputedStyle(document.getElementById('map-right')).visibility"
    assert page.run(seen) == "visible"
    press(page, "b")
    assert page.run(seen) == "hidden"


def test_the_picture_without_clouds_is_swiped_over_the_measured_one(page, results):
    path = results / "products/village/cloud_free.tif"
    with rasterio.open(path) as dataset:
        bands = dict(zip(dataset.descriptions, dataset.read(), strict=True))
    row, column = np.argwhere(bands["source"] == Source.FILLED)[11]
    go_to(page, row, column)
    for layer, suffix in (("picture", ""), ("std", "_std")):
        shown = [number(text) for text in page.run(READ, f"cloud_free/{layer}")]
        expected = [bands[f"{band}{suffix}"][row, column] for band in BANDS]
        assert shown == pytest.approx(expected, abs=1.01e-4 / 2)
    assert page.run(READ, "cloud_free/source") == ["filled"]
    assert page.run(READ, "measured") == ["no data"] * 3
    painted = set()
    for button in page.chrome.find_elements(By.CSS_SELECTOR, "#picture-control button"):
        button.click()
        painted.add(str(page.run(PAINTED, "right")))
        assert page.one('input[value="swipe"]').is_selected()
    assert len(painted) == 3
    assert "Where pixels come from" in page.one("#right-title").text
    assert "filled" in page.one("#right-scale").text
    assert page.complaints() == []


def test_everything_can_be_reached_and_named_without_a_mouse(page):
    page.run("document.activeElement.blur()")
    reached = []
    for _ in range(60):
        ActionChains(page.chrome, duration=0).send_keys(Keys.TAB).perform()
        identifier = page.run("return document.activeElement.id || document.activeElement.name")
        reached.append(identifier)
        if page.run("return document.activeElement === document.body"):
            break
        assert page.run(OUTLINE) in ("solid", "dotted"), identifier  # dotted: Bokeh's own
    wanted = ["left-layer", "left-view", "right-layer", "right-view", "mode", "zoom-in", "maps"]
    assert [name for name in reached if name in wanted] == wanted
    assert {"worst-layer", "as-errors", "swap", "whole"} <= set(reached)
    assert page.run("return document.documentElement.lang") == "en"
    assert len(page.chrome.find_elements(By.CSS_SELECTOR, "h1")) == 1
    for element in page.chrome.find_elements(By.CSS_SELECTOR, "select, button, input, #maps"):
        if element.is_displayed():
            assert element.accessible_name, element.get_attribute("outerHTML")
    assert page.one("#status").aria_role == "status"


@pytest.mark.parametrize("mode", ["side", "swipe"])
def test_nothing_sticks_out_on_a_phone(page, mode):
    page.resize(375, 800)
    page.one(f'input[value="{mode}"]').click()
    wide = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    assert page.run(wide) == [375, 375]
    beyond = """
        return [...document.querySelectorAll("body *")].filter((element) => {
            const box = element.getBoundingClientRect();
            return box.width && box.right > 375.5 && box.left >= 0;
        }).map((element) => element.outerHTML.slice(0, 80));
    """
    assert page.run(beyond) == []
    tops = "return ['left', 'right'].map((s) => document.getElementById(`map-${s}`).offsetTop)"
    assert len(set(page.run(tops))) == (2 if mode == "side" else 1)


def test_a_second_build_has_the_same_bytes(protocols, results):
    path = results / "viewer/index.html"
    before = path.read_bytes()
    protocols.run("viewer", "--forcerun", "build_viewer", study="tests/studies/protocols.yaml")
    assert path.read_bytes() == before
    assert len(before) < 20e6
