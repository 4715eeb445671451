"""Charts of many methods: error by distance, paired differences, scores, and their layout."""

import itertools

import numpy as np
import pandas as pd
import pytest
from figure_data import (
    BANDS,
    assert_printable,
    make_metrics,
    make_scene,
    make_scores,
    maps_of,
    words,
)
from protocol_data import (
    CLASSICAL,
    RUNS,
    all_differences,
    make_differences,
    make_edge_table,
    make_filled,
    make_gap,
)
from sarfusion.core.errors import StudyError
from sarfusion.show.figures.density import density
from sarfusion.show.figures.differences import differences
from sarfusion.show.figures.distance import (
    AGE,
    DISTANCE,
    errors_by,
    errors_in_bins,
    method_styles,
)
from sarfusion.show.figures.facets import FACETS
from sarfusion.show.figures.layout import PAGE, balanced, block_gaps, panel_grid
from sarfusion.show.figures.maps import RGB
from sarfusion.show.figures.paired import comparisons, paired_differences
from sarfusion.show.figures.scenes import band_comparison, composite_comparison
from sarfusion.show.figures.scores import fitting_rows, scores, scores_to_show
from sarfusion.study.methods import method_label
from sarfusion.study.protocols import HEADLINE, SECTIONS


class TestLayout:
    @pytest.mark.parametrize(
        ("count", "most", "table"),
        [(1, 6, (1, 1)), (6, 6, (1, 6)), (7, 6, (2, 4)), (11, 6, (2, 6)), (13, 6, (3, 5))],
    )
    def test_balanced(self, count, most, table):
        assert balanced(count, most) == table

    def test_blocks_stand_further_apart_than_their_rows(self):
        assert block_gaps(1, 1, 2, 9) == []
        assert block_gaps(1, 3, 2, 9) == [2, 2]
        assert block_gaps(2, 3, 2, 9) == [2, 2, 9, 2, 2]

    def test_gaps_of_each_row(self):
        figure, axes = panel_grid([0.1] * 3, 1, top=10, bottom=10, gap=(0, [5, 20]), widest=50)
        height = figure.get_size_inches()[1] * 25.4
        assert height == pytest.approx(10 + 5 + 5 + 5 + 20 + 5 + 10)
        top, middle, bottom = (panel.get_position() for panel in axes[:, 0])
        assert (top.y0 - middle.y1) * height == pytest.approx(5)
        assert (middle.y0 - bottom.y1) * height == pytest.approx(20)


class TestGapDistance:
    @pytest.mark.parametrize("runs", [RUNS, RUNS[:1], CLASSICAL])
    @pytest.mark.parametrize("sites", [["a-site"], ["a-site", "b-site"]])
    def test_prints(self, runs, sites):
        figure = errors_in_bins(make_edge_table(runs, sites))
        assert assert_printable(figure) <= PAGE[1]
        assert len(figure.axes) == 3 * len(sites)

    def test_bins_means_and_intervals(self):
        table = make_edge_table([("cnn", "ratio")], seeds=3)
        table["value"] = np.tile([1.0, 2.0, 3.0], len(table) // 3)
        found = errors_by(table, DISTANCE)
        red = found[found["band"] == "red"]
        assert list(zip(red["first"], red["last"], strict=True)) == [
            (0, 60),
            (60, 120),
            (120, 240),
            (240, np.inf),
        ]
        # Mean 2, s = 1, n = 3: t(.975, 2) = 4.302653, so 2 ± 4.302653 / sqrt(3).
        assert red["value"].tolist() == [2] * 4
        assert red["high"].tolist() == pytest.approx([4.484138] * 4)

    def test_bins_are_sorted_by_distance_not_by_name(self):
        table = make_edge_table([("cnn", "ratio")], seeds=1)
        found = errors_by(table.sort_values("region"), DISTANCE)
        assert found.loc[found["band"] == "red", "first"].tolist() == [0, 60, 120, 240]

    def test_ages_are_bins_too(self):
        table = make_edge_table([("unet", "date"), ("unet", "date_vvvh"), ("nspi", "none")])
        ages = {"0-60m": "0-16d", "60-120m": "16-32d", "120-240m": "32-64d", "240-infm": "64-infd"}
        named = table["region"].str.removeprefix("gap_edge_").map(ages)
        table = table.assign(region="gap_age_" + named)
        found = errors_by(table, AGE)
        assert found["first"].drop_duplicates().tolist() == [0, 16, 32, 64]
        figure = errors_in_bins(table, AGE)
        assert_printable(figure)
        assert figure.axes[0].get_xlabel() == "age of the other date (days)"
        with pytest.raises(StudyError, match="no RMSE by distance"):
            errors_by(table, DISTANCE)

    def test_other_regions_metrics_and_protocols_do_not_count(self):
        table = make_edge_table([("cnn", "ratio")])
        for change in (
            {"region": "gap"},
            {"metric": "cc"},
            {"protocol": "other"},
            {"value": np.nan},
        ):
            with pytest.raises(StudyError, match="by distance"):
                errors_by(table.assign(**change), DISTANCE)

    def test_axis_numbers_are_the_borders_of_the_bins(self):
        axes = errors_in_bins(make_edge_table()).axes[0]
        assert [text.get_text() for text in axes.get_xticklabels()] == [
            "0",
            "60",
            "120",
            "240",
            "∞",
        ]
        assert axes.get_ylim()[0] == 0
        for line in axes.lines:
            assert np.array_equal(np.floor(line.get_xdata() + 0.5), [0, 1, 2, 3])

    def test_no_two_methods_look_alike(self):
        methods = ["cnn", "cae", "unet", "cnn_skip", "mean", "nearest", "biharmonic", "regression"]
        styles = method_styles(methods)
        looks = {(style["color"], style["marker"], style["fillstyle"]) for style in styles.values()}
        assert len(looks) == len(methods)
        assert styles["cnn_skip"]["fillstyle"] == "full"
        assert styles["mean"]["fillstyle"] == "none"


class TestPairedDifferences:
    @pytest.mark.parametrize("protocols", [list(HEADLINE)[:3], ["cloud_gap"]])  # on one page
    @pytest.mark.parametrize("bands", [RGB, ("red",)])
    def test_prints(self, protocols, bands):
        assert assert_printable(paired_differences(all_differences(protocols, bands))) <= PAGE[1]

    def test_one_kind_of_comparison_prints_too(self):
        table = all_differences(["reconstruction"])
        assert_printable(paired_differences(table[table["left_method"] == "unet"]))
        both = table["left_method"] != table["right_method"]
        assert_printable(paired_differences(table[both]))

    def test_a_study_without_comparisons(self):
        figure = paired_differences(all_differences([]))
        assert_printable(figure)
        assert "compares no two methods" in words(figure)

    def test_marks_and_bars_are_where_they_belong(self):
        pair = ("cnn", "ratio"), ("cnn", "none")
        table = make_differences(
            [
                ("cloud_gap", "gap", "red", *pair, -0.002, -0.003, -0.001),
                ("cloud_gap", "gap", "blue", *pair, 0.001, -0.001, 0.004),
            ]
        )
        axes = paired_differences(table).axes[0]
        zero, *drawn = axes.lines
        assert list(zero.get_xdata()) == [0, 0]
        bars = [tuple(line.get_xdata()) for line in drawn if len(line.get_xdata()) == 2]
        marks = [line for line in drawn if len(line.get_xdata()) == 1]
        assert bars == [(-3, -1), (-1, 4)]
        assert [mark.get_xdata()[0] for mark in marks] == [-2, 1]
        filled = [mark.get_markerfacecolor() == mark.get_color() for mark in marks]
        assert filled == [True, False]
        low, high = axes.get_xlim()
        assert low == -high
        assert high > 4
        assert "10⁻³ reflectance" in axes.get_xlabel()

    def test_sides_are_told_in_words_beside_zero(self):
        figure = paired_differences(all_differences(["cloud_gap"]))
        for axes, (left, right) in zip(
            figure.axes,
            [("← SAR helps", "SAR hurts →"), ("← first is better", "second is better →")],
            strict=True,
        ):
            sides = {text.get_text(): text for text in axes.texts}
            assert sides[left].xy[0] == sides[right].xy[0] == 0
            assert sides[left].get_ha() == "right"
            assert sides[right].get_ha() == "left"

    def test_comparisons_in_words(self):
        shown = comparisons(all_differences(["cloud_gap"], ["red"]))
        told = shown[["column", "heading", "label"]].to_numpy().tolist()
        assert ["sar", "minus optical only:", "U-Net, with ratio"] in told
        assert ["sar", "minus shuffled SAR:", "CAE, with ratio"] in told
        assert ["model", "CAE − CNN:", "shuffled SAR"] in told
        mixed = make_differences(
            [("cloud_gap", "gap", "red", ("unet", "ratio"), ("biharmonic", "none"), 0, 0, 0)]
        )
        assert comparisons(mixed)[["column", "heading", "label"]].to_numpy().tolist() == [
            ["model", "minus Biharmonic:", "U-Net, with ratio"]
        ]

    def test_only_rmse_of_the_headline_region(self):
        table = all_differences(["cloud_gap"])
        with pytest.raises(StudyError, match="no finite RMSE"):
            comparisons(table.assign(region="clear"))
        with pytest.raises(StudyError, match="no finite RMSE"):
            comparisons(table.assign(metric="ssim"))

    def test_without_an_interval(self):
        table = all_differences(["cloud_gap"]).assign(low=np.nan, high=np.nan)
        figure = paired_differences(table)
        assert_printable(figure)
        marks = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
        assert {mark.get_markerfacecolor() for mark in marks} == {"white"}


class TestScores:
    @staticmethod
    def table(runs, sites=("a-site",), protocol="cloud_gap", region="gap"):
        rows = [
            ("s", site, protocol, region, band, *run, seed, metric, 0.1 + 0.01 * seed, 9)
            for site in sites
            for band in RGB
            for run in runs
            for seed in range(2)
            for metric in FACETS
        ]
        return pd.DataFrame(rows, columns=make_metrics().columns)

    def test_headlines_are_those_of_the_summary(self):
        first = {}
        for protocol, region in SECTIONS:
            first.setdefault(protocol, region)
        assert first == HEADLINE

    @pytest.mark.parametrize("protocol", list(HEADLINE))
    def test_region_by_protocol(self, protocol):
        parts = [
            self.table(RUNS[:1], protocol=protocol, region=name)
            for name in ("test", "gap", "clear", "all", "truth")
        ]
        shown = scores_to_show(pd.concat(parts))
        assert set(shown["region"]) == {HEADLINE[protocol]}

    @pytest.mark.parametrize("sites", [["a-site"], ["a-site", "b-site"]])
    @pytest.mark.parametrize("methods", [2, 16])
    def test_many_methods_fit_on_a_page(self, sites, methods):
        figure = scores(self.table(RUNS[:methods], sites))
        assert assert_printable(figure) <= PAGE[1] + 1e-9
        assert "inside gaps on test ground" in words(figure)

    def test_long_names_have_room(self):
        assert_printable(scores(self.table([("cnn_without_skip_patch", "shuffled")])))

    def test_what_is_left_out_is_told(self):
        complete = scores(self.table(RUNS[:1]))
        assert "Further metrics" not in words(complete)
        cut = scores(self.table(RUNS[:1], [f"site-{number}" for number in range(6)]))
        assert "Further metrics" in words(cut)
        titles = [axes.get_title() for axes in cut.axes]
        assert sum("RMSE" in title for title in titles) == 6
        assert not any("SF ratio" in title for title in titles)

    def test_rows_of_facets(self):
        assert fitting_rows([3], 7, 13) == (2, 6.5)
        rows, method_mm = fitting_rows([16], 7, 13)
        assert rows == 2
        assert 3.4 <= method_mm < 6.5
        assert fitting_rows([16, 16], 7, 13)[0] == 1
        assert fitting_rows([40] * 9, 7, 13) == (1, 3.4)


class TestManyMethods:
    @pytest.mark.parametrize("methods", [7, 12])
    def test_maps_and_densities_wrap(self, methods):
        scene = make_scene((96, 108))
        gap = make_gap(scene)
        fused = make_filled(scene, gap, RUNS[:methods])
        red = {label: layers["red"] for label, layers in fused.items()}
        for figure in (
            composite_comparison(scene, fused),
            band_comparison(scene, "red", red),
            differences(scene, fused, gap),
            density(scene, fused, make_scores(fused), gap),
        ):
            assert assert_printable(figure) <= PAGE[1] + 1e-9
            titles = {axes.get_title().replace(",\n", ", ") for axes in figure.axes}
            assert set(fused) <= titles

    def test_each_map_of_differences_stands_under_its_method(self):
        scene = make_scene(holes=False)
        shifts = {method_label(*run): number for number, run in enumerate(RUNS[:8])}
        fused = {
            label: {band: scene.bands[band] + 0.01 * number for band in BANDS[:2]}
            for label, number in shifts.items()
        }
        figure = differences(scene, fused)
        panels = maps_of(figure)
        rows = [panels[start : start + 4] for start in range(0, 16, 4)]
        for block, number in itertools.product(range(2), range(4)):
            label = rows[2 * block][number].get_title().replace(",\n", ", ")
            for row in rows[2 * block : 2 * block + 2]:
                assert np.allclose(row[number].images[0].get_array(), 0.01 * shifts[label])
