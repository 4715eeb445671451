"""Maps: scale bars, colours, what is shown of a scene and where the enlarged part lies."""

import numpy as np
import pytest
from figure_data import (
    assert_printable,
    make_fused,
    make_scene,
    make_scores,
    maps_of,
    scene_of,
    words,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.lib.stride_tricks import sliding_window_view
from rasterio.windows import Window
from sarfusion.core.errors import StudyError
from sarfusion.show.figures.density import density
from sarfusion.show.figures.differences import differences
from sarfusion.show.figures.inset import choose_inset, choose_window
from sarfusion.show.figures.maps import RGB, composite, length_label, percentiles, scale_bar_length
from sarfusion.show.figures.scenes import band_comparison, composite_comparison, overview


class TestMaps:
    @pytest.mark.parametrize(
        ("width", "length", "label"),
        [(3840, 1000, "1 km"), (7680, 2000, "2 km"), (1920, 500, "500 m"), (640, 200, "200 m")],
    )
    def test_scale_bar_of_known_widths(self, width, length, label):
        assert scale_bar_length(width) == length
        assert length_label(scale_bar_length(width)) == label

    @given(st.floats(1, 1e6))
    def test_scale_bar_is_round_and_fits(self, width):
        length = scale_bar_length(width)
        assert 0.34 * width / 2.5 < length <= 0.34 * width
        assert f"{length:e}"[0] in "125"

    def test_scale_bars_have_the_length_that_they_claim(self):
        # 96 px of 20 m are 1920 m, the inset of 32 px 640 m.
        scene = make_scene((96, 96), (20.0, 30.0), holes=False)
        figure = band_comparison(scene, "red", {"A": scene.bands["red"]})
        for axes, metres, pixels in zip(
            figure.axes[:4], (500, 500, 200, 200), (25, 25, 10, 10), strict=True
        ):
            (bar,) = [line for line in axes.lines if line.get_gid() == "scale-bar"]
            assert np.ptp(bar.get_xdata()) == metres
            assert f"{metres} m" in [text.get_text() for text in axes.texts]
            left, right = axes.images[0].get_extent()[:2]
            columns = axes.images[0].get_array().shape[1]
            assert metres / (right - left) * columns == pytest.approx(pixels)

    def test_pixels_keep_their_proportions(self):
        scene = make_scene((96, 96), (20.0, 30.0))
        figure = overview(scene)
        FigureCanvasAgg(figure).draw()
        box = figure.axes[0].get_window_extent()
        assert box.height / box.width == pytest.approx(1.5, rel=0.01)

    def test_no_data_is_grey_and_told_only_where_it_occurs(self):
        with_holes, without = make_scene(), make_scene(holes=False)
        for scene, told in ((with_holes, True), (without, False)):
            fused = make_fused(scene)
            red = {label: layers["red"] for label, layers in fused.items()}
            figures = [
                band_comparison(scene, "red", red),
                composite_comparison(scene, fused),
                differences(scene, fused),
                overview(scene),
            ]
            assert [("no data" in words(figure)) for figure in figures] == [told] * 4

    def test_no_data_leaves_the_hatched_ground_visible(self):
        scene = make_scene()
        figure = composite_comparison(scene, {"A": dict(zip(RGB, scene.rgb, strict=True))})
        axes = figure.axes[0]
        missing = scene.split == 0
        assert np.array_equal(axes.images[0].get_array()[..., 3] == 0, missing)
        assert axes.patch.get_hatch()
        split = next(axes for axes in overview(scene).axes if "Split" in axes.get_title())
        assert np.array_equal(np.ma.getmaskarray(split.images[0].get_array()), missing)

    def test_composite_stretches_linearly_and_clips(self):
        rgb = np.array([[[0.1, 0.2]], [[0.15, 0.3]], [[0.05, 0.1]]])
        image = composite(rgb, (0.1, 0.2))
        assert np.allclose(image, [[[0, 0.5, 0], [1, 1, 0]]])

    def test_percentiles_ignore_nan_and_never_coincide(self):
        assert percentiles(np.array([np.nan, *range(101)])) == (2, 98)
        low, high = percentiles(np.full(4, 0.5))
        assert low < 0.5 < high
        assert percentiles(np.full(3, np.nan)) == (0, 1)

    @pytest.mark.parametrize("simulated", [True, False])
    def test_simulated_scenes_are_called_so(self, simulated):
        scene = make_scene(simulated=simulated)
        fused = make_fused(scene)
        red = {label: layers["red"] for label, layers in fused.items()}
        for figure in (
            overview(scene),
            band_comparison(scene, "red", red),
            composite_comparison(scene, fused),
            differences(scene, fused),
            density(scene, fused, make_scores(fused)),
        ):
            assert ("simulated scene" in words(figure)) == simulated

    def test_overview_has_colour_bars_in_db_and_the_split(self):
        figure = overview(make_scene())
        labels = [axes.get_xlabel() for axes in figure.axes]
        assert {"VV (dB)", "VH (dB)", "VV/VH ratio (dB)"} <= set(labels)
        assert all(name in words(figure) for name in ("training", "validation", "test", "buffer"))

    def test_all_maps_of_a_band_share_the_scale_of_the_original(self):
        scene = make_scene()
        figure = band_comparison(scene, "red", {"A": scene.bands["red"] * 2})
        limits = percentiles(scene.bands["red"])
        assert [axes.images[0].get_clim() for axes in maps_of(figure)] == [limits] * 4
        assert "reflectance" in [axes.get_ylabel() for axes in figure.axes]

    def test_difference_limits_are_symmetric_and_the_stated_percentile(self):
        scene = make_scene(holes=False)
        # |difference| is 0, 0.01, ..., 0.01 * (n - 1) in equal parts: its 99th percentile is known.
        shift = 0.01 * (np.arange(scene.split.size) % 101).reshape(scene.split.shape)
        shift = np.where(np.arange(scene.split.size).reshape(shift.shape) < 101 * 121, shift, 0.5)
        fused = {"A": {"red": scene.bands["red"] - shift}}
        limit = np.percentile(shift, 99)
        figure = differences(scene, fused)
        (panel,) = maps_of(figure)
        assert panel.images[0].get_clim() == pytest.approx((-limit, limit))
        assert f"±{limit:.4f}" in words(figure)
        assert np.allclose(panel.images[0].get_array(), -shift)

    def test_a_perfect_method_can_be_shown(self):
        scene = make_scene()
        assert_printable(differences(scene, {"Copy": {"red": scene.bands["red"]}}))


class TestInset:
    @staticmethod
    def scene(reference, test):
        """A scene of one brightness, whose other ground is for training."""
        split = np.where(test, 3, 1).astype(np.uint8)
        return scene_of(dict.fromkeys(RGB, reference), split)

    def test_most_textured_square_on_test_ground(self):
        reference = np.zeros((100, 100))
        reference[5:25:2, 5:25] = 9  # more texture, but not on test ground
        reference[60:70:2, 50:60] = 1
        test = np.zeros((100, 100), bool)
        test[40:90, 30:90] = True
        rows, columns = choose_inset(self.scene(reference, test), size=20).toslices()
        # A square that contains all of the stripes and their edges.
        assert rows.start <= 59 <= 70 <= rows.stop == rows.start + 20
        assert columns.start <= 49 <= 60 <= columns.stop == columns.start + 20

    @given(st.integers(0, 2**32 - 1), st.integers(1, 12))
    def test_lies_wholly_on_valid_test_ground(self, seed, size):
        rng = np.random.default_rng(seed)
        reference = rng.normal(size=(20, 30))
        reference[rng.random((20, 30)) < 0.02] = np.nan
        test = np.zeros((20, 30), bool)
        test[3:15, 10:28] = True
        window = choose_inset(self.scene(reference, test), size)
        assert 1 <= window.width == window.height <= size
        assert test[window.toslices()].shape == (window.height, window.width)
        assert test[window.toslices()].all()
        assert np.isfinite(reference[window.toslices()]).all()

    @pytest.mark.parametrize("pixels", [None, 1])
    @given(st.integers(0, 2**32 - 1), st.integers(1, 90))
    @settings(max_examples=10, deadline=None)
    def test_is_the_best_of_all_squares_also_across_strips(self, pixels, seed, size):
        rng = np.random.default_rng(seed)
        weight, ground = rng.integers(0, 9, (600, 90)), rng.random((600, 90)) < 0.999
        with pytest.MonkeyPatch.context() as patch:
            if pixels:  # strips of one row of blocks
                patch.setattr("sarfusion.core.raster.STRIP_PX", pixels)
            found = choose_window(
                ground.shape, lambda at: (ground[at.toslices()], weight[at.toslices()]), size
            )
        squares = (found.height, found.width)
        fits = sliding_window_view(ground, squares).all(axis=(2, 3))
        sums = np.where(fits, sliding_window_view(weight, squares).sum(axis=(2, 3)), -1)
        assert fits.any()
        best = np.unravel_index(np.argmax(sums), sums.shape)
        assert (found.row_off, found.col_off) == tuple(map(int, best))

    def test_takes_the_largest_that_fits(self):
        test = np.zeros((64, 64), bool)
        test[10:31, 5:60] = True
        assert choose_inset(self.scene(np.ones((64, 64)), test)) == Window(5, 10, 21, 21)

    def test_without_test_ground(self):
        with pytest.raises(StudyError, match="no valid test pixel"):
            choose_inset(self.scene(np.ones((8, 8)), np.zeros((8, 8), bool)))
