"""Maps of cloud gaps and sharpening, and every script of the two protocols."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from figure_data import (
    Drawn,
    assert_printable,
    make_metrics,
    make_scene,
    make_scores,
    maps_of,
    words,
)
from protocol_data import RUNS, all_differences, make_edge_table, make_filled, make_gap
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid, write_raster
from sarfusion.show.figures import draw, function_of
from sarfusion.show.figures.density import density, read_scores
from sarfusion.show.figures.differences import differences
from sarfusion.show.figures.gaps import gap_error, gap_examples, gap_window
from sarfusion.show.figures.layout import PAGE
from sarfusion.show.figures.maps import RGB
from sarfusion.show.figures.sharpening import sharpening
from sarfusion.study.figures import FIGURES
from sarfusion.study.methods import method_label
from sarfusion.study.protocols import HEADLINE


class TestGaps:
    @pytest.mark.parametrize("methods", [1, 4, 5, 16])
    @pytest.mark.parametrize("shape", [(96, 216), (96, 96)])
    def test_prints(self, methods, shape):
        scene = make_scene(shape)
        gap = make_gap(scene)
        figure = gap_examples(scene, gap, make_filled(scene, gap, RUNS[:methods]))
        assert assert_printable(figure) <= PAGE[1] + 1e-9
        assert len(maps_of(figure)) == 2 + 2 * methods

    def test_the_place_is_where_gaps_hide_most_texture_on_test_ground(self):
        scene = make_scene((96, 216), holes=False)
        scene.rgb[...] = 0.1
        gap = np.zeros(scene.shape, bool)
        gap[:, 0:70] = True  # not on test ground
        gap[60:90, 150:180] = True  # large, over flat ground
        gap[10:20, 200:210] = True
        scene.rgb[:, 12:18:2, 202:208] = 0.3
        window = gap_window(scene, gap.view(Drawn), size=16)
        rows, columns = window.toslices()
        assert window.width == window.height == 16
        assert rows.start <= 11 <= 18 <= rows.stop
        assert columns.start <= 201 <= 209 <= columns.stop
        assert scene.test[window.toslices()].all()

    def test_error_is_the_mean_of_the_bands_in_gaps_only(self):
        scene = make_scene(holes=False)
        gap = make_gap(scene)
        shift = np.array([0.01, -0.02, 0.03])[:, None, None]
        error = gap_error(gap == 1, scene.rgb, scene.rgb + shift)
        assert np.allclose(error[gap == 1], 0.02)
        assert np.isnan(error[gap == 0]).all()

    def test_input_is_withheld_and_the_gap_outlined_in_every_panel(self):
        scene = make_scene((96, 216), holes=False)
        gap = make_gap(scene)
        figure = gap_examples(scene, gap, make_filled(scene, gap, RUNS[:2]))
        place = gap.at(gap_window(scene, gap))
        by_title = {axes.get_title(): axes for axes in maps_of(figure)}
        assert (by_title["Measured"].images[0].get_array()[..., 3] == 1).all()
        assert np.array_equal(by_title["Input"].images[0].get_array()[..., 3] == 0, place)
        for axes in maps_of(figure):
            # The outer edge and that of the hole; a filled hole would look withheld.
            assert sum(len(lines.get_paths()[0].to_polygons()) for lines in axes.collections) >= 2
        assert "absolute error" in words(figure)
        assert "(simulated scene)" in words(figure)


class TestSharpening:
    @staticmethod
    def draw(scene, products=1, truth=True):
        fine = np.kron(scene.rgb, np.ones((3, 3))).view(Drawn)
        layers = {method_label(*run): dict(zip(RGB, fine, strict=True)) for run in RUNS[:products]}
        return sharpening(scene, scene.rgb, layers, fine if truth else None)

    @pytest.mark.parametrize("products", [1, 2, 12])
    @pytest.mark.parametrize("truth", [True, False])
    def test_prints(self, products, truth):
        figure = self.draw(make_scene((96, 216)), products, truth)
        assert assert_printable(figure) <= PAGE[1] + 1e-9
        assert len(maps_of(figure)) == 2 + products + truth
        assert ("true reflectance" in words(figure)) == truth
        assert "(simulated scene)" in words(figure)

    def test_all_panels_show_the_same_ground_at_their_own_pixel_size(self):
        figure = self.draw(make_scene((96, 216), holes=False))
        panels = maps_of(figure)
        assert len({tuple(axes.images[0].get_extent()) for axes in panels}) == 1
        assert [axes.images[0].get_array().shape[0] for axes in panels] == [40, 40, 120, 120]
        coarse, fine = (axes.images[0].get_array() for axes in (panels[1], panels[3]))
        assert np.array_equal(np.kron(coarse, np.ones((3, 3, 1))), fine)
        left, right = panels[0].images[0].get_extent()[:2]
        assert right - left == 40 * 30

    @pytest.mark.parametrize(
        ("side", "coarse", "native", "fine"), [(30, "90", "30", "10"), (10, "30", "10", "3.33")]
    )
    def test_titles_have_the_pixel_sizes_of_the_scene(self, side, coarse, native, fine):
        figure = self.draw(replace(make_scene((96, 216)), pixel_m=(side, side)))
        titles = [axes.get_title() for axes in maps_of(figure)]
        label = method_label(*RUNS[0])
        assert titles == [
            f"{coarse} m input\n(interpolated)",
            f"{native} m\nmeasured",
            f"{fine} m product\n{label}",
            f"{fine} m\ntrue reflectance",
        ]
        assert f"40 × 40 px of {native} m on test ground" in words(figure)


class TestGapsInErrorFigures:
    def test_density_counts_gap_pixels_on_test_ground(self):
        scene = make_scene(holes=False)
        gap = make_gap(scene)
        counted = (gap == 1) & scene.test
        fused = {"A": {"red": np.where(counted, scene.bands["red"] + 0.02, 5.0).view(Drawn)}}
        figure = density(scene, fused, make_scores(fused), gap)
        assert "gap pixels on test ground" in words(figure)
        drawn = figure.axes[0].collections[0].get_array().sum()
        assert 0.99 * counted.sum() <= drawn <= counted.sum()

    def test_limits_of_differences_are_those_inside_gaps(self):
        scene = make_scene(holes=False)
        gap = make_gap(scene)
        fused = {"A": {"red": scene.bands["red"] + np.where(gap, 0.04, 0.5)}}
        figure = differences(scene, fused, gap)
        (panel,) = maps_of(figure)
        assert panel.images[0].get_clim() == pytest.approx((-0.04, 0.04), abs=2e-3)
        assert "inside gaps" in words(figure)
        assert "edge of a gap" in words(figure)
        assert "gap" not in words(differences(scene, fused))


class TestScripts:
    @pytest.fixture
    def site(self, tmp_path):
        """The files of a site: stack, split, gaps, scene, a filled raster and a 10 m product."""
        scene = make_scene((96, 108))
        grid = Grid(CRS.from_epsg(32648), Affine(30, 0, 0, 0, -30, 0), *scene.split.shape)
        fine = Grid(grid.crs, Affine(10, 0, 0, 0, -10, 0), *(3 * n for n in grid.shape))
        rgb = scene.rgb.astype(np.float32)
        sharp = np.kron(rgb, np.ones((3, 3), np.float32))
        write_raster(tmp_path / "stack.tif", rgb, grid, RGB, np.nan)
        write_raster(tmp_path / "reduced.tif", rgb, grid, RGB, np.nan)
        write_raster(tmp_path / "full.tif", sharp, fine, RGB, np.nan)
        write_raster(tmp_path / "split.tif", scene.split[None], grid, ["use"], None)
        gap = make_gap(scene).astype(np.uint8)
        write_raster(tmp_path / "gaps.tif", gap[None], grid, ["gap"], None)
        (tmp_path / "scene.json").write_text(json.dumps({"site": "a-site", "simulated": True}))
        for number, band in enumerate(RGB):
            write_raster(tmp_path / f"{band}.tif", rgb[[number]], grid, [band], np.nan)
            write_raster(tmp_path / f"{band}.full.tif", sharp[[number]], fine, [band], np.nan)
        return tmp_path

    @staticmethod
    def paths(folder, *names):
        paths = {name: folder / f"{name}.tif" for name in names}
        return paths | {"metadata": folder / "scene.json"}

    @staticmethod
    def fused(folder, scale=""):
        """The bands of one method, and their runs."""
        paths = [folder / f"{band}{scale}.tif" for band in RGB]
        return {"fused": paths, "runs": [(band, "copy", "none", 0) for band in RGB]}

    @staticmethod
    def twice(folder, kind, **given):
        """Draw a kind of figure twice, as its rule does; return the bytes of both files."""
        found = []
        for _ in range(2):
            paths = (folder / "out/f.png", folder / "out/f.pdf")
            draw(FIGURES[kind].draws, given, *paths)
            files = sorted((folder / "out").iterdir())
            assert [path.name for path in files] == ["f.pdf", "f.png"]
            found.append([path.read_bytes() for path in files])
        return found

    def test_gaps(self, site):
        paths = self.paths(site, "stack", "split", "gaps")
        first, second = self.twice(site, "gaps", **paths, **self.fused(site))
        assert first == second

    @pytest.mark.parametrize("truth", [True, False])
    def test_sharpening(self, site, truth):
        paths = self.paths(site, "stack", "split", "reduced", "full")
        known = {"truth": site / "full.tif"} if truth else {}
        products = self.fused(site, ".full")
        first, second = self.twice(site, "sharpening", **paths, **products, **known)
        assert first == second

    def test_a_product_on_another_grid_is_refused(self, site):
        drawn = function_of(FIGURES["sharpening"].draws)
        paths = self.paths(site, "stack", "split", "reduced", "full")
        with pytest.raises(StudyError, match=r"red\.tif: .* make it again"):
            drawn(**paths, **self.fused(site))
        with pytest.raises(StudyError, match=r"stack\.tif: .* make it again"):
            drawn(**paths, fused=[], runs=[], truth=site / "stack.tif")

    def draw_errors(self, site, figure, gaps):
        """Draw the differences of a site, or its densities, twice."""
        metrics = make_metrics(methods=0)
        metrics["region"] = "test" if gaps is None else "gap"
        metrics.to_csv(site / "metrics.csv", index=False)
        given = self.paths(site, "stack", "split") | self.fused(site) | {"gaps": gaps}
        if figure == "density":
            given["scores"] = site / "metrics.csv"
        return self.twice(site, figure, **given)

    def test_densities_take_the_scores_of_their_run_and_region(self, tmp_path):
        table = make_metrics(methods=1, seeds=2)
        other = table.assign(region="gap", value=table["value"] + 1)
        pd.concat([other, table]).to_csv(tmp_path / "metrics.csv", index=False)
        runs = [["green", "cnn", "ratio", 1], ["red", "copy", "none", 0]]
        for region, rows in (("test", table), ("gap", other)):
            found = read_scores(tmp_path / "metrics.csv", runs, region)
            for run, scores in zip(runs, found, strict=True):
                mine = (rows[["band", "method", "input", "seed"]] == run).all(axis=1)
                values = rows[mine].set_index("metric")["value"]
                assert scores == pytest.approx(values[["rmse", "bias", "cc"]].to_dict())

    @pytest.mark.parametrize("figure", ["differences", "density"])
    def test_errors_with_and_without_gaps(self, site, figure):
        (with_gaps, again), (without, _) = (
            self.draw_errors(site, figure, gaps) for gaps in (site / "gaps.tif", None)
        )
        assert with_gaps == again
        assert with_gaps != without

    def test_charts(self, tmp_path):
        metrics = tmp_path / "metrics.csv"
        make_edge_table(RUNS[:2]).to_csv(metrics, index=False)
        chosen = {"metrics": metrics, "protocol": "cloud_gap", "sites": None}
        first, second = self.twice(tmp_path, "gap_distance", **chosen)
        assert first == second
        tables = []
        for protocol in HEADLINE:
            tables.append(tmp_path / f"{protocol}.csv")
            all_differences([protocol], ["red"]).to_csv(tables[-1], index=False)
        first, second = self.twice(tmp_path, "paired_differences", differences=tables, sites=None)
        assert first == second
