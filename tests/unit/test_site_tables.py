"""The pages about several sites: what they say, in words that a reader can check."""

import pandas as pd
import pytest
import tabulate_across
import tabulate_transfer
from sarfusion.show.tables import METRIC_COLUMNS

MISSING = {"lima": {"rule": "import_scene", "log": "l.log", "reason": "s.tif: truncated"}}


def scores(path, rows):
    """Write the tidy RMSE inside gaps of (site, method, input, value)."""
    place = ("s", "cloud_gap", "gap", "red")
    table = pd.DataFrame(
        [
            (place[0], site, *place[1:], method, sar_input, 1, "rmse", value, 9)
            for site, method, sar_input, value in rows
        ],
        columns=METRIC_COLUMNS,
    )
    table.to_csv(path, index=False)
    return path


@pytest.fixture
def own(tmp_path):
    """The scores of two cities, each with a model of its own and a method without training."""
    return scores(
        tmp_path / "metrics.csv",
        [
            *[("a", "cnn", "ratio", 0.010), ("b", "cnn", "ratio", 0.014)],
            *[("a", "cnn", "none", 0.012), ("b", "cnn", "none", 0.013)],
            *[("a", "mean", "none", 0.030), ("b", "mean", "none", 0.050)],
        ],
    )


def cells(text, *first):
    """Return the rest of the cells of the line of a Markdown table that begins with `first`."""
    for line in text.splitlines():
        found = [cell.strip() for cell in line.strip("|").split("|")]
        if found[: len(first)] == list(first):
            return found[len(first) :]
    raise AssertionError(f"no line {first} in\n{text}")


def across(tmp_path, own, missing, left_out=()):
    sides = {"left_method": "cnn", "left_input": "ratio"}
    sides |= {"right_method": "cnn", "right_input": "none"}
    place = {"study": "s", "protocol": "cloud_gap", "region": "gap", "band": "red"}
    rows = [
        {
            **place,
            "site": "a",
            "metric": "rmse",
            "difference": -0.002,
            "low": -0.003,
            "high": -0.001,
        },
        {**place, "site": "b", "metric": "rmse", "difference": 0.001, "low": -0.001, "high": 0.003},
    ]
    pd.DataFrame([row | sides for row in rows]).to_csv(tmp_path / "d.csv", index=False)
    (tmp_path / "a.json").write_text('{"grid": {"pixel_m": [30, 30]}}')
    tabulate_across.main(
        metrics=own,
        descriptions=[tmp_path / "a.json"],
        differences=[tmp_path / "d.csv"],
        scores_csv=tmp_path / "across.csv",
        differences_csv=tmp_path / "across_differences.csv",
        md=tmp_path / "across.md",
        missing=missing,
        left_out=left_out,
    )
    return (tmp_path / "across.md").read_text()


def test_means_over_sites_and_both_sides_of_zero_stand_on_the_page(tmp_path, own):
    text = across(tmp_path, own, {})
    assert text.startswith("# 2 sites\n\n## Cloud gaps")
    # t(0.975, 1) = 12.7062; the standard deviation of .010 and .014 is .002828.
    assert cells(text, "red", "CNN, with ratio") == ["0.0120 ± 0.0254"]
    said = cells(text, "cloud gap", "CNN, with ratio", "CNN, optical only", "red")
    assert said == ["−0.50", "−19.56 to +18.56", "−2.00 to +1.00", "1 (1)", "1 (0)", "2"]


def test_what_is_missing_stands_in_every_table(tmp_path, own):
    text = across(tmp_path, own, MISSING, ["far"])
    assert "- lima: import_scene failed (s.tif: truncated; log: l.log)" in text
    assert "Transfers not made, since they need these sites: far." in text
    for name in ("across", "across_differences"):
        assert (pd.read_csv(tmp_path / f"{name}.csv")["missing_sites"] == "lima").all()


def test_the_page_of_transfers_sets_unseen_beside_own_and_untrained(tmp_path, own):
    unseen = [
        scores(tmp_path / f"{site}.csv", [(site, "cnn", "ratio", value)])
        for site, value in (("a", 0.015), ("b", 0.017))
    ]
    tabulate_transfer.main(
        metrics=own,
        scores=unseen,
        transferred=tmp_path / "transfer_metrics.csv",
        csv=tmp_path / "transfer.csv",
        md=tmp_path / "transfer.md",
        tested=[("leave_one_out", ["b"]), ("leave_one_out", ["a"])],
        missing=MISSING,
        left_out=[],
    )
    text = (tmp_path / "transfer.md").read_text()
    assert "## leave one out: tested on a, b" in text
    assert "- lima: import_scene failed" in text
    # Losses 5 and 3: mean 4, half interval 12.7062 * sqrt(2) / sqrt(2) = 12.71.
    assert cells(text, "cloud gap", "red", "CNN, with ratio") == [
        *("16.00", "12.00", "+4.00 ± 12.71", "+33", "2 of 2 sites", "40.00 (Mean)")
    ]
    table = pd.read_csv(tmp_path / "transfer_metrics.csv")
    assert list(table.columns) == [*METRIC_COLUMNS, "transfer", "trained_on"]
    assert table["trained_on"].tolist() == ["b", "a"]
