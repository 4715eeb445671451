"""Differences between methods: cells, influences, intervals, and the table made of them."""

from itertools import product

import compare_methods
import evaluate_fusion
import numpy as np
import pandas as pd
import pytest
from compare_methods import COLUMNS
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_json
from sarfusion.core.raster import Grid, read_grid, write_raster
from sarfusion.scoring import cells
from sarfusion.scoring.differences import Ground, Score, compare, score
from sarfusion.scoring.image_pair import Given
from sarfusion.scoring.metrics import COMPARED_METRICS
from sarfusion.scoring.scene_scores import score_scene
from sarfusion.study.comparisons import paired_runs, study_pairs
from sarfusion.study.inputs import INPUTS
from scipy.special import stdtrit
from scored_images import RUN, noise, ragged, reader, score_band

RANGE = 0.4
SOLID = Ground(np.ones((24, 24), bool), 4, 16)
OF_BANDS = [name for name, metric in COMPARED_METRICS.items() if metric.scope == "band"]


def in_file(path, reference, fused, region, block_px, **work):
    """What scoring writes for two images: (pixels in each cell, sums of each metric, bytes)."""
    read = reader(reference, fused, region, name="test")
    with cells.write_cells(path, "test", block_px, [RUN], {RUN[0]: RANGE}) as writer:
        score_scene(region.shape, read, {RUN[0]: Given(RANGE)}, cells=writer, **work)
    with cells.open_cells(path) as found:
        assert (found.runs, found.data_range) == ([RUN], {RUN[0]: RANGE})
        assert (found.region, found.block_px) == ("test", block_px)
        return found.counts, found.sums(RUN), path.read_bytes()


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """A function of images that returns {metric: (Score, n)}, computed as in a study."""
    path = tmp_path_factory.mktemp("cells") / "images.cells.npz"

    def scores(reference, fused, region, block_px, **work):
        _, sums, _ = in_file(path, reference, fused, region, block_px, **work)
        return {
            name: (score(name, terms, Given(RANGE)), terms[0].sum()) for name, terms in sums.items()
        }

    scores.path = path
    return scores


class TestScores:
    @given(seed=st.integers(0, 99))
    @settings(max_examples=10, deadline=None)
    def test_sums_over_the_whole_ground_give_the_metrics(self, scores, seed):
        region = ragged((27, 31), seed)
        reference = noise(27, 31, seed=seed)
        fused = 0.7 * reference + 0.3 * noise(27, 31, seed=seed + 1)
        found = scores(reference, fused, region, 8)
        expected = score_band(reference, fused, region, RANGE)
        assert list(found) == OF_BANDS
        for name, (value, n) in found.items():
            assert value.value == pytest.approx(expected[name].value, rel=1e-9), name
            assert n == expected[name].n, name

    @given(
        seed=st.integers(0, 99),
        tile_px=st.integers(5, 40),
        block_px=st.sampled_from([1, 2, 8, 12]),
    )
    @settings(max_examples=15, deadline=None)
    def test_tiles_and_threads_do_not_matter(self, scores, seed, tile_px, block_px):
        region = ragged((37, 43), seed)
        region[:4] = False  # the ground's box does not begin where a tile does
        images = noise(37, 43, seed=seed), noise(37, 43, seed=seed + 1), region
        whole, cut, threaded = (
            in_file(scores.path, *images, block_px, **work)
            for work in ({}, {"tile_px": tile_px}, {"tile_px": tile_px, "threads": 3})
        )
        assert (whole[0] == cut[0]).all()
        assert whole[0].sum() == region.sum()
        for name, sums in whole[1].items():
            scale = np.abs(sums).max()
            assert cut[1][name] == pytest.approx(sums, rel=1e-9, abs=1e-9 * scale), name
            assert (threaded[1][name] == cut[1][name]).all()

    def test_a_file_of_cells_has_the_same_bytes_each_time(self, scores):
        images = noise(37, 43), noise(37, 43, seed=1), ragged((37, 43))
        one, same, other = (
            in_file(scores.path, *images, 8, tile_px=16, threads=threads)[2]
            for threads in (1, 3, 1)
        )
        assert one == same == other

    def test_a_file_of_cells_has_no_cell_without_ground(self, scores):
        region = np.zeros((64, 64), bool)
        region[:16, :16] = region[-16:, -16:] = True
        images = noise(64, 64), noise(64, 64, seed=1)
        counts, _, corners = in_file(scores.path, *images, region, 16)
        assert counts.shape == (16, 16)
        assert (counts > 0).sum() == 32
        whole = in_file(scores.path, *images, np.ones_like(region), 16)[2]
        assert len(corners) < len(whole) / 4

    def test_the_influence_on_a_mean_by_hand(self):
        """Absolute errors 1, 2 and 6 in three cells, mean 3; without one of them 4, 3.5, 1.5."""
        found = score("mae", np.array([[1.0, 1, 1], [1, 2, 6]]), Given(RANGE))
        assert found.value == 3
        assert found.influence.tolist() == [-1, -0.5, 1.5]

    def test_the_influence_on_a_correlation_is_that_of_the_pixels(self, scores):
        """With cells of one pixel, leaving one out can be written out."""
        reference, fused = noise(6, 7), noise(6, 7) + noise(6, 7, seed=1)
        found, _ = scores(reference, fused, np.ones((6, 7), bool), 1)["cc"]
        for pixel in (0, 20, 41):
            left = (np.delete(image.ravel(), pixel) for image in (reference, fused))
            expected = found.value - np.corrcoef(*left)[0, 1]
            assert found.influence[pixel] == pytest.approx(expected, abs=1e-9)

    def test_constants_have_no_correlation(self, scores):
        region = np.ones((24, 24), bool)
        found = scores(noise(24, 24), np.full((24, 24), 0.2), region, 8)
        for name in ("cc", "gradient_cc"):
            assert np.isnan(found[name][0].value)
            assert np.isnan(found[name][0].influence).any()
        assert np.isfinite(found["rmse"][0].influence).all()

    def test_ground_without_windows_has_no_ssim(self, scores):
        found, n = scores(noise(8, 40), noise(8, 40, seed=1), np.ones((8, 40), bool), 4)["ssim"]
        assert np.isnan(found.value)
        assert n == 0


def made(mean, spread=0.0, seed=0):
    """The Score of a mean over SOLID ground whose independent cells differ by `spread`."""
    cells = np.random.default_rng(seed).normal(size=SOLID.cells.sum()) * spread
    return Score(mean, (cells - cells.mean()) / cells.size)


COUNTS = SOLID.map(np.full(SOLID.cells.sum(), 16.0))


class TestCompare:
    def test_seeds_alone_by_hand(self):
        """Differences 1, 2 and 6 of three seeds, the same on all ground: a paired t-test."""
        left = {seed: made(value) for seed, value in [(1, 5.0), (2, 7.0), (3, 9.0)]}
        right = {seed: made(value) for seed, value in [(1, 4.0), (2, 5.0), (3, 3.0)]}
        found = compare(left, right, COUNTS, SOLID)
        half = stdtrit(2, 0.975) * np.sqrt(7 / 3)
        assert found.difference == 3
        assert (found.low, found.high) == pytest.approx((3 - half, 3 + half))
        assert (found.seed_error, found.ground_error) == pytest.approx((np.sqrt(7 / 3), 0))
        assert (found.seeds, found.block_px) == (3, 16)

    def test_ground_alone_of_independent_cells(self):
        """The standard error of a mean, within the error of its estimate by blocks."""
        found = compare({1: made(1.0, 3.0)}, {1: made(0.0)}, COUNTS, SOLID)
        assert (found.difference, found.seed_error) == (1, 0)
        assert found.ground_error == pytest.approx(3 / 24, rel=0.25)
        half = stdtrit(found.blocks / 2, 0.975) * found.ground_error
        assert found.high - found.low == pytest.approx(2 * half)

    def test_both_parts_add_up(self):
        ground = [made(value, 3.0) for value in (1.0, 2.0, 6.0)]  # the same cells in every seed
        found = compare(dict(enumerate(ground)), {9: made(0.0)}, COUNTS, SOLID)
        alone = compare({1: made(1.0, 3.0)}, {1: made(0.0)}, COUNTS, SOLID)
        assert found.ground_error == pytest.approx(alone.ground_error)
        assert found.seed_error == pytest.approx(np.sqrt(7 / 3))

    def test_ground_that_seeds_have_each_for_themselves_counts_once(self):
        """Cells that are independent between seeds are already in the spread of seeds."""
        left = {seed: made(0.0, 3.0, seed) for seed in range(20)}
        found = compare(left, {99: made(0.0)}, COUNTS, SOLID)
        one = compare({0: left[0]}, {99: made(0.0)}, COUNTS, SOLID)
        assert found.ground_error < one.ground_error / np.sqrt(20) / 1.5

    def test_identical_methods_differ_by_exactly_nothing(self):
        errors = {seed: made(1.0, 1.0, seed) for seed in (1, 2, 3)}
        assert compare(errors, errors, COUNTS, SOLID)[:5] == (0, 0, 0, 0, 0)

    def test_a_common_error_cancels(self):
        """Paired: on the same ground, only what differs is uncertain."""
        hard = made(1.0, 3.0)
        more = Score(1.1 * hard.value, 1.1 * hard.influence)
        alone = compare({1: hard}, {1: made(0.0)}, COUNTS, SOLID)
        found = compare({1: more}, {1: hard}, COUNTS, SOLID)
        assert found.ground_error == pytest.approx(0.1 * alone.ground_error)

    def test_no_interval_without_ground_or_support(self):
        few = Ground(np.ones((2, 2), bool), 4, 16)
        one, other = Score(1.0, np.zeros(4)), Score(0.0, np.zeros(4))
        found = compare({1: one}, {1: other}, few.map(np.full(4, 16.0)), few)
        assert found.difference == 1
        assert np.isnan([found.low, found.high]).all()
        assert found.blocks < 4
        undefined = made(1.0)._replace(influence=np.full(SOLID.cells.sum(), np.nan))
        assert np.isnan(compare({1: undefined}, {1: made(0.0)}, COUNTS, SOLID).low)

    def test_seeds_in_common_are_needed(self):
        values = {1: made(0.0), 2: made(0.0)}
        with pytest.raises(StudyError, match="no seed in common"):
            compare(values, {3: made(0.0), 4: made(0.0)}, COUNTS, SOLID)

    def test_seeds_that_differ_widen_the_interval(self):
        alike = {seed: made(1.1, 1.0) for seed in (1, 2, 3)}
        unlike = {seed: made(value, 1.0) for seed, value in [(1, 0.8), (2, 1.1), (3, 1.4)]}
        steady, shaky = (compare(side, {9: made(1.0)}, COUNTS, SOLID) for side in (alike, unlike))
        assert steady.difference == pytest.approx(shaky.difference)
        assert shaky.low < steady.low < steady.high < shaky.high


def pairs(models, inputs, *baselines):
    return study_pairs(models, {name: INPUTS[name] for name in inputs}, *baselines)


class TestComparisons:
    def test_pairs_of_a_study(self):
        assert pairs(["cnn", "cae"], ["ratio", "none"]) == [
            ["cnn", "ratio", "cnn", "none"],
            ["cae", "ratio", "cae", "none"],
            ["cae", "ratio", "cnn", "ratio"],
            ["cae", "none", "cnn", "none"],
        ]
        assert pairs(["unet"], ["ratio", "none", "shuffled", "moved"]) == [
            ["unet", "ratio", "unet", "none"],
            ["unet", "ratio", "unet", "shuffled"],
            ["unet", "ratio", "unet", "moved"],
        ]
        assert pairs(["cnn"], ["none"]) == []
        assert pairs(["unet"], ["vvvh", "shuffled"], ["mean", "regression"]) == [
            ["unet", "vvvh", "mean", "none"],
            ["unet", "vvvh", "regression", "vvvh"],
        ]

    def test_inputs_that_differ_by_their_radar_alone_are_compared(self):
        names = ["none", "ratio", "vvvh", "date", "date_ratio", "date_vvvh"]
        found = [(left, right) for _, left, _, right in pairs(["unet"], names)]
        assert found == [
            ("ratio", "none"),
            ("vvvh", "none"),
            ("vvvh", "ratio"),
            ("date_ratio", "date"),
            ("date_vvvh", "date"),
            ("date_vvvh", "date_ratio"),
        ]

    def test_runs_of_one_seed_belong_together(self):
        assert paired_runs({2: "b", 1: "a"}, {1: "A", 2: "B", 3: "C"}) == [("a", "A"), ("b", "B")]
        assert paired_runs({1: "a", 2: "b"}, {0: "Z"}) == [("a", "Z"), ("b", "Z")]
        assert paired_runs({0: "z"}, {1: "A", 2: "B"}) == [("z", "A"), ("z", "B")]
        assert paired_runs({}, {0: "Z"}) == []


GAPS = {"distance_edges_m": [60], "share_edges": [0.5], "window_px": 7}


def run(*, table, pairs, block_px, gaps, **scored):
    """Score, then compare the methods from what scoring wrote."""
    place = {name: scored[name] for name in ("study", "site", "protocol")}
    cells_file = table.with_suffix(".cells.npz")
    sides = [list(side) for pair in pairs for side in (pair[:2], pair[2:])]
    evaluate_fusion.main(
        **scored,
        table=table.with_suffix(".scores.csv"),
        cells=cells_file,
        gaps=gaps,
        gap_settings=GAPS,
        compared=[one for one in scored["runs"] if list(one[1:3]) in sides],
        block_px=block_px,
    )
    compare_methods.main(cells=cells_file, table=table, **place, pairs=pairs)


class TestTable:
    @pytest.fixture
    def study(self, tmp_path):
        """A measured scene, and fused ones with known errors: those of left are twice as large."""
        grid = Grid(CRS.from_epsg(32633), Affine(30, 0, 0, 0, -30, 0), 40, 48)
        scene, error = noise(3, 40, 48), noise(40, 48, seed=1) - 0.2
        use = np.full((40, 48), 3, np.uint8)
        use[:, :8] = 1
        gap = np.zeros((40, 48), np.uint8)
        gap[:, 16:] = 1
        paths = {name: tmp_path / f"{name}.tif" for name in ("stack", "split", "gaps")}
        write_raster(paths["stack"], scene, grid, ["red", "green", "blue"], np.nan)
        write_raster(paths["split"], use[np.newaxis], grid, ["use"], 0)
        write_raster(paths["gaps"], gap[np.newaxis], grid, ["gap"], 255)
        write_json(tmp_path / "stack.json", {"data_range": {"red": RANGE}})
        runs = [("red", "cnn", sar, seed) for sar in ("ratio", "none") for seed in (1, 2)]
        runs.append(("red", "copy", "none", 0))
        fused = []
        for _, method, sar, seed in runs:
            factor = {"ratio": 2, "none": 1}[sar] * (method == "cnn")
            path = tmp_path / f"{method}-{sar}-{seed}.tif"
            # Very wrong where nothing is scored.
            values = np.where(use == 3, scene[0] + factor * error, 99)
            write_raster(path, values[np.newaxis], grid, ["red"], np.nan)
            fused.append(path)
        arguments = {
            **{"stack": paths["stack"], "split": paths["split"], "optical": paths["stack"]},
            **{"description": tmp_path / "stack.json", "fused": fused, "runs": runs},
            **{"study": "s", "site": "here", "protocol": "reconstruction"},
            **{"block_px": 8, "table": tmp_path / "out.csv"},
            "pairs": [["cnn", "ratio", "cnn", "none"]],
        }
        return arguments, paths["gaps"], error

    @pytest.mark.parametrize(("in_gap", "first_column"), [(False, 8), (True, 16)])
    def test_differences_of_a_study(self, study, in_gap, first_column):
        arguments, gaps, error = study
        run(**arguments, gaps=gaps if in_gap else None)
        table = pd.read_csv(arguments["table"])
        assert list(table.columns) == COLUMNS
        assert list(table["metric"]) == [*OF_BANDS, *["rmse_by_distance"] * in_gap]
        row = table.set_index("metric").loc["rmse"]
        inside = error[:, first_column:]
        assert row["region"] == ("gap" if in_gap else "test")
        assert row["difference"] == pytest.approx(np.sqrt(np.mean(inside**2)))
        assert row["low"] < row["difference"] < row["high"]
        assert (row["seeds"], row["n"]) == (2, inside.size)

    def test_a_method_without_training_stands_against_every_seed(self, study):
        arguments, _, error = study
        arguments["pairs"] = [["cnn", sar, "copy", "none"] for sar in ("none", "ratio")]
        run(**arguments, gaps=None)
        table = pd.read_csv(arguments["table"])
        rows = list(zip(table["left_input"], table["metric"], strict=True))
        assert rows == [*product(["none", "ratio"], OF_BANDS)]
        row = table.set_index(["left_input", "metric"]).loc["none", "mae"]
        assert row["difference"] == pytest.approx(np.abs(error[:, 8:]).mean())
        assert row["seeds"] == 2

    def test_the_same_bytes_each_time(self, study):
        arguments, gaps, _ = study
        tables = []
        for _ in range(2):
            run(**arguments, gaps=gaps)
            tables.append(arguments["table"].read_bytes())
        assert tables[0] == tables[1]

    def test_no_ground_is_told(self, study):
        arguments, gaps, _ = study
        nothing = np.zeros((1, 40, 48), np.uint8)
        write_raster(gaps, nothing, read_grid(arguments["stack"]), ["gap"], 255)
        with pytest.raises(StudyError, match="site here: no ground of region gap"):
            run(**arguments, gaps=gaps)
