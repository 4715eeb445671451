"""Block bootstrap: what it resamples, what its intervals hold, and the table made of them."""

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
from sarfusion.core.tiling import Tile
from sarfusion.scoring import bootstrap, cells
from sarfusion.scoring.bootstrap import compare, resampled
from sarfusion.scoring.image_pair import Given
from sarfusion.scoring.metrics import COMPARED_METRICS
from sarfusion.scoring.scene_scores import score_scene
from sarfusion.study.comparisons import paired_runs, study_pairs
from scipy.ndimage import gaussian_filter
from scored_images import RUN, reader, score_band

RANGE = 0.4


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.05, 0.4, shape)


def ragged(shape, seed=0):
    """Ground with holes and a ragged edge that still holds windows of 11."""
    region = np.random.default_rng(seed).random(shape) < 0.97
    region[3:18, 2:19] = True
    region[:, -3:] = False
    return region


class Blocks(bootstrap.Blocks):
    """Blocks of ground that is one array."""

    def __init__(self, region, block_px, draws, seed):
        box = tuple((at.min(), at.max() + 1) for at in map(np.flatnonzero, sides(region)))
        self.cells = cells.Cells(box, cells.cell_px(block_px))
        self.whole = Tile((0, region.shape[0]), (0, region.shape[1]), region.shape)
        super().__init__(self.in_cells(region[np.newaxis])[0], block_px, draws, seed)

    def in_cells(self, maps):
        return self.cells.sums(np.asarray(maps, float), self.whole)[1]

    def sums(self, maps):
        """Of maps, or of what is in cells already."""
        return super().sums(self.in_cells(maps) if maps.shape[1:] == self.whole.shape else maps)


def sides(region):
    """The rows and the columns with ground."""
    return region.any(axis=1), region.any(axis=0)


def in_file(path, reference, fused, region, block_px, **work):
    """What scoring writes of two images: (pixels in each cell, sums of each metric, bytes)."""
    read = reader(reference, fused, region, name="test")
    with cells.write_cells(path, "test", block_px, [RUN], {RUN[0]: RANGE}) as writer:
        score_scene(region.shape, read, {RUN[0]: Given(RANGE)}, cells=writer, **work)
    with cells.open_cells(path) as found:
        assert (found.runs, found.data_range) == ([RUN], {RUN[0]: RANGE})
        assert (found.region, found.block_px) == ("test", block_px)
        return found.counts, found.sums(RUN), path.read_bytes()


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    path = tmp_path_factory.mktemp("cells") / "images.cells.npz"

    def distributions(reference, fused, region, blocks, block_px, **work):
        _, sums, _ = in_file(path, reference, fused, region, block_px, **work)
        return resampled(blocks, sums, Given(RANGE))

    distributions.path = path
    return distributions


def rmse_of(blocks, errors):
    """The RMSE of an error image, on the whole ground and on each resample."""
    return COMPARED_METRICS["rmse"].value(
        blocks.sums(np.stack([np.ones_like(errors), errors**2])), Given(RANGE)
    )


class TestBlocks:
    def test_blocks_of_a_row_by_hand(self):
        """Blocks of 2 px on a row of 3: they start at -1, 0, 1 and 2, each row twice."""
        blocks = Blocks(np.ones((1, 3), bool), block_px=2, draws=500, seed=0)
        values = np.array([[[1.0, 10.0, 100.0]]])
        sums = blocks.sums(values)[:, 0]
        assert sums[0] == 111
        # Eight blocks of four pixels' room: a resample draws two of 1, 11, 110 and 100.
        one = [1, 11, 110, 100]
        assert set(sums[1:]) == {a + b for a in one for b in one}

    @given(st.integers(0, 99), st.sampled_from([1, 2, 4, 8, 12]))
    @settings(max_examples=25, deadline=None)
    def test_every_pixel_lies_in_as_many_blocks(self, seed, block_px):
        """So the blocks' mean is the ground's mean, whatever its shape."""
        region = ragged((21, 25), seed)
        values = np.where(region, noise(21, 25, seed=seed), 0)
        blocks = Blocks(region, block_px, 1, 0)
        blocks = blocks._sums_of_blocks(blocks.in_cells(np.stack([region, values])))
        counted, total = blocks.sum(axis=0)
        span = min(block_px, 4)
        assert counted == span**2 * region.sum()
        assert total / counted == pytest.approx(values.sum() / region.sum())

    def test_resamples_have_the_size_of_the_ground_on_average(self):
        region = ragged((60, 50))
        counts = Blocks(region, 8, 400, 1).sums(region[np.newaxis])[1:, 0]
        assert counts.mean() == pytest.approx(region.sum(), rel=0.02)

    def test_draws_follow_from_the_seed(self):
        region, values = ragged((30, 30)), noise(1, 30, 30)
        one, same, other = (Blocks(region, 8, 50, seed).sums(values) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, same)
        assert (one[1:] != other[1:]).any()

    def test_sides_that_cannot_be_quartered_are_refused(self):
        with pytest.raises(StudyError, match="block_px is 10: make it a multiple of 4$"):
            Blocks(np.ones((20, 20), bool), 10, 10, 0)

    @pytest.mark.parametrize(("side", "enough"), [(16, True), (15, False)])
    def test_little_ground_has_no_interval(self, side, enough):
        assert Blocks(np.ones((side, side), bool), 8, 10, 0).enough == enough


class TestStatistics:
    @given(seed=st.integers(0, 99))
    @settings(max_examples=10, deadline=None)
    def test_sums_over_the_whole_ground_give_the_metrics(self, distributions, seed):
        region = ragged((27, 31), seed)
        reference = noise(27, 31, seed=seed)
        fused = 0.7 * reference + 0.3 * noise(27, 31, seed=seed + 1)
        images = (reference, fused, region)
        found = distributions(*images, Blocks(region, 8, 5, 0), 8)
        scores = score_band(reference, fused, region, RANGE)
        assert list(found) == list(COMPARED_METRICS)
        for name, (values, n) in found.items():
            assert values[0] == pytest.approx(scores[name].value, rel=1e-9), name
            assert n == scores[name].n, name
            assert values.shape == (6,)

    @given(
        seed=st.integers(0, 99),
        tile_px=st.integers(5, 40),
        block_px=st.sampled_from([1, 2, 8, 12]),
    )
    @settings(max_examples=15, deadline=None)
    def test_tiles_and_threads_do_not_matter(self, distributions, seed, tile_px, block_px):
        region = ragged((37, 43), seed)
        region[:4] = False  # the ground's box does not begin where a tile does
        images = noise(37, 43, seed=seed), noise(37, 43, seed=seed + 1), region
        blocks = Blocks(region, block_px, 4, 0)
        one, other = (
            in_file(distributions.path, *images, block_px, **work)
            for work in ({"tile_px": tile_px}, {})
        )
        assert (one[0] == other[0]).all()
        assert (one[0] == blocks.in_cells(region[np.newaxis])[0]).all()
        whole = distributions(*images, blocks, block_px)
        cut = distributions(*images, blocks, block_px, tile_px=tile_px)
        for name, (values, n) in cut.items():
            assert values == pytest.approx(whole[name][0], rel=1e-9, nan_ok=True), name
            assert n == whole[name][1]
        threaded = distributions(*images, blocks, block_px, tile_px=tile_px, threads=3)
        for name, (values, _) in threaded.items():
            assert np.array_equal(values, cut[name][0], equal_nan=True)

    def test_a_file_of_cells_has_the_same_bytes_each_time(self, distributions):
        images = noise(37, 43), noise(37, 43, seed=1), ragged((37, 43))
        one, same, other = (
            in_file(distributions.path, *images, 8, tile_px=16, threads=threads)[2]
            for threads in (1, 3, 1)
        )
        assert one == same == other

    def test_a_file_of_cells_has_no_cell_without_ground(self, distributions):
        region = np.zeros((64, 64), bool)
        region[:16, :16] = region[-16:, -16:] = True
        images = noise(64, 64), noise(64, 64, seed=1)
        counts, _, corners = in_file(distributions.path, *images, region, 16)
        assert counts.shape == (16, 16)
        assert (counts > 0).sum() == 32
        whole = in_file(distributions.path, *images, np.ones_like(region), 16)[2]
        assert len(corners) < len(whole) / 4

    def test_resampled_correlation_is_that_of_the_drawn_pixels(self, distributions):
        """With blocks of one pixel a resample can be written out."""
        reference, fused = noise(6, 7), noise(6, 7) + noise(6, 7, seed=1)
        images = (reference, fused, np.ones((6, 7), bool))
        blocks = Blocks(np.ones((6, 7), bool), 1, 3, 0)
        values, _ = distributions(*images, blocks, 1)["cc"]
        for value, drawn in zip(values[1:], blocks._drawn, strict=True):
            expected = np.corrcoef(reference.ravel()[drawn], fused.ravel()[drawn])[0, 1]
            assert value == pytest.approx(expected, abs=1e-9)

    def test_constants_have_no_correlation(self, distributions):
        region = np.ones((24, 24), bool)
        images = (noise(24, 24), np.full((24, 24), 0.2), region)
        found = distributions(*images, Blocks(region, 8, 5, 0), 8)
        assert np.isnan(found["cc"][0]).all()
        assert np.isnan(found["gradient_cc"][0]).all()
        assert np.isfinite(found["rmse"][0]).all()

    def test_ground_without_windows_has_no_ssim(self, distributions):
        region = np.ones((8, 40), bool)
        images = (noise(8, 40), noise(8, 40, seed=1), region)
        values, n = distributions(*images, Blocks(region, 4, 5, 0), 4)["ssim"]
        assert np.isnan(values).all()
        assert n == 0


class TestCompare:
    def test_by_hand(self):
        """Two seeds: differences 1 and 3 on the ground, and the same on each resample."""
        left = {1: np.full(1001, 5.0), 2: np.full(1001, 8.0)}
        right = {1: np.full(1001, 4.0), 2: np.full(1001, 5.0)}
        # The mean of two seeds drawn: 1 or 3 with a quarter each, more than the tails of 2.5 %.
        assert compare(left, right, seed=0) == (2, 1, 3, 2)
        assert compare({1: left[1]}, {1: right[1]}, seed=0) == (1, 1, 1, 1)

    def test_percentiles_by_hand(self):
        values = np.concatenate([[50.0], np.arange(101.0)])
        found = compare({0: values}, {0: np.zeros(102)}, seed=0)
        assert found == (50, pytest.approx(2.5), pytest.approx(97.5), 1)

    def test_identical_methods_differ_by_exactly_nothing(self):
        blocks = Blocks(np.ones((40, 40), bool), 8, 100, 0)
        errors = {seed: rmse_of(blocks, noise(40, 40, seed=seed)) for seed in (1, 2, 3)}
        assert compare(errors, errors, seed=0) == (0, 0, 0, 3)

    def test_a_common_error_cancels(self):
        """Paired: the same blocks for both, so that only what differs is uncertain."""
        blocks = Blocks(np.ones((64, 64), bool), 16, 200, 0)
        hard = np.where(np.arange(64) < 32, 1.0, 0.1) * np.ones((64, 1))
        found = compare({0: 1.1 * rmse_of(blocks, hard)}, {0: rmse_of(blocks, hard)}, seed=0)
        whole = rmse_of(blocks, hard)
        assert found.low > 0
        assert found.high - found.low == pytest.approx(
            0.1 * np.subtract(*np.percentile(whole[1:], [97.5, 2.5]))
        )

    def test_no_interval_without_ground_or_support(self):
        values = np.array([1.0, 2, 3])
        low, high = compare({0: values}, {0: 0 * values}, seed=0, enough=False)[1:3]
        assert np.isnan([low, high]).all()
        gap = np.array([1.0, np.nan, 3])
        assert np.isnan(compare({0: gap}, {0: 0 * gap}, seed=0).low)

    def test_seeds_in_common_are_needed(self):
        values = {1: np.zeros(3), 2: np.zeros(3)}
        with pytest.raises(StudyError, match="no seed in common"):
            compare(values, {3: np.zeros(3), 4: np.zeros(3)}, seed=0)

    def test_coverage_of_independent_errors(self):
        """Two methods of equal expected RMSE: 0 is the truth, and 95 % of intervals hold it."""
        region = np.ones((48, 48), bool)
        blocks = Blocks(region, 8, 200, 0)
        held = 0
        for trial in range(200):
            generator = np.random.default_rng(trial)
            left, right = (rmse_of(blocks, generator.normal(size=(48, 48))) for _ in range(2))
            _, low, high, _ = compare({0: left}, {0: right}, seed=0)
            held += low <= 0 <= high
        assert 0.88 <= held / 200 <= 0.98

    def test_correlated_errors_need_blocks(self):
        """Blocks see that neighbours err alike; single pixels take them for fresh evidence."""
        widths = {}
        for block_px in (1, 16):
            blocks = Blocks(np.ones((96, 96), bool), block_px, 200, 0)
            generator = np.random.default_rng(5)
            sides = [
                {0: rmse_of(blocks, gaussian_filter(generator.normal(size=(96, 96)), 2))}
                for _ in range(2)
            ]
            _, low, high, _ = compare(*sides, seed=0)
            widths[block_px] = high - low
        # A gaussian of sigma 2 leaves squared errors alike over 4 pi px: 3.5 times the width.
        assert 2.5 < widths[16] / widths[1] < 5

    def test_seeds_that_differ_widen_the_interval(self):
        blocks = Blocks(np.ones((64, 64), bool), 16, 400, 0)
        whole = rmse_of(blocks, noise(64, 64))
        alike = dict.fromkeys((1, 2, 3), 1.1 * whole)
        unlike = {seed: factor * whole for seed, factor in [(1, 0.8), (2, 1.1), (3, 1.4)]}
        reference = dict.fromkeys((1, 2, 3), whole)
        steady, shaky = (compare(side, reference, seed=0) for side in (alike, unlike))
        assert steady.difference == pytest.approx(shaky.difference)
        assert shaky.low < steady.low < steady.high < shaky.high


class TestComparisons:
    def test_pairs_of_a_study(self):
        assert study_pairs(["cnn", "cae"], ["ratio", "none"]) == [
            ["cnn", "ratio", "cnn", "none"],
            ["cae", "ratio", "cae", "none"],
            ["cae", "ratio", "cnn", "ratio"],
            ["cae", "none", "cnn", "none"],
        ]
        assert study_pairs(["unet"], ["ratio", "none", "shuffled"]) == [
            ["unet", "ratio", "unet", "none"],
            ["unet", "ratio", "unet", "shuffled"],
        ]
        assert study_pairs(["cnn"], ["none"]) == []

    def test_runs_of_one_seed_belong_together(self):
        assert paired_runs({2: "b", 1: "a"}, {1: "A", 2: "B", 3: "C"}) == [("a", "A"), ("b", "B")]
        assert paired_runs({1: "a", 2: "b"}, {0: "Z"}) == [("a", "Z"), ("b", "Z")]
        assert paired_runs({0: "z"}, {1: "A", 2: "B"}) == [("z", "A"), ("z", "B")]
        assert paired_runs({}, {0: "Z"}) == []


GAPS = {"distance_edges_m": [60], "share_edges": [0.5], "window_px": 7}


def run(*, table, pairs, block_px, draws, seed, gaps, **scored):
    """Score, then compare the methods by what scoring wrote."""
    place = {name: scored[name] for name in ("study", "site", "protocol")}
    cells_file = table.with_suffix(".cells.npz")
    evaluate_fusion.main(
        **scored,
        table=table.with_suffix(".scores.csv"),
        cells=cells_file,
        gaps=gaps,
        gap_settings=GAPS,
        pairs=pairs,
        block_px=block_px,
    )
    compare_methods.main(
        cells=cells_file, table=table, **place, pairs=pairs, draws=draws, seed=seed
    )


class TestTable:
    @pytest.fixture
    def study(self, tmp_path):
        """A measured scene, and fused ones whose errors are known: left twice those of right."""
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
            # Wild where nothing is to be scored.
            values = np.where(use == 3, scene[0] + factor * error, 99)
            write_raster(path, values[np.newaxis], grid, ["red"], np.nan)
            fused.append(path)
        arguments = {
            **{"stack": paths["stack"], "split": paths["split"], "optical": paths["stack"]},
            **{"description": tmp_path / "stack.json", "fused": fused, "runs": runs},
            **{"study": "s", "site": "here", "protocol": "reconstruction"},
            **{"block_px": 8, "draws": 60, "seed": 1, "table": tmp_path / "out.csv"},
            "pairs": [["cnn", "ratio", "cnn", "none"]],
        }
        return arguments, paths["gaps"], error

    @pytest.mark.parametrize(("in_gap", "first_column"), [(False, 8), (True, 16)])
    def test_differences_of_a_study(self, study, in_gap, first_column):
        arguments, gaps, error = study
        run(**arguments, gaps=gaps if in_gap else None)
        table = pd.read_csv(arguments["table"])
        assert list(table.columns) == COLUMNS
        assert list(table["metric"]) == list(COMPARED_METRICS)
        row = table.set_index("metric").loc["rmse"]
        inside = error[:, first_column:]
        assert row["region"] == ("gap" if in_gap else "test")
        assert row["difference"] == pytest.approx(np.sqrt(np.mean(inside**2)))
        assert row["low"] < row["difference"] < row["high"]
        assert (row["seeds"], row["n"]) == (2, inside.size)

    def test_a_method_without_training_stands_against_every_seed(self, study):
        arguments, _, error = study
        arguments["pairs"] = [["cnn", "none", "copy", "none"]]
        run(**arguments, gaps=None)
        row = pd.read_csv(arguments["table"]).set_index("metric").loc["mae"]
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
