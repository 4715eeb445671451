"""The quality of maps made of filled gaps: scores by hand, and the table from made rasters."""

import numpy as np
import pandas as pd
import pytest
from evaluate_land_cover import COLUMNS, main
from land_cover_data import make_land_cover
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid, write_raster
from sarfusion.ground import split as split_map
from sarfusion.scenes.built_up import BUILT, NOT_BUILT, UNKNOWN
from sarfusion.scoring.land_cover import LEAST, index, index_scores, map_scores
from sarfusion.scoring.uncertainty import GapBlocks
from sarfusion.show.land_cover import full_table, notes, short_table
from sarfusion.show.paper.land_cover import map_sentences
from sarfusion.study.indices import INDICES

SIDE = 96
BANDS = ["red", "green", "blue", "nir", "swir16"]
GRID = Grid(CRS.from_epsg(32648), Affine(30, 0, 600000, 0, -30, 1200000), SIDE, SIDE)
GROUND = np.array([0.08, 0.1, 0.06, 0.4, 0.2])  # reflectance of the bands
ROOF = np.array([0.2, 0.19, 0.18, 0.25, 0.3])


def blocks(count):
    """Blocks of pixels in a square as large as four of them."""
    rows, columns = np.divmod(np.arange(count), int(np.sqrt(count)))
    return GapBlocks(rows, columns, 4, 200, 1)


def test_an_index_by_hand():
    assert index(np.array([0.4]), np.array([0.1])) == pytest.approx(0.6)
    assert index(np.array([0.1]), np.array([0.4])) == pytest.approx(-0.6)
    # Below LEAST, reflectance is LEAST: the index stays between -1 and 1.
    found = index(np.array([-0.02, -0.02, 0.3]), np.array([0.3, -0.5, -1]))
    assert found == pytest.approx([(LEAST - 0.3) / (LEAST + 0.3), 0, (0.3 - LEAST) / (0.3 + LEAST)])


def test_maps_by_hand():
    truth, mapped = np.zeros((2, 100), bool)
    truth[:40], mapped[20:50] = True, True
    iou, area = map_scores(mapped[None], truth, blocks(100))
    assert (iou.metric, area.metric) == ("iou", "area")
    assert iou.value == pytest.approx(20 / 50)
    assert area.value == pytest.approx(30 / 40)
    assert iou.n == area.n == 40
    assert iou.low < iou.value < iou.high
    # The mean of two seeds, one of which is right.
    iou, area = map_scores(np.array([mapped, truth]), truth, blocks(100))
    assert (iou.value, area.value) == pytest.approx(((0.4 + 1) / 2, (0.75 + 1) / 2))


def test_a_map_that_calls_all_built_up_has_the_share_as_its_score():
    truth = np.arange(100) < 64
    iou, area = map_scores(np.ones((1, 100), bool), truth, blocks(100))
    assert (iou.value, area.value) == pytest.approx((0.64, 1 / 0.64))


def test_one_pixel_moves_a_score_by_one_nth_at_most():
    rng = np.random.default_rng(4)
    truth = rng.random(100) < 0.5
    mapped = rng.random(100) < 0.5
    before = map_scores(mapped[None], truth, blocks(100))
    for pixel in range(100):
        flipped = mapped.copy()
        flipped[pixel] ^= True
        for one, other in zip(before, map_scores(flipped[None], truth, blocks(100)), strict=True):
            assert abs(one.value - other.value) <= 1 / one.n + 1e-12


def test_without_pixels_or_without_any_built_up_nothing_is_known():
    assert np.isnan(map_scores(np.ones((1, 100), bool), np.zeros(100, bool), blocks(100))[0].value)
    assert index_scores(np.empty((1, 0)), np.empty(0), None)[0].n == 0


def test_an_index_that_is_off_by_a_constant():
    truth = np.linspace(-0.5, 0.5, 100)
    rmse, bias = index_scores(np.array([truth - 0.1, truth + 0.3]), truth, blocks(100))
    assert (rmse.value, bias.value) == pytest.approx((0.2, 0.1))
    assert (rmse.low, rmse.high) == pytest.approx((0.2, 0.2))
    assert rmse.n == 100


@pytest.fixture
def site(tmp_path):
    """A city whose eastern half is built up; the north is for training, the south for test.

    Both are in gaps in every other stripe. One method fills the truth, one fills roofs everywhere.
    """
    rng = np.random.default_rng(1)
    built = np.zeros((SIDE, SIDE), bool)
    built[:, SIDE // 2 :] = True
    truth = np.where(built, ROOF[:, None, None], GROUND[:, None, None])
    truth = truth * rng.lognormal(0, 0.05, truth.shape)
    labels = np.where(built, BUILT, NOT_BUILT).astype(np.uint8)
    labels[:, :4] = UNKNOWN
    use = np.full((SIDE, SIDE), split_map.TRAIN, np.uint8)
    use[SIDE // 2 :] = split_map.TEST
    gap = np.zeros((SIDE, SIDE), np.uint8)
    gap[:, (np.arange(SIDE) // 8) % 2 == 0] = 1
    roofs = np.broadcast_to(ROOF[:, None, None], truth.shape)
    write_raster(tmp_path / "stack.tif", truth.astype(np.float32), GRID, BANDS, np.nan)
    write_raster(tmp_path / "split.tif", use[None], GRID, ["use"], 0)
    write_raster(tmp_path / "gaps.tif", gap[None], GRID, ["gap"], None)
    write_raster(tmp_path / "built_up.tif", labels[None], GRID, ["built_up"], UNKNOWN)
    runs = []
    for method, seed, image in (("mean", 0, roofs), ("unet", 1, truth), ("unet", 2, roofs)):
        for band, values in zip(BANDS, image, strict=True):
            path = tmp_path / f"{band}{method}{seed}.tif"
            write_raster(path, values[None].astype(np.float32), GRID, [band], np.nan)
            runs.append((path, (band, method, "none", seed)))
    return tmp_path, runs


def table_of(site, **changes):
    folder, runs = site
    bands = changes.pop("bands", BANDS)
    chosen = [(path, run) for path, run in runs if run[0] in bands]
    given = {
        **{name: folder / f"{name}.tif" for name in ("stack", "split", "gaps", "built_up")},
        "fused": [path for path, _ in chosen],
        "runs": [list(run) for _, run in chosen],  # as Snakemake hands them on
        "bands": bands,
        "indices": [name for name, pair in INDICES.items() if {*pair} <= {*bands}],
        "study": "s",
        "site": "here",
        "protocol": "cloud_gap",
        "block_px": 8,
        "draws": 200,
        "seed": 1,
    }
    main(table=folder / "table.csv", **(given | changes))
    return pd.read_csv(folder / "table.csv")


def value(table, what, method, metric):
    keys = ["band", "method", "metric"]
    (row,) = table[(table[keys] == [what, method, metric]).all(axis=1)].to_dict("records")
    return row["value"]


def test_what_is_filled_right_maps_as_well_as_what_was_measured(site):
    table = table_of(site)
    assert list(table.columns) == COLUMNS
    assert set(table["region"]) == {"gap"}
    assert value(table, "built_up", "measured", "iou") > 0.99
    # Of 48 rows and 48 columns in gaps; of four columns the truth is not known.
    known, built = 48 * (48 - 4), 48 * 24
    assert value(table, "built_up", "measured", "share") == pytest.approx(built / known)
    # Roofs everywhere; at the rim of a gap, the ground around differs from roofs.
    assert value(table, "built_up", "mean", "iou") == pytest.approx(built / known, abs=0.05)
    one, both = (value(table, "built_up", name, "iou") for name in ("mean", "unet"))
    of_truth = value(table, "built_up", "measured", "iou")
    assert both == pytest.approx((of_truth + one) / 2)
    assert set(table[table["method"] == "unet"]["seeds"]) == {2}
    assert set(table[table["metric"] == "iou"]["n"]) == {built}


def test_indices_of_filled_bands(site):
    table = table_of(site)
    assert not ((table["method"] == "measured") & (table["band"] == "ndvi")).any()
    nir, red, swir16 = 3, 0, 4
    for name, a, b in (("ndvi", nir, red), ("ndbi", swir16, nir)):
        wrong = (ROOF[a] - ROOF[b]) / (ROOF[a] + ROOF[b])
        right = (GROUND[a] - GROUND[b]) / (GROUND[a] + GROUND[b])
        # Half of the ground has roofs, which are right.
        assert value(table, name, "mean", "index_bias") == pytest.approx(
            (wrong - right) / 2, rel=0.02
        )
        expected = abs(wrong - right) / np.sqrt(2)
        assert value(table, name, "mean", "index_rmse") == pytest.approx(expected, rel=0.03)
        assert value(table, name, "unet", "index_rmse") == pytest.approx(
            value(table, name, "mean", "index_rmse") / 2, rel=1e-4
        )


def test_of_red_green_and_blue_there_is_no_index_and_of_no_mask_no_map(site):
    table = table_of(site, bands=BANDS[:3])
    assert set(table["band"]) == {"built_up"}
    table = table_of(site, built_up=None)
    assert set(table["band"]) == {"ndvi", "ndbi"}


def test_without_gaps_on_test_ground_every_score_is_unknown(site):
    folder, _ = site
    write_raster(folder / "gaps.tif", np.zeros((1, SIDE, SIDE), np.uint8), GRID, ["gap"], None)
    table = table_of(site)
    assert table["value"].isna().all()
    assert set(table["n"]) == {0}


def test_a_classifier_needs_both_classes_on_training_ground(site):
    folder, _ = site
    labels = np.full((SIDE, SIDE), NOT_BUILT, np.uint8)
    labels[SIDE // 2 :] = BUILT  # only test ground
    write_raster(folder / "built_up.tif", labels[None], GRID, ["built_up"], UNKNOWN)
    with pytest.raises(StudyError, match=r"built_up.tif: only 0 pixels of training ground are bu"):
        table_of(site)


def test_the_table_by_hand():
    table = full_table(make_land_cover())
    measured, unet, mean = table.to_dict("records")
    assert measured["method"] == "Measured bands"
    assert (measured["built-up IoU"], measured["of measured"]) == ("0.800 (0.750 to 0.850)", "1.00")
    assert unet["method"] == "U-Net, with ratio"
    assert (unet["built-up IoU"], unet["of measured"]) == ("0.600 (0.550 to 0.650)", "0.75")
    assert (mean["method"], mean["built-up area"]) == ("Mean", "1.10")
    assert (mean["NDVI RMSE"], measured["NDVI RMSE"]) == ("0.150 (0.140 to 0.160)", "")
    assert mean["NDVI bias"] == "-0.010"


def test_sites_are_told_apart_or_averaged():
    two = make_land_cover(sites=("a", "b"))
    assert list(full_table(two)["site"].unique()) == ["a", "b"]
    assert "site" not in short_table(two)
    many = make_land_cover(sites=tuple(f"site{number}" for number in range(8)))
    assert "site" not in full_table(many)
    assert full_table(many)["built-up IoU"].tolist()[0] == "0.800"


def test_words_on_the_table():
    rows = make_land_cover()
    assert any("64.0 % of the pixels are built up" in text for text in notes(rows))
    first, trained, other = map_sentences(rows)
    assert "0.80" in first
    assert "by the U-Net with the ratio" in trained
    assert trained.endswith("it reaches 0.60, 75\N{NO-BREAK SPACE}% of that.")
    assert "Mean does best, with 0.40" in other
    assert map_sentences(rows[rows["band"] != "built_up"]) == []


def test_what_is_not_known_is_said():
    rows = make_land_cover()
    rows[["value", "low", "high"]] = np.nan
    assert set(full_table(rows)["built-up IoU"]) == {"unknown"}
    assert map_sentences(rows) == []
