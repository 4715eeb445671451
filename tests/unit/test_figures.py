"""The maps and the scripts: what they claim is true, and every figure prints well."""

import json

import numpy as np
import pytest
from figure_data import (
    BANDS,
    assert_printable,
    make_fused,
    make_metrics,
    make_records,
    make_scene,
    maps_of,
    words,
)
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.errors import StudyError
from sarfusion.figures import by_label, save
from sarfusion.figures.curves import history_table, training_curves
from sarfusion.figures.density import density
from sarfusion.figures.inset import choose_inset
from sarfusion.figures.maps import (
    RGB,
    composite,
    length_label,
    percentiles,
    scale_bar_length,
    shrink,
)
from sarfusion.figures.scenes import (
    band_comparison,
    composite_comparison,
    differences,
    overview,
)
from sarfusion.figures.scores import scores
from sarfusion.raster import Grid, write_raster

SHAPES = {
    "square": {"shape": (96, 96)},
    "wide": {"shape": (64, 150)},
    "tall": {"shape": (150, 64)},
    "tiny": {"shape": (64, 64), "holes": False},
    "oblong pixels": {"shape": (96, 96), "pixel_m": (20.0, 30.0)},
}


class TestEveryFigurePrints:
    @pytest.mark.parametrize("kind", SHAPES)
    def test_overview(self, kind):
        assert assert_printable(overview(make_scene(**SHAPES[kind]))) <= 230

    @pytest.mark.parametrize("kind", SHAPES)
    @pytest.mark.parametrize("methods", [1, 2, 6])
    def test_comparisons(self, kind, methods):
        scene = make_scene(**SHAPES[kind])
        fused = make_fused(scene, methods)
        green = {label: layers["green"] for label, layers in fused.items()}
        assert assert_printable(band_comparison(scene, "green", green)) <= 230
        assert assert_printable(composite_comparison(scene, fused)) <= 230

    @pytest.mark.parametrize("kind", ["wide", "tall"])
    @pytest.mark.parametrize(("methods", "bands"), [(1, 1), (1, 3), (6, 3), (3, 2)])
    def test_differences_and_density(self, kind, methods, bands):
        scene = make_scene(**SHAPES[kind])
        fused = make_fused(scene, methods, bands)
        assert assert_printable(differences(scene, fused)) <= 230
        assert assert_printable(density(scene, fused)) <= 230

    @pytest.mark.parametrize("methods", [1, 6])
    def test_charts(self, methods):
        assert_printable(scores(make_metrics(("a", "b"), methods)))
        assert_printable(training_curves(history_table(make_records(methods))))


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

    def test_shrink_takes_means_without_nan(self):
        array = np.array([[1, 3, 5, np.nan], [np.nan, 5, np.nan, np.nan], [1, 1, np.nan, np.nan]])
        array = np.vstack([array, array[2]])
        small, factor = shrink(array, most=2)
        assert factor == 2
        assert np.array_equal(small, [[3, 5], [1, np.nan]], equal_nan=True)
        assert shrink(array, most=4)[0] is array

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
            density(scene, fused),
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
    def test_most_textured_square_on_test_ground(self):
        reference = np.zeros((100, 100))
        reference[5:25:2, 5:25] = 9  # more texture, but not on test ground
        reference[60:70:2, 50:60] = 1
        test = np.zeros((100, 100), bool)
        test[40:90, 30:90] = True
        row, column, size = choose_inset(reference, test, size=20)
        assert size == 20
        # A square holding all of the stripes and their edges.
        assert row <= 59 <= 70 <= row + 20
        assert column <= 49 <= 60 <= column + 20

    @given(st.integers(0, 2**32 - 1), st.integers(1, 12))
    def test_lies_wholly_on_valid_test_ground(self, seed, size):
        rng = np.random.default_rng(seed)
        reference = rng.normal(size=(20, 30))
        reference[rng.random((20, 30)) < 0.02] = np.nan
        test = np.zeros((20, 30), bool)
        test[3:15, 10:28] = True
        row, column, side = choose_inset(reference, test, size)
        square = np.s_[row : row + side, column : column + side]
        assert 1 <= side <= size
        assert test[square].all()
        assert test[square].shape == (side, side)
        assert np.isfinite(reference[square]).all()

    def test_takes_the_largest_that_fits(self):
        test = np.zeros((64, 64), bool)
        test[10:31, 5:60] = True
        assert choose_inset(np.ones((64, 64)), test) == (10, 5, 21)

    def test_without_test_ground(self):
        with pytest.raises(StudyError, match="no valid test pixel"):
            choose_inset(np.ones((8, 8)), np.zeros((8, 8), bool))


class TestLabels:
    def test_by_label(self):
        assert by_label(["a", "b"], [["cnn", "ratio"], ["copy", "none"]]) == {
            "CNN, with ratio": "a",
            "Copy": "b",
        }
        assert by_label(["a", "b"], [["cnn", "ratio", "red"], ["cnn", "ratio", "blue"]]) == {
            "CNN, with ratio": {"red": "a", "blue": "b"}
        }
        with pytest.raises(ValueError, match="argument 2 is longer"):
            by_label(["a"], [["cnn", "ratio"], ["copy", "none"]])


def test_saved_files_are_the_same_each_time(tmp_path):
    scene = make_scene()
    for run in "ab":
        red = {label: layers["red"] for label, layers in make_fused(scene).items()}
        figure = band_comparison(scene, "red", red)
        save(figure, tmp_path / f"{run}.png", tmp_path / f"{run}.pdf")
    for suffix, magic in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        first = (tmp_path / f"a.{suffix}").read_bytes()
        assert first.startswith(magic)
        assert first == (tmp_path / f"b.{suffix}").read_bytes()
    assert b"CreationDate" not in (tmp_path / "a.pdf").read_bytes()
    assert len(list(tmp_path.iterdir())) == 4


def test_the_users_own_style_changes_nothing(tmp_path):
    import matplotlib as mpl

    table = history_table(make_records())
    save(training_curves(table), tmp_path / "a.png", tmp_path / "a.pdf")
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "black", "pdf.fonttype": 3}):
        save(training_curves(table), tmp_path / "b.png", tmp_path / "b.pdf")
    for suffix in ("png", "pdf"):
        first = (tmp_path / f"a.{suffix}").read_bytes()
        assert first == (tmp_path / f"b.{suffix}").read_bytes()


class TestScripts:
    @pytest.fixture
    def site(self, tmp_path):
        """The files of a site in degrees, and of two methods."""
        scene = make_scene()
        grid = Grid(CRS.from_epsg(4326), Affine(3e-4, 0, -60, 0, -3e-4, 60.5), *scene.split.shape)
        stack = np.stack([scene.bands[name] for name in BANDS]).astype(np.float32)
        write_raster(tmp_path / "stack.tif", stack, grid, BANDS, np.nan)
        write_raster(tmp_path / "split.tif", scene.split[None], grid, ["split"], None)
        (tmp_path / "scene.json").write_text(json.dumps({"site": "a-site", "simulated": True}))
        fused = {}
        for number, (label, layers) in enumerate(make_fused(scene).items()):
            for band, layer in layers.items():
                path = tmp_path / f"{number}-{band}.tif"
                write_raster(path, layer[None].astype(np.float32), grid, [band], np.nan)
                fused.setdefault(label, {})[band] = path
        files = {name: tmp_path / name for name in ("stack.tif", "split.tif", "scene.json")}
        return *files.values(), fused, (tmp_path / "out" / "f.png", tmp_path / "out" / "f.pdf")

    def test_map_scripts(self, site):
        import plot_band
        import plot_composites
        import plot_density
        import plot_differences
        import plot_overview

        stack, split, metadata, fused, out = site
        green = {label: paths["green"] for label, paths in fused.items()}
        runs = [
            lambda: plot_overview.main(stack, split, metadata, *out),
            lambda: plot_band.main(stack, split, green, "green", metadata, *out),
            lambda: plot_composites.main(stack, fused, split, metadata, *out),
            lambda: plot_differences.main(stack, fused, split, metadata, *out),
            lambda: plot_density.main(stack, fused, split, metadata, *out),
        ]
        for run in runs:
            run()
            for path in out:
                assert path.stat().st_size > 5000
                path.unlink()

    def test_a_raster_of_another_size_is_refused(self, site):
        import plot_band

        stack, split, metadata, _, out = site
        grid = Grid(CRS.from_epsg(4326), Affine(3e-4, 0, -60, 0, -3e-4, 60.5), 4, 4)
        other = stack.parent / "other.tif"
        write_raster(other, np.ones((1, 4, 4), np.float32), grid, ["red"], np.nan)
        with pytest.raises(StudyError, match=r"other\.tif: .*4, 4.* pixels where the stack has"):
            plot_band.main(stack, split, {"A": other}, "red", metadata, *out)
        assert not out[0].parent.exists()

    def test_chart_scripts(self, tmp_path):
        import plot_scores
        import plot_training

        table = tmp_path / "metrics.csv"
        make_metrics().to_csv(table, index=False)
        plot_scores.main(table, tmp_path / "s.png", tmp_path / "s.pdf", "reconstruction")
        with pytest.raises(StudyError, match="no finite score"):
            plot_scores.main(table, tmp_path / "n.png", tmp_path / "n.pdf", "cloud_gap")
        paths = []
        for number, record in enumerate(make_records(seeds=1)):
            paths.append(tmp_path / f"{number}.json")
            paths[-1].write_text(json.dumps(record))
        plot_training.main(paths, tmp_path / "t.png", tmp_path / "t.pdf")
        assert {path.name for path in tmp_path.glob("[st].p*")} == {
            "s.png",
            "s.pdf",
            "t.png",
            "t.pdf",
        }
