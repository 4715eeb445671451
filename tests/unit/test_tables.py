import numpy as np
import pandas as pd
import pytest
from sarfusion.labels import method_label
from sarfusion.tables import METRIC_COLUMNS, as_text, meaning, printable, summarise


def scores(rows):
    """Tidy scores from (band, method, input, seed, metric, value)."""
    return pd.DataFrame(
        [("s", "here", "reconstruction", "test", *row, 100) for row in rows],
        columns=METRIC_COLUMNS,
    )


THREE_SEEDS = [("red", "cnn", "ratio", seed, "rmse", value) for seed, value in enumerate([1, 2, 3])]


def test_interval_by_hand():
    row = summarise(scores(THREE_SEEDS)).iloc[0]
    # t(0.975, 2) = 4.302653, standard deviation 1, three seeds
    half = 4.302653 / np.sqrt(3)
    assert (row["mean"], row["low"], row["high"]) == pytest.approx((2, 2 - half, 2 + half))
    assert row["seeds"] == 3


def test_one_seed_has_no_interval_and_infinity_stays():
    summary = summarise(
        scores(
            [
                ("red", "copy", "none", 0, "psnr", np.inf),
                ("red", "cnn", "none", 1, "psnr", 30.0),
            ]
        )
    )
    assert summary["mean"].tolist() == [np.inf, 30.0]
    assert summary[["low", "high"]].isna().all(axis=None)


def test_groups_are_not_mixed():
    rows = [
        *THREE_SEEDS,
        ("red", "cnn", "none", 0, "rmse", 9.0),
        ("blue", "cnn", "ratio", 0, "rmse", 7.0),
        ("red", "cnn", "ratio", 0, "ssim", 0.5),
    ]
    summary = summarise(scores(rows))
    assert summary["mean"].tolist() == [2, 9, 7, 0.5]


def test_printed_table_has_a_row_per_method_and_a_column_per_metric():
    rows = [*THREE_SEEDS, ("red", "copy", "none", 0, "rmse", 0.0)]
    rows += [("rgb", "copy", "none", 0, "sam", 0.0), ("red", "copy", "none", 0, "ssim", 1.0)]
    table = printable(summarise(scores(rows)))
    assert list(table.columns) == ["site", "protocol", "band", "method", "RMSE", "SSIM", "SAM (°)"]
    assert table["method"].tolist() == ["CNN, with ratio", "Copy", "Copy"]
    assert table["RMSE"].tolist() == ["2.0000 ± 2.4841", "0.0000", ""]
    assert table["SAM (°)"].tolist() == ["", "", "0.00"]
    for style in ("simple", "github", "latex_booktabs"):
        assert "2.4841" in as_text(table, style)


def test_meaning_says_what_the_ratio_did():
    rows = [
        ("red", "copy", "none", 0, "rmse", 0.0),
        ("red", "cnn", "ratio", 1, "rmse", 0.02),
        ("blue", "cnn", "ratio", 1, "rmse", 0.04),
        ("red", "cnn", "none", 1, "rmse", 0.01),
        ("blue", "cnn", "none", 1, "rmse", 0.03),
        ("red", "cae", "ratio", 1, "rmse", 0.5),
    ]
    text = meaning(summarise(scores(rows)))
    assert text.startswith("Copying the band is the perfect answer")
    assert "CNN, with ratio 0.0300 against 0.0200 without SAR (+50%)" in text
    assert "CAE, with ratio 0.5000" in text
    assert text.count(". ") == 1  # two sentences


def test_labels():
    assert method_label("cnn", "ratio") == "CNN, with ratio"
    assert method_label("cae_skip", "none") == "CAE skip, optical only"
    assert method_label("copy", "none") == "Copy"
