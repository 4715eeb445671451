import numpy as np
import pandas as pd
import pytest
from sarfusion.scoring.support import supported
from sarfusion.show.tables import (
    METRIC_COLUMNS,
    as_text,
    full_table,
    meaning,
    sections,
    short_table,
    summarise,
    support_note,
)
from sarfusion.study.methods import method_label

NO_MODELS = pd.DataFrame(columns=["protocol", "model", "input", "updates", "converged"])
SIZES = {"coarse": "45", "native": "15", "fine": "5"}


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


def test_full_table_has_a_row_per_band_and_method_and_a_column_per_metric():
    rows = [*THREE_SEEDS, ("red", "copy", "none", 0, "rmse", 0.0)]
    rows += [("rgb", "copy", "none", 0, "sam", 0.0), ("red", "copy", "none", 0, "ssim", 1.0)]
    table = full_table(summarise(scores(rows)))
    assert list(table.columns) == ["site", "band", "method", "RMSE", "SSIM", "SAM (°)"]
    assert table["method"].tolist() == ["CNN, with ratio", "Copy", "Copy"]
    assert table["RMSE"].tolist() == ["2.0000 ± 2.4841", "0.0000", ""]
    assert table["SAM (°)"].tolist() == ["", "", "0.00"]
    for style in ("simple", "github", "latex_booktabs"):
        assert "2.4841" in as_text(table, style)


def test_short_table_has_a_row_per_method_and_means_over_bands():
    rows = [*THREE_SEEDS, ("blue", "cnn", "ratio", 0, "rmse", 7.0)]
    rows += [("red", "cnn", "ratio", 0, "ssim", 0.5), ("blue", "cnn", "ratio", 0, "ssim", 0.7)]
    table = short_table(summarise(scores(rows)))
    assert table.to_dict("records") == [
        {"method": "CNN, with ratio", "RMSE red": "2.0000", "RMSE blue": "7.0000", "SSIM": "0.600"}
    ]


def test_sections_are_the_headlines_that_a_study_has():
    rows = scores(THREE_SEEDS)
    gap = rows.assign(protocol="cloud_gap", region="gap")
    edge = rows.assign(protocol="cloud_gap", region="gap_edge_0-60m")
    summary = summarise(pd.concat([rows, gap, edge]))
    assert [part["region"].unique().tolist() for _, part in sections(summary, SIZES)] == [
        ["test"],
        ["gap"],
    ]


def test_headings_have_the_pixel_sizes_of_the_study():
    rows = scores(THREE_SEEDS).assign(protocol="sharpening")
    regions = [rows.assign(region=name) for name in ("test", "consistency", "truth")]
    assert [title for title, _ in sections(summarise(pd.concat(regions)), SIZES)] == [
        "Sharpening: 45 m to 15 m, against the measured band",
        "Sharpening: the 5 m product, degraded to 15 m again",
        "Sharpening: the 5 m product against the true 5 m reflectance",
    ]


def test_meaning_says_what_the_ratio_did():
    rows = [
        ("red", "copy", "none", 0, "rmse", 0.0),
        ("red", "cnn", "ratio", 1, "rmse", 0.02),
        ("blue", "cnn", "ratio", 1, "rmse", 0.04),
        ("red", "cnn", "none", 1, "rmse", 0.01),
        ("blue", "cnn", "none", 1, "rmse", 0.03),
        ("red", "cae", "ratio", 1, "rmse", 0.5),
    ]
    table = scores(rows)
    text = meaning(summarise(table), NO_MODELS)
    assert text.startswith("Reconstruction is solved by copying the band (RMSE 0)")
    assert text.endswith("; the SAR ratio changes that error by CNN +50 %.")
    shuffled = table.query("input == 'none'").assign(input="shuffled", value=0.06)
    gaps = pd.concat([table, shuffled]).assign(protocol="cloud_gap", region="gap")
    assert meaning(summarise(gaps), NO_MODELS) == (
        "Inside cloud gaps the SAR ratio changes the error by CNN +50 % against the same model"
        " without SAR, and by CNN -50 % against the same model with shuffled SAR."
    )


def test_meaning_has_no_minus_zero():
    rows = [("red", "cnn", sar, 1, "rmse", x) for sar, x in (("ratio", 0.999), ("none", 1))]
    assert meaning(summarise(scores(rows)), NO_MODELS).endswith("by CNN +0 %.")


def test_meaning_says_whether_networks_were_trained_long_enough():
    rows = [("red", "cnn", sar, 1, "rmse", value) for sar, value in (("ratio", 2), ("none", 1))]
    models = pd.DataFrame(
        [
            ("reconstruction", "cnn", "ratio", 100, 0.0),
            ("reconstruction", "cnn", "none", 100, 0.5),
            ("reconstruction", "cnn", "vvvh", 100, 1.0),  # not compared
            ("cloud_gap", "cnn", "ratio", 900, 1.0),
        ],
        columns=NO_MODELS.columns,
    )
    text = meaning(summarise(scores(rows)), models)
    assert text.endswith("by CNN +100 % (100 updates, 25 % converged).")


def test_scores_of_few_windows_are_not_shown():
    """Eight windows of 11, 8 and 3 px side by side have 968, 512 and 72 pixels."""
    rows = [
        ("red", "cnn", "none", 1, metric, 0.5)
        for metric in ("rmse", "ssim", "uiqi", "q_af", "sf_ratio")
    ]
    for n, kept in [
        (1, ["rmse", "sf_ratio"]),
        (72, ["rmse", "q_af", "sf_ratio"]),
        (967, ["rmse", "uiqi", "q_af", "sf_ratio"]),
        (968, ["rmse", "ssim", "uiqi", "q_af", "sf_ratio"]),
    ]:
        assert supported(scores(rows).assign(n=n))["metric"].tolist() == kept
    assert summarise(scores(rows).assign(n=7))["n"].tolist() == [7] * 5


def test_a_note_says_how_many_windows_lie_in_gaps():
    rows = [("red", "cnn", "none", 1, metric, 0.5) for metric in ("rmse", "ssim", "uiqi")]
    table = scores(rows).assign(n=[3743, 32, 181])
    assert support_note(table) == ""
    gap = table.assign(protocol="cloud_gap", region="gap")
    other = gap.assign(band="blue", n=[3743, 40, 600])
    assert support_note(pd.concat([gap, other])) == (
        "Inside gaps, 3743 pixels per band are scored. Few windows lie entirely in a"
        " gap: SSIM 32 to 40 (left out below 968), UIQI 181 to 600 (left out below 512)."
    )


def test_labels():
    assert method_label("cnn", "ratio") == "CNN, with ratio"
    assert method_label("cae_skip", "none") == "CAE skip, optical only"
    assert method_label("copy", "none") == "Copy"
    assert method_label("unet", "shuffled") == "U-Net, shuffled SAR"
    assert method_label("gram_schmidt", "ratio") == "Gram-Schmidt"
    assert method_label("wavelet_undecimated", "ratio") == "Wavelet undecimated"
