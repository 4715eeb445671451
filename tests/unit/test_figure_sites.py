"""Figures over the sites of a study, from two sites to fifty."""

import numpy as np
import pandas as pd
import pytest
from figure_data import assert_printable, make_metrics, words
from sarfusion.show.figures.paired import across_sites as differences_across
from sarfusion.show.figures.paired import transfer
from sarfusion.show.figures.scores import across_sites as scores_across
from sarfusion.study.missing import missing_line, missing_note

MISSING = {
    "cairo": {"rule": "import_scene", "log": "results/s/logs/x.log", "reason": "s.tif: truncated"}
}


def make_differences(sites):
    rng = np.random.default_rng(1)
    sides = [("cnn", "ratio", "cnn", "none"), ("cae", "ratio", "cnn", "ratio")]
    names = ["left_method", "left_input", "right_method", "right_input"]
    return pd.DataFrame(
        [
            {
                **{"site": f"city{number}", "protocol": "cloud_gap", "region": "gap", "band": band},
                **dict(zip(names, pair, strict=True)),
                **{
                    "metric": "rmse",
                    "difference": value,
                    "low": value - 1e-3,
                    "high": value + 1e-3,
                },
            }
            for number in range(sites)
            for band in ("red", "green", "blue")
            for pair in sides
            for value in [rng.normal(-0.002, 0.002)]
        ]
    )


@pytest.mark.parametrize("count", [2, 10, 50])
def test_figures_over_sites_fit_a_page_however_many_there_are(count):
    names = [f"city{number}" for number in range(count)]
    metrics = make_metrics(names, methods=4, seeds=2)
    said = missing_line(MISSING)
    for figure in (
        scores_across(metrics, said),
        differences_across(make_differences(count), said),
    ):
        assert assert_printable(figure) <= 225
        assert "Without 1 site, which failed: cairo (import_scene)." in words(figure)
        assert f"{count} sites" in words(figure)


def test_means_over_sites_are_drawn_where_they_lie():
    table = make_differences(3)
    figure = differences_across(table)
    marks = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "o"]
    red = table[(table["band"] == "red") & (table["right_input"] == "none")]["difference"].mean()
    assert marks[0].get_xdata()[0] == pytest.approx(1000 * red)
    dots = figure.axes[0].collections[0].get_offsets()
    assert len(dots) == 3 * 3


def test_transfer_shows_the_loss_of_each_site():
    metrics = make_metrics(["a", "b"], seeds=2).assign(protocol="cloud_gap", region="gap")
    mean = metrics[metrics["method"] == "copy"].assign(method="mean")
    unseen = metrics[metrics["method"] != "copy"]
    unseen = unseen.assign(value=unseen["value"] + 0.25, transfer="leave_one_out")
    figure = transfer(pd.concat([metrics, mean]), unseen)
    assert_printable(figure)
    said = words(figure)
    assert "Transfer leave one out, cloud gap, inside gaps on test ground" in said
    assert "without training − own:" in said
    first = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    assert first.get_xdata()[0] == pytest.approx(250)


def test_tables_say_which_sites_are_missing_and_why():
    assert missing_note(MISSING) == (
        "**Without 1 site:**\n\n"
        "- cairo: import_scene failed (s.tif: truncated; log: results/s/logs/x.log)"
    )
    assert missing_note({}) == missing_line({}) == ""
    assert missing_note(MISSING, ["x"]).endswith(
        "\n\nTransfers not made, since they need these sites: x."
    )
    many = {f"c{number}": MISSING["cairo"] for number in range(9)}
    assert missing_line(many).startswith("Without 9 sites, which failed: c0 (import_scene), c1 ")
    assert missing_line(many).endswith("c4 (import_scene), 4 more.")
