"""The viewer without a browser: what its page contains, and how much of it."""

import base64
import hashlib
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid, write_raster
from sarfusion.show.viewer.layers import ViewerLayer, pack_layers
from sarfusion.show.viewer.packing import decode, encode, pack, steps_of, unpack
from sarfusion.show.viewer.page import FILES, build_page

VALUES = st.floats(-2, 3, width=32) | st.just(np.nan)


@settings(deadline=None)
@given(arrays.arrays(np.float32, st.integers(1, 50), elements=VALUES))
def test_values_come_back_within_half_a_step(values):
    packed = pack(values, 1e-4)
    assert packed["step"] == 1e-4
    back = unpack(packed)
    assert np.array_equal(np.isnan(back), np.isnan(values))
    assert np.nanmax(np.abs(back - values), initial=0) <= 0.5001e-4


@settings(deadline=None)
@given(arrays.arrays(np.uint16, st.integers(0, 50)))
def test_numbers_come_back_as_they_were(numbers):
    assert np.array_equal(decode(encode(numbers)), numbers)


def test_neighbours_take_little_room():
    slope = np.arange(10_000, dtype=np.uint16)
    assert len(encode(slope)) < 200


def test_steps_grow_until_they_span_the_values():
    assert steps_of(-0.05, 1.2, 1e-4) == (pytest.approx(-0.05), 1e-4)
    assert steps_of(0, 6.6, 1e-4)[1] == pytest.approx(2e-4)
    assert steps_of(0, 20, 1e-4)[1] == pytest.approx(5e-4)
    assert steps_of(0, 40, 1e-4)[1] == pytest.approx(1e-3)


# Pages


@pytest.fixture
def scene(tmp_path):
    """Paths of a stack, its split, gaps, a method and the truth of three times the size."""
    rng = np.random.default_rng(2)
    coarse = Grid(CRS.from_epsg(32648), from_origin(0, 3000, 30, 30), 96, 128)
    fine = Grid(coarse.crs, from_origin(0, 3000, 10, 10), 288, 384)
    red = rng.uniform(0, 0.4, (1, *coarse.shape)).astype(np.float32)
    use = np.full((1, *coarse.shape), 1, np.uint8)
    use[:, 64:, 64:] = 3
    gap = np.zeros_like(use)
    gap[:, 80:, :] = 1
    fused = red + 0.01
    fused[:, 88:96, 120:128] += 0.1  # in a gap, on test ground
    fused[:, 64:72, 64:72] += 0.2  # on test ground, but in no gap
    fused[:, 80:88, 0:8] += 0.3  # in a gap, but on training ground
    truth = np.kron(red, np.ones((1, 3, 3), np.float32))
    for name, array, band, grid, nodata in (
        ("stack", red, "red", coarse, np.nan),
        ("use", use, "use", coarse, 0),
        ("gaps", gap, "gap", coarse, None),
        ("fused", fused, "red", coarse, np.nan),
        ("truth", truth, "red", fine, np.nan),
    ):
        write_raster(tmp_path / f"{name}.tif", array, grid, [band], nodata)
    return tmp_path


def layers(scene):
    def of(name, path, reference=None, region="test"):
        place = {"red": (scene / path, "red")}
        return ViewerLayer(name, "group", name, place, "reflectance", reference, region)

    return [
        of("measured", "stack.tif"),
        of("truth", "truth.tif"),
        of("filled", "fused.tif", "measured", "gap"),
        of("made", "fused.tif", "measured"),
        of("fine", "truth.tif", "truth"),
    ]


def packed(scene, limit):
    found = pack_layers(layers(scene), scene / "use.tif", scene / "gaps.tif", limit)
    return found, {layer["id"]: layer for layer in found["layers"]}


def test_worst_places_are_on_scored_ground(scene):
    _, told = packed(scene, 10**7)
    assert (told["filled"]["worst"][0]["row"], told["filled"]["worst"][0]["column"]) == (92, 124)
    assert told["filled"]["worst"][0]["rmse"] == pytest.approx(0.11, abs=1e-4)
    assert (told["made"]["worst"][0]["row"], told["made"]["worst"][0]["column"]) == (68, 68)
    assert told["measured"]["worst"] == []


def test_all_is_held_where_there_is_room(scene):
    found, told = packed(scene, 10**7)
    assert found["grids"] == {"3": [[0, 0, 288, 384, 1]], "1": [[0, 0, 96, 128, 1]]}
    assert len(unpack(told["truth"]["bands"]["red"])) == 288 * 384
    assert found["errors"]["group"] == pytest.approx(0.21)  # two of a hundred err by that or more


@pytest.mark.parametrize("limit", [30_000, 100_000])
def test_a_page_stays_under_its_limit_and_is_thinned_for_it(scene, limit):
    found, told = packed(scene, limit)
    assert len(json.dumps(found)) <= limit
    (row, column, rows, columns, step), *tiles = found["grids"]["3"]
    assert step > 1
    assert (row, column) == (0, 0)
    values = unpack(told["truth"]["bands"]["red"])
    assert len(values) == rows * columns + sum(tile[2] * tile[3] for tile in tiles)


def test_what_can_not_fit_is_said(scene):
    with pytest.raises(StudyError, match=r"do not fit into 500 bytes; raise viewer.limit_mb"):
        packed(scene, 500)


def test_grids_that_do_not_nest_are_refused(scene):
    odd = Grid(CRS.from_epsg(32648), from_origin(0, 3000, 30, 30), 95, 128)
    write_raster(scene / "fused.tif", np.zeros((1, *odd.shape), np.float32), odd, ["red"], None)
    with pytest.raises(StudyError, match="do not nest"):
        packed(scene, 10**7)


def page(**more):
    data = {
        "study": "demo",
        "site": "city",
        "simulated": True,
        "sensor": None,
        "dates": {"optical": None, "sar": None},
        "size": [96, 128],
        "pixel_m": [30.0, 30.0],
        "sizes": {"coarse": "90", "native": "30", "fine": "10"},
        "bands": ["red"],
        "pages": {"city": "index.html"},
        **more,
    }
    return build_page(data, *texts())


def texts():
    folder = FILES[0].parent
    return [(folder / f"page.{form}").read_text(encoding="utf-8") for form in ("html", "css", "js")]


def test_the_same_page_has_the_same_bytes():
    assert page() == page()


def test_only_the_scripts_of_the_page_may_run_and_nothing_may_be_asked_for():
    html = page()
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', html)[1]
    assert "default-src 'none'" in policy
    assert not re.search(r"https?:|\*|unsafe-eval|connect-src", policy)
    allowed = set(re.findall(r"'sha256-(.*?)'", policy))
    scripts = re.findall(r"<script>(.*?)</script>", html, re.S)
    sums = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts}
    assert len(sums) == 2
    assert sums == allowed
    assert not re.search(r"<(?:link|img|iframe|script)[^>]+(?:src|href)=", html)


def test_names_do_not_break_out_of_the_page():
    html = page(layers=[{"label": "</script><script>alert(1)"}], site="<b>city</b>")
    assert "alert(1)" in html
    assert "<script>alert(1)" not in html
    assert "<b>city</b>" not in html


def test_sensor_and_pixel_sizes_are_those_of_the_site():
    sizes = {"coarse": "30", "native": "10", "fine": "3.33"}
    html = " ".join(page(sizes=sizes, sensor="Sentinel-2 MSI").split())
    for words in (
        "reflectance of Sentinel-2 MSI on its 10 m grid",
        "blurred it, at 3.33 m.",
        "Degraded to 30 m and brought back to 10 m, to compare with what was measured; and from"
        " 10 m to 3.33 m.",
        "the true one for 3.33 m products",
    ):
        assert words in html
    assert "90 m" not in html
    assert "Measured is the reflectance on its 10 m grid" in " ".join(page(sizes=sizes).split())


def test_sites_lead_to_each_other_and_simulated_ones_say_so():
    assert '<select id="site">' not in page()
    html = page(pages={"city": "index.html", "town": "site-town.html"})
    assert '<option value="site-town.html">town</option>' in html
    assert "scenes are simulated" in html
    assert "scenes are simulated" not in page(simulated=False)


@pytest.mark.parametrize("path", FILES[:2], ids=lambda path: path.name)
def test_lines_of_the_page_are_as_short_as_those_of_the_code(path):
    assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 100
