"""The pixels that a viewer's page has: which, how they are read, and where errors are largest."""

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.windows import Window
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid, open_bands, write_raster
from sarfusion.core.tiling import tiles
from sarfusion.show.viewer import scanning
from sarfusion.show.viewer.grids import LayerGrid
from sarfusion.show.viewer.layers import ViewerLayer, pack_layers
from sarfusion.show.viewer.packing import unpack
from sarfusion.show.viewer.planning import fewer_tiles, plan_overviews, plan_tiles
from sarfusion.show.viewer.sampling import SampledBlock, copy_sample, probe, read_blocks, thinned
from sarfusion.show.viewer.scanning import scan, scored_tiles
from sarfusion.show.viewer.worst import BlockErrors, worst_first

# Samples


def test_thinned_pixels_are_the_middle_ones_of_their_squares():
    band = np.arange(49, dtype=np.float32).reshape(7, 7)
    cut = read_blocks(
        lambda window: np.stack([band, -band])[:, *window.toslices()],
        [SampledBlock(0, 0, 2, 2, 3), SampledBlock(5, 6, 2, 1)],
    )
    kept = [8, 11, 29, 32, 41, 48]
    assert cut.tolist() == [kept, [-value for value in kept]]


@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    step=st.integers(1, 50),
    size=st.integers(1, 45),
)
def test_windows_give_the_same_sample_as_the_whole_raster(shape, step, size):
    bands = np.arange(2 * shape[0] * shape[1]).reshape(2, *shape)
    kept = thinned(shape, step)
    sample = np.full((2, kept.rows, kept.columns), -1)
    for tile in tiles(shape, size):
        copy_sample(bands[:, *tile.written], Window.from_slices(*tile.written), sample, step)
    assert np.array_equal(sample, bands[:, step // 2 :: step, step // 2 :: step])


@given(
    shape=st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
    step=st.integers(1, 700),
)
def test_probes_are_few_within_the_raster_and_each_in_one_block_of_its_file(shape, step):
    found = probe(shape, step)
    assert 1 <= len(found) <= 16
    assert len({(block.row, block.column) for block in found}) == len(found)
    for block in found:
        assert block.size
        assert block.step == min(step, 256, *shape)
        for first, kept, side in zip(
            (block.row, block.column), (block.rows, block.columns), shape, strict=True
        ):
            last = first + block.step // 2 + (kept - 1) * block.step
            assert last < side
            assert first // 256 == last // 256


def test_probes_are_spread_evenly():
    assert {block.row for block in probe((12 * 256, 300), 1)} == {256, 4 * 256, 7 * 256, 10 * 256}
    assert [block.column for block in probe((100, 300), 1)] == [0, 256]
    assert probe((100, 300), 1)[1] == SampledBlock(0, 256, 64, 44)
    assert probe((100, 300), 3)[0] == SampledBlock(0, 0, 33, 64, 3)


# Plans


@dataclass
class Evenly:
    """A grid of which each pixel takes the same number of bytes in a page."""

    ratio: int
    shape: tuple[int, int]
    per_pixel: float
    per_thinned: float | None = None

    def bytes_per_pixel(self, blocks):
        thin = any(block.step > 1 for block in blocks)
        return self.per_thinned if thin and self.per_thinned else self.per_pixel

    def packed_bytes(self, values):
        return values[self.ratio]


NO_PLACES = np.empty((0, 2), np.int64)


def test_rasters_that_fit_together_are_whole():
    grids = [Evenly(3, (18, 21), 2), Evenly(1, (6, 7), 2)]
    whole = {3: SampledBlock(0, 0, 18, 21), 1: SampledBlock(0, 0, 6, 7)}
    assert plan_overviews(grids, 9, 840) == whole  # 2 bytes * (18 * 21 + 6 * 7)
    assert plan_tiles(grids, whole, {}, NO_PLACES, 840) == {3: [whole[3]], 1: [whole[1]]}
    # The finer one has at most half of the room.
    thin = plan_overviews(grids, 9, 839)
    assert thin[3].step == 3
    assert thin[1] == whole[1]


def test_a_thinned_raster_has_the_room_that_tiles_leave():
    # Of 95 % of 2000 bytes, half is for tiles: 950 bytes are 475 pixels, at most 21 x 21.
    assert plan_overviews([Evenly(1, (100, 100), 2)], 50, 2000) == {1: thinned((100, 100), 5)}
    # Without tiles there is room for 950 pixels.
    assert plan_overviews([Evenly(1, (100, 100), 2)], 0, 2000) == {1: thinned((100, 100), 4)}
    # Pixels far apart take 8 bytes: 950 bytes are 118 of these, at most 10 x 10.
    thin = plan_overviews([Evenly(1, (100, 100), 2, 8)], 50, 2000)
    assert thin == {1: SampledBlock(0, 0, 10, 10, 10)}


def test_a_pixel_remains_however_small_the_room():
    assert plan_overviews([Evenly(1, (3, 100), 2)], 0, 1) == {1: SampledBlock(0, 0, 1, 20, 5)}


def test_samples_of_a_finer_grid_are_on_the_same_ground():
    (overview,) = plan_overviews([Evenly(3, (300, 390), 1)], 99, 8000).values()
    assert overview == SampledBlock(0, 0, 33, 43, 9)


def test_tiles_around_the_worst_places_fill_the_page():
    grids = [Evenly(3, (300, 400), 1), Evenly(1, (100, 133), 1)]
    overviews = {3: thinned((300, 400), 6), 1: thinned((100, 133), 4)}
    places = np.array([(99, 132), (96, 129), (40, 50), (0, 0)])
    # Of 30 kB, the finer grid has half: 14.25 kB, of which its overview takes 3.4 kB.
    blocks = plan_tiles(grids, overviews, {3: 3400, 1: 825}, places, 30_000)
    assert blocks[3] == [
        overviews[3],
        SampledBlock(288, 384, 12, 16),
        SampledBlock(96, 96, 96, 96),
    ]
    # All of its tiles fit into what that leaves.
    assert blocks[1] == [
        overviews[1],
        SampledBlock(96, 128, 4, 5),
        SampledBlock(32, 32, 32, 32),
        SampledBlock(0, 0, 32, 32),
    ]


def test_a_page_that_is_too_large_loses_its_last_tiles():
    overview, first, second = thinned((100, 100), 10), *(SampledBlock(0, x, 5, 10) for x in (0, 10))
    whole = [thinned((30, 30), 1)]
    blocks = {3: [overview, first, second], 1: whole}  # 200 and 900 pixels
    assert fewer_tiles(blocks, 0.99) == {3: [overview, first], 1: whole}
    assert fewer_tiles(blocks, 0.75) == {3: [overview, first], 1: whole}
    assert fewer_tiles(blocks, 0.1) == {3: [overview], 1: whole}


# Errors


def at(errors):
    """Return the rows, columns and values of the pixels of an array."""
    rows, columns = np.indices(errors.shape).reshape(2, -1)
    return rows, columns, errors.ravel()


def test_the_worst_block_has_the_largest_rmse():
    errors = np.full((8, 12), 0.1)
    errors[0:4, 4:8] = 0.3
    errors[4:8, 8:12] = np.nan
    errors[4:6, 8:12] = -0.2
    errors[4:8, 0:4] = np.nan
    errors[4, 0] = 9  # one pixel of a block says little
    found = BlockErrors((8, 12), 4)
    rows, columns, values = at(errors)
    for part in (rows < 3, rows >= 3):
        found.add(found.numbers(rows[part], columns[part]), values[part])
    rows, columns, rmse = found.ranked()
    assert list(zip(rows, columns, strict=True)) == [(2, 6), (6, 10), (2, 2), (2, 10), (6, 6)]
    assert rmse == pytest.approx([0.3, 0.2, 0.1, 0.1, 0.1])


def test_bands_are_ranked_together():
    found = BlockErrors((4, 4), 4)
    for error in (0.3, 0.4):
        rows, columns, values = at(np.full((4, 4), error))
        found.add(found.numbers(rows, columns), values)
    assert found.ranked(2)[2] == pytest.approx([np.sqrt((0.09 + 0.16) / 2)])


def test_the_worst_places_of_all_come_before_the_second_worst_of_any():
    one = np.array([1, 2, 3]), np.array([10, 20, 30]), np.array([0.3, 0.2, 0.1])
    other = np.array([4]), np.array([40]), np.array([0.01])
    assert worst_first([one, other]).tolist() == [[1, 10], [4, 40], [2, 20], [3, 30]]
    assert worst_first([]).shape == (0, 2)


# Scenes

SHAPE = (530, 600)  # more than one block of a file each way


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Paths of a stack of two bands, its split and gaps, two methods, and a finer truth."""
    folder = tmp_path_factory.mktemp("scene")
    rng = np.random.default_rng(3)
    coarse = Grid(CRS.from_epsg(32648), from_origin(0, 30_000, 30, 30), *SHAPE)
    fine = Grid(coarse.crs, from_origin(0, 30_000, 15, 15), 2 * SHAPE[0], 2 * SHAPE[1])
    smooth = np.cumsum(rng.normal(0, 0.002, (2, *SHAPE)), axis=2)
    stack = (smooth + rng.normal(0.2, 0.003, (2, *SHAPE))).astype(np.float32)
    stack[:, :9, :70] = np.nan
    use = rng.choice([1, 3], (1, 53, 60), p=[0.7, 0.3]).astype(np.uint8)
    use = use.repeat(10, axis=1).repeat(10, axis=2)
    gap = (rng.random((1, 53, 60)) < 0.4).astype(np.uint8).repeat(10, axis=1).repeat(10, axis=2)
    truth = stack.repeat(2, axis=1).repeat(2, axis=2)
    arrays = {
        "stack": (stack, ["red", "green"], coarse),
        "use": (use, ["use"], coarse),
        "gaps": (gap, ["gap"], coarse),
        "fine": (truth, ["red", "green"], fine),
    }
    for name in ("one", "two"):
        noisy = stack + rng.normal(0, 0.02, stack.shape).astype(np.float32)
        arrays[name] = noisy, ["red", "green"], coarse
    for name, (array, bands, grid) in arrays.items():
        write_raster(folder / f"{name}.tif", array, grid, bands, None)
    return folder, {name: array for name, (array, _, _) in arrays.items()}


def bands_of(folder, name):
    return {band: (folder / f"{name}.tif", band) for band in ("red", "green")}


@contextmanager
def counted(monkeypatch):
    """Count the pixels that scans read of each band; keep the largest window of the layers."""
    pixels, largest = Counter(), [0]

    @contextmanager
    def counting(places, shared=False):
        with open_bands(places, shared) as bands:
            whole_read = bands.read

            def read(window):
                size = window.width * window.height
                pixels.update(dict.fromkeys(places, size))
                if places[0][1] == "red":
                    largest[0] = max(largest[0], size)
                return whole_read(window)

            bands.read = read
            yield bands

    with monkeypatch.context() as patch:
        patch.setattr(scanning, "open_bands", counting)
        yield pixels, largest


def test_a_scan_reads_each_pixel_once_in_small_windows(scene, monkeypatch):
    folder, arrays = scene
    own, true = bands_of(folder, "one"), bands_of(folder, "stack")
    places = [*own.values(), *true.values()]
    pairs = [(own[band], true[band]) for band in own]
    masks = folder / "use.tif", folder / "gaps.tif"
    with counted(monkeypatch) as (pixels, largest):
        values, rankings = scan(places, {"one": pairs}, masks, thinned(SHAPE, 7))
    area = SHAPE[0] * SHAPE[1]
    assert pixels == dict.fromkeys([*places, (masks[0], "use"), (masks[1], "gap")], area)
    assert largest[0] == 256**2
    assert np.array_equal(
        values[own["green"]], arrays["one"][1, 3::7, 3::7].ravel(), equal_nan=True
    )
    # The worst block, found from the whole arrays.
    scored = (arrays["use"][0] == 3) & (arrays["gaps"][0] == 1)
    squares = np.where(scored, (arrays["one"] - arrays["stack"]).astype(float) ** 2, np.nan)
    rows, columns, rmse = rankings["one"]
    row, column = rows[0] - 4, columns[0] - 4
    mean = np.sqrt(np.nanmean(squares[:, row : row + 8, column : column + 8]))
    assert (row % 8, column % 8) == (0, 0)
    assert rmse[0] == pytest.approx(mean)
    blocks = squares[:, :528].reshape(2, 66, 8, 75, 8)
    enough = np.isfinite(blocks).sum((0, 2, 4)) >= 64
    sums = np.nansum(blocks, (0, 2, 4))[enough] / np.isfinite(blocks).sum((0, 2, 4))[enough]
    assert rmse.size == enough.sum()
    assert np.sort(rmse) == pytest.approx(np.sqrt(np.sort(sums)))


def test_tiles_with_scored_ground_are_counted(scene):
    folder, arrays = scene
    test = arrays["use"][0] == 3
    count = sum(
        test[row : row + 32, column : column + 32].any()
        for row in range(0, SHAPE[0], 32)
        for column in range(0, SHAPE[1], 32)
    )
    assert scored_tiles((folder / "use.tif", None), 32) == count
    assert scored_tiles((folder / "use.tif", folder / "gaps.tif"), 4) < 0.3 * (133 * 150)


def viewer_layers(folder, fine=False):
    def layer(name, reference=None, region="test"):
        bands = bands_of(folder, name)
        return ViewerLayer(name, "group", name, bands, "reflectance", reference, region)

    methods = [layer("one", "stack", "gap"), layer("two", "stack", "gap")]
    return [layer("stack"), *([layer("fine")] if fine else []), *methods]


def packed(folder, limit, fine=False):
    split, gaps = folder / "use.tif", folder / "gaps.tif"
    return pack_layers(viewer_layers(folder, fine), split, gaps, limit)


@pytest.mark.parametrize("fine", [False, True])
@pytest.mark.parametrize("limit", [60_000, 250_000, 800_000])
def test_a_thinned_page_fills_its_limit_and_is_never_larger(scene, limit, fine):
    found = packed(scene[0], limit, fine)
    assert found["grids"]["1"][0][4] > 1
    assert 0.7 * limit <= len(json.dumps(found)) <= limit


def test_values_of_a_thinned_page_are_those_of_the_raster(scene):
    folder, arrays = scene
    found = packed(folder, 250_000)
    red = unpack(next(one for one in found["layers"] if one["id"] == "two")["bands"]["red"])
    expected = []
    for row, column, rows, columns, step in found["grids"]["1"]:
        first = step // 2
        kept = arrays["two"][0, row + first :: step, column + first :: step][:rows, :columns]
        expected.append(kept.ravel())
    assert len(expected) > 5
    assert red == pytest.approx(np.concatenate(expected), abs=0.51e-4, nan_ok=True)


def test_a_page_is_made_from_one_reading_of_each_raster(scene, monkeypatch):
    folder, _ = scene
    with counted(monkeypatch) as (pixels, largest):
        found = packed(folder, 250_000, fine=True)
    assert found["grids"]["2"][0][4] > 1
    area = SHAPE[0] * SHAPE[1]
    for name in ("stack", "one", "two"):
        assert [pixels[band] for band in bands_of(folder, name).values()] == [area, area]
    assert [pixels[band] for band in bands_of(folder, "fine").values()] == [4 * area, 4 * area]
    assert largest[0] <= (2 * 256) ** 2


@pytest.mark.parametrize("error", [0.1, 0.4, 2.5])
def test_estimates_that_are_off_do_not_make_a_page_too_large(scene, monkeypatch, error):
    right = LayerGrid.bytes_per_pixel
    monkeypatch.setattr(
        LayerGrid, "bytes_per_pixel", lambda self, blocks: error * right(self, blocks)
    )
    with counted(monkeypatch) as (pixels, _):
        found = packed(scene[0], 250_000)
    assert 0.4 * 250_000 <= len(json.dumps(found)) <= 250_000
    readings = pixels[bands_of(scene[0], "one")["red"]] / (SHAPE[0] * SHAPE[1])
    assert readings == (2 if error == 0.1 else 1)


def test_a_limit_without_room_for_a_pixel_is_refused(scene):
    with pytest.raises(StudyError, match=r"^viewer: the layers do not fit into 2500 bytes; raise"):
        packed(scene[0], 2500)
