"""Density plots, dot plots and training curves: what they claim is true."""

import numpy as np
import pytest
from figure_data import (
    Drawn,
    assert_printable,
    make_metrics,
    make_records,
    make_scene,
    make_scores,
    words,
)
from matplotlib.collections import LineCollection, PathCollection
from sarfusion.core.errors import StudyError
from sarfusion.scoring.intervals import mean_interval
from sarfusion.scoring.metrics import METRICS
from sarfusion.show.figures.curves import history_table, training_curves
from sarfusion.show.figures.density import density
from sarfusion.show.figures.facets import FACETS
from sarfusion.show.figures.scores import DOT_PT, scores, scores_to_show
from sarfusion.show.figures.uncertainty import uncertainty
from uncertainty_data import make_uncertainties


class TestDensity:
    def test_only_test_pixels_count(self):
        scene = make_scene()
        fused = {"A": {"red": np.where(scene.test, scene.bands["red"] + 0.02, 5.0).view(Drawn)}}
        figure = density(scene, fused, make_scores(fused))
        counts = figure.axes[0].collections[0].get_array()
        used = int((scene.test & np.isfinite(scene.bands["red"])).sum())
        assert 0.99 * used <= counts.sum() <= used
        assert figure.axes[0].get_xlim() == figure.axes[0].get_ylim()

    def test_scores_are_those_given_without_negative_zero(self):
        scene = make_scene(holes=False)
        fused = {"A": {"red": scene.bands["red"]}}
        score = {"rmse": 0.012344, "bias": -1e-9, "cc": np.nan}
        figure = density(scene, fused, {"A": {"red": score}})
        assert "RMSE 0.0123\nCC nan\nbias 0.0000" in words(figure)


def dots_and_means(axes):
    """Return where the scores (n, 2) and their means (m, 2) are drawn."""
    marks = [line for line in axes.lines if line.get_marker() != "None"]
    alone, means = (
        [line.get_xydata() for line in marks if (line.get_markersize() == DOT_PT) is dot]
        for dot in (True, False)
    )
    several = [dots.get_offsets() for dots in axes.collections if isinstance(dots, PathCollection)]
    return np.concatenate([*several, *alone]), np.concatenate(means)


class TestScores:
    def test_means_and_bars_are_drawn_where_they_belong(self):
        table = make_metrics(methods=1)
        table = table[(table["metric"] == "rmse") & (table["band"] == "red")].copy()
        table["value"] = [0.0, 1, 2, 3]
        axes = scores(table).axes[0]
        spans = [
            span[:, 0]
            for bars in axes.collections
            if isinstance(bars, LineCollection)
            for span in bars.get_segments()
        ]
        assert any(np.allclose(span, mean_interval([1, 2, 3])) for span in spans)
        dots, means = dots_and_means(axes)
        assert sorted(dots[:, 0]) == [0, 1, 2, 3]
        assert sorted(means[:, 0]) == [0, 2]
        assert [label.get_text() for label in axes.get_yticklabels()] == ["Copy", "CNN, with ratio"]

    def test_bands_are_dodged_alike_for_seeds_and_means(self):
        axes = scores(make_metrics(methods=1, seeds=2)).axes[0]
        dots, means = ({round(y, 3) for y in drawn[:, 1]} for drawn in dots_and_means(axes))
        assert dots == means
        assert len(dots) == 6

    def test_a_facet_per_metric_with_its_direction(self):
        figure = scores(make_metrics(("a", "b")))
        titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
        assert len(titles) == 2 * len(FACETS)
        assert titles[0] == "RMSE (reflectance)\n← lower is better"
        assert "SF ratio\n→ 1 is better ←" in titles
        assert "Site b, reconstruction" in words(figure)

    def test_only_finite_scores_on_test_ground(self):
        table = make_metrics()
        table.loc[0, "value"] = np.nan
        table.loc[1, "region"] = "train"
        shown = scores_to_show(table)
        assert len(shown) == (table["metric"] != "mae").sum() - 2
        assert set(shown["region"]) == {"test"}
        with pytest.raises(StudyError, match="no finite score"):
            scores_to_show(table[table["region"] == "train"])

    def test_names_are_those_of_the_metrics(self):
        for name, facet in FACETS.items():
            metric = METRICS[name]
            assert facet == (metric.label, metric.unit, metric.better)


class TestTraining:
    def test_best_update_is_marked_on_the_validation_curve(self):
        figure = training_curves(history_table(make_records(methods=1, seeds=1)))
        (best,) = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
        assert list(best.get_xdata()) == [100]
        assert list(best.get_ydata()) == [0.02]
        assert figure.axes[0].get_yscale() == "log"

    def test_rows_are_bands_and_columns_models(self):
        figure = training_curves(history_table(make_records(methods=2)))
        assert [axes.get_ylabel() for axes in figure.axes[::2]] == [
            "red MSE",
            "green MSE",
            "blue MSE",
        ]
        assert [axes.get_title() for axes in figure.axes[:2]] == [
            "CNN,\nwith ratio",
            "CAE,\nwith ratio",
        ]

    def test_many_models_go_on_below(self):
        """Nine models in two strips of five and four, each with all bands."""
        (record, *_) = make_records(methods=1, seeds=1)
        records = [
            record | {"model": f"m{number}", "band": band}
            for band in ("red", "green")
            for number in range(9)
        ]
        figure = training_curves(history_table(records))
        assert_printable(figure)
        titles = [axes.get_title() for axes in figure.axes]
        assert titles == [
            *(f"M{number},\nwith ratio" for number in range(5)),
            *[""] * 5,
            *(f"M{number},\nwith ratio" for number in range(5, 9)),
            *[""] * 4,
        ]
        labels = [axes.get_ylabel() for axes in figure.axes]
        assert [label for label in labels if label] == ["red MSE", "green MSE"] * 2
        lines = 4  # losses in training and validation, the best update, minor ticks
        assert all(len(axes.lines) == lines for axes in figure.axes)

    def test_titles_of_three_lines_have_room(self):
        records = [record | {"input": "date_vvvh"} for record in make_records()]
        figure = training_curves(history_table(records))
        assert figure.axes[0].get_title() == "CNN,\nother date,\nVV+VH"
        assert_printable(figure)

    def test_sites_are_told_apart(self):
        records = make_records() + make_records(site="other")
        figure = training_curves(history_table(records))
        assert "other\nred MSE" in [axes.get_ylabel() for axes in figure.axes]
        assert_printable(figure)

    def test_losses_that_a_logarithm_cannot_show(self):
        history = [
            {"update": 1, "train_loss": None, "validation_loss": 0.5},
            {"update": 2, "train_loss": 0.0, "validation_loss": 0.4},
        ]
        table = history_table(make_records(history=history, best_update=2))
        assert table["train_loss"].isna().all()
        assert_printable(training_curves(table))


class TestUncertainty:
    @pytest.mark.parametrize(
        "made", [{}, {"bands": ["red"]}, {"sites": ("a", "b")}, {"inputs": ["none"]}]
    )
    def test_it_prints_well(self, made):
        assert_printable(uncertainty(make_uncertainties(**made)))

    def test_curves_are_those_of_the_table(self):
        table = make_uncertainties(inputs=["ratio"], bands=["red"])
        table = table[table["method"] == "unet"]
        above, below = uncertainty(table).axes
        diagonal, seeds, ensemble, calibrated = (line.get_xydata() for line in above.lines)
        assert diagonal.tolist() == [[0, 0], [100, 100]]
        for curve, kind in ((seeds, "seeds"), (ensemble, "ensemble"), (calibrated, "calibrated")):
            rows = table[table["uncertainty"] == kind].set_index("metric")["value"]
            assert curve[:, 0].tolist() == list(range(5, 100, 5))
            assert curve[:, 1] == pytest.approx(
                [100 * rows[f"coverage_{level}"] for level in range(5, 100, 5)]
            )
        oracle, *curves = (line.get_xydata() for line in below.lines)
        assert len(curves) == 2  # calibration does not change the order
        assert all((oracle[1:, 1] < curve[1:, 1]).all() for curve in curves)

    def test_one_input_is_shown_that_with_the_ratio_if_there(self):
        table = make_uncertainties(inputs=["none", "ratio"])
        assert "U-Net, with ratio" in words(uncertainty(table))
        assert "optical only" not in words(uncertainty(table))
        table = table[table["input"] == "none"]
        assert "U-Net, optical only" in words(uncertainty(table))

    def test_without_any_score_it_says_so(self):
        table = make_uncertainties().assign(value=np.nan)
        with pytest.raises(StudyError, match="uncertainty: no score of any method"):
            uncertainty(table)
