"""The sizes of pixels in words, and what is said about SAR that is coarser than its products."""

import json

import numpy as np
import pandas as pd
import prepare_full_scale
import pytest
import tabulate_metrics
from paper_data import make_stack
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.files import write_json
from sarfusion.core.raster import Grid, write_raster
from sarfusion.scenes import sar
from sarfusion.scenes.bands import BANDS
from sarfusion.show.pixels import coarse_sar_note, metres, pixel_sizes
from sarfusion.show.tables import METRIC_COLUMNS


def stack(optical, sar):
    """The content of a stack/SITE.json, with square pixels of these sizes in metres."""
    made = make_stack()
    made["grid"]["pixel_m"], made["sar"]["pixel_m"] = [optical] * 2, [sar] * 2
    return made


def test_sizes_are_those_of_the_grid():
    assert pixel_sizes([(30, 30)]) == {"coarse": "90", "native": "30", "fine": "10"}
    assert pixel_sizes([(10, 10)]) == {"coarse": "30", "native": "10", "fine": "3.33"}
    assert pixel_sizes([(29.6, 30.9)])["native"] == "30.2"  # degrees, away from the equator


def test_sites_that_differ_have_a_range():
    sizes = pixel_sizes([(10, 10), (30, 30), (20, 20)])
    assert sizes == {"coarse": "30–90", "native": "10–30", "fine": "3.33–10"}
    assert pixel_sizes([(30, 30), (30.0001, 30)])["native"] == "30"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0.5, "0.5"), (3.3333, "3.33"), (250, "250"), (3000, "3000"), (5566, "5570")],
)
def test_metres_are_written_without_an_exponent(size, text):
    assert metres(size) == text


def test_coarser_sar_is_told_of_the_sites_that_have_it():
    stacks = {"landsat": stack(30, 10), "sentinel": stack(10, 10), "planet": stack(3, 20)}
    assert coarse_sar_note({"landsat": stacks["landsat"]}) == ""
    assert coarse_sar_note(stacks) == (
        "At sentinel, planet, SAR has pixels of 10–20 m, so it adds no detail at 1–3.33 m."
    )
    many = {f"site{number}": stack(10, 10) for number in range(9)}
    assert coarse_sar_note(many).startswith("At 9 sites, SAR has pixels of 10 m, so")


def test_a_size_that_only_a_projection_changes_is_no_coarser():
    assert coarse_sar_note({"a": stack(29.6, 10)}) == ""  # products of 9.87 m


@pytest.mark.parametrize(
    ("side", "said"),
    [
        (30, ""),
        (
            10,
            "warning: site here: SAR has pixels of 10 m; those of its sharpened products have"
            " 3.33 m, but no finer SAR detail",
        ),
    ],
)
def test_a_step_warns_of_coarser_sar(tmp_path, caplog, side, said):
    def grid(pixel):
        return Grid(CRS.from_epsg(32648), from_origin(5e5, 1e6, pixel, pixel), 6, 6)

    stack, power = tmp_path / "stack.tif", tmp_path / "sar.tif"
    write_raster(stack, np.full((3, 6, 6), 0.1), grid(side), BANDS, np.nan)
    write_raster(power, np.full((2, 6, 6), 0.1), grid(10), sar.BANDS, np.nan)
    full = tmp_path / "full.tif"
    write_json(tmp_path / "stack.json", {"shift_corrected_px": None})
    prepare_full_scale.main(
        stack=stack,
        sar=power,
        description=tmp_path / "stack.json",
        full=full,
        site="here",
        noise_floor_db=-30,
    )
    assert caplog.messages == [said] * bool(said)


@pytest.mark.parametrize("protocol", ["sharpening", "cloud_gap"])
def test_the_summary_tells_of_coarser_sar_where_there_are_such_products(tmp_path, protocol):
    row = ("s", "here", protocol, "test", "red", "cnn", "ratio", 1, "rmse", 0.1, 9)
    pd.DataFrame([row], columns=METRIC_COLUMNS).to_csv(tmp_path / "metrics.csv")
    columns = ["protocol", "model", "input", "updates", "converged"]
    pd.DataFrame(columns=columns).to_csv(tmp_path / "models.csv")
    (tmp_path / "here.json").write_text(json.dumps({"site": "here", **stack(10, 10)}))
    made = {name: tmp_path / f"summary.{name}" for name in ("csv", "md", "tex", "txt")}
    tabulate_metrics.main(
        metrics=tmp_path / "metrics.csv",
        descriptions=[tmp_path / "here.json"],
        models=tmp_path / "models.csv",
        **made,
        missing={},
    )
    for name in ("md", "txt"):
        text = made[name].read_text()
        assert ("Sharpening: 30 m to 10 m" in text) == (protocol == "sharpening")
        assert ("so it adds no detail at 3.33 m" in text) == (protocol == "sharpening")
