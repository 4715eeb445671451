"""What share of a product was filled, and how far that is from a known truth."""

import evaluate_product
import numpy as np
import pandas as pd
import pytest
import rasterio
from product_data import GRID
from sarfusion.core.cog import create_cog
from sarfusion.core.files import write_json
from sarfusion.core.raster import write_raster
from sarfusion.product.bands import NAMES, Source
from sarfusion.product.score import Tally, share_rows
from sarfusion.scenes.bands import BANDS

FACTS = {"study": "s", "site": "town", "model": "unet", "input": "ratio"}


def test_scores_of_a_tally_by_hand():
    tally = Tally()
    tally.add(np.array([0.03, -0.01]), np.array([0.02, 0.01]))
    tally.add(np.array([0.04]), np.array([0.01]))
    tally.add(np.array([0.0]), np.array([np.nan]))
    scores = tally.scores()
    assert scores["rmse"] == (pytest.approx(np.sqrt((9 + 1 + 16) * 1e-4 / 4)), 4)
    assert scores["bias"] == (pytest.approx(0.06 / 4), 4)
    assert scores["coverage_95"] == (pytest.approx(2 / 3), 3)  # .04 lies beyond 1.96 * .01
    assert scores["width_95"] == (pytest.approx(2 * 1.959964 * 0.04 / 3), 3)


def test_a_tally_of_nothing_has_no_scores():
    assert Tally().scores() == {}


def test_shares_are_of_the_picture_and_of_the_scene():
    rows = share_rows({"no_data": 50, "measured": 120, "filled": 30})
    values = {row["metric"]: (row["value"], row["n"]) for row in rows}
    assert values == {"share_filled": (0.2, 150), "share_no_data": (0.25, 200)}
    dated = share_rows({"no_data": 50, "measured": 120, "filled": 20, "from_date": 10})
    assert {row["metric"]: row["value"] for row in dated} == {
        "share_filled": 0.2,
        "share_from_date": pytest.approx(1 / 15),
        "share_no_data": 0.25,
    }
    assert [row["metric"] for row in share_rows({"no_data": 5, "measured": 0, "filled": 0})] == [
        "share_no_data"
    ]


def test_draws_from_the_stated_uncertainty_are_covered():
    rng = np.random.default_rng(3)
    std = rng.uniform(0.01, 0.05, 200_000)
    tally = Tally()
    tally.add(rng.normal(0, std), std)
    assert tally.scores()["coverage_95"][0] == pytest.approx(0.95, abs=0.002)


@pytest.fixture
def product(tmp_path):
    """A product of ground of one colour, whose upper half is filled and .02 too bright."""
    truth = np.array([0.1, 0.2, 0.3], np.float32)[:, None, None]
    bands = np.empty((len(NAMES), *GRID.shape), np.float32)
    bands[:3], bands[3:6], bands[6] = truth, np.nan, Source.MEASURED
    upper = slice(0, GRID.height // 2)
    bands[:3, upper] += 0.02
    bands[3:6, upper] = np.array([0.005, 0.02, 0.02])[:, None, None]
    bands[6, upper] = Source.FILLED
    bands[:, 0, 0] = [*[np.nan] * 6, Source.NO_DATA]
    with create_cog(tmp_path / "cloud_free.tif", GRID, NAMES, {}) as target:
        target.write(bands)
    fine = GRID.finer(3)
    values = np.broadcast_to(truth, (3, *fine.shape))
    write_raster(tmp_path / "truth.tif", values, fine, BANDS, np.nan)
    half = GRID.width * GRID.height // 2
    counts = {"no_data": 1, "measured": half, "filled": half - 1}
    write_json(tmp_path / "cloud_free.json", FACTS | {"pixels": counts})
    return tmp_path


def evaluate(folder, truth):
    evaluate_product.main(
        picture=folder / "cloud_free.tif",
        facts=folder / "cloud_free.json",
        table=folder / "scores.csv",
        gain_at_nyquist=0.3,
        truth=truth,
    )
    return pd.read_csv(folder / "scores.csv").set_index(["region", "band", "metric"])


def test_a_product_is_held_against_the_truth_at_its_own_pixels(product, monkeypatch):
    monkeypatch.setattr(evaluate_product, "TILE_PX", 128)
    table = evaluate(product, product / "truth.tif")
    assert set(table["method"] + "-" + table["input"]) == {"unet-ratio"}
    for band, coverage in (("red", 0), ("green", 1), ("blue", 1)):
        assert table.loc[("clouds", band, "rmse"), "value"] == pytest.approx(0.02, abs=1e-6)
        assert table.loc[("clouds", band, "bias"), "value"] == pytest.approx(0.02, abs=1e-6)
        assert table.loc[("clouds", band, "coverage_95"), "value"] == coverage
        assert table.loc[("measured", band, "rmse"), "value"] == pytest.approx(0, abs=1e-6)
        assert ("measured", band, "coverage_95") not in table.index
    assert table.loc[("clouds", "red", "rmse"), "n"] == GRID.width * GRID.height // 2 - 1


def test_without_a_truth_only_shares_are_known(product):
    table = evaluate(product, None)
    assert set(table.index.get_level_values("metric")) == {"share_filled", "share_no_data"}


def test_pixels_from_another_date_are_scored_on_their_own_too(product):
    with rasterio.open(product / "cloud_free.tif") as dataset:
        bands = dataset.read()
    left = bands[6] == Source.FILLED
    left[:, GRID.width // 4 :] = False
    bands[:3, left] -= 0.01
    bands[6, left] = Source.FROM_DATE
    with create_cog(product / "cloud_free.tif", GRID, NAMES, {}) as target:
        target.write(bands)
    table = evaluate(product, product / "truth.tif")
    value = table["value"]
    assert value["from_date", "red", "rmse"] == pytest.approx(0.01, abs=1e-6)
    assert value["not_from_date", "red", "rmse"] == pytest.approx(0.02, abs=1e-6)
    parts = [table["n"][region, "red", "rmse"] for region in ("from_date", "not_from_date")]
    assert parts[0] == left.sum()
    assert sum(parts) == table["n"]["clouds", "red", "rmse"]
    shares = np.array(parts) / sum(parts)
    both = np.sqrt(shares @ np.square([0.01, 0.02]))
    assert value["clouds", "red", "rmse"] == pytest.approx(both, abs=1e-6)


def test_without_another_date_there_is_no_part_of_its_own(product):
    regions = evaluate(product, product / "truth.tif").index.get_level_values("region")
    assert set(regions) == {"scene", "clouds", "measured"}
