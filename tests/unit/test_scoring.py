"""Scores of scenes cut into tiles: tables of scripts; tiles and threads change nothing."""

import evaluate_full_scale
import evaluate_fusion
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core.files import write_json
from sarfusion.core.raster import Grid, write_raster
from sarfusion.core.tiling import tiles
from sarfusion.ground import gaps
from sarfusion.ground.degradation import degrade
from sarfusion.scoring import scene_scores
from sarfusion.scoring.image_pair import Score
from sarfusion.scoring.places import HALO_PX, inner
from sarfusion.scoring.scored_ground import open_ground
from scored_images import score_band, score_triple
from skimage.metrics import structural_similarity

BANDS = ["red", "green", "blue"]
GAPS = {"distance_edges_m": [60, 150], "share_edges": [0.3, 0.6], "window_px": 7}
SHAPE = (54, 71)
AGES = np.random.default_rng(7).choice(np.float32([8, 16, 30, np.nan]), SHAPE)  # days


def noise(*shape, seed=0):
    """Reflectances between .05 and .4, without structure."""
    return np.random.default_rng(seed).uniform(0.05, 0.4, shape).astype(np.float32)


def equal(found, expected):
    assert found.keys() == expected.keys()
    for name, score in expected.items():
        assert found[name] == (pytest.approx(score.value, abs=1e-9, nan_ok=True), score.n), name


@given(st.integers(0, 999), st.integers(1, 40), st.integers(1, 40), st.integers(3, 45))
@settings(max_examples=25, deadline=None)
def test_the_size_of_tiles_does_not_matter(seed, rows, columns, tile_px):
    reference, fused = noise(3, rows, columns, seed=seed), noise(3, rows, columns, seed=seed + 1)
    region = np.random.default_rng(seed).random((rows, columns)) < 0.98
    region[: rows // 4] = False
    for score, chosen, more in ((score_band, 0, (0.35,)), (score_triple, slice(None), ())):
        images = reference[chosen], fused[chosen], region, *more
        equal(score(*images, tile_px=tile_px), score(*images, tile_px=64))


def test_threads_do_not_change_a_bit():
    images = noise(60, 70), noise(60, 70, seed=1), np.ones((60, 70), bool), 0.35
    one, three = (score_band(*images, threads=threads, tile_px=16) for threads in (1, 3))
    assert one == three


def test_ssim_agrees_with_scikit_image():
    reference, fused = noise(90, 70).astype(float), noise(90, 70, seed=1).astype(float)
    expected = structural_similarity(
        *(reference, fused),
        data_range=0.35,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    found = score_band(reference, fused, np.ones((90, 70), bool), 0.35, tile_px=32)["ssim"]
    assert found == (pytest.approx(expected, abs=1e-12), 80 * 60)


def test_tiles_cover_a_scene_once():
    count = np.zeros((7, 11), int)
    for tile in tiles((7, 11), 4, 1):
        count[tile.written] += 1
        read = tile.padded(lambda *at: np.ones((7, 11))[at], 1)
        assert read.shape == tuple(np.ptp(span) + 4 for span in (tile.rows, tile.columns))
    assert (count == 1).all()


@pytest.fixture
def site(tmp_path):
    """A site whose rasters are larger than a tile of 16 px, as arrays and as files."""
    rng = np.random.default_rng(3)
    grid = Grid(CRS.from_epsg(32633), Affine(30, 0, 0, 0, -30, 0), *SHAPE)
    scene = noise(3, *SHAPE)
    scene[:, 20:23, 30:40] = np.nan
    use = np.full(SHAPE, 3, np.uint8)
    use[:, :9] = 1
    use[np.isnan(scene[0])] = 0
    gap = gaps.simulate_gaps(SHAPE, 0.5, 14, 1)
    runs = [(band, "cnn", "ratio", seed) for seed in (1, 2) for band in BANDS]
    runs.append(("red", "copy", "none", 0))
    images = [
        scene[BANDS.index(band)] + rng.normal(0, 0.02, SHAPE).astype(np.float32)
        for band, *_ in runs
    ]
    paths = {name: tmp_path / f"{name}.tif" for name in ("stack", "split", "gaps")}
    write_raster(paths["stack"], scene, grid, BANDS, np.nan)
    write_raster(paths["split"], use[np.newaxis], grid, ["use"], 0)
    write_raster(paths["gaps"], gap[np.newaxis].astype(np.uint8), grid, ["gap"], 255)
    write_raster(tmp_path / "dates.tif", AGES[np.newaxis], grid, ["other_date_age"], np.nan)
    write_json(tmp_path / "stack.json", {"data_range": dict.fromkeys(BANDS, 0.35)})
    fused = [tmp_path / f"{number}.tif" for number in range(len(runs))]
    for path, image, (band, *_) in zip(fused, images, runs, strict=True):
        write_raster(path, image[np.newaxis], grid, [band], np.nan)
    arguments = {
        **{"stack": paths["stack"], "split": paths["split"], "runs": runs},
        **{"description": tmp_path / "stack.json", "table": tmp_path / "out.csv"},
        **{"study": "s", "site": "here"},
    }
    return arguments, fused, paths, scene, images, use, gap


def regions_of(use, gap, cut, dated=False):
    if not cut:
        return {"test": use == 3}
    ages = (AGES, [16]) if dated else ()
    edges = [GAPS[name] for name in ("distance_edges_m", "share_edges", "window_px")]
    return gaps.regions(gap, use == 3, (30, 30), *edges, use != 0, *ages)


def contrast(error, regions, first, second):
    """RMSE of a union of regions minus that of another, and how many pixels both have."""
    parts = [np.any([regions[name] for name in names], axis=0) for names in (first, second)]
    values = [np.sqrt(np.mean(np.square(error[part], dtype=float))) for part in parts]
    return Score(values[0] - values[1], int(np.sum(parts)))


@pytest.mark.parametrize(("with_gaps", "dated"), [(True, False), (True, True), (False, False)])
def test_a_table_of_scores_is_that_of_whole_arrays(site, monkeypatch, with_gaps, dated):
    arguments, fused, paths, scene, images, use, gap = site
    monkeypatch.setattr(scene_scores, "tiles", lambda shape, _, halo: tiles(shape, 16, halo))
    evaluate_fusion.main(
        **arguments,
        fused=fused,
        optical=paths["stack"],
        gaps=paths["gaps"] if with_gaps else None,
        gap_settings=GAPS | {"age_edges_days": [16]},
        matched=paths["stack"].with_name("dates.tif") if dated else None,
        protocol="cloud_gap",
        threads=2,
    )
    monkeypatch.undo()
    table = pd.read_csv(arguments["table"], na_values=[], keep_default_na=True)
    keys = ["region", "band", "method", "seed", "metric"]
    cells = table.set_index(keys)[["value", "n"]].apply(tuple, axis=1).to_dict()
    wanted = {}
    regions = regions_of(use, gap, with_gaps, dated)
    parts = {}
    if with_gaps:
        edges = [name for name in regions if name.startswith("gap_edge")]
        half = len(edges) // 2
        parts["rmse_by_distance"] = edges[half:], edges[:half]
    if dated:
        parts["rmse_by_age"] = ["gap_age_16-infd"], ["gap_age_0-16d"]
    for (band, method, _, seed), image in zip(arguments["runs"], images, strict=True):
        error = image - scene[BANDS.index(band)]
        for key, both in parts.items():
            wanted["gap", band, method, seed, key] = contrast(error, regions, *both)
    for name, ground in regions.items():
        for (band, method, _, seed), image in zip(arguments["runs"], images, strict=True):
            scores = score_band(scene[BANDS.index(band)], image, ground, 0.35)
            wanted |= {(name, band, method, seed, key): value for key, value in scores.items()}
        for seed in (1, 2):
            triple = np.stack(images[3 * (seed - 1) : 3 * seed])
            scores = score_triple(scene, triple, ground)
            wanted |= {(name, "rgb", "cnn", seed, key): value for key, value in scores.items()}
    equal(cells, wanted)


@pytest.mark.parametrize("tile_px", [7, 16, 40])
def test_regions_of_tiles_are_those_of_the_scene(site, tile_px):
    _, _, paths, _, _, use, gap = site
    expected = regions_of(use, gap, True)
    with open_ground(paths["split"], paths["stack"], paths["gaps"], GAPS) as (grid, regions):
        for tile in tiles(grid.shape, tile_px, HALO_PX):
            found = regions(tile)
            assert found.keys() == expected.keys()
            for name, mask in expected.items():
                own = mask[tile.written]
                np.testing.assert_array_equal(inner(found[name]), own, err_msg=name)
                assert found[name].shape == tuple(size + 2 * HALO_PX for size in own.shape)


def test_the_10_m_products_are_scored_as_whole_arrays(site, tmp_path, monkeypatch):
    arguments, _, _, scene, _, use, _ = site
    fine_shape = tuple(3 * size for size in SHAPE)
    grid = Grid(CRS.from_epsg(32633), Affine(10, 0, 0, 0, -10, 0), *fine_shape)
    truth, full = noise(3, *fine_shape), np.full((4, *fine_shape), 0.2, np.float32)
    full[3, 90:93, 120] = np.nan
    product = truth[0] + 0.02 * noise(*fine_shape, seed=4)
    for name, image, bands in (
        ("truth", truth, BANDS),
        ("full", full, [*BANDS, "ratio_db"]),
        ("product", product[np.newaxis], ["red"]),
    ):
        write_raster(tmp_path / f"{name}.tif", image, grid, bands, np.nan)
    arguments["runs"] = [("red", "cnn", "ratio", 1)]
    monkeypatch.setattr(scene_scores, "tiles", lambda shape, _, halo: tiles(shape, 16, halo))
    evaluate_full_scale.main(
        **arguments,
        full=tmp_path / "full.tif",
        truth=tmp_path / "truth.tif",
        fused=[tmp_path / "product.tif"],
        gain_at_nyquist=0.3,
        protocol="sharpening",
    )
    monkeypatch.undo()
    known = np.isfinite(full[3]).reshape(SHAPE[0], 3, SHAPE[1], 3).all(axis=(1, 3))
    test = (use == 3) & known
    fine_test = test.repeat(3, axis=0).repeat(3, axis=1)
    wanted = (
        {
            ("cnn", "consistency", name): score
            for name, score in score_band(scene[0], degrade(product, 3, 0.3), test, 0.35).items()
        }
        | {
            # The floor of the consistency: the true image in place of the product.
            ("true_image", "consistency", name): score
            for name, score in score_band(scene[0], degrade(truth[0], 3, 0.3), test, 0.35).items()
        }
        | {
            ("cnn", "truth", name): score
            for name, score in score_band(truth[0], product, fine_test, 0.35).items()
        }
    )
    table = pd.read_csv(arguments["table"])
    cells = table.set_index(["method", "region", "metric"])[["value", "n"]]
    equal(cells.apply(tuple, axis=1).to_dict(), wanted)
