import numpy as np
import prepare_full_scale
import pytest
import reduce_resolution
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core import raster
from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_json
from sarfusion.core.raster import Grid, read_bands, write_raster
from sarfusion.ground.degradation import degrade, enlarge, fill_nearest, mtf_sigma
from sarfusion.scenes import sar
from sarfusion.scenes.bands import BANDS

ratios = st.integers(2, 4)
gains = st.floats(0.1, 0.5)
coarse_bands = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    elements=st.floats(-1, 1) | st.just(np.nan),
)


def interior(image, margin):
    return image[margin:-margin, margin:-margin]


def test_sigma_of_hand_computed_gains():
    # exp(-pi^2 / 2) is the gain of sigma = ratio; exp(-1 / 2) that of sigma = ratio / pi.
    assert mtf_sigma(np.exp(-(np.pi**2) / 2), 3) == pytest.approx(3)
    assert mtf_sigma(np.exp(-0.5), 4) == pytest.approx(4 / np.pi)


@pytest.mark.parametrize("gain", [0, 1, -0.3, 2, float("nan")])
def test_a_gain_that_is_none_is_refused(gain):
    with pytest.raises(StudyError, match="gain at Nyquist is .* between 0 and 1"):
        mtf_sigma(gain, 3)


@pytest.mark.parametrize("ratio", [2, 3, 4, 5])
@pytest.mark.parametrize("gain", [0.15, 0.3, 0.45])
def test_gain_at_nyquist_measured_on_a_sinusoid(ratio, gain):
    # One period is two coarse pixels; its crests and troughs lie on the centres of the blocks.
    centred = np.arange(24 * ratio) - (ratio - 1) / 2
    wave = np.tile(np.cos(np.pi * centred / ratio), (24 * ratio, 1))
    coarse = interior(degrade(wave, ratio, gain), 6)
    signs = np.where(np.arange(12) % 2, -1, 1)
    np.testing.assert_allclose(coarse, np.tile(gain * signs, (12, 1)), atol=1e-3)
    np.testing.assert_allclose(interior(degrade(wave.T, ratio, gain), 6), coarse.T, atol=1e-12)


@pytest.mark.parametrize("ratio", [2, 3, 4, 5])
def test_a_symmetric_blob_is_not_shifted(ratio):
    # A blob around the centre of coarse pixel (5, 5), on a coarse grid of 11 x 13.
    rows, columns = (
        np.arange(size * ratio) - (ratio - 1) / 2 - centre * ratio
        for size, centre in ((11, 5), (13, 5))
    )
    blob = np.exp(-(rows[:, None] ** 2 + columns**2) / (2 * (1.5 * ratio) ** 2))
    coarse = degrade(blob, ratio, 0.3)
    np.testing.assert_allclose(coarse, coarse[::-1], atol=1e-12)
    np.testing.assert_allclose(coarse[:, 2:9], coarse[:, 8:1:-1], atol=1e-3)
    assert np.unravel_index(coarse.argmax(), coarse.shape) == (5, 5)
    fine = enlarge(coarse, ratio, blob.shape)
    np.testing.assert_allclose(fine, fine[::-1], atol=1e-12)
    # A shift of half a fine pixel would differ by .09 at a ratio of 2, and .05 at 4.
    np.testing.assert_allclose(interior(fine / fine.max(), ratio), interior(blob, ratio), atol=0.1)
    centre = np.average(np.arange(fine.shape[0]), weights=fine.sum(axis=1))
    assert centre == pytest.approx(5 * ratio + (ratio - 1) / 2)


@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_a_linear_ramp_is_kept_in_the_interior(ratio):
    rows, columns = np.mgrid[: 30 * ratio, : 30 * ratio]
    ramp = 0.2 * rows - 0.1 * columns
    coarse = degrade(ramp, ratio, 0.3)
    centre = ratio * np.arange(30) + (ratio - 1) / 2
    expected = 0.2 * centre[:, None] - 0.1 * centre
    np.testing.assert_allclose(interior(coarse, 3), interior(expected, 3), atol=1e-9)
    fine = enlarge(expected, ratio, ramp.shape)
    np.testing.assert_allclose(interior(fine, 12 * ratio), interior(ramp, 12 * ratio), atol=1e-5)


@given(st.floats(-2, 2), ratios, gains, st.integers(0, 3))
def test_constants_are_kept_whatever_the_edge_and_the_crop(value, ratio, gain, more):
    band = np.full((4 * ratio + min(more, ratio - 1), 3 * ratio), value)
    coarse = degrade(band, ratio, gain)
    assert coarse.shape == (4, 3)
    np.testing.assert_allclose(coarse, value, atol=1e-12)
    fine = enlarge(coarse, ratio, band.shape)
    assert np.isnan(fine[4 * ratio :]).all()
    np.testing.assert_allclose(fine[: 4 * ratio], value, atol=1e-12)


def test_a_missing_pixel_takes_its_own_block_only_and_leaves_no_trace_in_others():
    band = np.full((12, 12), 0.25)
    band[4, 5] = np.nan
    coarse = degrade(band, 3, 0.3)
    assert np.argwhere(np.isnan(coarse)).tolist() == [[1, 1]]
    np.testing.assert_allclose(coarse[~np.isnan(coarse)], 0.25)


def test_what_is_missing_is_left_out_by_its_weight():
    # All but two fine pixels are missing beyond the block of interest, by hand in one dimension.
    sigma = mtf_sigma(0.3, 3)
    row = np.array([1.0, 2.0, 4.0, np.nan, 7.0, np.nan])
    weights = np.exp(-0.5 * (np.array([-1, 0, 1, 3]) / sigma) ** 2)
    expected = (weights * [1, 2, 4, 7]).sum() / weights.sum()
    coarse = degrade(np.tile(row, (3, 1)), 3, 0.3)
    assert coarse[0, 0] == pytest.approx(expected)
    assert np.isnan(coarse[0, 1])


def test_rows_and_columns_that_fill_no_block_are_cropped_and_padded():
    band = np.arange(8.0 * 10).reshape(8, 10).astype(np.float32)
    coarse = degrade(band, 3, 0.3)
    assert coarse.shape == (2, 3)
    assert coarse.dtype == np.float32
    fine = enlarge(coarse, 3, band.shape)
    assert fine.dtype == np.float32
    assert np.isfinite(fine[:6, :9]).all()
    assert np.isnan(fine[6:]).all()
    assert np.isnan(fine[:, 9:]).all()


def test_enlarging_to_less_than_the_blocks_is_refused():
    with pytest.raises(ValueError, match=r"\(2, 2\) enlarged by 3 does not fit into \(6, 5\)"):
        enlarge(np.zeros((2, 2)), 3, (6, 5))


def test_a_missing_coarse_pixel_counts_as_its_neighbour_for_the_pixels_around():
    # The pixels nearest to the missing one are equal, so those around are as if it were there.
    coarse = np.full((5, 5), 0.25)
    coarse[2, 2] = np.nan
    fine = enlarge(coarse, 3, (15, 15))
    assert np.isnan(fine[6:9, 6:9]).all()
    assert np.isnan(fine).sum() == 9
    np.testing.assert_allclose(fine[~np.isnan(fine)], 0.25)
    assert np.isnan(enlarge(np.full((2, 2), np.nan), 2, (4, 4))).all()


@given(coarse_bands, ratios, gains)
def test_enlarging_and_degrading_keeps_what_is_missing(coarse, ratio, gain):
    shape = tuple(ratio * size for size in coarse.shape)
    fine = enlarge(coarse, ratio, shape)
    assert np.array_equal(np.isnan(degrade(fine, ratio, gain)), np.isnan(coarse))
    blocks = np.isnan(coarse).repeat(ratio, axis=0).repeat(ratio, axis=1)
    assert np.array_equal(np.isnan(fine), blocks)


@given(coarse_bands, st.sampled_from([3, 5]))
def test_enlarging_passes_through_the_coarse_values_at_their_centres(coarse, ratio):
    shape = tuple(ratio * size for size in coarse.shape)
    fine = enlarge(coarse, ratio, shape)
    np.testing.assert_allclose(fine[ratio // 2 :: ratio, ratio // 2 :: ratio], coarse, atol=1e-6)


@given(coarse_bands, ratios, gains)
def test_degrading_never_leaves_the_range_of_the_band(coarse, ratio, gain):
    fine = coarse.repeat(ratio, axis=0).repeat(ratio, axis=1)
    degraded = degrade(fine, ratio, gain)
    known = np.isfinite(coarse)
    if known.any():
        assert degraded[known].min() >= coarse[known].min() - 1e-12
        assert degraded[known].max() <= coarse[known].max() + 1e-12


def test_the_nearest_known_value_is_taken():
    band = np.array([[1.0, 0, 0, 0, 5.0]])
    known = np.array([[True, False, False, False, True]])
    assert fill_nearest(band, known)[0, [0, 1, 3, 4]].tolist() == [1, 1, 5, 5]


@pytest.mark.parametrize("missing", [0, 0.1, 0.9])
@pytest.mark.parametrize("height", [512, 770])
def test_strips_give_what_the_whole_scene_gives(tmp_path, monkeypatch, missing, height):
    grid = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), height, 50)
    rng = np.random.default_rng(5)
    bands = rng.random((3, *grid.shape), np.float32)
    holes = rng.random((height // 2, 5)) < missing
    bands[:, np.kron(holes, np.ones((2, 10), bool))] = np.nan
    own = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 10, 10), 3 * height, 150)
    power = rng.gamma(4.4, 0.02, (2, *own.shape)).astype(np.float32)
    stack, sar_power = tmp_path / "stack.tif", tmp_path / "sar.tif"
    write_raster(stack, bands, grid, BANDS, np.nan)
    write_raster(sar_power, power, own, sar.BANDS, np.nan)
    description = tmp_path / "stack.json"
    write_json(description, {"shift_corrected_px": None})

    def made(pixels):
        monkeypatch.setattr(reduce_resolution, "STRIP_PX", pixels)
        monkeypatch.setattr(raster, "STRIP_PX", pixels)
        paths = tmp_path / f"{pixels}.reduced.tif", tmp_path / f"{pixels}.full.tif"
        reduce_resolution.main(stack=stack, reduced=paths[0], gain_at_nyquist=0.3)
        prepare_full_scale.main(
            stack=stack,
            sar=sar_power,
            description=description,
            full=paths[1],
            site="a",
            noise_floor_db=-30,
        )
        names = BANDS, (*BANDS, *sar.CHANNELS)
        return [read_bands(*both) for both in zip(paths, names, strict=True)]

    for whole, parts in zip(made(2**22), made(1), strict=True):
        np.testing.assert_allclose(parts, whole, rtol=2e-7, atol=1e-7)
